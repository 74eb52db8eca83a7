package sheetfile

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Cell is a cell that is not blank, or holds a formula.
type Cell struct {
	Col int // from 1
	// Text is what it holds: of a number its digits, padded with zeros as its format
	// shows them, of a formula what it came to when the file was saved.
	Text string
	Kind Kind
	// Formula says that a formula makes the value, Percent that it is shown as a
	// share of a hundred.
	Formula, Percent bool
	// Moment is the date or time that a number is shown as, such as 2026-12-01 14:30; ""
	// for one that is shown as a number.
	Moment string
	// LostDigits says that a number has more digits than a workbook keeps, so that
	// the last of Text are not those that were typed.
	LostDigits bool
}

// Kind is what a cell holds.
type Kind int

// The kinds of [Cell].
const (
	Text Kind = iota
	Number
	Bool  // Text is 0 or 1
	Error // such as #N/A
)

// Span are cells that were merged: only the first of them has a value.
type Span struct{ FromCol, ToCol, FromRow, ToRow int }

// Cells gives the rows of a worksheet that are there, in the order of the file, with
// their cells that are not blank, in order; row's cells are valid until it returns,
// and it reports whether to go on. A row or column that no worksheet has is a
// *BadPlace.
func (b *Book) Cells(s Sheet, row func(n int, hidden bool, cells []Cell) (more bool), merged func(Span)) error {
	r := &sheetReader{b: b}
	return r.walk(s.part, func() bool { return row(r.row, r.hidden, r.cells) }, merged)
}

// walk goes through a worksheet; row is told when one is read.
func (s *sheetReader) walk(part string, row func() (more bool), merged func(Span)) error {
	return s.b.part(part, func(t xml.Token) (bool, error) {
		if s.nest != nil {
			if known, err := s.nest.token(t); err != nil || !known {
				return true, err
			}
		}
		if s.rules != nil {
			if err := s.rules.token(t); err != nil {
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
				c1, r1, ok1 := place(from)
				c2, r2, ok2 := place(to)
				if ok1 && ok2 && c2 >= c1 && r2 >= r1 {
					merged(Span{c1, c2, r1, r2})
				}
			}
			return true, s.start(t)
		case xml.EndElement:
			switch t.Name.Local {
			case "c":
				return true, s.finish()
			case "row":
				more := row()
				s.cells, s.places = s.cells[:0], s.places[:0]
				return more, nil
			}
			if s.computed != nil && (s.value && t.Name.Local == "v" || s.inline && t.Name.Local == "is") {
				s.values = append(s.values, Place{s.tag.Part, s.valueAt, s.b.to})
			}
			s.value, s.inline = s.value && t.Name.Local != "v", s.inline && t.Name.Local != "is"
		case xml.CharData:
			if s.value && s.raw.Len() <= MaxValue {
				s.raw.Write(t)
			}
		}
		return true, nil
	})
}

// sheetReader is where the reading of a worksheet is.
type sheetReader struct {
	b        *Book
	row, col int
	hidden   bool
	cells    []Cell
	spans    int

	// Where things stand, and blank cells too, only if nest follows the tags.
	nest   *nesting
	places []CellTag
	tag    Place // of the row's start
	cell   int64 // where the cell begins
	prefix string
	rules  *rules // only if somebody asks for them
	arrays []Span // of formulas for several cells, only if nest follows the tags

	computed func(Computed) // is told of cells that are; nil otherwise
	cellTag  Place
	bare     string
	valueAt  int64
	values   []Place

	kind, style   string
	value, inline bool // within <v>, <is>
	formula       bool
	open          bool // within <c>
	raw           strings.Builder
	text          texts
}

