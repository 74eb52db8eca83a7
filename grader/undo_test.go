package grader_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
)

// TestAnActionIsUndoneNow: what is in force is put back, what waited for it stays open, nothing
// more is done, and the run comes to its end; whether load is driven under it, or a window watched.
func TestAnActionIsUndoneNow(t *testing.T) {
	for _, c := range []struct {
		lab  string
		did  *deployments.Deployment
		when func(grader.Event) bool
	}{
		{"scale", scalable("as-asked", nil), func(e grader.Event) bool {
			b, ok := e.(grader.Began)
			return ok && b.Stage == grader.During
		}},
		{"ops", operated("as-asked", nil), func(e grader.Event) bool {
			w, ok := e.(grader.WindowStep)
			return ok && w.Phase == "down"
		}},
		{"ops", operated("as-asked", nil), func(e grader.Event) bool {
			w, ok := e.(grader.WindowStep)
			return ok && w.Phase == "lead"
		}},
	} {
		t.Run(c.lab, func(t *testing.T) {
			g, j, to := ownLab(t, c.lab, []*deployments.Deployment{c.did})
			refused := errors.New("nobody agreed")
			_, err := j.Grade(t.Context(), grader.GradeOptions{Yes: true, Agree: func(p *observe.Plan) error {
				require.NotZero(t, p.Touches())
				return refused
			}})
			require.ErrorIs(t, err, refused)
			graded, err := j.Graded(t.Context())
			require.NoError(t, err)
			require.False(t, graded, "nothing was recorded")

			undo := make(chan struct{})
			var once sync.Once
			held, recorded := 0, ""
			g.Tell = func(e grader.Event) {
				switch e := e.(type) {
				case grader.Held:
					require.True(t, e.Passing)
					held++
				case grader.LetGo:
					held--
				case grader.Recorded:
					recorded = e.Run
				}
				if c.when(e) {
					once.Do(func() { close(undo) })
				}
			}
			got, err := j.Grade(t.Context(), grader.GradeOptions{Agree: func(*observe.Plan) error { return nil }, Undo: undo})
			require.NoError(t, err)
			require.Equal(t, got.Run, recorded)
			require.Zero(t, held)
			d, err := j.Run(t.Context(), got.Run)
			require.NoError(t, err)
			require.Equal(t, string(gradebook.Finished), d.Run.Status)
			open := 0
			for _, v := range d.Students[0].Verdicts {
				t.Logf("%s: %s: %s", v.Check, v.Outcome, i18n.EN.Text(v.Message))
				require.NotEqual(t, check.Fail, v.Outcome, "nobody loses points by it")
				if v.Outcome == check.Ungraded {
					open++
				}
			}
			require.GreaterOrEqual(t, open, 2)
			list, err := to.Manager.ServiceList(t.Context(), swarm.ServiceListOptions{Status: true})
			require.NoError(t, err)
			for _, s := range list {
				if strings.HasPrefix(s.Spec.Name, "web") {
					require.EqualValues(t, 2, *s.Spec.Mode.Replicated.Replicas)
				}
			}
			confs, err := to.Manager.ConfigList(t.Context(), swarm.ConfigListOptions{})
			require.NoError(t, err)
			require.Empty(t, confs, "no mark is left")
		})
	}
}
