package roster

import (
	"context"
	"io"
	"strings"

	"swarmgrade/grader/sheetfile"
)

// ReadParts is ReadRoster of a workbook's parts, by lower-case name.
func ReadParts(ctx context.Context, text map[string]string) (*List, error) {
	r := &reader{ctx: ctx, file: "f.xlsx", first: map[string]row{}}
	r.xlsxParts(func(name string) (io.ReadCloser, error) {
		if text[name] == "" {
			return nil, sheetfile.ErrNoPart
		}
		return io.NopCloser(strings.NewReader(text[name])), nil
	}, nil)
	return r.result()
}

// Split is a csv text's fields.
func Split(text string) [][]string {
	r := &reader{ctx: context.Background()}
	lines := strings.Split(text, "\n")
	var out [][]string
	for _, w := range r.split(untie(text, ','), lines, ',') {
		fields := make([]string, len(w.cells))
		for i, c := range w.cells {
			fields[i] = c.text
		}
		out = append(out, fields)
	}
	return out
}
