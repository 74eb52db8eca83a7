package form

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sheetfile"
)

// edit is new bytes in the place of old ones of a part.
type edit struct {
	sheetfile.Place
	with func(old []byte) []byte
}

func instead(p sheetfile.Place, text string) edit {
	return edit{p, func([]byte) []byte { return []byte(text) }}
}

// write puts what a student has into a cell, which keeps its style, or adds the cell to
// its row.
func write(row *roster.FormRow, col int, s Score) []edit {
	cell, there := row.Cell(col)
	if !there {
		return add(row, col, s)
	}
	return []edit{instead(cell.Place, cellOf(cell.Prefix, sheetfile.Name(col, row.N), cell.Style, s))}
}

func cellOf(prefix, ref, style string, s Score) string {
	if s.Text == "" {
		return cellXML(prefix, ref, style, s.Points)
	}
	if prefix != "" {
		prefix += ":"
	}
	var text strings.Builder
	_ = xml.EscapeText(&text, []byte(s.Text)) // a Builder takes it all
	return fmt.Sprintf(`<%[1]sc r="%[2]s"%[3]s t="inlineStr"><%[1]sis><%[1]st>%[4]s</%[1]st></%[1]sis></%[1]sc>`, prefix, ref, styled(style), text.String())
}

// styled is a cell's style as it is written.
func styled(style string) string {
	if style = strings.TrimSpace(style); digits.MatchString(style) {
		return ` s="` + style + `"`
	}
	return "" // the form's own mistake
}

func cellXML(prefix, ref, style string, points rubric.Points) string {
	if prefix != "" {
		prefix += ":"
	}
	return fmt.Sprintf(`<%[1]sc r="%[2]s"%[3]s><%[1]sv>%[4]s</%[1]sv></%[1]sc>`, prefix, ref, styled(style), points)
}

// add is a cell that a row has not, at its place among the others.
func add(row *roster.FormRow, col int, s Score) []edit {
	at, prefix := row.Cells[0].Place.From, row.Cells[0].Prefix
	for _, c := range row.Cells {
		if c.Col < col {
			at = c.Place.To
		}
	}
	place := sheetfile.Place{Part: row.Tag.Part, From: at, To: at}
	return []edit{
		{row.Tag, func(old []byte) []byte { return widen(old, col) }},
		instead(place, cellOf(prefix, sheetfile.Name(col, row.N), "", s)),
	}
}

var digits = regexp.MustCompile(`^[0-9]{1,9}$`)

var spans = regexp.MustCompile(`(\sspans=["'])([0-9]+):([0-9]+)(["'])`)

// widen has the columns that a row says it spans reach to col.
func widen(tag []byte, col int) []byte {
	m := spans.FindSubmatch(tag)
	if m == nil {
		return tag
	}
	from, err1 := strconv.Atoi(string(m[2]))
	to, err2 := strconv.Atoi(string(m[3]))
	if err1 != nil || err2 != nil || col >= from && col <= to {
		return tag
	}
	return bytes.Replace(tag, m[0], fmt.Appendf(nil, "%s%d:%d%s", m[1], min(from, col), max(to, col), m[4]), 1)
}

// Write writes the form with its scores. Members of the zip that have none are copied
// byte for byte.
func (f *Filled) Write(ctx context.Context, w io.Writer) error {
	parts := map[string][]edit{}
	for _, e := range f.edits {
		parts[e.Part] = append(parts[e.Part], e)
	}
	by := map[*zip.File][]edit{}
	for _, edits := range parts {
		if m := f.form.Member(edits[0].Place); m != nil {
			by[m] = edits
		}
	}
	z := zip.NewWriter(w)
	if err := z.SetComment(f.form.Zip.Comment); err != nil {
		return err
	}
	for _, m := range f.form.Zip.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		edits := by[m]
		if len(edits) == 0 {
			if err := z.Copy(m); err != nil {
				return fmt.Errorf("copy %s: %w", strconv.Quote(m.Name), err)
			}
			continue
		}
		to, err := z.CreateHeader(&zip.FileHeader{
			Name: m.Name, NonUTF8: m.NonUTF8, Comment: m.Comment, Method: zip.Deflate, Modified: m.Modified,
			CreatorVersion: m.CreatorVersion, ExternalAttrs: m.ExternalAttrs,
		})
		if err != nil {
			return err
		}
		if err := rewrite(to, m, edits); err != nil {
			return fmt.Errorf("write %s: %w", strconv.Quote(m.Name), err)
		}
	}
	return z.Close()
}

// rewrite copies a member with its edits, as a stream.
func rewrite(w io.Writer, m *zip.File, edits []edit) error {
	slices.SortStableFunc(edits, func(a, b edit) int { return int(a.From - b.From) })
	from, err := m.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	at := int64(0)
	for _, e := range edits {
		if _, err := io.CopyN(w, from, e.From-at); err != nil {
			return err
		}
		old := make([]byte, e.To-e.From)
		if _, err := io.ReadFull(from, old); err != nil {
			return err
		}
		if _, err := w.Write(e.with(old)); err != nil {
			return err
		}
		at = e.To
	}
	_, err = io.Copy(w, from)
	return err
}
