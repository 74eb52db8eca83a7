package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// maxSeeds bounds a rubric's test to some hours.
const maxSeeds = 1000

// rubricTest is what a rubric is tried with.
type rubricTest struct {
	task  string
	seeds int
	first uint64
	good  bool
}

func newRubricTestCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f rubricTest
	c := &cobra.Command{
		Use: "test RUBRIC", Short: lang.T("rubrictest.short"), Long: lang.T("rubrictest.long"), Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.rubricTest(c.Context(), args[0], &f) },
	}
	c.Flags().StringVar(&f.task, "task", "", lang.T("cli.flag_task"))
	c.Flags().IntVar(&f.seeds, "seeds", 1, lang.T("rubrictest.flag_seeds"))
	c.Flags().Uint64Var(&f.first, "seed", 1, lang.T("rubrictest.flag_seed"))
	c.Flags().BoolVar(&f.good, "good", false, lang.T("rubrictest.flag_good"))
	return c
}

// rubricTest grades the sample deployments of each task on embedded clusters
// with different seeds, and sets what was given against what they state.
func (a *app) rubricTest(ctx context.Context, arg string, f *rubricTest) error {
	rub, err := findRubric(arg)
	if err != nil {
		return err
	}
	if f.task == "" || f.task == "auto" {
		f.task = "all" // each deployment is of a task
	}
	tasks, err := tasksOf(rub, f.task)
	if err != nil {
		return err
	}
	if f.seeds < 1 || f.seeds > maxSeeds {
		return usageError(i18n.M("rubrictest.bad_seeds", "max", maxSeeds))
	}
	dir, err := os.MkdirTemp("", "rubric-test-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	start := time.Now()
	var table report.Confusion
	graded, lang := 0, a.lang()
	for _, task := range tasks {
		seats, class, err := f.seats(rub, task)
		if err != nil {
			return err
		}
		if len(seats) == 0 {
			a.ui.note(lang.T("rubrictest.no_deployments", "rubric", rub.ID, "task", task))
			continue
		}
		for i := range f.seeds {
			seed := f.first + uint64(i)
			if !a.quiet {
				a.ui.note(lang.T("rubrictest.step", "task", task, "students", len(seats), "i", i+1, "n", f.seeds))
			}
			verdicts, err := a.gradeSample(ctx, filepath.Join(dir, fmt.Sprintf("%s-%d", task, seed)), arg, class, task, seats, seed)
			if err != nil {
				return err
			}
			graded += len(seats)
			a.confuse(&table, seats, verdicts, seed)
		}
	}
	return a.sayConfusion(rub, &table, graded, f.good, time.Since(start))
}

// seats are the students of a task's largest sample class; none for a task
// whose checks no deployment knows.
func (f *rubricTest) seats(rub *rubric.Rubric, task string) (seats []deployments.Seat, class string, err error) {
	t, _ := rub.Task(task)
	stated := deployments.Checks(task)
	if !slices.ContainsFunc(t.Checks, func(c *rubric.Check) bool { return slices.Contains(stated, c.ID) }) {
		return nil, "", nil
	}
	for _, name := range deployments.Classes() {
		if of, _ := deployments.TaskOfClass(name); of != task {
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
	return seats, class, nil
}

// gradeSample grades a sample class on an embedded cluster of its own, in a
// directory of its own, and gives the verdicts by student.
func (a *app) gradeSample(ctx context.Context, dir, rub, class, task string, seats []deployments.Seat, seed uint64) (map[string][]verdict, error) {
	roster, err := deployments.Roster(seats)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "classes"), 0o755); err != nil {
		return nil, err
	}
	if _, builtin := rubrics.Find(rub); !builtin {
		if rub, err = filepath.Abs(rub); err != nil {
			return nil, err
		}
	}
	file := fmt.Sprintf("class: sample\nroster: sample.csv\nrubric: %q\ncluster: {sim: %s}\nsettings: {parallel: 8, rate: 20000}\n", rub, class)
	for name, text := range map[string][]byte{"sample.yaml": []byte(file), "sample.csv": roster} {
		if err := os.WriteFile(filepath.Join(dir, "classes", name), text, 0o600); err != nil {
			return nil, err
		}
	}
	quiet := *a
	quiet.Stdout, quiet.Stderr = io.Discard, io.Discard
	quiet.dir, quiet.json, quiet.quiet, quiet.simSeed = dir, false, true, seed
	quiet.ui = newUI(quiet.command, a.lang())
	flags := &runFlags{yes: true}
	flags.class, flags.task = "sample", task
	flags.out = filepath.Join(dir, "out")
	var status *statusError
	if err := quiet.grade(ctx, flags); err != nil && (!errors.As(err, &status) || status.Msg.Key != "cli.ungraded") {
		return nil, err
	}
	_, book, err := quiet.stored(ctx, &flags.classFlags)
	if err != nil {
		return nil, err
	}
	defer book.Close()
	run, err := book.Run(ctx, "")
	if err != nil {
		return nil, err
	}
	return book.Verdicts(ctx, run.ID)
}

// confuse counts a class's verdicts and prints those that differ.
func (a *app) confuse(table *report.Confusion, seats []deployments.Seat, verdicts map[string][]verdict, seed uint64) {
	for _, seat := range seats {
		if len(verdicts[seat.ID]) == 0 {
			table.Add("?", []check.Outcome{check.Fail}, check.Ungraded, false)
		}
		for _, v := range verdicts[seat.ID] {
			diff := differences(seat.Deployment, []verdict{v})
			var stated []check.Outcome
			for _, o := range seat.Deployment.Expected(v.Check).Outcomes {
				stated = append(stated, check.Outcome(o))
			}
			table.Add(v.Check, stated, v.Outcome, len(diff) == 0)
			for _, d := range diff {
				fmt.Fprintln(a.Stderr, diag.Plain(a.lang().T("rubrictest.differs", "student", seat.ID,
					"deployment", seat.Deployment.Name, "seed", fmt.Sprint(seed), "what", d)))
			}
		}
	}
}

// sayConfusion prints the outcome; a verdict that differs is something to mend.
// What no deployment proves is only named: a student can hardly make the mesh
// itself uneven.
func (a *app) sayConfusion(rub *rubric.Rubric, table *report.Confusion, graded int, good bool, took time.Duration) error {
	differ, total := table.Differ()
	var unproven []string
	if !good {
		unproven = table.Unproven()
	}
	lang := a.lang()
	if a.json {
		enc := json.NewEncoder(a.Stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(map[string]any{
			"rubric": rub.ID, "sha256": rub.SHA256, "graded": graded, "verdicts": total, "differ": differ, "unproven": unproven,
		}); err != nil {
			return err
		}
	} else {
		if err := table.Write(a.Stdout, a.ui.text()); err != nil {
			return err
		}
		fmt.Fprintln(a.Stdout)
		if len(unproven) > 0 {
			fmt.Fprintln(a.Stdout, lang.T("rubrictest.unproven", "checks", unproven))
		}
		fmt.Fprintln(a.Stdout, lang.T("rubrictest.sum", "rubric", rub.ID, "graded", graded, "n", total, "differ", differ,
			"seconds", fmt.Sprintf("%.0f", took.Seconds())))
	}
	if differ > 0 || total == 0 {
		return &statusError{Status: exitMend}
	}
	return nil
}
