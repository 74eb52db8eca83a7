package judge_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/recovery/scene"
	"swarmgrade/grader/stats"
)

// TestGoodDeploymentsNeverLoseAPoint: whichever way a correct deployment deals
// its requests, and however the dice fall, it gets every point. The samples
// are of the sizes that a real run plans.
func TestGoodDeploymentsNeverLoseAPoint(t *testing.T) {
	kinds := []struct {
		name          string
		mesh, haproxy balancer
		runs          int // few where chance only picks where to begin
	}{
		{"cyclic", cyclic, cyclic, 30},
		{"nested", cyclic, nested, 30},
		{"nested out of step", cyclic, nestedApart, 40},
		{"random", random, random, 1000},
		{"leastconn", cyclic, leastconn, 100},
	}
	rub := loadRubric(t)
	for _, k := range []int{2, 3, 5, 9} {
		task := "2"
		if k == 2 {
			task = "1" // task 2 wants three replicas
		}
		t.Run(fmt.Sprintf("%d containers", k), func(t *testing.T) {
			t.Parallel()
			j := judge.New(rub)
			for n, kind := range kinds {
				w := newWorld(rub, k, 0)
				w.deal(kind.mesh, kind.haproxy)
				targets := w.targets(task)
				if task == "1" {
					w.struck(scene.New(k, 1))
				}
				runs := kind.runs
				if testing.Short() {
					runs = min(runs, 30)
				}
				for run := range runs {
					w.rng = rand.New(rand.NewPCG(uint64(run), uint64(n)))
					for _, v := range j.Verdicts([]string{task}, w.observed(targets), "") {
						if v.Outcome != check.Pass || v.Points != v.Max {
							t.Fatalf("%s, run %d: %s is %s: %s", kind.name, run, v.Check, v.Outcome, i18n.EN.Text(v.Message))
						}
						if run == 0 {
							requireReadable(t, v)
						}
						if run == 0 && strings.HasSuffix(v.Check, "spread") {
							requirePromise(t, v, k)
						}
					}
				}
			}
		})
	}
}

// requirePromise: a verdict on evenness says how many answers it wanted and
// what it promises, in facts and in words.
func requirePromise(t *testing.T, v judge.Verdict, k int) {
	t.Helper()
	require.Equal(t, "check.spread_ok", v.Message.Key)
	require.EqualValues(t, stats.Plan(k).Requests, v.Expected["answers_planned"])
	require.EqualValues(t, 1e-6, v.Expected["false_fail_at_most"])
	require.LessOrEqual(t, v.Expected["false_fail"], 1e-6)
	require.GreaterOrEqual(t, v.Observed["answers"], stats.Plan(k).Requests)
	for _, lang := range i18n.Langs {
		require.Contains(t, lang.Text(v.Message), "1/1000000")
	}
}

// requireReadable: a verdict's sentences have nothing unfilled and no key.
func requireReadable(t *testing.T, v judge.Verdict) {
	t.Helper()
	require.False(t, v.Message.Empty(), v.Check)
	for _, lang := range i18n.Langs {
		for _, m := range []i18n.Msg{v.Message, v.Hint} {
			if m.Empty() {
				continue
			}
			text := lang.Text(m)
			require.NotEmpty(t, text, "%s: %s", v.Check, m.Key)
			for _, bad := range []string{"{", "check.", "judge.", "map[", "<nil>"} {
				require.NotContains(t, text, bad, "%s: %s in %s", v.Check, m.Key, lang)
			}
		}
	}
}
