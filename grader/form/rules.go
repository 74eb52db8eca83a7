package form

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sheetfile"
)

// rule is a worksheet's with what it compares with; ok says that this is known.
type rule struct {
	sheetfile.Rule
	a, b float64
	list []string
	ok   bool
}

// maxList bounds the cells of a list.
const maxList = 1000

// compare finds what a rule compares with: numbers and words in it, or in cells of the
// worksheet that are the same for all rows.
func (t *table) compare(r sheetfile.Rule) rule {
	out := rule{Rule: r, ok: true}
	switch r.Kind {
	case "whole", "decimal", "textLength":
		var ok bool
		if out.a, ok = t.value(r.A); !ok {
			out.ok = false
		}
		if strings.HasSuffix(strings.ToLower(r.Operator), "between") {
			if out.b, ok = t.value(r.B); !ok {
				out.ok = false
			}
		}
	case "list":
		out.list, out.ok = t.words(r.A)
	default:
		out.ok = false
	}
	return out
}

// absolute is a cell, or a range, that a rule means for all rows.
var absolute = regexp.MustCompile(`^\$([A-Z]{1,3})\$([0-9]{1,7})(?::\$([A-Z]{1,3})\$([0-9]{1,7}))?$`)

func (t *table) value(formula string) (float64, bool) {
	formula = strings.TrimPrefix(formula, "=")
	if f, err := strconv.ParseFloat(formula, 64); err == nil {
		return f, true
	}
	if words, ok := t.cellsOf(formula); ok && len(words) == 1 {
		f, err := strconv.ParseFloat(words[0], 64)
		return f, err == nil
	}
	return 0, false
}

func (t *table) words(formula string) ([]string, bool) {
	formula = strings.TrimPrefix(formula, "=")
	if len(formula) >= 2 && formula[0] == '"' && formula[len(formula)-1] == '"' {
		words := strings.Split(strings.ReplaceAll(formula[1:len(formula)-1], `""`, `"`), ",")
		for i, w := range words {
			words[i] = sheetfile.Trim(w)
		}
		return words, true
	}
	return t.cellsOf(formula)
}

// cellsOf are the texts of the cells of a range; false if it is none, or too much.
func (t *table) cellsOf(ref string) (out []string, ok bool) {
	m := absolute.FindStringSubmatch(strings.ToUpper(ref))
	if m == nil {
		return nil, false
	}
	if m[3] == "" {
		m[3], m[4] = m[1], m[2]
	}
	c1, c2 := sheetfile.Column(m[1]), sheetfile.Column(m[3])
	r1, _ := strconv.Atoi(m[2])
	r2, _ := strconv.Atoi(m[4])
	if c1 == 0 || c2 < c1 || r2 < r1 || (c2-c1+1)*(r2-r1+1) > maxList {
		return nil, false
	}
	at, _ := slices.BinarySearchFunc(t.Rows, r1, func(r roster.FormRow, n int) int { return r.N - n })
	for ; at < len(t.Rows) && t.Rows[at].N <= r2; at++ {
		for _, c := range t.Rows[at].Cells {
			if c.Col >= c1 && c.Col <= c2 && c.Text != "" {
				out = append(out, c.Text)
			}
		}
	}
	return out, true
}

// allows reports whether a score may be typed under a rule: not if it can't be known.
func (r rule) allows(p rubric.Points) bool {
	if !r.ok {
		return false
	}
	n := p.Float()
	switch r.Kind {
	case "list":
		return slices.ContainsFunc(r.list, func(w string) bool {
			q, number := asPoints(w)
			return number && q == p
		})
	case "whole":
		if decimalsOf(p) > 0 {
			return false
		}
	case "textLength":
		n = float64(len(p.String()))
	}
	switch r.Operator {
	case "between":
		return n >= r.a && n <= r.b
	case "notBetween":
		return n < r.a || n > r.b
	case "equal":
		return n == r.a
	case "notEqual":
		return n != r.a
	case "lessThan":
		return n < r.a
	case "lessThanOrEqual":
		return n <= r.a
	case "greaterThan":
		return n > r.a
	case "greaterThanOrEqual":
		return n >= r.a
	}
	return false
}

// limit is the highest number that a rule allows, if that is less than the maximum of
// the scores.
func (r rule) limit(outOf rubric.Points) (rubric.Points, bool) {
	if !r.ok || r.Kind != "whole" && r.Kind != "decimal" || outOf <= 0 {
		return 0, false
	}
	top := r.a
	switch r.Operator {
	case "between":
		top = r.b
	case "lessThan", "lessThanOrEqual":
	default:
		return 0, false
	}
	if top <= 0 || top > outOf.Float() || top == outOf.Float() && r.Operator != "lessThan" {
		return 0, false
	}
	return rubric.PointsOf(top), true
}

// said is what a rule allows.
func (r rule) said() i18n.Msg {
	span := clip(r.A)
	switch r.Operator {
	case "between":
		span = clip(r.A) + " – " + clip(r.B)
	case "notBetween":
		span = "< " + clip(r.A) + ", > " + clip(r.B)
	case "equal":
		span = "= " + span
	case "notEqual":
		span = "≠ " + span
	case "lessThan":
		span = "< " + span
	case "lessThanOrEqual":
		span = "≤ " + span
	case "greaterThan":
		span = "> " + span
	case "greaterThanOrEqual":
		span = "≥ " + span
	}
	switch r.Kind {
	case "whole":
		return i18n.M("fill.allow_whole", "range", span)
	case "decimal":
		return i18n.M("fill.allow_number", "range", span)
	case "textLength":
		return i18n.M("fill.allow_length", "range", span)
	case "list":
		return i18n.M("fill.allow_list", "range", clip(r.A))
	case "date", "time":
		return i18n.M("fill.allow_date")
	}
	return i18n.M("fill.allow_formula", "formula", clip(r.A))
}
