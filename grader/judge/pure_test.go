package judge_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// samples are worlds with something to tell.
func samples(t *testing.T) map[string]evidence.Case {
	t.Helper()
	out := map[string]evidence.Case{}
	for name, change := range map[string]func(w *world){
		"correct":   func(*world) {},
		"uneven":    func(w *world) { w.deal(random, weighted(3, 1, 1)) },
		"classmate": func(w *world) { w.through(random, plus(w.answers("s02")...)) },
		"errors": func(w *world) {
			w.through(random, plus(failure("http-503"), failure("reset"), failure("timeout"), named("nobody-knows-me")))
		},
		"misnamed": func(w *world) {
			w.before.Services[0].Name, w.before.Services[1].Env = "web", []string{"STUDENT_ID=" + student.ID}
		},
		"no HAProxy": func(w *world) { w.proxies = nil },
	} {
		w := newWorld(loadRubric(t), 5, 42)
		change(w)
		out[name] = w.observed(w.targets("2"))
	}
	return out
}

func TestSameInputSameBytes(t *testing.T) {
	rub := loadRubric(t)
	for name, c := range samples(t) {
		t.Run(name, func(t *testing.T) {
			before, err := json.Marshal(c)
			require.NoError(t, err)
			var first []byte
			for range 50 {
				got, err := json.Marshal(judge.New(rub).Verdicts([]string{"1", "2"}, c, "sha256:e"))
				require.NoError(t, err)
				if first == nil {
					first = got
				}
				require.Equal(t, string(first), string(got))
			}
			after, err := json.Marshal(c)
			require.NoError(t, err)
			require.Equal(t, string(before), string(after), "evidence must not be changed")
		})
	}
}

// TestOrderDoesNotMatter: lists of evidence in another order give the same
// outcomes and points.
func TestOrderDoesNotMatter(t *testing.T) {
	rub := loadRubric(t)
	results := func(c evidence.Case) map[string][2]any {
		out := map[string][2]any{}
		for _, v := range judge.New(rub).Verdicts([]string{"1", "2"}, c, "") {
			out[v.Check] = [2]any{v.Outcome, v.Points}
		}
		return out
	}
	for name, c := range samples(t) {
		t.Run(name, func(t *testing.T) {
			want := results(c)
			rng := rand.New(rand.NewPCG(5, 6))
			for range 20 {
				for _, s := range []*evidence.Snapshot{c.Before, c.After} {
					shuffle(rng, s.Nodes)
					shuffle(rng, s.Services)
					shuffle(rng, s.Tasks)
					shuffle(rng, s.Containers)
					shuffle(rng, s.Endpoints)
				}
				shuffle(rng, c.Bundle.Traces)
				for i := range c.Bundle.Traces {
					shuffle(rng, c.Bundle.Traces[i].Responders)
					shuffle(rng, c.Bundle.Traces[i].Errors)
				}
				require.Equal(t, want, results(c))
			}
		})
	}
}

func shuffle[T any](rng *rand.Rand, list []T) {
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// TestOneJudgeForAClass: a judge that has seen others judges as a new one.
func TestOneJudgeForAClass(t *testing.T) {
	rub, cases := loadRubric(t), samples(t)
	old := judge.New(rub)
	for range 2 {
		for name, c := range cases {
			require.Equal(t, judge.New(rub).Verdicts([]string{"2"}, c, "e"), old.Verdicts([]string{"2"}, c, "e"), name)
		}
	}
}

func TestVerdictsFollowTheRubric(t *testing.T) {
	rub := loadRubric(t)
	c := samples(t)["correct"]
	var want, got []string
	for _, task := range rub.Tasks {
		for _, chk := range task.Checks {
			want = append(want, chk.ID)
		}
	}
	var sum rubric.Points
	for _, v := range judge.New(rub).Verdicts([]string{"1", "no such task", "2", "3"}, c, "sha256:e") {
		got = append(got, v.Check)
		sum += v.Max
		require.Equal(t, "sha256:e", v.Evidence)
	}
	require.Equal(t, want, got)
	require.Equal(t, rub.Points, sum)
}

func TestTotal(t *testing.T) {
	points, most, open := judge.Total([]judge.Verdict{
		{Outcome: check.Pass, Points: 300, Max: 300},
		{Outcome: check.Partial, Points: 166, Max: 500},
		{Outcome: check.Fail, Max: 200},
		{Outcome: check.Blocked, Max: 100},
		{Outcome: check.Ungraded, Max: 700},
	})
	require.Equal(t, [3]rubric.Points{466, 1800, 700}, [3]rubric.Points{points, most, open})
}
