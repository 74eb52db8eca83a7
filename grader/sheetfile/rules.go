package sheetfile

import (
	"encoding/xml"
	"strings"
)

// Rule is what a worksheet says may be typed into cells.
type Rule struct {
	// Kind is whole, decimal, list, date, time, textLength or custom, or [Format] for a
	// number format A that cells have under a condition; Operator is
	// between, notBetween, equal, notEqual, lessThan, lessThanOrEqual, greaterThan or
	// greaterThanOrEqual.
	Kind, Operator string
	A, B           string // the formulas that it compares with
	Areas          []Span
}

// Format is a [Rule] of how cells are shown.
const Format = "format"

// maxRules bounds the rules of a worksheet, and the ranges of all of them.
const maxRules = 20_000

// rules gathers a worksheet's, those of newer programs too, which have texts where the
// others have attributes.
type rules struct {
	each  func(Rule)
	odd   map[string]string // number formats under conditions
	n     int               // of rules and ranges
	rule  Rule
	open  bool
	field string // what text is of
	text  strings.Builder
}

func (r *rules) token(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		switch name := t.Name.Local; name {
		case "dataValidation":
			r.open = true
			r.rule = Rule{Kind: attr(t, "type"), Operator: attr(t, "operator")}
			if r.rule.Operator == "" {
				r.rule.Operator = "between"
			}
			if r.n++; r.n > maxRules {
				return ErrUnfolds
			}
			return r.over(attr(t, "sqref"))
		case "conditionalFormatting":
			if r.n++; r.n > maxRules {
				return ErrUnfolds
			}
			r.rule = Rule{Kind: Format}
			return r.over(attr(t, "sqref"))
		case "cfRule":
			if code, ok := r.odd[attr(t, "dxfId")]; ok && r.rule.Kind == Format {
				r.rule.A = code
			}
		case "formula1", "formula2", "sqref":
			r.field = name
			r.text.Reset()
		}
	case xml.CharData:
		if r.field != "" && r.text.Len()+len(t) <= maxToken {
			r.text.Write(t)
		}
	case xml.EndElement:
		name := t.Name.Local
		switch {
		case r.field != "" && name == r.field:
			text := strings.TrimSpace(r.text.String())
			r.field = ""
			switch name {
			case "formula1":
				r.rule.A = cut(text)
			case "formula2":
				r.rule.B = cut(text)
			default:
				return r.over(text)
			}
		case name == "conditionalFormatting" && r.rule.Kind == Format && r.rule.A != "":
			r.each(r.rule)
			r.rule = Rule{}
		case name == "dataValidation" && r.open:
			r.open = false
			if r.rule.Kind != "" && r.rule.Kind != "none" {
				r.each(r.rule)
			}
		}
	}
	return nil
}

// over adds the ranges that a rule is for.
func (r *rules) over(refs string) error {
	for ref := range strings.FieldsSeq(refs) {
		if r.n++; r.n > maxRules {
			return ErrUnfolds
		}
		from, to, two := strings.Cut(ref, ":")
		if !two {
			to = from
		}
		c1, r1, ok1 := place(from)
		c2, r2, ok2 := place(to)
		if !ok1 || !ok2 { // whole columns or rows
			c1, r1, c2, r2 = wholeRange(from, to)
		}
		if c1 > 0 {
			r.rule.Areas = append(r.rule.Areas, Span{min(c1, c2), max(c1, c2), min(r1, r2), max(r1, r2)})
		}
	}
	return nil
}

// wholeRange is a range such as C:D or 2:9; 0 if it is none.
func wholeRange(from, to string) (c1, r1, c2, r2 int) {
	if c1, c2 = Column(from), Column(to); c1 > 0 && c2 > 0 {
		return c1, 1, c2, maxRows
	}
	_, r1, ok1 := place("A" + from)
	_, r2, ok2 := place("A" + to)
	if ok1 && ok2 {
		return 1, r1, maxCols, r2
	}
	return 0, 0, 0, 0
}
