package finding_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader/check"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// TestRecordedInAnEarlierRun: whose containers keep their first answer, which a student's own
// check may have asked for, gets no more for it in later runs than in the first, whether the
// service has a virtual address, stands behind HAProxy or has an address a container. Who is
// honest stays so, run after run.
func TestRecordedInAnEarlierRun(t *testing.T) {
	if testing.Short() {
		t.Skip("puts three clusters up")
	}
	data, ok := rubrics.Find("ha-lb")
	require.True(t, ok)
	rub, err := rubric.Load(data, "ha-lb.yaml", check.Set{}, nil)
	require.NoError(t, err)
	all, err := deployments.All()
	require.NoError(t, err)
	for _, task := range []string{"1", "2", "3"} {
		t.Run("task "+task, func(t *testing.T) {
			seats, err := deployments.Seats(all, task)
			require.NoError(t, err)
			seats = slices.DeleteFunc(seats, func(s deployments.Seat) bool {
				return !slices.Contains([]string{"handout", "fixed-hostname", "equal-weights", "leastconn"}, s.Deployment.Name)
			})
			require.Len(t, seats, map[string]int{"1": 2, "2": 3, "3": 3}[task])
			// The last of them keeps its first answers.
			cheat := &seats[len(seats)-1]
			keeps := *cheat.Deployment
			keeps.Services = slices.Clone(keeps.Services)
			keeps.Services[0].Env = append(slices.Clone(keeps.Services[0].Env), "WHOAMI_ROGUE=replay:")
			cheat.Deployment = &keeps

			l, jd := putUp(t, rub, task, seats), judge.New(rub)
			first := map[string]check.Outcome{}
			for run := range 3 {
				cases := l.observed(t)
				var grave []string
				for _, f := range finding.Class(names, cases, check.Images(rub)...) {
					if f.Kind.Severity() == finding.Grave {
						grave = append(grave, f.Students[0]+" "+string(f.Kind))
					}
				}
				require.Equal(t, []string{cheat.ID + " " + string(finding.Replayed)}, slices.Compact(slices.Sorted(slices.Values(grave))), "run %d", run+1)
				for i, s := range seats {
					for _, v := range jd.Verdicts([]string{task}, cases[i].Case, cases[i].Hash) {
						key := s.ID + " " + v.Check
						if run == 0 {
							first[key] = v.Outcome
						}
						if s.ID != cheat.ID {
							require.Equal(t, first[key], v.Outcome, "run %d: %s", run+1, key)
							continue
						}
						if v.Check != "task"+task+".answers" {
							continue
						}
						require.Equal(t, "check.answers_forged", v.Message.Key)
						require.Contains(t, i18n.EN.Text(v.Message), "earlier requests")
						if run == 0 {
							require.Contains(t, []check.Outcome{check.Partial, check.Fail}, v.Outcome)
						} else {
							require.Equal(t, check.Fail, v.Outcome, "none of these was given in this run")
						}
					}
				}
			}
		})
	}
}
