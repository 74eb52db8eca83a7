package report

import (
	"fmt"
	"slices"
	"strings"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/page"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// lister puts a student's verdicts where they are shown.
type lister struct {
	*viewer
	s     *result.Student
	key   string
	level int
	told  map[string]*page.Check // the check that a hint was shown for
	todo  map[string]*mending    // by trouble, and by steps
	order []*mending
	n     int
	all   map[string]judge.Verdict
}

// mending is a place to mend, and what it costs in all.
type mending struct {
	anchor, title string
	tasks         []string
	lost          rubric.Points
}

// tasks shows each task's checks: what was lost or is open, what waits, what passed.
func (v *viewer) tasks(out *page.Student, s *result.Student, level int) {
	l := &lister{viewer: v, s: s, key: out.Key, level: level, told: map[string]*page.Check{}, todo: map[string]*mending{}, all: map[string]judge.Verdict{}}
	for _, x := range s.Verdicts {
		l.all[x.Check] = x
	}
	waiting, waits := 0, rubric.Points(0)
	for _, id := range s.TaskIDs() {
		t := page.Task{Title: v.taskTitle(id), Points: v.t.taskScore(s, id)}
		var blocked []judge.Verdict
		for _, x := range ofTask(s.Verdicts, id) {
			c := l.check(x)
			switch {
			case c.Mark == page.Hand:
				t.Cards = append(t.Cards, *c)
			case x.Outcome == check.Pass:
				t.Passed = append(t.Passed, *c)
			case x.Outcome == check.Blocked:
				t.Waiting = append(t.Waiting, *c)
				blocked = append(blocked, x)
				if s.Above(x.Task, x.Check) == nil {
					waiting, waits = waiting+1, waits+x.Max
				}
			default:
				t.Cards = append(t.Cards, *c)
			}
		}
		if len(blocked) > 0 {
			t.Causes = v.word("page.waiting_bare", "n", len(blocked))
			if causes := l.causes(blocked); len(causes) > 0 {
				t.Causes = v.word("page.waiting", "n", len(blocked), "checks", causes)
			}
		}
		if len(t.Cards)+len(t.Waiting)+len(t.Passed) > 0 {
			out.Tasks = append(out.Tasks, t)
		}
	}
	for _, m := range l.order {
		out.Todo = append(out.Todo, page.Todo{Anchor: m.anchor, Title: m.title, Lost: v.word("page.todo_lost", "tasks", m.tasks, "points", m.lost.String())})
	}
	if waiting > 0 && len(out.Todo) > 0 {
		out.Wait = v.word("page.todo_wait", "n", waiting, "points", waits.String())
	}
}

// causes are the titles of the checks that have to pass first.
func (l *lister) causes(blocked []judge.Verdict) []string {
	list := &Listing{t: l.t, rub: l.d.Rubric, all: l.all, blocked: blocked}
	titles := list.causes()
	for i := range titles {
		titles[i] = page.Clip(titles[i], longTitle)
	}
	return titles
}

// check is one verdict.
func (l *lister) check(x judge.Verdict) *page.Check {
	l.n++
	c := &page.Check{
		Task: x.Task, ID: x.Check, Anchor: fmt.Sprintf("%s-c%d", l.key, l.n), Level: l.level, Mark: page.Mark(x.Outcome), Outcome: l.word("report.outcome_" + string(x.Outcome)),
		Title: l.checkTitle(x.Check), Points: x.Points.String() + " / " + x.Max.String(), Message: l.say(l.t.message(x.Message), longText),
	}
	if x.Outcome == check.Ungraded {
		c.Points = "? / " + x.Max.String()
	}
	o, set := l.s.Override(x.Check)
	if set {
		c.Mark, c.Outcome, c.Hand = page.Hand, l.word("page.set_by_hand"), l.say(OverrideLine(l.lang, l.s, o), longText)
		if o.Excused {
			c.Points = l.word("hand.excused")
		} else {
			c.Points = l.s.Score("", x.Check).Points.String() + " / " + x.Max.String()
		}
	}
	if x.Outcome == check.Pass || x.Outcome == check.Blocked {
		return c
	}
	c.Spread = l.spread(x, c.Anchor)
	if x.Outcome != check.Ungraded {
		c.Seen, c.Wanted = l.fields(x.Observed, c.Spread != nil), l.fields(x.Expected, false)
	}
	l.hint(c, x)
	if lost := x.Max - x.Points; x.Outcome != check.Ungraded && !set && l.s.Above(x.Task, x.Check) == nil && lost > 0 {
		l.mend(c, x, lost)
	}
	return c
}

// hint says what to do, once for all checks that it mends.
func (l *lister) hint(c *page.Check, x judge.Verdict) {
	if x.Hint.Empty() {
		return
	}
	lines := l.lang.Lines(l.o.hintOf(x.Hint))
	whole := strings.Join(lines, "\n")
	if first := l.told[whole]; first != nil {
		c.Same, c.SameTitle = first.Anchor, first.Title
		return
	}
	l.told[whole] = c
	for _, line := range lines {
		kind := "words"
		switch {
		case strings.HasPrefix(line, i18n.CommandMark):
			kind = "commands"
		case strings.HasPrefix(line, i18n.FileMark):
			kind = "file"
		}
		text, _ := cutMark(line)
		text = l.mask(page.Clip(strings.TrimRight(oneLineKeeping(text), " "), longLine))
		if text == "" {
			continue
		}
		if n := len(c.Hint); n == 0 || c.Hint[n-1].Kind != kind {
			c.Hint = append(c.Hint, page.Block{Kind: kind})
		}
		b := &c.Hint[len(c.Hint)-1]
		b.Lines = append(b.Lines, text)
	}
}

// mend counts what one place to mend costs: trouble of the same words is one, and so
// is what the same steps mend, as in [Todo].
func (l *lister) mend(c *page.Check, x judge.Verdict, lost rubric.Points) {
	keys := []string{"! " + i18n.EN.Text(x.Message)}
	if !x.Hint.Empty() {
		keys = append(keys, strings.Join(i18n.EN.Lines(x.Hint), "\n"))
	}
	var m *mending
	for _, k := range keys {
		if m == nil {
			m = l.todo[k]
		}
	}
	if m == nil {
		m = &mending{anchor: c.Anchor, title: c.Title}
		l.order = append(l.order, m)
	}
	for _, k := range keys {
		l.todo[k] = m
	}
	m.lost += lost
	if task := page.Clip(oneLine(x.Task), longTitle); !slices.Contains(m.tasks, task) {
		m.tasks = append(m.tasks, task)
	}
}

// maxFields bounds the facts that are shown of a check.
const maxFields = 16

// fields are facts that have a name in the language; those that a drawing shows are
// left out.
func (v *viewer) fields(f check.Facts, drawn bool) []page.Field {
	var out []page.Field
	for _, k := range slices.Sorted(keysOf(f)) {
		name, ok := factName(v.lang, k)
		if !ok || drawn && k == drawnFact || len(out) == maxFields {
			continue
		}
		if _, count := number(f[k]); count && k == drawnFact {
			name = v.word("page.containers")
		}
		out = append(out, page.Field{Name: name, Value: v.say(factValue(v.lang, f[k]), longFact)})
	}
	return out
}
