package result

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

func lab() *rubric.Rubric {
	task := func(id string, checks ...string) rubric.Task {
		t := rubric.Task{ID: id, Points: rubric.Points(1000 * len(checks))}
		for _, c := range checks {
			t.Checks = append(t.Checks, &rubric.Check{ID: c, Points: 1000})
		}
		return t
	}
	return &rubric.Rubric{ID: "x", Points: 5000, Tasks: []rubric.Task{task("1", "1.a", "1.b"), task("2", "2.a", "2.b"), task("3", "3.a")}}
}

// judged has 10 and 4 of 20 on task 1, 6 and something ungraded of 20 on task 2.
func judged() Student {
	v := func(task, id string, o check.Outcome, p rubric.Points) judge.Verdict {
		return judge.Verdict{Task: task, Check: id, Outcome: o, Points: p, Max: 1000}
	}
	return Student{
		Verdicts: []judge.Verdict{
			v("1", "1.a", check.Pass, 1000), v("1", "1.b", check.Partial, 400),
			v("2", "2.a", check.Partial, 600), v("2", "2.b", check.Ungraded, 0),
		},
		Attempts: []Attempt{{Task: "1"}, {Task: "2", Late: &Lateness{Days: 1, Num: 1, Den: 10}}},
	}
}

func set(task, id string, p rubric.Points) Change {
	return Change{Task: task, Check: id, Kind: SetPoints, Points: p, Reason: "x"}
}

func TestTally(t *testing.T) {
	excused := func(task, id string) Change { return Change{Task: task, Check: id, Kind: Excused, Reason: "x"} }
	remove := func(task, id string) Change { return Change{Task: task, Check: id, Kind: Remove, Reason: "x"} }
	tests := []struct {
		name    string
		history []Change
		counts  string // points/max, late
		open    bool
		byHand  bool
	}{
		{"as judged", nil, "18/40 late 2", true, false},
		{"an ungraded check set", []Change{set("2", "2.b", 500)}, "23/40 late 2", false, true},
		{"more than there is", []Change{set("2", "2.b", 5000)}, "28/40 late 2", false, true},
		{"a check excused", []Change{excused("2", "2.b")}, "19/30 late 1", false, true},
		{"a passed check excused", []Change{excused("1", "1.a")}, "8/30 late 2", true, true},
		{"a task set: nothing is taken off", []Change{set("2", "", 1500)}, "29/40 late 0", false, true},
		{"a task before its checks", []Change{set("2", "", 1500), set("2", "2.a", 0)}, "29/40 late 0", false, true},
		{"a task excused", []Change{excused("2", "")}, "14/20 late 0", false, true},
		{"all its checks excused", []Change{excused("2", "2.a"), excused("2", "2.b")}, "14/20 late 0", false, true},
		{"a task that was not judged", []Change{excused("2", ""), set("3", "", 700)}, "21/30 late 0", false, true},
		{"a check that was not judged", []Change{excused("2", ""), set("3", "3.a", 900)}, "23/30 late 0", false, true},
		{"a check that is in no rubric", []Change{set("9", "9.a", 900)}, "18/40 late 2", true, false},
		{"the whole", []Change{set("", "", 3300), set("2", "", 0)}, "33/40 late 0", false, true},
		{"the whole excused", []Change{excused("", "")}, "0/0 late 0", false, true},
		{"points take the place of excused", []Change{excused("2", ""), set("2", "", 1500)}, "29/40 late 0", false, true},
		{"and are taken back", []Change{excused("2", ""), set("2", "", 1500), remove("2", "")}, "18/40 late 2", true, false},
		{"a check that moved to another task", []Change{set("7", "2.b", 500)}, "23/40 late 2", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := judged()
			s.Annotate(tt.history, lab())
			tally := s.Tally()
			require.Equal(t, tt.counts, tally.Points.String()+"/"+tally.Max.String()+" late "+tally.Late.String())
			require.Equal(t, []bool{tt.open, tt.byHand}, []bool{tally.Open, tally.ByHand})
			require.Equal(t, "20", tally.Judged.String(), "what was judged is told whatever is set")
		})
	}
}

func TestNobodyWasJudged(t *testing.T) {
	var s Student
	tally := s.Tally()
	require.True(t, tally.Open)
	s.Annotate([]Change{set("", "", 3000)}, lab())
	tally = s.Tally()
	require.Equal(t, Score{Points: 3000, Max: 5000, ByHand: true}, tally.Score())
	s.Annotate([]Change{{Kind: Excused}}, lab())
	tally = s.Tally()
	require.Equal(t, Score{Excused: true, ByHand: true}, tally.Score())
}

func TestInForce(t *testing.T) {
	remark := func(text string) Change { return Change{Kind: Remark, Text: text} }
	history := []Change{
		remark("缓考"), {Task: "1", Kind: OnTime}, set("1", "1.a", 5), remark("缓考两周"), {Task: "", Kind: OnTime}, {Task: "1", Kind: NotOnTime},
		set("1", "1.b", 5), {Task: "1", Check: "1.b", Kind: Remove},
	}
	require.Equal(t, []Change{set("1", "1.a", 5), remark("缓考两周"), {Kind: OnTime}}, InForce(history))
	by, ok := WasOnTime(history, "1")
	require.True(t, ok, "the whole lab still is")
	require.Equal(t, Change{Kind: OnTime}, by)
	_, ok = WasOnTime(history[:4], "2")
	require.False(t, ok)
	require.Empty(t, InForce([]Change{remark("x"), remark("")}))
}

// TestTallyProperties: whatever is set by hand, points are never negative nor above
// the maximum, and what is excused can do no harm.
func TestTallyProperties(t *testing.T) {
	rub := lab()
	target := rapid.SampledFrom([][2]string{{"", ""}, {"1", ""}, {"2", ""}, {"3", ""}, {"9", ""}, {"1", "1.a"}, {"1", "1.b"}, {"2", "2.a"}, {"2", "2.b"}, {"3", "3.a"}, {"9", "9.a"}})
	rapid.Check(t, func(t *rapid.T) {
		s := judged()
		var history []Change
		for range rapid.IntRange(0, 8).Draw(t, "n") {
			at := target.Draw(t, "target")
			history = append(history, Change{
				Task: at[0], Check: at[1], Kind: rapid.SampledFrom([]Kind{SetPoints, Excused, Remove, OnTime, NotOnTime, Remark}).Draw(t, "kind"),
				Points: rubric.Points(rapid.Int64Range(0, 1e6).Draw(t, "points")), When: time.Unix(0, 0),
			})
		}
		s.Annotate(history, rub)
		tally := s.Tally()
		if tally.Points < 0 || tally.Points > tally.Max || tally.Late < 0 || tally.Max > rub.Points || tally.OpenPoints > tally.Max {
			t.Fatalf("%+v", tally)
		}
		if tally.Judged != 2000 || tally.JudgedMax != 4000 {
			t.Fatalf("what was judged is another: %+v", tally)
		}
	})
}

func TestOnly(t *testing.T) {
	s := judged()
	s.Annotate([]Change{set("", "", 3300), set("2", "2.b", 500), set("3", "", 700)}, lab())
	s.Only(func(task string) bool { return task == "2" })
	tally := s.Tally()
	require.Equal(t, Score{Points: 900, Max: 2000, ByHand: true}, tally.Score())
	require.Equal(t, "2", tally.Late.String())
	s = judged()
	s.Annotate([]Change{{Kind: Excused}}, lab())
	s.Only(func(task string) bool { return task == "2" })
	tally = s.Tally()
	require.True(t, tally.Excused)
}
