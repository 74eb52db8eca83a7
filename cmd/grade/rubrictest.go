package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// maxSeeds bounds a rubric's test to some hours.
const maxSeeds = 1000

// maxAtOnce bounds the embedded clusters of one process.
const maxAtOnce = 16

// rubricTest is what a rubric is tried with.
type rubricTest struct {
	task  string
	seeds int
	first uint64
	good  bool
	// students are deployments by name or student ID; none is all of them.
	students []string
	// lab has the practice lab graded instead of embedded clusters.
	lab bool
	// atOnce is how many clusters are up at a time, where that is mostly waiting.
	atOnce int
}

func newRubricTestCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f rubricTest
	c := &cobra.Command{
		Use: "test RUBRIC", Short: lang.T("rubrictest.short"), Long: lang.T("rubrictest.long"), Args: cobra.ExactArgs(1), ValidArgs: rubrics.IDs(),
		RunE: func(c *cobra.Command, args []string) error { return a.rubricTest(c.Context(), args[0], &f) },
	}
	c.Flags().StringVar(&f.task, "task", "", lang.T("cli.flag_task"))
	c.Flags().IntVar(&f.seeds, "seeds", 1, lang.T("rubrictest.flag_seeds"))
	c.Flags().Uint64Var(&f.first, "seed", 1, lang.T("rubrictest.flag_seed"))
	a.haproxyFlag(c)
	c.Flags().IntVar(&f.atOnce, "at-once", 1, lang.T("rubrictest.flag_at_once"))
	c.Flags().BoolVar(&f.good, "good", false, lang.T("rubrictest.flag_good"))
	c.Flags().StringSliceVar(&f.students, "students", nil, lang.T("rubrictest.flag_students"))
	c.Flags().BoolVar(&f.lab, "lab", false, lang.T("rubrictest.flag_lab"))
	return c
}

// rubricTest grades the sample deployments of each task on embedded clusters
// with different seeds, and sets what was given against what they state.
func (a *app) rubricTest(ctx context.Context, arg string, f *rubricTest) error {
	rub, err := findRubric(ctx, arg)
	if err != nil {
		return err
	}
	if f.task == "" || f.task == "auto" {
		f.task = "all" // each deployment is of a task
	}
	tasks, err := grader.TasksOf(rub, f.task)
	if err != nil {
		return err
	}
	if f.seeds < 1 || f.seeds > maxSeeds {
		return usageError(i18n.M("rubrictest.bad_seeds", "max", maxSeeds))
	}
	if f.atOnce < 1 || f.atOnce > maxAtOnce {
		return usageError(i18n.M("rubrictest.bad_at_once", "max", maxAtOnce))
	}
	// A name may be of one task's deployments only, but of one it is.
	for _, name := range f.students {
		one, found := *f, 0
		one.students = []string{name}
		for _, task := range tasks {
			seats, _, err := one.seats(rub, task)
			if err != nil {
				return err
			}
			found += len(seats)
		}
		if found == 0 {
			return usageError(i18n.M("rubrictest.no_such", "rubric", rub.ID, "name", name))
		}
	}
	start := time.Now()
	r := rubricResult{rub: rub, good: f.good}
	for _, task := range tasks {
		seats, class, err := f.seats(rub, task)
		if err != nil {
			return err
		}
		if len(seats) == 0 {
			a.ui.note(a.lang().T("rubrictest.no_deployments", "rubric", rub.ID, "task", task))
			continue
		}
		x := sample{a: a, rub: rub, class: class, task: task, seats: seats}
		do := x.rounds
		if f.lab {
			do = x.onLab
		}
		if err := do(ctx, f, &r); err != nil {
			return err
		}
	}
	return a.sayConfusion(&r, time.Since(start))
}

// seats are the students of a task's largest sample class; none for a task
// whose checks no deployment knows.
func (f *rubricTest) seats(rub *rubric.Rubric, task string) (seats []deployments.Seat, class string, err error) {
	t, _ := rub.Task(task)
	var checks []string
	for _, c := range t.Checks {
		checks = append(checks, c.ID)
	}
	key := deployments.KeyOf(rub.ID, task, checks)
	if key == "" {
		return nil, "", nil
	}
	for _, name := range append(deployments.Classes(), deployments.LabClass(key)) {
		if of, _ := deployments.TaskOfClass(name); of != key {
			continue
		}
		all, err := deployments.SampleSeats(name)
		if err != nil {
			return nil, "", err
		}
		if len(all) > len(seats) {
			seats, class = all, name
		}
	}
	if f.good {
		seats = slices.DeleteFunc(seats, func(s deployments.Seat) bool { return !s.Deployment.Good })
	}
	if len(f.students) > 0 {
		seats = slices.DeleteFunc(seats, func(s deployments.Seat) bool {
			return !slices.ContainsFunc(f.students, func(n string) bool { return called(strings.TrimSpace(n))(s) })
		})
	}
	return seats, class, nil
}
