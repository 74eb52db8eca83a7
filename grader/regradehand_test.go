package grader

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

// TestLimits: points by hand that are above a smaller maximum, or of another one than they
// were set for, are found; those of what is gone, or excused, are not.
func TestLimits(t *testing.T) {
	lab := func(web, net rubric.Points) *rubric.Rubric {
		r := &rubric.Rubric{ID: "ha-lb", Tasks: []rubric.Task{
			{ID: "1", Points: web, Checks: []*rubric.Check{{ID: "task1.web", Task: "1", Points: web}}},
			{ID: "2", Points: net, Checks: []*rubric.Check{{ID: "task2.net", Task: "2", Points: net}}},
		}}
		for _, task := range r.Tasks {
			r.Points += task.Points
		}
		return r
	}
	student := func(r *rubric.Rubric, history ...result.Change) *result.Student {
		s := &result.Student{ID: "01", Name: "甲"}
		for _, task := range r.Tasks {
			s.Verdicts = append(s.Verdicts, judge.Verdict{Check: task.Checks[0].ID, Task: task.ID, Outcome: "pass", Points: task.Points, Max: task.Points})
		}
		s.Annotate(history, r)
		return s
	}
	set := func(task, check string, points rubric.Points) result.Change {
		return result.Change{Task: task, Check: check, Kind: result.SetPoints, Points: points, Reason: "oral"}
	}
	before, after := lab(6000, 4000), lab(6000, 3000)
	for _, c := range []struct {
		name   string
		change result.Change
		want   *Limit // nil for nothing to be said
		cut    bool
		target string
	}{
		{"the total", set("", "", 9500), &Limit{Was: 10000, Now: 9000, Counts: 9000}, true, ""},
		{"a total below", set("", "", 8000), &Limit{Was: 10000, Now: 9000, Counts: 8000}, false, ""},
		{"a task", set("2", "", 3500), &Limit{Was: 4000, Now: 3000, Counts: 3000}, true, " --task 2"},
		{"a check", set("2", "task2.net", 4000), &Limit{Was: 4000, Now: 3000, Counts: 3000}, true, " task2.net"},
		{"a check of the same maximum", set("1", "task1.web", 6000), nil, false, ""},
		{"excused", result.Change{Kind: result.Excused, Reason: "ill"}, nil, false, ""},
		{"gone", set("3", "task3.x", 100), nil, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := &Regrading{}
			x.limits(student(before, c.change), student(after, c.change))
			if c.want == nil {
				require.Empty(t, x.Limits)
				return
			}
			require.Len(t, x.Limits, 1)
			l := x.Limits[0]
			require.Equal(t, []rubric.Points{c.want.Was, c.want.Now, c.want.Counts}, []rubric.Points{l.Was, l.Now, l.Counts})
			require.Equal(t, c.cut, l.Cut())
			require.Equal(t, c.target, l.Target())
			for _, lang := range i18n.Langs {
				for _, key := range []string{"hand.regrade_cut_line", "hand.regrade_max_line"} {
					text := lang.T(key, "student", l.ID, "name", l.Name, "what", l.What(), "points", l.Points.String(), "was", l.Was.String(),
						"max", l.Now.String(), "counts", l.Counts.String())
					require.Contains(t, text, "01 甲")
					require.NotContains(t, text, "{")
				}
			}
		})
	}
}

// TestRosterOfToday: results have the names that the roster has now, say who left it, and of
// a standing whom nobody has graded yet.
func TestRosterOfToday(t *testing.T) {
	class := &roster.Class{Students: []roster.Student{{ID: "01", Name: "张三丰"}, {ID: "02"}, {ID: "04", Name: "新"}}}
	of := func(policy string) *result.Data {
		d := &result.Data{Run: result.Run{Policy: policy}, Students: []result.Student{{ID: "01", Name: "张三"}, {ID: "02", Name: "李四"}, {ID: "03", Name: "王五"}}}
		addRoster(d, class)
		return d
	}
	d := of("best")
	for i, want := range []result.Student{{ID: "01", Name: "张三丰"}, {ID: "02", Name: "李四"}, {ID: "03", Name: "王五", Left: true}} {
		require.Equal(t, want, d.Students[i])
	}
	require.Equal(t, []string{"04"}, d.Unseen)
	require.Empty(t, of("").Unseen, "a run may be of whom it liked")
}
