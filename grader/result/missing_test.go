package result

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// full has full marks on some tasks of [lab], and nothing on the others.
func full(tasks ...string) Student {
	var s Student
	for _, t := range lab().Tasks {
		for _, task := range tasks {
			if t.ID != task {
				continue
			}
			for _, c := range t.Checks {
				s.Verdicts = append(s.Verdicts, judge.Verdict{Task: t.ID, Check: c.ID, Outcome: check.Pass, Points: c.Points, Max: c.Points})
			}
			s.Attempts = append(s.Attempts, Attempt{Task: t.ID})
		}
	}
	return s
}

// TestTheMaximumIsTheLabs: leaving a task out is not full marks, whether it was not
// handed in or is not graded yet; only an instructor takes it out of the maximum.
func TestTheMaximumIsTheLabs(t *testing.T) {
	excused := func(task, id string) Change { return Change{Task: task, Check: id, Kind: Excused, Reason: "x"} }
	all := []string{"1", "2", "3"}
	for _, tt := range []struct {
		name    string
		s       Student
		class   []string // what others were at
		history []Change
		want    Score
		notYet  rubric.Points
		full    int
	}{
		{"everything", full("1", "2", "3"), all, nil, Score{Points: 5000, Max: 5000}, 0, 1},
		{"not handed in", full("1", "3"), all, nil, Score{Points: 3000, Max: 5000}, 0, 0},
		{"not graded yet", full("1"), []string{"1"}, nil, Score{Points: 2000, Max: 5000}, 3000, 0},
		{"one of each", full("1"), []string{"1", "3"}, nil, Score{Points: 2000, Max: 5000}, 2000, 0},
		{"excused", full("1", "3"), all, []Change{excused("2", "")}, Score{Points: 3000, Max: 3000, ByHand: true}, 0, 1},
		{"excused before it is graded", full("1"), []string{"1"}, []Change{excused("2", "")}, Score{Points: 2000, Max: 3000, ByHand: true}, 1000, 0},
		{"a check of it excused", full("1", "3"), all, []Change{excused("2", "2.a")}, Score{Points: 3000, Max: 4000, ByHand: true}, 0, 0},
		{"all its checks excused", full("1", "3"), all, []Change{excused("2", "2.a"), excused("2", "2.b")}, Score{Points: 3000, Max: 3000, ByHand: true}, 0, 1},
		{"a check of it set", full("1", "3"), all, []Change{set("2", "2.a", 700)}, Score{Points: 3700, Max: 5000, ByHand: true}, 0, 0},
		{"set, the rest not graded yet", full("1", "3"), []string{"1"}, []Change{set("2", "2.a", 700)}, Score{Points: 3700, Max: 5000, ByHand: true}, 1000, 0},
		{"set as a whole", full("1", "3"), all, []Change{set("2", "", 2000)}, Score{Points: 5000, Max: 5000, ByHand: true}, 0, 1},
		{"the total set", full("1"), []string{"1"}, []Change{set("", "", 4500)}, Score{Points: 4500, Max: 5000, ByHand: true}, 0, 0},
		{"what there is is excused", full("1"), []string{"1"}, []Change{excused("1", "")}, Score{Max: 3000, Open: true, ByHand: true}, 3000, 0},
		{"everything is excused", full("1"), []string{"1"}, []Change{excused("", "")}, Score{ByHand: true, Excused: true}, 0, 0},
		{"excused, and the rest not handed in", full("1"), all, []Change{excused("1", "")}, Score{Max: 3000, ByHand: true}, 0, 0},
		{"a rubric without it", full("1"), all, []Change{set("9", "9.a", 900)}, Score{Points: 2000, Max: 5000}, 0, 0},
		{"nothing is known", Student{}, nil, nil, Score{Open: true}, 0, 0},
		{"nothing but one that is gone", Student{}, nil, []Change{set("9", "9.a", 900)}, Score{Max: 5000, Open: true}, 5000, 0},
		{"a task alone set", Student{}, nil, []Change{set("1", "", 2000)}, Score{Points: 2000, Max: 5000, ByHand: true}, 3000, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.s
			s.ID = "01"
			s.Annotate(tt.history, lab())
			s.Complete(lab(), Look{Own: []string{"1"}, Class: tt.class})
			tally := s.Tally()
			require.Equal(t, tt.want, tally.Score())
			require.Equal(t, tt.notYet, tally.NotYet)
			require.Equal(t, tt.full, Summarize(&Data{Rubric: lab(), Students: []Student{s}}).Full)
		})
	}
}