func (s *sheetReader) start(t xml.StartElement) error {
	switch t.Name.Local {
	case "row":
		s.row, s.col = s.row+1, 0
		s.tag.From, s.tag.To = s.b.from, s.b.to
		if r := attr(t, "r"); r != "" {
			n, err := strconv.Atoi(r)
			if err != nil || n < s.row {
				return &BadPlace{r}
			}
			s.row = n
		}
		if s.row > maxRows {
			return &BadPlace{strconv.Itoa(s.row)}
		}
		s.pastArrays()
		s.hidden = attr(t, "hidden") == "1" || attr(t, "hidden") == "true"
	case "c":
		s.col++
		if r := attr(t, "r"); r != "" {
			col, line, ok := place(r)
			if !ok || line != s.row || col < s.col {
				return &BadPlace{r}
			}
			s.col = col
		}
		if s.col > maxCols {
			return &BadPlace{Name(s.col, s.row)}
		}
		s.kind, s.style = attr(t, "t"), attr(t, "s")
		s.cell, s.prefix = s.b.from, t.Name.Space
		s.raw.Reset()
		s.text, s.formula, s.open = texts{}, s.inArray(), true
		if s.computed != nil {
			s.cellTag, s.bare, s.values = Place{s.tag.Part, s.b.from, s.b.to}, bare(t), s.values[:0]
		}
	case "f":
		s.formula = true
		if s.nest != nil {
			return s.array(t)
		}
	case "v":
		s.value, s.valueAt = true, s.b.from
	case "is":
		s.inline, s.valueAt = true, s.b.from
	}
	return nil
}

// finish takes a cell, if one was begun: nobody says that tags match.
func (s *sheetReader) finish() error {
	if !s.open {
		return nil
	}
	s.open = false
	if s.computed != nil {
		if s.formula {
			s.computed(Computed{s.col, s.row, s.cellTag, s.bare, s.values})
		}
		return nil
	}
	raw := strings.TrimSpace(s.raw.String())
	c := Cell{Col: s.col, Formula: s.formula}
	switch s.kind {
	case "s":
		if raw == "" {
			break
		}
		i, err := strconv.Atoi(raw)
		if err != nil || i < 0 || i >= len(s.b.shared) {
			return fmt.Errorf("cell %s names the text %s, which is not there", Name(s.col, s.row), clip(raw))
		}
		c.Text = s.b.shared[i]
	case "inlineStr":
		c.Text = s.text.take()
	case "", "n":
		var l look
		if i, err := strconv.Atoi(s.style); err == nil && i >= 0 && i < len(s.b.styles) {
			l = s.b.styles[i]
		}
		c.Kind, c.Percent = Number, l.percent
		c.Text, c.LostDigits = number(cut(raw), l.pad)
		if l.dated {
			c.Moment = moment(raw, s.b.since1904)
		}
	case "b":
		c.Kind, c.Text = Bool, cut(raw)
	case "e":
		c.Kind, c.Text = Error, unescape(cut(s.raw.String()))
	default: // str, d
		c.Text = unescape(cut(s.raw.String()))
	}
	if s.nest != nil {
		s.places = append(s.places, CellTag{Place{s.tag.Part, s.cell, s.b.to}, s.prefix, s.style})
	}
	if s.nest != nil || Trim(c.Text) != "" || c.Formula {
		s.cells = append(s.cells, c)
	}
	return nil
}

// number is the text that a number stands for. Excel keeps 15 digits of it: one
// that is longer has lost some.
func number(raw string, pad int) (text string, lost bool) {
	if !allDigits.MatchString(raw) {
		f, err := strconv.ParseFloat(raw, 64)
		switch {
		case err != nil, math.Abs(f) >= 1e15, math.IsNaN(f):
			return raw, false
		case f != math.Trunc(f):
			return strconv.FormatFloat(f, 'g', 15, 64), false // 0.30000000000000004
		}
		raw = strconv.FormatFloat(f, 'f', -1, 64)
	}
	if len(strings.TrimLeft(raw, "0")) > 15 {
		return raw, true
	}
	if n := pad - len(raw); n > 0 && !strings.HasPrefix(raw, "-") {
		raw = strings.Repeat("0", n) + raw
	}
	return raw, false
}
