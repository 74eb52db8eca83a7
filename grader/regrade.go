package grader

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

// Regrading is evidence judged anew, and what comes of it.
type Regrading struct {
	Was      map[string]gradebook.Run // rubrics that judged until now, by hash
	Anew     []gradebook.Regrade      // what was taken
	Attempts int
	Students int
	Stored   []gradebook.Run
	Changes  []Change
	Same     int // students of whom nothing changed
	// ByHand are the students with something set by hand, as they are once judged
	// anew: all of it stays in force.
	ByHand []result.Student
	// Limits are those of them with points that are above their maximum, or whose
	// maximum changes.
	Limits []Limit
	// Carried is how many changes by hand were taken over from the lab that the
	// results were of, since the rubric has another name.
	Carried int

	j     *Job
	names map[string]string   // as the roster has them today, by ID
	store []gradebook.Regrade // what says something new
}

// Regrade judges the evidence of every attempt anew, or that of one run, so that all
// that counts is judged with one rubric, and says whose score changes. The old
// verdicts stay in the gradebook; dry stores nothing.
func (j *Job) Regrade(ctx context.Context, id string, dry bool) (x *Regrading, err error) {
	book, err := j.openStored(ctx, dry)
	if err != nil {
		return nil, err
	}
	defer func() { err = j.closeBook(book, err) }()
	runs, err := book.Runs(ctx)
	if err != nil {
		return nil, err
	}
	took, lab, err := j.regraded(runs, id)
	if err != nil {
		return nil, err
	}
	x = &Regrading{j: j, names: j.names(), Was: map[string]gradebook.Run{}}
	rules, err := j.rulesOf(ctx, book)
	if err != nil {
		return nil, err
	}
	before, err := book.Standing(ctx, lab, rules)
	if err != nil {
		return nil, err
	}
	for _, s := range before {
		for _, at := range s.Attempts {
			x.Was[at.Judged.RubricSHA256] = at.Judged
		}
	}
	started := time.Now()
	for _, r := range took {
		if err := x.judge(ctx, book, r, runs); err != nil {
			return nil, err
		}
	}
	as := gradebook.Run{RubricID: j.Rubric.ID, RubricVersion: j.Rubric.Version, RubricSHA256: j.Rubric.SHA256}
	after, err := book.StandingWith(ctx, j.Rubric.ID, rules, as, x.Anew)
	if err != nil {
		return nil, err
	}
	history, carry, err := x.byHand(ctx, book, lab)
	if err != nil {
		return nil, err
	}
	x.compare(before, after, history)
	if !dry && len(x.store) > 0 {
		x.Stored, err = book.SaveRegrades(ctx, gradebook.Begin{
			Class: j.Class.Name, Rubric: j.Rubric, Tool: j.g.Tool, Started: started,
			Options: j.options(rules, func(id string) bool { return takes(x.store, id) }),
		}, x.store, time.Now())
	}
	if !dry && err == nil && len(carry) > 0 {
		err = book.AddChanges(ctx, carry...)
	}
	if !dry && err == nil && lab != j.Rubric.ID && len(x.Anew) > 0 {
		ids := make([]string, len(j.Students))
		for i, s := range j.Students {
			ids[i] = s.ID
		}
		_, err = book.CarryRequests(ctx, lab, j.Rubric.ID, ids)
	}
	return x, err
}

// takes reports whether a student is among those judged anew.
func takes(anew []gradebook.Regrade, id string) bool {
	return slices.ContainsFunc(anew, func(r gradebook.Regrade) bool { return len(r.Verdicts[id]) > 0 })
}

// regraded are the observing runs to judge anew, oldest first, and the lab that
// they are of until now: the rubric's own or, for a rubric of another ID, that
// of the newest run.
func (j *Job) regraded(runs []gradebook.Run, id string) ([]gradebook.Run, string, error) {
	no := diag.Misuse(i18n.M("cli.no_run", "run", id, "class", j.Class.Name), i18n.M("cli.no_run_hint", "class", j.Class.Name))
	if id != "" {
		i := slices.IndexFunc(runs, func(r gradebook.Run) bool { return r.ID == id })
		if i >= 0 && runs[i].Regrades != "" {
			i = slices.IndexFunc(runs, func(r gradebook.Run) bool { return r.ID == runs[i].Regrades })
		}
		if i < 0 {
			return nil, "", no
		}
		return runs[i : i+1], runs[i].RubricID, nil
	}
	lab := ""
	of := func(r gradebook.Run) bool { return r.Regrades == "" && r.RubricID == lab }
	for _, lab = range []string{j.Rubric.ID, newestLab(runs)} {
		if slices.ContainsFunc(runs, of) {
			break
		}
	}
	took := slices.DeleteFunc(slices.Clone(runs), func(r gradebook.Run) bool { return !of(r) })
	if len(took) == 0 {
		return nil, "", no
	}
	slices.Reverse(took)
	return took, lab, nil
}