func TestMost(t *testing.T) {
	s := full("1")
	s.Annotate([]Change{{Task: "2", Check: "2.a", Kind: Excused}}, lab())
	s.Complete(lab())
	require.Equal(t, "40", s.Most("", "", lab()).String(), "points for the lab are of the whole lab")
	require.Equal(t, "10", s.Most("2", "", lab()).String())
	require.Equal(t, "10", s.Most("3", "", lab()).String())
	one := func(task string, looked ...string) Score {
		s := full("1")
		s.Complete(lab(), Look{Class: looked})
		s.Only(func(id string) bool { return id == task })
		return s.Score("", "")
	}
	require.Equal(t, Score{Points: 2000, Max: 2000}, one("1"), "whoever asks for a task sees that task")
	require.Equal(t, Score{Max: 2000}, one("2", "2"), "not handed in")
	require.Equal(t, Score{Max: 2000, Open: true}, one("2"), "not graded yet")
}

func TestSummarizeWhatIsMissing(t *testing.T) {
	d := &Data{Rubric: lab()}
	for i, s := range []Student{full("1", "2"), full("1"), full("1", "2"), {}} {
		s.ID = string(rune('a' + i))
		if s.ID == "c" {
			s.Annotate([]Change{{Task: "3", Kind: Excused}}, lab())
		}
		s.Complete(lab(), Look{Class: []string{"1", "2"}})
		d.Students = append(d.Students, s)
	}
	got := Summarize(d)
	require.Equal(t, []Lack{{Task: "2", Max: 2000, Students: []string{"b"}}}, got.NotHandedIn)
	require.Equal(t, []Lack{{Task: "3", Max: 1000, Students: []string{"a", "b"}}}, got.NotYet)
	require.Equal(t, 1, got.Full, "whoever is excused from the rest")
	require.Equal(t, []int{4, 1, 1}, []int{got.Students, got.Graded, len(got.Open)})
	require.Equal(t, []string{"a", "b"}, got.Partial, "no final score while a task is not graded")
	require.InDelta(t, 0.75, got.SoFar, 1e-9, "all of two tasks, and of one of them")
	require.InDelta(t, 40, got.Mean, 1e-9, "points so far are in no mean")
	d.Students = append(d.Students[:2:2], d.Students[3])
	require.True(t, Summarize(d).NotYet[0].All, "of whom nothing is known is not asked")
}

func TestLookedFor(t *testing.T) {
	v := func(task string, o check.Outcome, notUp bool) judge.Verdict {
		return judge.Verdict{Task: task, Check: task + ".a", Outcome: o, NotUp: notUp}
	}
	got := LookedFor(map[string][]judge.Verdict{
		"a": {v("1", check.Fail, false), v("2", check.Fail, true)},
		"b": {v("3", check.Pass, false)},
		"c": {v("1", check.Ungraded, false)},
		"d": nil,
	})
	require.Len(t, got, 2, "our own fault is no look")
	require.Equal(t, []string{"1", "2"}, got["a"].Own)
	require.Equal(t, []string{"3"}, got["b"].Own)
	for _, l := range got {
		require.ElementsMatch(t, []string{"1", "3"}, l.Class, "a task that nobody has up is not what the class is at")
	}
}

// TestTasksInEachOthersPlace: whoever is at a task can't have another up that takes the
// same service in another mode, so that nobody can tell yet.
func TestTasksInEachOthersPlace(t *testing.T) {
	rub := lab()
	for i, w := range []rubric.When{{Service: "s", EndpointMode: "vip"}, {Service: "s", EndpointMode: "dnsrr"}, {Service: "g"}} {
		rub.Tasks[i].When = &w
	}
	s := full("1")
	s.Complete(rub, Look{Own: []string{"1"}, Class: []string{"1", "2", "3"}})
	require.Equal(t, []Missing{{Task: "2", Max: 2000, NotYet: true}, {Task: "3", Max: 1000}}, s.Missing)
	s.Complete(rub, Look{Own: []string{"3"}, Class: []string{"2"}})
	require.Equal(t, []Missing{{Task: "2", Max: 2000}, {Task: "3", Max: 1000, NotYet: true}}, s.Missing)
}
