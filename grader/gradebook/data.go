package gradebook

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"swarmgrade/grader/report"
	"swarmgrade/grader/rubric"
)

// RunData gives one run to report ("" is the newest). rub is the rubric that
// the run was judged with; its text is the run's RubricBlob. Overrides and
// remarks of the lab come with it.
func (g *Gradebook) RunData(ctx context.Context, id string, rub *rubric.Rubric) (*report.Data, error) {
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
	d := &report.Data{Class: run.Class, Rubric: rub, Run: reportRun(run)}
	for _, s := range students {
		d.Students = append(d.Students, report.Student{ID: s.ID, Name: s.Name, Verdicts: verdicts[s.ID]})
	}
	observed := run.ID
	if run.Regrades != "" {
		observed = run.Regrades
	}
	if d.Faults, err = g.reportFaults(ctx, observed); err != nil {
		return nil, err
	}
	return d, g.annotate(ctx, d)
}

// StandingData gives what counts for a class, to report: for every student and
// task the attempt that [Gradebook.Standing] chooses. A task that a student was
// not judged on has no verdicts and adds nothing. Faults are those of all runs
// whose attempts count, oldest first.
func (g *Gradebook) StandingData(ctx context.Context, rub *rubric.Rubric, policy Policy) (*report.Data, error) {
	standing, err := g.Standing(ctx, rub.ID, policy)
	if err != nil {
		return nil, err
	}
	newest, err := g.newestOf(ctx, rub.ID)
	if err != nil {
		return nil, err
	}
	d := &report.Data{Class: newest.Class, Rubric: rub, Run: reportRun(newest)}
	d.Run.Policy = string(policy)
	var runs []string
	for _, s := range standing {
		for _, a := range s.Attempts {
			if !slices.Contains(runs, a.Run.ID) {
				runs = append(runs, a.Run.ID)
			}
		}
	}
	for _, s := range standing {
		out := report.Student{ID: s.Student.ID, Name: s.Student.Name}
		for _, task := range rub.Tasks {
			out.Verdicts = append(out.Verdicts, s.Attempts[task.ID].Verdicts...)
		}
		d.Students = append(d.Students, out)
	}
	slices.Sort(runs) // IDs are times
	for _, id := range runs {
		faults, err := g.reportFaults(ctx, id)
		if err != nil {
			return nil, err
		}
		d.Faults = append(d.Faults, faults...)
	}
	return d, g.annotate(ctx, d)
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

func reportRun(r Run) report.Run {
	return report.Run{
		ID: r.ID, Task: r.Task, Status: string(r.Status), Tool: r.Tool, RosterSHA256: r.RosterSHA256,
		Started: r.Started, Finished: r.Finished,
	}
}

func (g *Gradebook) reportFaults(ctx context.Context, run string) ([]report.Fault, error) {
	raws, err := g.Faults(ctx, run)
	if err != nil {
		return nil, err
	}
	faults := make([]report.Fault, len(raws))
	for i, raw := range raws {
		if err := json.Unmarshal(raw, &faults[i]); err != nil {
			return nil, fmt.Errorf("fault %d of run %s: %w", i+1, run, err)
		}
	}
	return faults, nil
}

// annotate adds what the instructor set and noted.
func (g *Gradebook) annotate(ctx context.Context, d *report.Data) error {
	overrides, err := g.Overrides(ctx, d.Rubric.ID)
	if err != nil {
		return err
	}
	remarks, err := g.Remarks(ctx, d.Rubric.ID)
	if err != nil {
		return err
	}
	for i := range d.Students {
		s := &d.Students[i]
		s.Remark = remarks[s.ID]
		for _, o := range overrides {
			if o.Student == s.ID {
				s.Overrides = append(s.Overrides, report.Override{
					Check: o.Check, Points: *o.Points, Reason: o.Reason, Who: o.Who, When: o.When,
				})
			}
		}
	}
	return nil
}
