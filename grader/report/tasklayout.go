package report

import (
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// taskSheet is the sheet of a task: a column a check, with what counts. Column 1 is
// the ID, 2 the name, the checks follow.
type taskSheet struct {
	name, task string
	checks     []result.Column
	students   []*result.Student // who has something on it, a row each
	rows       map[*result.Student]int
	max        rubric.Points // of what was judged
	apart      bool          // somebody's is another
	// Columns, 0 where nobody needs one: the sum of the checks, what an instructor set
	// for the task, what lateness takes off, what counts, the most there was.
	sum, set, late, score, most, rate int
	cause, why, toScores, toDetails   int
}

// layTasks says where everything of the tasks' sheets stands.
func (b *book) layTasks() []taskSheet {
	var out []taskSheet
	by, taken := byHandOf(b.d), map[string]bool{}
	for _, key := range []string{"scores", "details", "statistics", "faults", "findings", "changes", "review", "rubric"} {
		taken[strings.ToLower(b.t("sheet_"+key))] = true
	}
	taken[strings.ToLower(b.scoresName())] = true
	for _, g := range tasks(b.columns) {
		t := taskSheet{task: g[0].Task, checks: slices.Concat(g, b.setOnly(g)), rows: map[*result.Student]int{}}
		t.name = sheetName(b.t("task", "task", t.task), taken)
		t.max, t.apart = taskMax(b.d, g)
		for i := range b.d.Students {
			if s := &b.d.Students[i]; concerns(s, t.task) {
				t.students = append(t.students, s)
				t.rows[s] = len(t.students) + 1
			}
		}
		at := 2 + len(t.checks)
		next := func() int { at++; return at }
		if by.tasks || b.d.Late != nil {
			t.sum = next()
		}
		if by.tasks {
			t.set = next()
		}
		if b.d.Late != nil {
			t.late = next()
		}
		t.score, t.most, t.rate, t.cause = next(), next(), next(), next()
		if by.points {
			t.why = next()
		}
		t.toScores, t.toDetails = next(), next()
		out = append(out, t)
	}
	return out
}

// concerns reports whether a student was judged on a task, or was given points for it.
func concerns(s *result.Student, task string) bool {
	return slices.ContainsFunc(s.Verdicts, func(v judge.Verdict) bool { return v.Task == task }) ||
		slices.ContainsFunc(s.Overrides, func(o result.Override) bool { return o.Task == task && !o.Gone })
}

// last is the last row of a task's sheet.
func (t *taskSheet) last() int { return len(t.students) + 1 }

// setOnly are a task's checks that nobody was judged on and somebody was given points
// for.
func (b *book) setOnly(judged []result.Column) []result.Column {
	var out []result.Column
	for i := range b.d.Students {
		for _, o := range b.d.Students[i].Overrides {
			same := func(c result.Column) bool { return c.Check == o.Check }
			if o.Check == "" || o.Gone || o.Task != judged[0].Task || slices.ContainsFunc(judged, same) || slices.ContainsFunc(out, same) {
				continue
			}
			c := result.Column{Task: o.Task, Check: o.Check, Max: o.Max, Title: rubric.Text{ZH: o.Check, EN: o.Check}}
			if x, ok := b.d.Rubric.Check(o.Check); ok {
				c.Title = x.Title
			}
			out = append(out, c)
		}
	}
	return out
}

// sheetName makes a name that programs take for a sheet: 31 characters at most, none
// of those that formulas use, and none that is taken.
func sheetName(s string, taken map[string]bool) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'"`, r) {
			return '-'
		}
		return r
	}, oneLine(cellText(s)))
	cut := func(n int) string {
		units := 0
		for i, r := range s {
			if units += len(string(r)) / 4; units >= n { // beyond the basic plane a character counts twice
				return s[:i]
			}
			units++
		}
		return s
	}
	name := cut(31)
	for n := 2; taken[strings.ToLower(name)]; n++ {
		name = cut(31-4) + " " + strconv.Itoa(n)
	}
	taken[strings.ToLower(name)] = true
	return name
}
