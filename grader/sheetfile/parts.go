package sheetfile

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Book is a workbook being read.
type Book struct {
	open   Parts
	ctx    context.Context // of the reading
	limits Limits
	left   int64 // bytes that may still be unpacked
	tokens int   // so far
	// from and to are where the last tag or text stands in its part.
	from, to int64
	sheets   []Sheet
	shared   []string
	styles   []look
	// codes are the number formats by their numbers, formatIDs the styles' numbers.
	codes     map[string]string
	formatIDs []string
	// changing are the number formats that cells have under a condition.
	changing map[string]string
	// since1904 says that days are counted from 1904 on.
	since1904 bool
	calc      Place // of the tag that says how formulas are computed, if there is one
	// calcAt is where there is place for one, with the prefix of tags there.
	calcAt     Place
	calcPrefix string
}

// Sheet is one worksheet of a workbook.
type Sheet struct {
	Name string
	// Hidden says that a person does not see it, however it is hidden.
	Hidden bool

	part string
}

// look is what a cell format does to a number.
type look struct {
	pad     int // digits that it pads with zeros to
	percent bool
	dated   bool
}

// BadPlace is a row or cell where no worksheet has one.
type BadPlace struct{ Text string }

func (e *BadPlace) Error() string { return "no such place: " + e.Text }

// part goes through the tags of a part.
func (b *Book) part(name string, each func(t xml.Token) (more bool, err error)) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	f, err := b.open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	in := &metered{in: bufio.NewReaderSize(f, 32<<10), b: b}
	dec := xml.NewDecoder(in)
	b.to = 0
	for {
		in.token = 0
		b.from = b.to
		t, err := dec.RawToken()
		b.to = dec.InputOffset()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case in.err != nil:
			return in.err // not as the decoder puts it
		case err != nil:
			return fmt.Errorf("%s: %w", path.Base(name), err)
		}
		if _, ok := t.(xml.Directive); ok {
			return ErrDeclared
		}
		if b.tokens++; b.tokens > maxTokens {
			return ErrUnfolds
		}
		if more, err := each(t); err != nil || !more {
			return err
		}
	}
}

// metered counts what is unpacked, as it is.
type metered struct {
	in    *bufio.Reader
	b     *Book
	token int
	err   error
}

func (m *metered) ReadByte() (byte, error) {
	c, err := m.in.ReadByte()
	m.b.left--
	m.token++
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		m.err = err
	case m.b.left < 0, m.token > maxToken:
		m.err = ErrUnfolds
	case m.b.left&0xffff == 0:
		m.err = m.b.ctx.Err()
	}
	if m.err != nil {
		return 0, m.err
	}
	return c, err
}

// Read is there for the type only: a decoder takes bytes singly where it can.
func (m *metered) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := m.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

func attr(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name && (a.Name.Space == "" || name == "id") {
			return a.Value
		}
	}
	return ""
}

// related gives what a part's relations lead to, by ID and by the last word
// of their type.
func (b *Book) related(from string) (byID, byType map[string]string, err error) {
	byID, byType = map[string]string{}, map[string]string{}
	name := path.Join(path.Dir(from), "_rels", path.Base(from)+".rels")
	if from == "" {
		name = "_rels/.rels"
	}
	n := 0
	err = b.part(name, func(t xml.Token) (bool, error) {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "Relationship" {
			target := partPath(from, attr(e, "Target"))
			byType[path.Base(attr(e, "Type"))] = target
			if path.Base(attr(e, "Type")) == "worksheet" {
				byID[attr(e, "Id")] = target
			}
		}
		n++
		return n < 4*maxParts, nil
	})
	return byID, byType, err
}

// contents reads what worksheets refer to: their names, shared texts, formats.
func (b *Book) contents() error {
	main := "xl/workbook.xml"
	if _, byType, err := b.related(""); err == nil && byType["officeDocument"] != "" {
		main = byType["officeDocument"]
	} else if err != nil && !errors.Is(err, ErrNoPart) {
		return err
	}
	byID, byType, err := b.related(main)
	if err != nil {
		return err
	}
	depth := 0
	err = b.part(main, func(t xml.Token) (bool, error) {
		if end, ok := t.(xml.EndElement); ok {
			if depth--; depth == 1 && beforeCalc[end.Name.Local] {
				b.calcAt, b.calcPrefix = Place{main, b.to, b.to}, end.Name.Space
			}
		}
		e, ok := t.(xml.StartElement)
		if ok {
			depth++
		}
		if ok && e.Name.Local == "workbookPr" {
			b.since1904 = attr(e, "date1904") == "1" || attr(e, "date1904") == "true"
		}
		if ok && e.Name.Local == "calcPr" {
			b.calc = Place{main, b.from, b.to}
		}
		if !ok || e.Name.Local != "sheet" {
			return true, nil
		}
		if part := byID[attr(e, "id")]; part != "" {
			state := attr(e, "state")
			b.sheets = append(b.sheets, Sheet{attr(e, "name"), state == "hidden" || state == "veryHidden", part})
		}
		return true, nil
	})
	b.sheets = b.sheets[:min(len(b.sheets), maxSheets)]
	if err == nil && byType["sharedStrings"] != "" {
		err = b.strings(byType["sharedStrings"])
	}
	if err == nil && byType["styles"] != "" {
		err = b.formats(byType["styles"])
	}
	return err
}

// texts gathers the text of a shared or inline string, without what only says
// how it is pronounced.
type texts struct {
	b     strings.Builder
	in    bool // within <t>
	sound int  // depth of <rPh>
}

func (x *texts) token(t xml.Token) {
	switch t := t.(type) {
	case xml.StartElement:
		switch t.Name.Local {
		case "t":
			x.in = x.sound == 0
		case "rPh":
			x.sound++
		}
	case xml.EndElement:
		switch t.Name.Local {
		case "t":
			x.in = false
		case "rPh":
			x.sound = max(0, x.sound-1)
		}
	case xml.CharData:
		if x.in && x.b.Len() <= MaxValue {
			x.b.Write(t)
		}
	}
}

func (x *texts) take() string {
	s := unescape(cut(x.b.String()))
	*x = texts{}
	return s
}

// escaped is how a workbook writes characters that XML has not.
var escaped = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escaped.ReplaceAllStringFunc(s, func(m string) string {
		n, err := strconv.ParseUint(m[2:6], 16, 16)
		if err != nil {
			return m
		}
		return string(rune(n))
	})
}

func (b *Book) strings(part string) error {
	var x texts
	kept := 0
	return b.part(part, func(t xml.Token) (bool, error) {
		x.token(t)
		if e, ok := t.(xml.EndElement); ok && e.Name.Local == "si" {
			s := x.take()
			b.shared = append(b.shared, s)
			if kept += len(s); kept > b.limits.Text || len(b.shared) > maxStrings {
				return false, ErrUnfolds
			}
		}
		return true, nil
	})
}
