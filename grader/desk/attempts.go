package desk

import (
	"context"

	"swarmgrade/grader"
	"swarmgrade/grader/result"
)

// RunData is what one run found of the class, without findings. It is shared: nobody may change
// it. Errors are a [diag.Failure] for a run that there is none of.
func (d *Desk) RunData(ctx context.Context, run string) (*result.Data, error) {
	return get(ctx, d.cache, "run/"+run, true, func(ctx context.Context) (data *result.Data, err error) {
		err = d.app.read(ctx, func(j *grader.Job) error {
			data, err = j.Scores(ctx, run)
			return err
		})
		return data, err
	})
}

// Timeline is the fault window that a student's verdicts of a run rest on; nil for none.
func (d *Desk) Timeline(ctx context.Context, s result.Student) (*result.Timeline, error) {
	return d.drawer.of(ctx, &s, false)
}
