package result

import (
	"slices"
	"time"

	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// MaxText is how many characters a reason or a remark may have.
const MaxText = 1000

// Kind is what an instructor's hand does.
type Kind string

// The kinds of [Change]. Points and Excused take each other's place at one
// target, and Remove takes either back; so do OnTime and NotOnTime. A Remark
// changes no points.
const (
	SetPoints Kind = "points"
	Excused   Kind = "excused"
	Remove    Kind = "remove"
	OnTime    Kind = "on-time"
	NotOnTime Kind = "not-on-time"
	Remark    Kind = "remark"
)

// Change is one entry of the history of what was done to a student's score by
// hand. Its target is a check, or a task (Check is ""), or the whole lab (Task
// is "" as well).
type Change struct {
	Task   string
	Check  string
	Kind   Kind
	Points rubric.Points // of SetPoints
	Text   string        // of a Remark; "" takes it away
	Reason string
	Who    string // the operating system's name of the user; "" if it is not known
	When   time.Time
	Effect Effect
}

// Effect is what a change did when it was made.
type Effect struct {
	Before      Score `json:"before"` // of the target
	After       Score `json:"after"`
	TotalBefore Score `json:"total_before"`
	TotalAfter  Score `json:"total_after"`
	// Remark is the one that stood before.
	Remark string `json:"remark,omitempty"`
	// From is the lab that the change was carried over from, when results were
	// judged again with a rubric of another name.
	From string `json:"from,omitempty"`
}

// Score is points of a maximum, as they counted.
type Score struct {
	Points rubric.Points `json:"points"`
	Max    rubric.Points `json:"max"`
	Open   bool          `json:"open,omitempty"` // not all of it is decided
	ByHand bool          `json:"by_hand,omitempty"`
	// Excused says that it counts neither in points nor in the maximum.
	Excused bool `json:"excused,omitempty"`
}

// Override is an instructor's word on a score that is in force.
type Override struct {
	Task    string // of a check its own
	Check   string // "" for a task, or for the whole lab if Task is "" too
	Excused bool   // it counts neither in points nor in the maximum
	Points  rubric.Points
	// Max is what the rubric gives there; a verdict's own goes before it. Gone
	// says that the rubric has no such check or task: the override is kept, and
	// counts again where there is one.
	Max    rubric.Points
	Gone   bool
	Reason string
	Who    string
	When   time.Time
}

// slot is what only one change is in force of.
func (c *Change) slot() [3]string {
	switch c.Kind {
	case Remark:
		return [3]string{"", "", "remark"}
	case OnTime, NotOnTime:
		return [3]string{c.Task, "", "time"}
	}
	if c.Check != "" {
		return [3]string{"", c.Check, "score"} // whatever task it is in by now
	}
	return [3]string{c.Task, "", "score"}
}

// InForce are the changes of one student's history that count: of each target the
// newest, unless it took something back. They come in the order in which they
// were made.
func InForce(history []Change) []Change {
	seen := map[[3]string]bool{}
	var out []Change
	for _, c := range slices.Backward(history) {
		if seen[c.slot()] {
			continue
		}
		seen[c.slot()] = true
		if c.Kind != Remove && c.Kind != NotOnTime && (c.Kind != Remark || c.Text != "") {
			out = append(out, c)
		}
	}
	slices.Reverse(out)
	return out
}

// WasOnTime reports whether an instructor counts a task as handed in on time.
func WasOnTime(history []Change, task string) bool {
	return slices.ContainsFunc(InForce(history), func(c Change) bool {
		return c.Kind == OnTime && (c.Task == "" || c.Task == task)
	})
}

// Annotate puts a student's history in force, by a rubric.
func (s *Student) Annotate(history []Change, rub *rubric.Rubric) {
	s.History, s.Overrides, s.Remark = history, nil, ""
	for _, c := range InForce(history) {
		switch c.Kind {
		case Remark:
			s.Remark = c.Text
		case SetPoints, Excused:
			o := Override{
				Task: c.Task, Check: c.Check, Excused: c.Kind == Excused, Points: c.Points,
				Reason: c.Reason, Who: c.Who, When: c.When,
			}
			o.place(rub)
			s.Overrides = append(s.Overrides, o)
		}
	}
}

// Only leaves the student's results on some tasks. Points that were set for the whole
// lab are of none of them; who is excused from it is from each.
func (s *Student) Only(concerns func(task string) bool) {
	s.Verdicts = slices.DeleteFunc(slices.Clone(s.Verdicts), func(v judge.Verdict) bool { return !concerns(v.Task) })
	s.Attempts = slices.DeleteFunc(slices.Clone(s.Attempts), func(a Attempt) bool { return !concerns(a.Task) })
	s.Missing = slices.DeleteFunc(slices.Clone(s.Missing), func(m Missing) bool { return !concerns(m.Task) })
	s.Requests = slices.DeleteFunc(slices.Clone(s.Requests), func(r Request) bool { return r.Task != "" && !concerns(r.Task) })
	s.Overrides = slices.DeleteFunc(slices.Clone(s.Overrides), func(o Override) bool {
		if whole := o.Task == "" && o.Check == ""; whole {
			return !o.Excused
		}
		return !concerns(o.Task)
	})
}

// place finds an override's target in a rubric.
func (o *Override) place(rub *rubric.Rubric) {
	switch {
	case o.Check != "":
		o.Gone = true
		for _, t := range rub.Tasks {
			for _, c := range t.Checks {
				if c.ID == o.Check {
					o.Task, o.Max, o.Gone = t.ID, c.Points, false
				}
			}
		}
	case o.Task != "":
		t, ok := rub.Task(o.Task)
		if o.Gone = !ok; ok {
			o.Max = t.Points
		}
	default:
		o.Max = rub.Points
	}
}
