package form

import (
	"bytes"
	"regexp"

	"swarmgrade/grader/sheetfile"
)

// forget takes out what formulas of the workbook came to when it was saved, since that
// was made of other numbers: a program that opens it computes what has no value, and
// some of them nothing else. IDs and names, which tell whose rows they are, stay.
func (f *Filled) forget(t *table) error {
	err := f.form.Computed(func(c sheetfile.Computed) {
		f.Formulas = true
		if c.Start.Part == t.Rows[t.head].Tag.Part && c.Row >= t.Rows[t.head].N && (c.Col == t.id || c.Col == t.name) || len(c.Values) == 0 {
			return
		}
		if c.Bare != "" {
			f.edits = append(f.edits, instead(c.Start, c.Bare))
		}
		for _, p := range c.Values {
			f.edits = append(f.edits, edit{p, nothing})
		}
	})
	if at, prefix := f.form.Recompute(); err == nil && f.Formulas && at.Part != "" {
		f.edits = append(f.edits, edit{at, func(old []byte) []byte { return recompute(old, prefix) }})
	}
	return err
}

func nothing([]byte) []byte { return nil }

// recompute has formulas computed when the workbook is opened; old is the tag that says
// how they are, if there is one: "by hand only" is taken out of it.
func recompute(old []byte, prefix string) []byte {
	if prefix != "" {
		prefix += ":"
	}
	if len(old) == 0 {
		return []byte("<" + prefix + `calcPr fullCalcOnLoad="1"/>`)
	}
	old = mode.ReplaceAll(old, nil)
	if full.Match(old) {
		return full.ReplaceAll(old, []byte(` fullCalcOnLoad="1"`))
	}
	end := []byte(">")
	if bytes.HasSuffix(old, []byte("/>")) {
		end = []byte("/>")
	}
	return append(append(bytes.TrimRight(bytes.TrimSuffix(old, end), " "), ` fullCalcOnLoad="1"`...), end...)
}

var mode = regexp.MustCompile(`\scalcMode\s*=\s*(?:"[^"]*"|'[^']*')`)

var full = regexp.MustCompile(`\sfullCalcOnLoad\s*=\s*(?:"[^"]*"|'[^']*')`)
