package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
)

func newShowCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f classFlags
	var run string
	var raw, found bool
	c := &cobra.Command{Use: "show --class CLASS [STUDENT]", Short: lang.T("cli.show_short"), Args: cobra.MaximumNArgs(1)}
	f.register(a, c)
	c.Flags().StringVar(&run, "run", "", lang.T("cli.flag_run"))
	completeFlag(c, "run", func() []string { return f.runNames(a, c) })
	completeArg(c, func() []string { return f.studentNames(a, c) })
	c.Flags().BoolVar(&raw, "evidence", false, lang.T("cli.flag_evidence"))
	c.Flags().BoolVar(&found, "findings", false, lang.T("cli.flag_findings"))
	c.RunE = func(c *cobra.Command, args []string) error {
		f.students = append(f.students, args...)
		j, book, err := a.stored(c.Context(), &f)
		if err != nil {
			return err
		}
		defer book.Close()
		if raw {
			return a.showEvidence(c.Context(), j, book, run)
		}
		if found {
			return a.showFindings(c.Context(), j, book, run)
		}
		return a.show(c.Context(), j, book, run, len(args) == 1)
	}
	return c
}

// show prints what counts of all runs, or one run, of the class or a student.
func (a *app) show(ctx context.Context, j *job, book *gradebook.Gradebook, run string, one bool) error {
	data, err := a.data(ctx, j, book, run)
	if err != nil {
		return err
	}
	a.sayRubric(j, data)
	data.Students = slices.DeleteFunc(data.Students, func(s report.Student) bool {
		return !slices.ContainsFunc(j.students, func(x rosterStudent) bool { return x.ID == s.ID })
	})
	for i := range data.Students {
		s := &data.Students[i]
		s.Verdicts = slices.DeleteFunc(s.Verdicts, func(v verdict) bool { return !j.concerns(v.Task) })
	}
	switch {
	case a.json:
		return report.JSON(a.Stdout, data, a.lang())
	case one && len(data.Students) == 1:
		if err := addTimeline(ctx, book, &data.Students[0]); err != nil {
			return err
		}
		return report.Detail(a.Stdout, data, &data.Students[0], a.ui.text())
	case one:
		return notGraded(j)
	}
	return report.Table(a.Stdout, data, a.ui.text())
}

// addTimeline draws the fault window that a student's verdicts rest on, from
// the newest run that holds their evidence.
func addTimeline(ctx context.Context, book *gradebook.Gradebook, s *report.Student) error {
	runs, err := book.Runs(ctx)
	if err != nil {
		return err
	}
	for _, r := range runs {
		students, err := book.Students(ctx, r.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(students, func(x gradebook.Student) bool { return x.ID == s.ID && x.Bundle != "" })
		if i < 0 || !slices.ContainsFunc(s.Verdicts, func(v verdict) bool { return v.Evidence == students[i].Bundle }) {
			continue
		}
		c, err := book.Case(ctx, r.ID, s.ID)
		if err != nil {
			return err
		}
		if s.Timeline = report.NewTimeline(c); s.Timeline != nil {
			return nil
		}
	}
	return nil
}

func (a *app) data(ctx context.Context, j *job, book *gradebook.Gradebook, run string) (*report.Data, error) {
	if run == "" {
		return standingData(ctx, j, book)
	}
	data, err := runData(ctx, j, book, run)
	if errors.Is(err, gradebook.ErrNotFound) {
		return nil, usageHint(i18n.M("cli.no_run", "run", run, "class", j.class.Name), i18n.M("cli.no_run_hint", "class", j.class.Name))
	}
	return data, err
}

func notGraded(j *job) error {
	return usageHint(i18n.M("cli.not_graded", "student", j.students[0].ID), i18n.M("cli.no_runs_hint", "class", j.class.Name))
}
