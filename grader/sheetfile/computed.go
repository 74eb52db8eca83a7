package sheetfile

import (
	"encoding/xml"
	"strings"
)

// Computed is a cell that a formula makes the value of, with what it came to when the
// file was saved.
type Computed struct {
	Col, Row int
	Start    Place // of its tag
	// Bare is the tag without the kind of the value; "" if it says none.
	Bare   string
	Values []Place // of what it came to, with the tags around; valid while it is given
}

// maxArrays bounds how many formulas for several cells are looked at in one row.
const maxArrays = 256

// Computed gives the cells of a worksheet that hold a formula, or are of the range of
// one that is for several cells. It reads within limits of its own, like another file.
func (b *Book) Computed(s Sheet, each func(Computed)) error {
	again := &Book{open: b.open, ctx: b.ctx, limits: b.limits, left: b.limits.Unpacked, shared: b.shared}
	r := &sheetReader{b: again, nest: &nesting{}, tag: Place{Part: s.part}, computed: each}
	err := r.walk(s.part, func() bool { return true }, func(Span) {})
	if err == nil && len(r.nest.path) > 0 {
		err = ErrNesting
	}
	return err
}

// Recompute is the place of the tag that says how the workbook's formulas are computed;
// if it has none, an empty place for one, with the prefix of tags there. There is no
// part if the workbook has no place for it either.
func (b *Book) Recompute() (at Place, prefix string) {
	if b.calc.To > b.calc.From {
		return b.calc, ""
	}
	return b.calcAt, b.calcPrefix
}

// beforeCalc are the tags of a workbook after which, and after what comes before them,
// it says how formulas are computed.
var beforeCalc = map[string]bool{"sheets": true, "functionGroups": true, "externalReferences": true, "definedNames": true}

// array takes the range of a formula that is for several cells.
func (s *sheetReader) array(t xml.StartElement) error {
	if kind := attr(t, "t"); kind != "array" && kind != "dataTable" {
		return nil
	}
	from, to, two := strings.Cut(attr(t, "ref"), ":")
	c1, r1, ok1 := place(from)
	c2, r2, ok2 := place(to)
	if !two || !ok1 || !ok2 || c1 == c2 && r1 == r2 {
		return nil // of this cell alone
	}
	if s.arrays = append(s.arrays, Span{c1, c2, r1, r2}); len(s.arrays) > maxArrays {
		return ErrUnfolds
	}
	return nil
}

// inArray reports whether the cell is of the range of a formula in another one.
func (s *sheetReader) inArray() bool {
	for _, a := range s.arrays {
		if s.col >= a.FromCol && s.col <= a.ToCol && s.row >= a.FromRow && s.row <= a.ToRow {
			return true
		}
	}
	return false
}

// pastArrays leaves out the ranges that a new row is below of.
func (s *sheetReader) pastArrays() {
	kept := s.arrays[:0]
	for _, a := range s.arrays {
		if a.ToRow >= s.row {
			kept = append(kept, a)
		}
	}
	s.arrays = kept
}

// bare is a cell's tag without the kind of its value.
func bare(t xml.StartElement) string {
	var b strings.Builder
	b.WriteByte('<')
	b.WriteString(qualified(t.Name))
	kind := false
	for _, a := range t.Attr {
		if a.Name.Local == "t" && a.Name.Space == "" {
			kind = true
			continue
		}
		b.WriteString(" " + qualified(a.Name) + `="`)
		_ = xml.EscapeText(&b, []byte(a.Value)) // a Builder takes it all
		b.WriteByte('"')
	}
	b.WriteByte('>')
	if !kind {
		return ""
	}
	return b.String()
}

func qualified(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}
