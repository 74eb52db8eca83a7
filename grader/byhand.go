package grader

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

// rules say which attempts of the class count, and for how much.
func (j *Job) rules() gradebook.Rules {
	rules := gradebook.Rules{Attempts: gradebook.Policy(j.Class.Settings.Attempts)}
	if l := j.Class.Late; l != nil {
		rules.Late = &result.Late{
			Due: l.Due, Grace: l.Grace, Dues: l.Dues, PerDay: result.Amount(l.PerDay), Cap: result.Amount(l.Cap), Total: j.Rubric.Points,
		}
	}
	return rules
}

// ByHand is what an instructor wants done to a student's score. The target is a check, or the task that was asked for, or the whole lab.
type ByHand struct {
	Check string
	// Kind is what to do; "" for no more than a remark.
	Kind   result.Kind
	Points rubric.Points // of result.SetPoints
	// Remark is a word to the student, "" takes it away; nil leaves it.
	Remark *string
	Reason string
	Who    string
	When   time.Time
	// Seen is how many changes the student's history had when who asks looked at it: if others that bear on this were
	// recorded since, it is refused with [Newer] as the cause. Nil is for who looks at nothing.
	Seen *int
}

// Done is what came of it.
type Done struct {
	Student result.Student  // as it is now
	Changes []result.Change // what was recorded
	// Above is what points that were set do not show under; nil if they do. Of what was
	// excused it is the points by hand whose maximum is smaller now, which counted Was
	// and count Is.
	Above   *result.Override
	Was, Is result.Score
}