func newestLab(runs []gradebook.Run) string {
	for _, r := range runs {
		if r.Regrades == "" {
			return r.RubricID
		}
	}
	return ""
}

// judge judges a run's evidence. Who has no verdicts yet is left to --resume;
// whoever's evidence can't be read keeps theirs.
func (x *Regrading) judge(ctx context.Context, book *gradebook.Gradebook, r gradebook.Run, runs []gradebook.Run) error {
	students, err := book.Students(ctx, r.ID)
	if err != nil {
		return err
	}
	old, by, err := book.Effective(ctx, runs, r, x.j.Rubric.ID)
	if err != nil {
		return err
	}
	of := gradebook.Regrade{Of: r.ID, Verdicts: map[string][]verdict{}}
	fresh := gradebook.Regrade{Of: r.ID, Verdicts: map[string][]verdict{}}
	done, over := x.j.g.stage(Judging, len(students))
	defer over()
	jd := judge.New(x.j.Rubric)
	for _, s := range students {
		done(s.ID)
		if s.Progress != gradebook.Judged || !x.j.Has(s.ID) {
			continue
		}
		c, err := book.Case(ctx, r.ID, s.ID)
		if errors.Is(err, gradebook.ErrDamaged) {
			continue // which is told at the end
		}
		if err != nil {
			return err
		}
		vs := jd.Verdicts(observed(c), c, s.Bundle)
		of.Verdicts[s.ID] = vs
		if by[s.ID].RubricSHA256 != x.j.Rubric.SHA256 || !sameVerdicts(old[s.ID], vs) {
			fresh.Verdicts[s.ID] = vs
		}
	}
	x.Attempts += len(of.Verdicts)
	if len(of.Verdicts) > 0 {
		x.Anew = append(x.Anew, of)
	}
	if len(fresh.Verdicts) > 0 {
		x.store = append(x.store, fresh)
	}
	return nil
}

// sameVerdicts compares verdicts as they are stored.
func sameVerdicts(a, b []verdict) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// counted is what counts for a student of the tasks asked for.
func (x *Regrading) counted(s gradebook.Standing, history map[string][]result.Change) result.Student {
	var tasks []string
	for _, t := range x.j.Rubric.Tasks {
		if x.j.Concerns(t.ID) || x.j.sel.Task == "" {
			tasks = append(tasks, t.ID)
		}
	}
	for _, task := range slices.Sorted(maps.Keys(s.Attempts)) { // that the rubric no longer has
		if _, ok := x.j.Rubric.Task(task); !ok && x.j.sel.Task == "" {
			tasks = append(tasks, task)
		}
	}
	out := s.Result(tasks)
	out.Name = cmp.Or(x.names[out.ID], out.Name)
	out.Annotate(history[s.Student.ID], x.j.Rubric)
	out.Complete(x.j.Rubric, s.Looks...)
	if x.j.Narrow() {
		out.Only(x.j.Concerns)
	}
	return out
}

// byHand is what was done by hand, by student. Where the rubric has another name
// than the results were judged by until now, all that is in force goes along, to
// be recorded there too: it is the same work.
func (x *Regrading) byHand(ctx context.Context, book *gradebook.Gradebook, lab string) (map[string][]result.Change, []gradebook.Change, error) {
	history, err := book.Changes(ctx, x.j.Rubric.ID)
	if err != nil || lab == x.j.Rubric.ID {
		return history, nil, err
	}
	before, err := book.Changes(ctx, lab)
	if err != nil {
		return nil, nil, err
	}
	var carry []gradebook.Change
	for _, student := range slices.Sorted(maps.Keys(before)) {
		if len(history[student]) > 0 || !x.j.Has(student) {
			continue // their own word in the new lab stands
		}
		for _, c := range result.InForce(before[student]) {
			c.Effect = result.Effect{From: lab}
			history[student] = append(history[student], c)
			carry = append(carry, gradebook.Change{Lab: x.j.Rubric.ID, Student: student, Change: c})
		}
	}
	x.Carried = len(carry)
	return history, carry, nil
}
