package main

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/judge"
	"swarmgrade/rubrics"
)

// TestWrongJudgesAreNoticed: a judge by which everybody passes a check of a built-in
// rubric, or nobody does, makes that rubric's test fail and name the check. Each task's
// class is graded once, and the wrong judges are asked about the evidence of that. Labs that
// no busy machine disturbs are judged as stated by the right one, too.
func TestWrongJudgesAreNoticed(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("brings a cluster up for each task, which takes minutes with the race detector")
	}
	for _, id := range rubrics.IDs() {
		t.Run(id, func(t *testing.T) {
			rub, err := findRubric(t.Context(), id)
			require.NoError(t, err)
			var said bytes.Buffer
			a := &app{command: command{Stdout: io.Discard, Stderr: &said, Getenv: func(string) string { return "" }}, haproxy: proxyEmbedded, quiet: true}
			a.ui = newUI(a.command, a.lang())
			f := &rubricTest{seeds: 1, first: 1}
			r, right := rubricResult{rub: rub}, ""
			for _, task := range rub.Tasks {
				x := sample{a: a, rub: rub, task: task.ID}
				x.seats, x.class, err = f.seats(rub, task.ID)
				require.NoError(t, err)
				require.NotEmpty(t, x.seats)
				c, err := x.up(t.Context(), 1)
				require.NoError(t, err)
				got, err := x.grade(t.Context(), c)
				c.lent = false
				require.NoError(t, c.Close())
				require.NoError(t, err)
				said.Reset()
				x.confuse(&r, got, 1)
				right += said.String()
				x.mutate(&r, got)
				for _, chk := range task.Checks {
					for _, passes := range []bool{true, false} {
						wrong := got
						wrong.Verdicts = map[string][]judge.Verdict{}
						for _, s := range x.seats {
							wrong.Verdicts[s.ID] = got.Again(s.ID, wrongJudge{chk.ID, passes}.amend)
						}
						red := rubricResult{rub: rub}
						said.Reset()
						x.confuse(&red, wrong, 1)
						require.Error(t, a.sayConfusion(&red, 0), chk.ID)
						require.Contains(t, said.String(), chk.ID+" was given ", "passed by all: %v", passes)
					}
				}
			}
			if id != "ha-ops" && id != "sticky" {
				require.NoError(t, a.sayConfusion(&r, 0), right)
			}
			checks, never, always := r.wrong.unnoticed()
			require.Empty(t, checks, "passed by nobody: %v, by everybody: %v", never, always)
		})
	}
}
