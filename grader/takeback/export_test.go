package takeback

import (
	"context"
	"io"
	"strings"

	"swarmgrade/grader/sheetfile"
)

// ReadParts is Read of a workbook's parts, by lower-case name.
func ReadParts(ctx context.Context, text map[string]string) (*Workbook, error) {
	return readFile(ctx, func(name string) (io.ReadCloser, error) {
		if text[name] == "" {
			return nil, sheetfile.ErrNoPart
		}
		return io.NopCloser(strings.NewReader(text[name])), nil
	}, nil, "f.xlsx")
}
