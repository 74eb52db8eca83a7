package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"swarmgrade/grader/finding"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// Findings writes what an instructor should look at to a screen, the gravest
// first: what was found, of whom, and where in the evidence.
func Findings(w io.Writer, d *result.Data, t Text) error {
	var b strings.Builder
	b.WriteString(t.paint(clipTo(heading(d, t.Lang), t.Width), bold) + "\n\n")
	if len(d.Findings) == 0 {
		b.WriteString(t.Lang.T("report.findings_none") + "\n")
	}
	for _, f := range d.Findings {
		b.WriteString(t.Lang.T("report.finding_line", "severity", f.Kind.Severity().Text(), "title", f.Kind.Title(),
			"students", oneLine(t.Lang.List(called(d, f.Students)))) + "\n")
		b.WriteString("  " + oneLine(t.Lang.Text(f.Message)) + "\n")
		for _, e := range f.Evidence {
			b.WriteString("  · " + clipTo(oneLine(refText(e)), t.Width-4) + "\n")
		}
		b.WriteString("\n")
	}
	b.WriteString(t.Lang.T("report.findings_note") + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// called adds names to student IDs.
func called(d *result.Data, ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id
		for _, s := range d.Students {
			if s.ID == id && s.Name != "" {
				out[i] = id + " " + s.Name
			}
		}
	}
	return out
}

// refText is where something was seen, and what.
func refText(e finding.Ref) string {
	s := e.Student + " " + e.Where
	if e.Seen != "" {
		s += ": " + e.Seen
	}
	return s
}

type jsonFinding struct {
	Kind     finding.Kind     `json:"kind"`
	Severity finding.Severity `json:"severity"`
	Students []string         `json:"students"`
	Task     string           `json:"task"`
	Title    string           `json:"title"`
	Message  string           `json:"message"`
	Evidence []finding.Ref    `json:"evidence"`
}

func jsonFindings(d *result.Data, lang i18n.Lang) []jsonFinding {
	out := make([]jsonFinding, 0, len(d.Findings))
	for _, f := range d.Findings {
		out = append(out, jsonFinding{f.Kind, f.Kind.Severity(), f.Students, f.Task,
			lang.Text(f.Kind.Title()), lang.Text(f.Message), f.Evidence})
	}
	return out
}

// FindingsJSON writes the findings alone for scripts, in the layout that they
// have in [JSON].
func FindingsJSON(w io.Writer, d *result.Data, lang i18n.Lang) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	out := struct {
		Schema   string        `json:"schema"`
		Class    string        `json:"class"`
		Run      string        `json:"run"`
		Findings []jsonFinding `json:"findings"`
	}{JSONSchema, d.Class, d.Run.ID, jsonFindings(d, lang)}
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("write findings as JSON: %w", err)
	}
	_, err := w.Write(EscapeControls(buf.Bytes()))
	return err
}

func uniq(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
