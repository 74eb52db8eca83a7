package roster

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"

	"swarmgrade/grader/i18n"
)

// sheetCell is a cell that is not blank.
type sheetCell struct {
	col  int
	text string
	bad  *complaint
	// from and to are where it stands in the part; prefix and style are its tag's.
	from, to       int64
	prefix, style  string
	number, counts bool // counts: by a formula
}

// cells gives the rows of a worksheet that are there, in the order of the file,
// with their cells that are not blank, in order. A row or column that no
// worksheet has is a *badPlace.
func (b *book) cells(part string, row func(n int, hidden bool, cells []sheetCell) bool, merged func(span)) error {
	s := &sheetReader{b: b}
	return s.walk(part, func() bool { return row(s.row, s.hidden, s.cells) }, func(a Area) {
		if a.Col1 == a.Col2 && a.Row2 > a.Row1 {
			merged(span{a.Col1, a.Row1, a.Row2})
		}
	})
}

// walk gives each row as it ends.
func (s *sheetReader) walk(part string, row func() (more bool), merged func(Area)) error {
	return s.b.part(part, func(t xml.Token) (bool, error) {
		if s.all {
			if known, err := s.nest(t); err != nil || !known {
				return true, err
			}
		}
		if s.inline {
			s.text.token(t)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local == "mergeCell" && s.spans < maxMerged {
				s.spans++
				from, to, _ := strings.Cut(attr(t, "ref"), ":")
				c1, r1, ok1 := cellColumn(from)
				c2, r2, ok2 := cellColumn(to)
				if ok1 && ok2 {
					merged(Area{c1, r1, c2, r2})
				}
			}
			return true, s.start(t)
		case xml.EndElement:
			switch t.Name.Local {
			case "c":
				return true, s.finish()
			case "row":
				more := row()
				s.cells = s.cells[:0]
				return more, nil
			}
			s.value, s.inline = s.value && t.Name.Local != "v", s.inline && t.Name.Local != "is"
		case xml.CharData:
			if s.value && s.raw.Len() <= maxValue {
				s.raw.Write(t)
			}
		}
		return true, nil
	})
}

// sheetReader is where the reading of a worksheet is.
type sheetReader struct {
	b        *book
	row, col int
	hidden   bool
	cells    []sheetCell
	spans    int

	all           bool       // blank cells too, and nothing that is not where it belongs
	path          []string   // the tags around
	names         []xml.Name // the same, with their prefixes
	table         bool       // the cells have begun
	from, to      int64      // where the row's tag stands
	cell          int64      // where the cell begins
	prefix        string
	formula       bool
	kind, style   string
	value, inline bool // within <v>, <is>
	raw           strings.Builder
	text          texts
}

func (s *sheetReader) start(t xml.StartElement) error {
	switch t.Name.Local {
	case "row":
		s.row, s.col = s.row+1, 0
		s.from, s.to = s.b.from, s.b.to
		if r := attr(t, "r"); r != "" {
			n, err := strconv.Atoi(r)
			if err != nil || n < s.row {
				return &badPlace{r}
			}
			s.row = n
		}
		if s.row > sheetRows {
			return &badPlace{itoa(s.row)}
		}
		s.hidden = attr(t, "hidden") == "1" || attr(t, "hidden") == "true"
	case "c":
		s.col++
		if r := attr(t, "r"); r != "" {
			col, line, ok := cellColumn(r)
			if !ok || line != s.row || col < s.col {
				return &badPlace{r}
			}
			s.col = col
		}
		if s.col > sheetCols {
			return &badPlace{cellName(s.col, s.row)}
		}
		s.kind, s.style = attr(t, "t"), attr(t, "s")
		s.cell, s.prefix, s.formula = s.b.from, t.Name.Space, false
		s.raw.Reset()
		s.text = texts{}
	case "f":
		s.formula = true
	case "v":
		s.value = true
	case "is":
		s.inline = true
	}
	return nil
}

// finish takes a cell.
func (s *sheetReader) finish() error {
	raw := strings.TrimSpace(s.raw.String())
	c := sheetCell{
		col: s.col, from: s.cell, to: s.b.to, prefix: s.prefix, style: s.style,
		number: raw != "" && (s.kind == "" || s.kind == "n"), counts: s.formula,
	}
	switch s.kind {
	case "s":
		if raw == "" {
			break
		}
		i, err := strconv.Atoi(raw)
		if err != nil || i < 0 || i >= len(s.b.shared) {
			return fmt.Errorf("cell %s names the text %s, which is not there", cellName(s.col, s.row), clip(raw))
		}
		c.text = s.b.shared[i]
	case "inlineStr":
		c.text = s.text.take()
	case "", "n":
		pad := 0
		if i, err := strconv.Atoi(s.style); err == nil && i >= 0 && i < len(s.b.pads) {
			pad = s.b.pads[i]
		}
		c.text, c.bad = number(cut(raw), pad)
	default: // str, e, b, d
		c.text = unescape(cut(s.raw.String()))
	}
	if s.all || trim(c.text) != "" {
		s.cells = append(s.cells, c)
	}
	return nil
}

// number is the text that a number stands for. Excel keeps 15 digits of it: one
// that is longer has lost some.
func number(raw string, pad int) (string, *complaint) {
	if !allDigits.MatchString(raw) {
		f, err := strconv.ParseFloat(raw, 64)
		switch {
		case err != nil, math.Abs(f) >= 1e15, math.IsNaN(f):
			return raw, nil
		case f != math.Trunc(f):
			return strconv.FormatFloat(f, 'g', 15, 64), nil // 0.30000000000000004
		}
		raw = strconv.FormatFloat(f, 'f', -1, 64)
	}
	if len(strings.TrimLeft(raw, "0")) > 15 {
		return raw, &complaint{i18n.M("roster.lost_digits", "id", clip(raw)), i18n.M("roster.text_cells_hint")}
	}
	if n := pad - len(raw); n > 0 && !strings.HasPrefix(raw, "-") {
		raw = strings.Repeat("0", n) + raw
	}
	return raw, nil
}
