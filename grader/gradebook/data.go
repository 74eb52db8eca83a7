package gradebook

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// RunData gives one run to report ("" is the newest), under the rubric that it
// was judged with; rub stands in where that can't be read. What was done by hand in
// the lab comes with it, and what lateness takes off.
func (g *Gradebook) RunData(ctx context.Context, id string, rub *rubric.Rubric, rules Rules) (*result.Data, error) {
	return still(ctx, g, func(ctx context.Context) (*result.Data, error) { return g.runData(ctx, id, rub, rules) })
}

func (g *Gradebook) runData(ctx context.Context, id string, rub *rubric.Rubric, rules Rules) (*result.Data, error) {
	run, err := g.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	students, err := g.Students(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	verdicts, err := g.Verdicts(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	d := &result.Data{Class: run.Class, Rubric: g.rubricOf(ctx, run, rub), Run: reportRun(run)}
	observed, err := g.observing(ctx, run)
	if err != nil {
		return nil, err
	}
	history, err := g.history(ctx, run.RubricID, rules)
	if err != nil {
		return nil, err
	}
	d.Late = rules.Late
	for _, s := range students {
		out := result.Student{ID: s.ID, Name: s.Name, Verdicts: verdicts[s.ID]}
		for _, a := range split(observed, run, out.Verdicts) {
			a.lateness(rules, s.ID, history[s.ID])
			out.Attempts = append(out.Attempts, reportAttempt(&a))
			d.AddSet(reportSet(&a))
		}
		d.Students = append(d.Students, out)
	}
	if d.Faults, err = g.reportFaults(ctx, observed.ID); err != nil {
		return nil, err
	}
	asked, err := g.requestsOf(ctx, run.RubricID)
	g.annotate(d, history, asked)
	looks := result.LookedFor(verdicts)
	for i := range d.Students {
		s := &d.Students[i]
		has := func(task string) bool {
			return slices.ContainsFunc(s.Attempts, func(a result.Attempt) bool { return a.Task == task })
		}
		if slices.ContainsFunc(d.Rubric.Tasks, func(t rubric.Task) bool { return !has(t.ID) }) {
			s.Only(has) // what was set for other tasks, or for the total, is not this run's
		}
		s.Complete(d.Rubric, looks[s.ID])
	}
	return d, err
}

// observing is the run that gathered what a run judged.
func (g *Gradebook) observing(ctx context.Context, run Run) (Run, error) {
	if run.Regrades == "" {
		return run, nil
	}
	return g.Run(ctx, run.Regrades)
}

// rubricOf is the rubric that a run was judged with, as it was then, if it can
// be read; or else that takes its place.
func (g *Gradebook) rubricOf(ctx context.Context, run Run, or *rubric.Rubric) *rubric.Rubric {
	if run.RubricSHA256 == or.SHA256 {
		return or
	}
	source, err := g.named(ctx, run.RubricBlob)
	if err != nil {
		return or
	}
	rub, err := rubric.Load(source, "gradebook:"+run.ID, check.Set{}, nil)
	if err != nil {
		return or // of a program that knew other kinds of check
	}
	return rub
}

// StandingData gives what counts for a class, to report: for every student and
// task the attempt that [Gradebook.Standing] chooses, of the lab of rub. A task
// that a student was not judged on has no verdicts and adds nothing. The rubric
// is the one of the newest verdicts that count; rub stands in where that can't
// be read. Faults are those of all runs whose attempts count, oldest first. Who was in
// no run and has something set by hand, or asked for something, comes last.
func (g *Gradebook) StandingData(ctx context.Context, rub *rubric.Rubric, rules Rules) (*result.Data, error) {
	return still(ctx, g, func(ctx context.Context) (*result.Data, error) { return g.standingData(ctx, rub, rules) })
}

func (g *Gradebook) standingData(ctx context.Context, rub *rubric.Rubric, rules Rules) (*result.Data, error) {
	history, err := g.history(ctx, rub.ID, rules)
	if err != nil {
		return nil, err
	}
	standing, err := g.standing(ctx, rub.ID, rules, history, Run{}, nil)
	if err != nil {
		return nil, err
	}
	newest, err := g.newestOf(ctx, rub.ID)
	if err != nil {
		return nil, err
	}
	var judged Run // last of those that count
	var runs []string
	for _, s := range standing {
		for _, a := range s.Attempts {
			if !slices.Contains(runs, a.Run.ID) {
				runs = append(runs, a.Run.ID)
			}
			if a.Judged.seq > judged.seq {
				judged = a.Judged
			}
		}
	}
	if judged.ID == "" {
		judged = newest
	}
	d := &result.Data{Class: newest.Class, Rubric: g.rubricOf(ctx, judged, rub), Run: reportRun(judged)}
	d.Run.Policy = string(rules.Attempts)
	d.Late = rules.Late
	for _, s := range standing {
		order := taskOrder(d.Rubric, s.Attempts)
		for _, task := range order {
			a := s.Attempts[task]
			d.AddSet(reportSet(&a))
		}
		d.Students = append(d.Students, s.Result(order))
	}
	asked, err := g.requestsOf(ctx, rub.ID)
	if err != nil {
		return nil, err
	}
	others := slices.Concat(slices.Collect(maps.Keys(history)), slices.Collect(maps.Keys(asked)))
	slices.Sort(others)
	known := make(map[string]bool, len(d.Students))
	for i := range d.Students {
		known[d.Students[i].ID] = true
	}
	for _, id := range slices.Compact(others) {
		if !known[id] {
			d.Students = append(d.Students, result.Student{ID: id})
		}
	}
	slices.Sort(runs) // IDs are times
	for _, id := range runs {
		faults, err := g.reportFaults(ctx, id)
		if err != nil {
			return nil, err
		}
		d.Faults = append(d.Faults, faults...)
	}
	g.annotate(d, history, asked)
	for i := range standing {
		d.Students[i].Complete(d.Rubric, standing[i].Looks...)
	}
	for i := len(standing); i < len(d.Students); i++ {
		d.Students[i].Complete(d.Rubric)
	}
	return d, nil
}

// Result is what counts for the student on some tasks, without what was done by hand.
func (s *Standing) Result(tasks []string) result.Student {
	out := result.Student{ID: s.Student.ID, Name: s.Student.Name}
	n := 0
	for _, task := range tasks {
		n += len(s.Attempts[task].Verdicts)
	}
	out.Verdicts = slices.Grow(out.Verdicts, n)
	for _, task := range tasks {
		if a, ok := s.Attempts[task]; ok {
			out.Verdicts = append(out.Verdicts, a.Verdicts...)
			out.Attempts = append(out.Attempts, reportAttempt(&a))
		}
	}
	return out
}

// taskOrder are the tasks attempted that the rubric has, in its order.
func taskOrder(rub *rubric.Rubric, attempts map[string]Attempt) []string {
	var out []string
	for _, t := range rub.Tasks {
		if _, ok := attempts[t.ID]; ok {
			out = append(out, t.ID)
		}
	}
	return out
}

func reportAttempt(a *Attempt) result.Attempt {
	return result.Attempt{
		Task: a.Task, Run: a.Run.ID, Judged: a.Judged.ID, Tries: max(1, a.Tries), Late: a.Late, Forgiven: a.Forgiven,
		RubricID: a.Judged.RubricID, RubricVersion: a.Judged.RubricVersion, RubricSHA256: a.Judged.RubricSHA256,
	}
}

func reportSet(a *Attempt) result.Set {
	s := result.Set{
		Run: a.Run.ID, RubricID: a.Judged.RubricID, RubricVersion: a.Judged.RubricVersion, RubricSHA256: a.Judged.RubricSHA256,
		RosterSHA256: a.Run.RosterSHA256, Tool: a.Judged.Tool, Observed: a.Run.Started, Judged: a.Judged.Finished, Attempts: 1,
	}
	if a.Judged.ID != a.Run.ID {
		s.Regrade = a.Judged.ID
	}
	return s
}

func (g *Gradebook) newestOf(ctx context.Context, lab string) (Run, error) {
	runs, err := g.Runs(ctx)
	if err != nil {
		return Run{}, err
	}
	i := slices.IndexFunc(runs, func(r Run) bool { return r.RubricID == lab })
	if i < 0 {
		return Run{}, fmt.Errorf("a run of lab %s: %w", lab, ErrNotFound)
	}
	return runs[i], nil
}

func reportRun(r Run) result.Run {
	return result.Run{
		ID: r.ID, Regrades: r.Regrades, Task: r.Task, Status: string(r.Status), Tool: r.Tool, RosterSHA256: r.RosterSHA256,
		Started: r.Started, Finished: r.Finished,
	}
}

func (g *Gradebook) reportFaults(ctx context.Context, run string) ([]result.Fault, error) {
	raws, err := g.Faults(ctx, run)
	if err != nil {
		return nil, err
	}
	faults := make([]result.Fault, len(raws))
	for i, raw := range raws {
		if err := json.Unmarshal(raw, &faults[i]); err != nil {
			return nil, fmt.Errorf("fault %d of run %s: %w", i+1, run, err)
		}
	}
	return faults, nil
}

// annotate adds what the instructor did by hand, and what students asked for.
func (g *Gradebook) annotate(d *result.Data, history map[string][]result.Change, asked map[string][]result.Request) {
	for i := range d.Students {
		s := &d.Students[i]
		if g.isSuspect(s.ID) { // no score is better than a wrong one
			*s = result.Student{ID: s.ID, Name: s.Name, Damaged: true, Requests: asked[s.ID]}
			continue
		}
		s.Requests = asked[s.ID]
		s.Annotate(history[s.ID], d.Rubric)
	}
}
