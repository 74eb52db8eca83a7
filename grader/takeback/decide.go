package takeback

import (
	"slices"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// Standing is what stands of a student now.
type Standing struct {
	// Student has at least ID and Name; who was never graded has no more.
	Student *result.Student
	// Most is the most points that the total can be set to.
	Most rubric.Points
}

// Change is what a row wants to be recorded of its student.
type Change struct {
	ID  string
	Ref string // the cell that was changed
	// Kind is SetPoints, Excused or Remove, of the total; "" for no more than a remark.
	Kind   result.Kind
	Points rubric.Points
	Reason string  // "" for a Remove of which nobody said why
	Remark *string // nil leaves it
}

// Conflict is a row that was filled in while its student's score changed. Nothing of
// it is taken.
type Conflict struct {
	ID, Name string
	diag.Problem
}

// Decision is what a workbook comes to.
type Decision struct {
	Changes   []Change
	Conflicts []Conflict
	Same      int      // students whose row changes nothing
	Absent    []string // students that were exported and have no row any more
	// Passed are cells of rows that are no students', such as an average.
	Passed []string
	// Overs are cells that were typed over and are not read.
	Overs Overs
}

// maxProblems are listed; then their number is said.
const maxProblems = 100

// Decide compares what was typed with what the workbook was exported with, and with
// what stands; standing knows the students of the class, and reports false for
// others. What is wrong comes all at once, as [diag.Problems]; then nothing is to be
// taken.
func Decide(w *Workbook, standing func(id string) (Standing, bool)) (*Decision, error) {
	d := decider{w: w, standing: standing, was: make(map[string]*State, len(w.Origin.Students)), first: map[string]string{}}
	for i := range w.Origin.Students {
		d.was[w.Origin.Students[i].ID] = &w.Origin.Students[i]
	}
	for _, c := range w.Origin.Columns {
		if c.Key == ID {
			d.head = line(c.Head)
		}
	}
	d.copied()
	d.torn()
	for i := range w.Entries {
		d.entry(&w.Entries[i])
	}
	for _, s := range w.Origin.Students {
		if d.first[s.ID] == "" {
			d.out.Absent = append(d.out.Absent, s.ID)
		}
	}
	if n := len(d.problems); n > maxProblems {
		d.problems = append(d.problems[:maxProblems:maxProblems], diag.Problem{
			Pos: diag.Pos{File: w.File}, Msg: i18n.M("import.more", "n", n-maxProblems), More: n - maxProblems,
		})
	}
	if len(d.problems) > 0 {
		return nil, d.problems
	}
	d.out.Overs = w.Overs
	return &d.out, nil
}

type decider struct {
	w        *Workbook
	standing func(string) (Standing, bool)
	was      map[string]*State
	first    map[string]string // the cell of each ID
	head     string            // of the IDs
	likes    map[string]string // see like
	out      Decision
	problems diag.Problems
}

func (d *decider) refuse(c Cell, bad *complaint) {
	d.problems.Add(d.w.At(c.Ref), "", 0, bad.msg, bad.hint)
}

// typed is what a row says.
type typed struct {
	value          Value
	reason, remark string
}

// entry decides on a row.
func (d *decider) entry(e *Entry) {
	id := bareID(e.ID.Text)
	if line(id) == d.head { // repeated for the next page
		return
	}
	was, known := d.was[id]
	if id == "" || !known {
		if _, in := d.standing(id); id == "" || !in {
			d.stranger(e, id)
			return
		}
		was = &State{ID: id} // came to the class later
	}
	if first, twice := d.first[id]; twice {
		d.refuse(e.ID, complain("twice", "student", id, "first", first))
		return
	}
	d.first[id] = e.ID.Ref
	if e.Merged {
		d.refuse(e.ID, complain("merged", "student", id))
		return
	}
	now, good := d.read(e, was)
	if good && now.same(was) {
		d.out.Same++
		return
	}
	st, in := d.standing(id)
	switch {
	case !in:
		d.refuse(e.ID, complain("stranger", "student", clip(id), "class", d.w.Origin.Class))
		return
	case st.Student.Damaged:
		d.refuse(e.ID, complain("damaged", "student", id, "class", d.w.Origin.Class))
		return
	case !e.Name.blank() && was.Name != "" && line(e.Name.Text) != line(was.Name):
		d.refuse(e.Name, complain("other_name", "student", id, "name", clip(line(e.Name.Text)), "was", clip(line(was.Name))))
		return
	}
	if good {
		d.change(e, was, now, st)
	}
}

// stranger is a row of nobody who was exported. Rows with formulas alone are somebody's
// own sums; points that were typed were meant for somebody.
func (d *decider) stranger(e *Entry, id string) {
	var at *Cell
	for _, c := range []*Cell{&e.Override, &e.Reason, &e.Note} {
		switch {
		case c.blank():
		case c.Formula:
			d.out.Passed = append(d.out.Passed, c.Ref)
		case at == nil:
			at = c
		}
	}
	switch {
	case at == nil:
	case id == "":
		d.refuse(*at, complain("nobody", "text", clip(shown(*at)), "row", e.Row))
	case e.ID.LostDigits:
		d.refuse(e.ID, complain("lost_digits", "id", clip(id)))
	default:
		bad := complain("stranger", "student", clip(id), "class", d.w.Origin.Class)
		if like := d.like(id); like != "" {
			bad.hint = i18n.M("import.stranger_near", "id", like)
		}
		d.refuse(e.ID, bad)
	}
}

// like is the only student whose ID is the same but for zeros before it, which a cell
// that is a number has lost.
func (d *decider) like(id string) string {
	if d.likes == nil {
		d.likes = make(map[string]string, len(d.w.Origin.Students))
		for _, s := range d.w.Origin.Students {
			key := strings.TrimLeft(s.ID, "0")
			if _, several := d.likes[key]; several {
				d.likes[key] = ""
			} else {
				d.likes[key] = s.ID
			}
		}
	}
	return d.likes[strings.TrimLeft(id, "0")]
}

// read reads a row's cells; false if something in them is wrong.
func (d *decider) read(e *Entry, was *State) (now typed, good bool) {
	good = true
	take := func(c Cell, bad *complaint) {
		if bad != nil {
			d.refuse(c, bad)
			good = false
		}
	}
	var bad *complaint
	now.value, bad = value(e.Override)
	take(e.Override, bad)
	now.reason, bad = words(e.Reason, was.Reason)
	take(e.Reason, bad)
	now.remark, bad = words(e.Note, was.Remark)
	take(e.Note, bad)
	return now, good
}

// same reports whether a row says what it said when it was exported.
func (t *typed) same(was *State) bool {
	return t.value == was.Override && t.reason == was.Reason && t.remark == was.Remark
}

// change decides on a row in which something was changed.
func (d *decider) change(e *Entry, was *State, now typed, st Standing) {
	s := st.Student
	c := Change{ID: s.ID, Ref: e.Override.Ref}
	score := now.value != was.Override || now.reason != was.Reason
	if score && d.wrong(e, was, now, st) {
		return
	}
	whole, stands := s.Whole(), ValueOf(s)
	switch {
	case !score, !now.value.Set && !was.Override.Set: // a reason of other things was cleared
	case now.value == stands && (whole == nil || bare(whole.Reason) == bare(now.reason)): // taken before
	case d.conflict(e, e.Override, was, st, false):
		return
	case !now.value.Set:
		c.Kind = result.Remove
		if now.reason != was.Reason {
			c.Reason = now.reason
		}
	case now.value.Excused:
		c.Kind, c.Reason = result.Excused, now.reason
	default:
		c.Kind, c.Points, c.Reason = result.SetPoints, now.value.Points, now.reason
	}
	if now.remark != was.Remark && bare(now.remark) != bare(s.Remark) {
		if d.conflict(e, e.Note, was, st, true) {
			return
		}
		if c.Kind == "" {
			c.Ref = e.Note.Ref
		}
		c.Remark = &now.remark
	}
	if c.Kind == "" && c.Remark == nil {
		d.out.Same++
		return
	}
	d.out.Changes = append(d.out.Changes, c)
}

// wrong refuses points that can't be, and such without a reason.
func (d *decider) wrong(e *Entry, was *State, now typed, st Standing) bool {
	id, v := st.Student.ID, now.value
	switch {
	case v.Set && !v.Excused && (v.Points < 0 || v.Points > st.Most):
		d.refuse(e.Override, complain("range", "student", id, "points", v.Points.String(), "max", st.Most.String()))
	case v.Set && now.reason == "":
		d.refuse(e.Reason, complain("no_reason", "student", id))
	case v.Set && !was.Override.Set && now.reason == was.Reason:
		// What stands there is why points of checks or tasks were set.
		d.refuse(e.Reason, complain("other_reason", "student", id))
	case v.Set && was.Override.Set && v.Excused != was.Override.Excused && now.reason == was.Reason:
		d.refuse(e.Reason, complain("excused_reason", "student", id))
	case !v.Set && !was.Override.Set && now.reason != "":
		d.refuse(e.Override, complain("reason_only", "student", id))
	default:
		return false
	}
	return true
}

// conflict reports whether what a cell was filled in over has changed since.
func (d *decider) conflict(e *Entry, at Cell, was *State, st Standing, remark bool) bool {
	s := st.Student
	add := func(key string, pairs ...any) bool {
		bad := complain(key, append(pairs, "student", s.ID, "class", d.w.Origin.Class)...)
		d.out.Conflicts = append(d.out.Conflicts, Conflict{s.ID, s.Name, diag.Problem{Pos: d.w.At(at.Ref), Msg: bad.msg, Hint: bad.hint}})
		return true
	}
	if len(s.History) < was.Changes {
		return add("lost_changes", "was", was.Changes, "is", len(s.History))
	}
	for _, c := range slices.Backward(s.History[was.Changes:]) {
		switch c.Kind {
		case result.Remark:
			if remark {
				return add("remark_changed", "who", c.Who, "when", c.When.Format("2006-01-02 15:04"), "text", clip(c.Text))
			}
		case result.SetPoints, result.Excused, result.Remove:
			if !remark && c.Task == "" && c.Check == "" {
				if c.Kind == result.Remove {
					return add("removed", "who", c.Who, "when", c.When.Format("2006-01-02 15:04"), "reason", clip(c.Reason))
				}
				return add("changed", "who", c.Who, "when", c.When.Format("2006-01-02 15:04"), "reason", clip(c.Reason))
			}
		}
	}
	if !remark && Judged(s) != was.Judged {
		return add("judged", "run", newest(s))
	}
	return false
}

// newest is the newest run that counts of a student; IDs are times.
func newest(s *result.Student) string {
	run := ""
	for _, a := range s.Attempts {
		run = max(run, a.Run, a.Judged)
	}
	return run
}
