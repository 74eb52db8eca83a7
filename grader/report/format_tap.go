package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

// tapFormat is the Test Anything Protocol, version 14: a few lines of plain text a
// student. What waits for another check is skipped; what is ungraded is not ok, and
// says that it is no fault of the student's, so that nothing looks passed that is not.
var tapFormat = Format{Name: "tap", Ext: "tap", Media: "text/plain", Roster: true, Each: writeTAP}

// tapWords is text as a description: what begins a directive is not one here.
var tapWords = strings.NewReplacer(`\`, `\\`, "#", `\#`)

func writeTAP(w io.Writer, d *result.Data, s *result.Student, o Options) error {
	o = o.For(d).unscaled().to(d, s)
	var b bytes.Buffer
	fmt.Fprintf(&b, "TAP version 14\n1..%d\n", max(1, len(s.Verdicts)))
	fmt.Fprintf(&b, "# %s %s\n", inert(s.ID), inert(s.Name))
	parts := o.checkParts(d, s)
	switch h := o.Hand(d, s); h.State {
	case Given:
		fmt.Fprintf(&b, "# %s\n", o.Lang.T("transfer.score", "points", h.Points.String(), "max", o.OutOf(d).String()))
		parts = o.parts(d, s, h.Points)
	case Open:
		fmt.Fprintf(&b, "# %s\n", o.Lang.T("transfer.state_open"))
	case Excused:
		fmt.Fprintf(&b, "# %s\n", o.Lang.T("transfer.state_excused"))
	}
	for i, p := range parts {
		if p.state == adjusts { // they come last
			fmt.Fprintf(&b, "# %s\n", o.Lang.T("transfer.adjusted", "name", p.name, "points", withSign(p.points), "text", p.first()))
			continue
		}
		points := p.points.String()
		if p.state == ungraded {
			points = "?"
		}
		name := tapWords.Replace(inert(p.check) + " " + p.name + " (" + points + "/" + p.max.String() + ")")
		switch p.state {
		case passed:
			fmt.Fprintf(&b, "ok %d - %s\n", i+1, name)
		case waits, excused:
			fmt.Fprintf(&b, "ok %d - %s # SKIP %s\n", i+1, name, tapWords.Replace(p.first()))
		default:
			fmt.Fprintf(&b, "not ok %d - %s\n", i+1, name)
			v, _ := s.Verdict(p.check)
			if err := tapDetails(&b, v, p); err != nil {
				return err
			}
		}
	}
	if len(s.Verdicts) == 0 {
		fmt.Fprintf(&b, "not ok 1 - %s\n", tapWords.Replace(o.Lang.T("transfer.nothing_judged")))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// tapDetails is a block of YAML, whose texts are JSON strings, which YAML reads too.
func tapDetails(b *bytes.Buffer, v judge.Verdict, p part) error {
	b.WriteString("  ---\n")
	for _, line := range []struct {
		key   string
		value any
	}{{"outcome", v.Outcome}, {"points", p.points}, {"max", p.max}, {"message", p.text}} {
		var one bytes.Buffer
		enc := json.NewEncoder(&one)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(line.value); err != nil {
			return fmt.Errorf("write results as TAP: %w", err)
		}
		fmt.Fprintf(b, "  %s: %s", line.key, EscapeControls(one.Bytes()))
	}
	b.WriteString("  ...\n")
	return nil
}
