package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
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
		f.argument = len(f.students) == 0
		f.students = append(f.students, args...)
		f.left = true
		j, err := a.open(c.Context(), &f)
		if err != nil {
			return err
		}
		defer lean(len(j.Class.Students), memoryResults)()
		switch {
		case raw:
			return j.Evidence(c.Context(), run, a.printCase(j))
		case found:
			return a.showFindings(c.Context(), j, run)
		}
		return a.show(c.Context(), j, run, len(args) == 1)
	}
	return c
}

// printCase tells stored evidence in words, or with --json prints it as it is, an
// object a line.
func (a *app) printCase(j *grader.Job) func(grader.CaseFile) error {
	names := check.NamesOf(j.Rubric)
	told := false
	return func(f grader.CaseFile) error {
		if a.json {
			blob, err := evidence.Encode(f)
			if err != nil {
				return err
			}
			_, err = a.Stdout.Write(blob)
			return err
		}
		if told {
			fmt.Fprintln(a.Stdout)
		}
		told = true
		s := report.Seen{Run: f.Run, Case: f.Case(), Names: names}
		if len(f.Verdicts) > 0 {
			s.Evidence = f.Verdicts[0].Evidence
		}
		return report.Evidence(a.Stdout, &s, a.ui.text())
	}
}

// data is a run's, or for "" what counts of all of them; with findings if they are told.
func (a *app) data(ctx context.Context, j *grader.Job, run string, findings bool) (*result.Data, error) {
	switch {
	case !findings:
		return j.Scores(ctx, run)
	case run == "":
		return j.Standing(ctx)
	}
	return j.Run(ctx, run)
}

// show prints what counts of all runs, or one run, of the class or a student.
func (a *app) show(ctx context.Context, j *grader.Job, run string, one bool) error {
	data, err := a.data(ctx, j, run, a.json)
	if err != nil {
		return err
	}
	j.SayRubric(data)
	part := len(j.Students) < len(j.Class.Students)
	data.Students = slices.DeleteFunc(data.Students, func(s result.Student) bool { return !j.Has(s.ID) && (part || !s.Left) })
	data.Unseen = slices.DeleteFunc(data.Unseen, func(id string) bool { return !j.Has(id) })
	if j.Narrow() {
		for i := range data.Students {
			data.Students[i].Only(j.Concerns)
		}
	}
	switch {
	case a.json:
		return report.JSON(a.Stdout, data, a.lang())
	case one && len(data.Students) == 1:
		if err := j.AddTimeline(ctx, &data.Students[0]); err != nil {
			return err
		}
		return report.Detail(a.Stdout, data, &data.Students[0], a.ui.text())
	case one:
		return j.NotGraded()
	}
	return report.Table(a.Stdout, data, a.ui.text())
}

// showFindings prints what an instructor should look at, of everybody or of
// the students asked for.
func (a *app) showFindings(ctx context.Context, j *grader.Job, run string) error {
	data, err := a.data(ctx, j, run, true)
	if err != nil {
		return err
	}
	ids := make([]string, len(j.Students))
	for i, s := range j.Students {
		ids[i] = s.ID
	}
	data.Findings = finding.Of(data.Findings, ids)
	if a.json {
		return report.FindingsJSON(a.Stdout, data, a.lang())
	}
	return report.Findings(a.Stdout, data, a.ui.text())
}
