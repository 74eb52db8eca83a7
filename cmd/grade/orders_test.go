package main

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// TestOrdersOfEachAlgorithm: whichever algorithm a rubric asks for, those whose
// HAProxy deals so pass, and those whose answers contradict it fail; on one cluster,
// with the embedded balancer and with the real one, if there is one.
func TestOrdersOfEachAlgorithm(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("drives a cluster with a hundred thousand requests, in which the race detector sees nothing that it does not see elsewhere: make test runs it without")
	}
	text, ok := rubrics.Find("strategies")
	require.True(t, ok)
	asking := func(algorithm string) *rubric.Rubric {
		algorithm, held, _ := strings.Cut(algorithm, " ")
		text := bytes.ReplaceAll(text, []byte("[roundrobin, static-rr]"), []byte("["+algorithm+"]"))
		if held != "" { // the order of answers is asked for at the end of its line
			text = bytes.ReplaceAll(text, []byte("["+algorithm+"]}"), []byte("["+algorithm+"], held: true}"))
		}
		r, err := rubric.Load(text, "strategies", check.Set{}, action.Set{})
		require.NoError(t, err)
		return r
	}
	one := []string{"balance-source", "balance-uri", "balance-first"}
	turns := []string{"handout", "static-rr", "no-balance-line", "server-template", "weights-two-one-one"}
	several := append(slices.Clone(turns), "balance-random", "balance-leastconn")
	for _, proxy := range []string{proxyEmbedded, "auto"} {
		t.Run(proxy, func(t *testing.T) {
			a := &app{command: command{Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }}, haproxy: proxy}
			a.ui = newUI(a.command, a.lang())
			f := rubricTest{}
			seats, class, err := f.seats(asking("roundrobin"), "balance")
			require.NoError(t, err)
			seats = slices.DeleteFunc(seats, func(s deployments.Seat) bool {
				return !slices.Contains(several, s.Deployment.Name) && !slices.Contains(one, s.Deployment.Name)
			})
			require.Len(t, seats, len(several)+len(one))
			x := &sample{a: a, class: class, task: "balance", seats: seats}
			c, err := x.up(t.Context(), 7)
			require.NoError(t, err)
			defer func() {
				c.lent = false
				require.NoError(t, c.Close())
			}()
			for algorithm, pass := range map[string][]string{
				"roundrobin": append(slices.Clone(turns), "balance-leastconn"), // which looks like it, one request at a time
				"static-rr":  append(slices.Clone(turns), "balance-leastconn"),
				"random":     {"balance-random"},
				"source":     one, "uri": one, "first": one,
				"leastconn": several, "leastconn held": {"balance-leastconn"},
			} {
				x.rub = asking(algorithm)
				got, err := x.grade(t.Context(), c)
				require.NoError(t, err)
				for _, seat := range seats {
					vs := got.Verdicts[seat.ID]
					at := slices.IndexFunc(vs, func(v judge.Verdict) bool { return v.Check == "balance.shown" })
					want := check.Fail
					if slices.Contains(pass, seat.Deployment.Name) {
						want = check.Pass
					}
					require.Equal(t, want, vs[at].Outcome, "%s, asked for %s: %s", seat.Deployment.Name, algorithm, i18n.EN.Text(vs[at].Message))
				}
			}
		})
	}
}
