package sheetfile

import (
	"encoding/xml"
	"errors"
	"slices"
)

// Place is where a tag stands in a part, in bytes of what it unfolds to.
type Place struct {
	Part     string
	From, To int64
}

// CellTag is where a cell stands, with its tag's prefix and the number of its style.
type CellTag struct {
	Place         Place
	Prefix, Style string
}

// PlacedRow is a row with all its cells, blank ones too, and where they stand. What it
// refers to is valid while it is given.
type PlacedRow struct {
	N     int
	Tag   Place // of its start
	Cells []Cell
	Tags  []CellTag // of the cells
}

// ErrNesting is the error of a part whose tags do not match: reading gets over that,
// other programs do not, so that nothing is to be written into it.
var ErrNesting = errors.New("its tags do not match")

// Placed is [Book.Cells] for who wants to write into the worksheet: with the places of
// rows and cells, and with what may be typed into them, and strict about where tags stand.
func (b *Book) Placed(s Sheet, row func(PlacedRow) (more bool), merged func(Span), rule func(Rule)) error {
	r := &sheetReader{b: b, nest: &nesting{}, rules: &rules{each: rule, odd: b.changing}, tag: Place{Part: s.part}}
	more := true
	err := r.walk(s.part, func() bool {
		more = row(PlacedRow{r.row, r.tag, r.cells, r.places})
		return more
	}, merged)
	if err == nil && more && len(r.nest.path) > 0 {
		err = ErrNesting
	}
	return err
}

// Column is the number of a column such as "F", 0 if it is none.
func Column(letters string) int {
	col, _, ok := place(letters + "1")
	if !ok {
		return 0
	}
	return col
}

// maxDepth bounds how deep tags are nested.
const maxDepth = 100

// homes are where tags that are read stand, as the tags around them; those that are
// called the same elsewhere, as the anchors of buttons are, mean something else.
var homes = map[string][]string{
	"row": {"worksheet", "sheetData"}, "c": {"worksheet", "sheetData", "row"}, "mergeCell": {"worksheet", "mergeCells"},
	"v": {"worksheet", "sheetData", "row", "c"}, "f": {"worksheet", "sheetData", "row", "c"}, "is": {"worksheet", "sheetData", "row", "c"},
}

// nesting follows the tags of a worksheet.
type nesting struct {
	path  []string   // the tags around
	names []xml.Name // the same, with their prefixes
	table bool       // the cells have begun
}

// token takes the next one; known is false for one that is not where it belongs.
func (n *nesting) token(t xml.Token) (known bool, err error) {
	at := func(name xml.Name) bool {
		home, ok := homes[name.Local]
		return !ok || slices.Equal(home, n.path)
	}
	switch t := t.(type) {
	case xml.StartElement:
		if len(n.path) >= maxDepth || t.Name.Local == "sheetData" && n.table {
			return false, ErrNesting
		}
		n.table = n.table || t.Name.Local == "sheetData"
		known = at(t.Name)
		n.path, n.names = append(n.path, t.Name.Local), append(n.names, t.Name)
		return known, nil
	case xml.EndElement:
		last := len(n.names) - 1
		if last < 0 || n.names[last] != t.Name {
			return false, ErrNesting
		}
		n.path, n.names = n.path[:last], n.names[:last]
		return at(t.Name), nil
	}
	return true, nil
}
