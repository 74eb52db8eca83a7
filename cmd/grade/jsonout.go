package main

import (
	"bytes"
	"encoding/json"

	"swarmgrade/grader/report"
)

// printJSON writes a value to stdout as what --json promises: nothing else is
// written there, and text of students does no harm to a terminal.
func (a *app) printJSON(v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := a.Stdout.Write(report.EscapeControls(buf.Bytes()))
	return err
}
