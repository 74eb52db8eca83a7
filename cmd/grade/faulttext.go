package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
)

// faultText tells what each fault is, whom it concerns, and what stops with it; then
// what the rubric has done to students' own services, or to a node.
func (a *app) faultText(plan *observe.Plan) string {
	lang := a.lang()
	var b strings.Builder
	for i, f := range plan.Faults {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprint(&b, lang.T("observe.step", "n", i+1, "kind", lang.T("observe.kind_"+underscored(f.Fault.Kind)),
			"node", f.Fault.Hostname, "students", len(f.Students), "limit", seconds(f.LimitMS)))
		if f.Fault.Leader {
			fmt.Fprint(&b, "\n    ", lang.T("observe.leader"))
		}
		var names []string
		for _, c := range f.Stops {
			names = append(names, strings.Join(c.Names, "/"))
		}
		if len(names) > 0 {
			fmt.Fprint(&b, "\n    ", lang.T("observe.stops", "n", len(names), "names", names))
		}
		if f.Unseen {
			fmt.Fprint(&b, "\n    ", lang.T("observe.unseen", "node", f.Fault.Hostname))
		}
	}
	for _, e := range plan.Episodes {
		n := e.Touches()
		if n == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		if e.Node != nil {
			fmt.Fprint(&b, lang.T("observe.node_step", "action", e.Title, "node", e.Node.Hostname, "n", n))
			continue
		}
		fmt.Fprint(&b, lang.T("observe.act_step", "action", e.Title, "n", n))
	}
	return b.String()
}

// missedText tells who is hit by no fault, and why.
func (a *app) missedText(plan *observe.Plan) string {
	lang := a.lang()
	var lines []string
	for _, s := range plan.Students {
		if s.Watch != nil && s.Watch.Gap != nil {
			lines = append(lines, diag.Plain(lang.T("observe.missed", "id", s.Who.ID, "why", lang.Text(missed(s.Watch.Gap)))))
		}
	}
	for _, e := range plan.Episodes {
		for _, t := range e.Students {
			if t.Gap == nil {
				continue
			}
			line := lang.T("observe.act_missed", "id", t.Student, "action", e.Title, "why", lang.Text(check.ActionReason(*t.Gap)))
			if e.Class() && t.Gap.Code != "no-service" { // the same for all
				line = lang.T("observe.node_missed", "action", e.Title, "why", lang.Text(check.ActionReason(*t.Gap)))
			}
			if line = diag.Plain(line); !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// missed is why a student is in no window.
func missed(g *evidence.Gap) i18n.Msg {
	if g.Code == "left-out" {
		return i18n.M("observe.left_out")
	}
	return check.GapReason(*g)
}

func seconds(ms int64) string {
	return (time.Duration(ms) * time.Millisecond).Round(100 * time.Millisecond).String()
}

// readLine reads an answer, unless ctx ends first; the reading itself can't be
// broken off and ends with the program.
func readLine(ctx context.Context, r io.Reader) (string, error) {
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(r).ReadString('\n')
		line <- strings.TrimSpace(text)
	}()
	select {
	case text := <-line:
		return text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
