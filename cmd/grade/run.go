package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// runFlags are those of grading a class.
type runFlags struct {
	classFlags
	exportFlags
	handFlags
	dryRun  bool
	resume  bool
	noFault bool
	yes     bool // inject faults without asking
}

func (f *runFlags) register(a *app, c *cobra.Command) {
	lang := a.lang()
	f.classFlags.register(a, c)
	f.registerLoad(a, c)
	f.exportFlags.register(a, c)
	f.handFlags.register(a, c)
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, lang.T("cli.flag_dry_run"))
	c.Flags().BoolVar(&f.resume, "resume", false, lang.T("cli.flag_resume"))
	c.Flags().BoolVar(&f.noFault, "no-fault", false, lang.T("cli.flag_no_fault"))
	c.Flags().BoolVarP(&f.yes, "yes", "y", false, lang.T("cli.flag_yes"))
}

// grade grades a class, shows the run and writes the class's files.
func (a *app) grade(ctx context.Context, f *runFlags) error {
	export := f.export(a.lang())
	if err := f.add(&export, true); err != nil { // a run's own files are written beside a form
		return err
	}
	j, err := a.open(ctx, &f.classFlags)
	if err != nil {
		return err
	}
	// What would fail once everybody is graded fails before the first packet.
	if err := j.Ready(ctx, export); err != nil {
		return err
	}
	defer lean(len(j.Class.Students), memoryRun)()
	a.rosterNotes(j.Class)
	if f.dryRun {
		p, err := j.Plan(ctx, f.noFault)
		if err != nil {
			return err
		}
		return a.showPlan(j, p)
	}
	got, err := j.Grade(ctx, grader.GradeOptions{NoFault: f.noFault, Yes: f.yes, Resume: f.resume})
	if err != nil {
		return err
	}
	if got.Nothing && !a.json {
		_, err = fmt.Fprintln(a.Stdout, diag.Plain(a.lang().T("record.resume_none", "run", got.Run, "class", j.Class.Name,
			"finished", got.Finished.Local().Format(time.DateTime))))
		return err
	}
	open, unshown := a.present(ctx, j, got.Run)
	if got.Nothing {
		return unshown
	}
	// The files are written also when nobody looks at the screen any more.
	_, unwritten := j.Export(ctx, export)
	if err := errors.Join(unwritten, unshown); err != nil {
		return err
	}
	if len(open) > 0 {
		return &diag.Failure{
			Code: diag.Open,
			Msg:  i18n.M("cli.ungraded", "n", len(open), "students", open[:min(len(open), 10)]),
			Hint: i18n.M("cli.ungraded_hint", "class", j.Class.Name),
		}
	}
	return nil
}

// present shows a run on stdout and gives the students of whom something is
// open.
func (a *app) present(ctx context.Context, j *grader.Job, run string) ([]string, error) {
	data, err := a.data(ctx, j, run, a.json)
	if err != nil {
		return nil, err
	}
	if a.json {
		err = report.JSON(a.Stdout, data, a.lang())
	} else {
		err = report.Table(a.Stdout, data, a.ui.text())
	}
	return result.Summarize(data).Open, err
}
