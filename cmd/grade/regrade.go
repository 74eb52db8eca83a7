package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/observe"
)

type verdict = judge.Verdict

func newRegradeCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f classFlags
	var run string
	var dry bool
	c := &cobra.Command{Use: "regrade --class CLASS", Short: lang.T("cli.regrade_short"), Args: cobra.NoArgs}
	f.register(a, c)
	c.Flags().StringVar(&run, "run", "", lang.T("cli.flag_run"))
	c.Flags().BoolVar(&dry, "dry-run", false, lang.T("cli.flag_regrade_dry"))
	c.RunE = func(c *cobra.Command, _ []string) error {
		j, book, err := a.storedBy(c.Context(), &f, dry)
		if err != nil {
			return err
		}
		defer book.Close()
		return a.regrade(c.Context(), j, book, run, dry)
	}
	return c
}

// regrading is evidence judged anew, and what comes of it.
type regrading struct {
	j        *job
	dry      bool
	was      map[string]gradebook.Run // rubrics that judged until now, by hash
	anew     []gradebook.Regrade      // what was taken
	store    []gradebook.Regrade      // of these, what says something new
	attempts int
	students int
	stored   []gradebook.Run
	changes  []change
	same     int // students of whom nothing changed
}

// regrade judges the evidence of every attempt anew, so that all that counts is
// judged with one rubric, and prints whose score changes. The old verdicts stay
// in the gradebook.
func (a *app) regrade(ctx context.Context, j *job, book *gradebook.Gradebook, id string, dry bool) error {
	runs, err := book.Runs(ctx)
	if err != nil {
		return err
	}
	took, lab, err := regraded(j, runs, id)
	if err != nil {
		return err
	}
	x := &regrading{j: j, dry: dry, was: map[string]gradebook.Run{}}
	policy := gradebook.Policy(j.class.Settings.Attempts)
	before, err := book.Standing(ctx, lab, policy)
	if err != nil {
		return err
	}
	for _, s := range before {
		for _, at := range s.Attempts {
			x.was[at.Judged.RubricSHA256] = at.Judged
		}
	}
	started := time.Now()
	for _, r := range took {
		if err := x.judge(ctx, book, r, runs); err != nil {
			return err
		}
	}
	as := gradebook.Run{RubricID: j.rub.ID, RubricVersion: j.rub.Version, RubricSHA256: j.rub.SHA256}
	after, err := book.StandingWith(ctx, j.rub.ID, policy, as, x.anew)
	if err != nil {
		return err
	}
	x.compare(before, after)
	if !dry && len(x.store) > 0 {
		x.stored, err = book.SaveRegrades(ctx, gradebook.Begin{
			Class: j.class.Name, Rubric: j.rub, Tool: version(), Started: started,
		}, x.store, time.Now())
		if err != nil {
			return err
		}
	}
	if a.json {
		return a.printJSON(x.json())
	}
	a.sayRegrade(x)
	return nil
}

// regraded are the observing runs to judge anew, oldest first, and the lab that
// they are of until now: the rubric's own or, for a rubric of another ID, that
// of the newest run.
func regraded(j *job, runs []gradebook.Run, id string) ([]gradebook.Run, string, error) {
	no := usageHint(i18n.M("cli.no_run", "run", id, "class", j.class.Name), i18n.M("cli.no_run_hint", "class", j.class.Name))
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
	for _, lab = range []string{j.rub.ID, newestLab(runs)} {
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
func (x *regrading) judge(ctx context.Context, book *gradebook.Gradebook, r gradebook.Run, runs []gradebook.Run) error {
	students, err := book.Students(ctx, r.ID)
	if err != nil {
		return err
	}
	old, by, err := book.Effective(ctx, runs, r, x.j.rub.ID)
	if err != nil {
		return err
	}
	of := gradebook.Regrade{Of: r.ID, Verdicts: map[string][]verdict{}}
	fresh := gradebook.Regrade{Of: r.ID, Verdicts: map[string][]verdict{}}
	jd := judge.New(x.j.rub)
	all := *x.j
	all.tasks = observe.Auto // as it was observed then
	for _, s := range students {
		if s.Progress != gradebook.Judged || !slices.ContainsFunc(x.j.students, func(w rosterStudent) bool { return w.ID == s.ID }) {
			continue
		}
		c, err := book.Case(ctx, r.ID, s.ID)
		if errors.Is(err, gradebook.ErrDamaged) {
			continue // which is told at the end
		}
		if err != nil {
			return err
		}
		vs := jd.Verdicts(all.observed(c), c, s.Bundle)
		of.Verdicts[s.ID] = vs
		if by[s.ID].RubricSHA256 != x.j.rub.SHA256 || !sameVerdicts(old[s.ID], vs) {
			fresh.Verdicts[s.ID] = vs
		}
	}
	x.attempts += len(of.Verdicts)
	if len(of.Verdicts) > 0 {
		x.anew = append(x.anew, of)
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

// change is what a regrade changes of what counts for a student.
type change struct {
	id, name string
	was, is  []verdict
	checks   []checkChange
}

type checkChange struct{ was, is *verdict } // one of them may be nil

func (c *change) by() int64 {
	was, _, _ := judge.Total(c.was)
	is, _, _ := judge.Total(c.is)
	return int64(is - was)
}

// compare finds what changes for whom, the greatest change of a total first.
func (x *regrading) compare(before, after []gradebook.Standing) {
	was := make(map[string][]verdict, len(before))
	for _, s := range before {
		was[s.Student.ID] = x.counted(s)
	}
	for _, s := range after {
		if !slices.ContainsFunc(x.anew, func(r gradebook.Regrade) bool { _, ok := r.Verdicts[s.Student.ID]; return ok }) {
			continue
		}
		x.students++
		c := change{id: s.Student.ID, name: s.Student.Name, was: was[s.Student.ID], is: x.counted(s)}
		c.checks = changedChecks(c.was, c.is)
		if len(c.checks) == 0 {
			x.same++
			continue
		}
		x.changes = append(x.changes, c)
	}
	slices.SortStableFunc(x.changes, func(a, b change) int { return cmp.Compare(max(b.by(), -b.by()), max(a.by(), -a.by())) })
}

// counted are the verdicts that count for a student, of the tasks asked for.
func (x *regrading) counted(s gradebook.Standing) []verdict {
	var out []verdict
	for _, t := range x.j.rub.Tasks {
		if x.j.concerns(t.ID) || x.j.taskArg == "" {
			out = append(out, s.Attempts[t.ID].Verdicts...)
		}
	}
	for task, at := range s.Attempts { // that the rubric no longer has
		if _, ok := x.j.rub.Task(task); !ok && x.j.taskArg == "" {
			out = append(out, at.Verdicts...)
		}
	}
	return out
}

func changedChecks(was, is []verdict) []checkChange {
	find := func(vs []verdict, id string) *verdict {
		if i := slices.IndexFunc(vs, func(v verdict) bool { return v.Check == id }); i >= 0 {
			return &vs[i]
		}
		return nil
	}
	var out []checkChange
	for i := range is {
		o := find(was, is[i].Check)
		if o == nil || o.Points != is[i].Points || o.Outcome != is[i].Outcome || o.Max != is[i].Max {
			out = append(out, checkChange{o, &is[i]})
		}
	}
	for i := range was {
		if find(is, was[i].Check) == nil {
			out = append(out, checkChange{&was[i], nil})
		}
	}
	return out
}