// ByHand records what an instructor sets by hand for the job's only student. Nothing
// of it is lost when the class is graded or judged again.
func (j *Job) ByHand(ctx context.Context, h ByHand) (done *Done, err error) {
	task, err := j.target()
	if err != nil {
		return nil, err
	}
	book, err := j.openStored(ctx, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = j.closeBook(book, err) }()
	var all []*Done
	err = j.putDown(ctx, book, func() (changes []gradebook.Change, err error) {
		all, changes, err = j.set(ctx, book, []hand{{j.Students[0], task, h}})
		return changes, err
	})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// triesByHand is how often changes are worked out anew, since others were recorded
// meanwhile.
const triesByHand = 20

// putDown stores what work gives, all of it at once. What is recorded of before is what
// stood there when it was recorded.
func (j *Job) putDown(ctx context.Context, book *gradebook.Gradebook, work func() ([]gradebook.Change, error)) error {
	for try := 1; ; try++ {
		mark, err := book.Mark(ctx)
		if err != nil {
			return err
		}
		changes, err := work()
		if err != nil || len(changes) == 0 {
			return err
		}
		if err = book.AddChangesSince(ctx, mark, changes...); !errors.Is(err, gradebook.ErrMoved) {
			return err
		}
		if try == triesByHand { // what was asked for goes before what stood there
			return book.AddChanges(ctx, changes...)
		}
	}
}

// hand is what is wanted for one student, of a task or the whole lab.
type hand struct {
	who  roster.Student
	task string
	ByHand
}

// set works out what comes of what is wanted for several students, each of them once, and
// stores nothing yet.
func (j *Job) set(ctx context.Context, book *gradebook.Gradebook, hands []hand) ([]*Done, []gradebook.Change, error) {
	data, err := j.countedData(ctx, book, nil)
	if err != nil {
		return nil, nil, err
	}
	before := byRoster(data)
	dones, each := make([]*Done, len(hands)), make([][]gradebook.Change, len(hands))
	var all []gradebook.Change
	for i, h := range hands {
		now := before(h.who)
		if now.Damaged {
			return nil, nil, diag.Misuse(i18n.M("hand.damaged", "student", now.ID), i18n.M("hand.damaged_hint", "class", j.Class.Name, "student", now.ID))
		}
		if h.Check != "" {
			if hands[i].task, err = j.taskOf(now, h.task, h.Check); err != nil {
				return nil, nil, j.numbered(data, now, h.Check, err)
			}
		}
		if each[i], err = j.changes(now, hands[i].task, h.ByHand); err != nil {
			return nil, nil, err
		}
		all = append(all, each[i]...)
	}
	after, err := j.counted(ctx, book, all)
	if err != nil {
		return nil, nil, err
	}
	all = all[:0]
	for i, h := range hands {
		now, then := before(h.who), after(h.who)
		dones[i] = &Done{Student: *then}
		for _, c := range each[i] {
			c.Effect.Before, c.Effect.After = now.Score(c.Task, c.Check), then.Score(c.Task, c.Check)
			c.Effect.TotalBefore, c.Effect.TotalAfter = now.Score("", ""), then.Score("", "")
			dones[i].Changes = append(dones[i].Changes, c.Change)
			all = append(all, c)
		}
		up := then.Above(hands[i].task, h.Check)
		switch {
		case up == nil:
		case h.Kind == result.SetPoints:
			dones[i].Above = up
		case h.Kind == result.Excused && !up.Excused:
			was, is := now.Score(up.Task, ""), then.Score(up.Task, "")
			if was.Max != is.Max {
				dones[i].Above, dones[i].Was, dones[i].Is = up, was, is
			}
		}
	}
	return dones, all, nil
}

// target is the task that was asked for: one, or "" for the whole lab.
func (j *Job) target() (string, error) {
	if len(j.Students) != 1 {
		return "", diag.Misuse(i18n.M("hand.one"), i18n.M("hand.one_hint"))
	}
	switch word := j.sel.Task; {
	case word == "" || word == "all":
		return "", nil
	case word == "auto" || len(j.Tasks) != 1:
		return "", diag.Misuse(i18n.M("hand.tasks", "task", word), i18n.M("hand.tasks_hint", "tasks", j.taskIDs()))
	}
	return j.Tasks[0], nil
}

func (j *Job) taskIDs() (ids []string) {
	for _, t := range j.Rubric.Tasks {
		ids = append(ids, t.ID)
	}
	return ids
}

// counted tells what counts for each student, with changes taken for made.
func (j *Job) counted(ctx context.Context, book *gradebook.Gradebook, also []gradebook.Change) (func(roster.Student) *result.Student, error) {
	d, err := j.countedData(ctx, book, also)
	if err != nil {
		return nil, err
	}
	return byRoster(d), nil
}

func (j *Job) countedData(ctx context.Context, book *gradebook.Gradebook, also []gradebook.Change) (*result.Data, error) {
	rules, err := j.rulesOf(ctx, book)
	if err != nil {
		return nil, err
	}
	rules.Also = also
	return j.standingBy(ctx, book, rules)
}

// byRoster finds what counts for a student; of whom nothing is known, nothing does.
func byRoster(d *result.Data) func(roster.Student) *result.Student {
	at := make(map[string]*result.Student, len(d.Students))
	for i := range d.Students {
		at[d.Students[i].ID] = &d.Students[i]
	}
	return func(who roster.Student) *result.Student {
		if s, ok := at[who.ID]; ok {
			return s
		}
		return &result.Student{ID: who.ID, Name: who.Name}
	}
}

// numbered is the error of a check that there is not, where that is a number which the
// screen shows. What has that number depends on what of the lab is shown, so that it is
// said instead of taken.
func (j *Job) numbered(d *result.Data, s *result.Student, word string, err error) error {
	for _, c := range d.Columns() {
		if c.Task+"."+strconv.Itoa(c.N) == word {
			return diag.Misuse(i18n.M("hand.numbered", "number", word, "check", c.Check, "title", c.Title),
				i18n.M("hand.numbered_hint", "class", j.Class.Name, "student", s.ID, "check", c.Check))
		}
	}
	return err
}

// taskOf finds the task of a check: one of the rubric's, one that was judged, or one
// that something was set for when there was such a check.
func (j *Job) taskOf(s *result.Student, asked, id string) (string, error) {
	task, known := "", false
	if c, ok := j.Rubric.Check(id); ok {
		task, known = c.Task, true
	} else if v, ok := s.Verdict(id); ok {
		task, known = v.Task, true
	} else if o, ok := s.Override(id); ok {
		task, known = o.Task, true
	}
	if known && (asked == "" || asked == task) {
		return task, nil
	}
	if known {
		return "", diag.Misuse(i18n.M("hand.other_task", "check", id, "task", task, "asked", asked), i18n.M("hand.other_task_hint"))
	}
	class := j.Class.Name
	if _, ok := j.Rubric.Task(id); ok {
		return "", diag.Misuse(i18n.M("hand.is_task", "task", id), i18n.M("hand.is_task_hint", "student", s.ID, "class", class, "task", id))
	}
	var ids []string
	for _, t := range j.Rubric.Tasks {
		for _, c := range t.Checks {
			if asked == "" || asked == t.ID {
				ids = append(ids, c.ID)
			}
		}
	}
	msg := i18n.M("hand.no_check", "check", id, "rubric", j.Rubric.ID)
	if near := diag.Nearest(id, ids); near != "" {
		return "", diag.Misuse(msg, i18n.M("hand.no_check_near", "near", near, "class", class, "student", s.ID))
	}
	return "", diag.Misuse(msg, i18n.M("hand.no_check_hint", "checks", ClipList(ids, 60)))
}

// changes are what to record.
func (j *Job) changes(s *result.Student, task string, h ByHand) ([]gradebook.Change, error) {
	if err := h.newer(s); err != nil {
		return nil, err
	}
	var out []gradebook.Change
	add := func(c result.Change) {
		c.Who, c.When = h.Who, h.When
		out = append(out, gradebook.Change{Lab: j.Rubric.ID, Student: s.ID, Change: c})
	}
	if h.Kind != "" && strings.TrimSpace(h.Reason) == "" {
		return nil, diag.Misuse(i18n.M("gradebook.no_reason", "student", s.ID), i18n.M("hand.no_reason_hint"))
	}
	set := result.Change{Task: task, Check: h.Check, Kind: h.Kind, Points: h.Points, Reason: h.Reason}
	switch h.Kind {
	case "":
	case result.SetPoints:
		if most := s.Most(task, h.Check, j.Rubric); h.Points < 0 || h.Points > most {
			return nil, diag.Misuse(i18n.M("hand.points", "student", s.ID, "what", what(task, h.Check), "points", h.Points.String(), "max", most.String()),
				i18n.M("hand.points_hint", "max", most.String()))
		}
		add(set)
	case result.OnTime, result.NotOnTime:
		if h.Check != "" {
			return nil, diag.Misuse(i18n.M("hand.time_check", "check", h.Check), i18n.M("hand.time_check_hint", "task", task))
		}
		fallthrough
	default:
		if back := h.Kind == result.Remove || h.Kind == result.NotOnTime; back && !stands(s, &set) {
			return nil, diag.Misuse(i18n.M("hand.nothing", "student", s.ID, "what", what(task, h.Check)),
				i18n.M("hand.nothing_hint", "class", j.Class.Name, "student", s.ID))
		}
		add(set)
	}
	if h.Remark != nil {
		add(result.Change{Kind: result.Remark, Text: *h.Remark, Reason: h.Reason, Effect: result.Effect{Remark: s.Remark}})
	}
	return out, nil
}

// stands reports whether there is something for a change to take back.
func stands(s *result.Student, c *result.Change) bool {
	in := result.InForce(s.History)
	return len(result.InForce(append(slices.Clone(s.History), *c))) < len(in)
}

// what names a target.
func what(task, check string) i18n.Msg {
	switch {
	case check != "":
		return i18n.M("hand.check", "check", check)
	case task != "":
		return i18n.M("hand.task", "task", task)
	}
	return i18n.M("hand.whole")
}
