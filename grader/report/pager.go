package report

import (
	"iter"

	"swarmgrade/grader/finding"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/page"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// Pager says a class's results for pages that are put together elsewhere, in one language. It is made
// once for data that nobody changes, and may be used by many at a time.
type Pager struct{ v *viewer }

// NewPager makes a pager of a class's data. Columns, and who is anybody else, are the class's.
func NewPager(d *result.Data, o Options) *Pager {
	v := newViewer(d, o)
	for _, t := range d.Rubric.Tasks { // nobody may have been graded yet
		for _, c := range t.Checks {
			if _, ok := v.titles[c.ID]; !ok {
				v.titles[c.ID] = page.Clip(oneLine(c.Title.In(v.lang)), longTitle)
			}
		}
	}
	return &Pager{v}
}

// For is what a student may read: it has nothing of anybody else.
func (p *Pager) For(s *result.Student) *Pager {
	v := *p.v
	v.o = v.o.to(v.d, s)
	v.mask = v.o.hide
	return &Pager{&v}
}

// Student is a student's part of a page. Key sets its elements' IDs apart; checks are under
// headings of level 2 to 5. What it may hold of others is up to whether it is of [Pager.For].
func (p *Pager) Student(s *result.Student, key string, level int) (page.Student, error) {
	return p.v.student(s, key, level)
}

// Fields are what the roster says of a student, for an instructor.
func (p *Pager) Fields(s *result.Student) []page.Field { return p.v.roster(s) }

// When is the last time that something of the student's was observed, "" if there was none.
func (p *Pager) When(s *result.Student) string { return p.v.when(s) }

// Cards are verdicts of a self-check, each as it is shown alone, in their order: a hint stands with the
// first that it mends. An instructor's word is no part of them.
func (p *Pager) Cards(s *result.Student, verdicts []judge.Verdict, key string, level int) []page.Check {
	bare := result.Student{ID: s.ID, Name: s.Name, Verdicts: verdicts}
	l := &lister{viewer: p.v, s: &bare, key: key, level: level, told: map[string]*page.Check{}, todo: map[string]*mending{}}
	var out []page.Check
	for _, x := range verdicts {
		out = append(out, *l.check(x))
	}
	return out
}

// Counted is a verdict as it counts, with what an instructor set there.
func (p *Pager) Counted(s *result.Student, x judge.Verdict, key string, level int) page.Check {
	l := &lister{viewer: p.v, s: s, key: key, level: level, told: map[string]*page.Check{}, todo: map[string]*mending{}}
	return *l.check(x)
}

// Finding is one thing to look at.
func (p *Pager) Finding(f finding.Finding) page.Finding { return p.v.finding(f) }

// Class is what a class's page shows beside its rows.
func (p *Pager) Class() *page.Class { return p.v.class() }

// Row is the line of the grid of a student by their place in the data.
func (p *Pager) Row(i int) page.Row { return p.v.row(i) }

// Rows are all lines of the grid.
func (p *Pager) Rows() iter.Seq[page.Row] {
	return func(yield func(page.Row) bool) {
		for i := range p.v.d.Students {
			if !yield(p.v.row(i)) {
				return
			}
		}
	}
}

// Told is text of anybody's as one line of bounded length, as its reader may see it.
func (p *Pager) Told(text string) string { return p.v.say(text, longText) }

// Lab and ClassName are what the lab and the class are called.
func (p *Pager) Lab() string { return p.v.lab() }

// ClassName is the class's title, or its name.
func (p *Pager) ClassName() string { return p.v.className() }

// Task is what a task is called, Check what a check is.
func (p *Pager) Task(id string) string { return p.v.taskTitle(id) }

// Check is what a check is called.
func (p *Pager) Check(id string) string { return p.v.checkTitle(id) }

// Sum is what a self-check's verdicts are worth together: points won, of those that were
// decided; and the points that are open.
func (p *Pager) Sum(verdicts []judge.Verdict) (points, of, open rubric.Points) {
	points, of, open = judge.Total(verdicts)
	return points, of - open, open
}

// Tasks are the rubric's, with their checks.
func (p *Pager) Tasks() []rubric.Task { return p.v.d.Rubric.Tasks }
