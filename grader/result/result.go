// Package result is what there is to report of a class: verdicts, attempts, an
// instructor's word on them, and what follows from those by counting. The
// gradebook fills it, reports show it.
package result

import (
	"slices"
	"strings"
	"time"

	"swarmgrade/grader/check"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// Data is what is reported: one run, or the standing of a class over its runs.
type Data struct {
	Class string // "2024A"
	Title string // the class's, for people
	Run   Run
	// Rubric gives the titles and the order of tasks and checks.
	Rubric *rubric.Rubric
	// Headings are the roster's further columns, in its order.
	Headings []string
	// Students come in the order of the roster.
	Students []Student
	// Unseen are the IDs of the roster's students whom nothing is known of yet, of a
	// standing.
	Unseen []string
	Faults []Fault
	// Sets are where the verdicts come from, newest first.
	Sets []Set
	// Late is what is taken off for lateness, nil for nothing.
	Late *Late
	// Findings are what an instructor should look at; they took no point.
	Findings []finding.Finding
}

// Set is the verdicts of one run, or those of its regrade.
type Set struct {
	Run, Regrade  string // IDs; Regrade is "" for verdicts of the run itself
	RubricID      string
	RubricVersion int
	RubricSHA256  string
	RosterSHA256  string // of the roster when it was observed
	Tool          string // that judged
	Observed      time.Time
	Judged        time.Time // zero if that never came to an end
	Attempts      int       // students and tasks that it gives
}

// AddSet counts an attempt to the set that its verdicts are of.
func (d *Data) AddSet(s Set) {
	i := slices.IndexFunc(d.Sets, func(x Set) bool { return x.Run == s.Run && x.Regrade == s.Regrade })
	if i < 0 {
		d.Sets = append(d.Sets, s)
		slices.SortFunc(d.Sets, func(a, b Set) int { return strings.Compare(max(b.Run, b.Regrade), max(a.Run, a.Regrade)) })
		return
	}
	d.Sets[i].Attempts += s.Attempts
}

// Rubrics are the sets that differ in rubric, one of each.
func (d *Data) Rubrics() []Set {
	var out []Set
	for _, s := range d.Sets {
		if !slices.ContainsFunc(out, func(x Set) bool { return x.RubricSHA256 == s.RubricSHA256 }) {
			out = append(out, s)
		}
	}
	return out
}

// Run is where the results come from.
type Run struct {
	ID string // of a standing the newest run's
	// Regrades is the run whose evidence was judged anew, "" if it observed.
	Regrades string
	Task     string // as asked for
	Status   string // running, finished, interrupted
	// Policy is best, last or first for a standing, "" for a single run.
	Policy       string
	Tool         string
	RosterSHA256 string
	Started      time.Time
	Finished     time.Time // zero if it never came to that
}

// Student is one student's results.
type Student struct {
	ID   string
	Name string // as the roster has it today, where that has the student
	// Left says that the roster does not have the student any more.
	Left bool
	// Columns are the student's further columns in the roster that are not
	// blank, by heading.
	Columns map[string]string
	// Verdicts are in the rubric's order. A check without one was not part of
	// what was graded; one that could not be graded is there as ungraded.
	Verdicts []judge.Verdict
	// Overrides are what an instructor set by hand and is in force, Remark a word
	// to the student; History is every change that led there, oldest first.
	Overrides []Override
	Remark    string
	History   []Change
	// Requests are what the student asked to have looked at again, oldest first.
	Requests []Request
	// Attempts are where the verdicts of each task come from.
	Attempts []Attempt
	// Missing are the lab's tasks without any, in the rubric's order.
	Missing []Missing
	// Damaged says that the student's records are not as they were written, so
	// that there is no score.
	Damaged bool
	// Timeline is the fault window, for the details of one student; nil if
	// there was none or it was not asked for.
	Timeline *Timeline
}

// Attempt is where a student's verdicts on a task come from.
type Attempt struct {
	Task   string
	Run    string // that observed
	Judged string // that judged: the same, or its regrade
	Tries  int    // how many attempts there are
	// RubricID, RubricVersion and RubricSHA256 name the rubric that the verdicts are by.
	RubricID      string
	RubricVersion int
	RubricSHA256  string
	// Late is how late it was, nil if it was in time or nothing is due.
	Late *Lateness
	// Forgiven is set where it was late and an instructor counts it as on time; Late is
	// nil then, and nothing is taken off.
	Forgiven *Forgiven
}

// Forgiven is lateness that an instructor does not count.
type Forgiven struct {
	Due, At time.Time // as of [Lateness]
	Days    int
	Reason  string
	Who     string // as of [Change]
	When    time.Time
}

// Fault is a fault that was injected in the run.
type Fault struct {
	Kind     string    `json:"kind"`
	Target   string    `json:"target"`
	Injected time.Time `json:"injected"` // zero if it could not be injected
	Restored time.Time `json:"restored"` // zero if it was not
	// Why says why it could not be injected, Mend what to do about it.
	Why  i18n.Msg `json:"why,omitzero"`
	Mend i18n.Msg `json:"mend,omitzero"`
}

// Column is one check of the report.
type Column struct {
	Task  string
	Check string
	Max   rubric.Points
	Title rubric.Text
	// N counts the checks of a task from 1.
	N int
}

// Columns are the checks that at least one student has a verdict on, in the
// rubric's order; those that the rubric no longer has come last in their task,
// under their ID.
func (d *Data) Columns() []Column {
	seen := make(map[string]judge.Verdict)
	most := make(map[string]rubric.Points) // what all verdicts agree on, or nothing
	var order []string
	for _, s := range d.Students {
		for _, v := range s.Verdicts {
			if _, ok := seen[v.Check]; !ok {
				seen[v.Check] = v
				order = append(order, v.Check)
				most[v.Check] = v.Max
			}
			if most[v.Check] != v.Max {
				most[v.Check] = -1
			}
		}
	}
	var columns []Column
	known := make(map[string]bool)
	for _, task := range d.Rubric.Tasks {
		n := 0
		add := func(c Column) {
			n++
			c.N = n
			known[c.Check] = true
			columns = append(columns, c)
		}
		for _, c := range task.Checks {
			if _, ok := seen[c.ID]; ok {
				max := most[c.ID]
				if max < 0 { // judged with several rubrics
					max = c.Points
				}
				add(Column{Task: task.ID, Check: c.ID, Max: max, Title: c.Title})
			}
		}
		for _, id := range order {
			if v := seen[id]; v.Task == task.ID && !known[id] {
				add(Column{Task: task.ID, Check: id, Max: v.Max, Title: rubric.Text{ZH: id, EN: id}})
			}
		}
	}
	n := make(map[string]int) // of tasks that the rubric no longer has
	for _, id := range order {
		if v := seen[id]; !known[id] {
			n[v.Task]++
			columns = append(columns, Column{Task: v.Task, Check: id, Max: v.Max, Title: rubric.Text{ZH: id, EN: id}, N: n[v.Task]})
		}
	}
	return columns
}

// Verdict is the student's on a check.
func (s *Student) Verdict(id string) (judge.Verdict, bool) {
	i := slices.IndexFunc(s.Verdicts, func(v judge.Verdict) bool { return v.Check == id })
	if i < 0 {
		return judge.Verdict{}, false
	}
	return s.Verdicts[i], true
}

// Open reports whether anything of the student's is not graded: a check is
// ungraded, or there is no verdict at all.
func (s *Student) Open() bool {
	return len(s.Verdicts) == 0 ||
		slices.ContainsFunc(s.Verdicts, func(v judge.Verdict) bool { return v.Outcome == check.Ungraded })
}
