package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// roundsEach is how many gradings one cluster serves, where grading leaves it as
// it was: putting students up takes far longer than grading them.
const roundsEach = 25

// sample is a task's sample class, to be graded on embedded clusters.
type sample struct {
	a          *app
	dir        string
	rub, class string
	task       string
	seats      []deployments.Seat
}

// rounds grades the class once for each seed. Good deployments are put up anew
// only now and then, unless the task has a node fail: what load they get differs
// each time all the same. The broken ones are put up each time, since some wear
// off: a container that restarts for ever, a task that may be tried three times.
func (x *sample) rounds(ctx context.Context, f *rubricTest, rub *rubric.Rubric, r *rubricResult) error {
	each := 1
	if t, _ := rub.Task(x.task); f.good && !faulty(t) {
		each = roundsEach
	}
	var c *simCluster
	down := func() error {
		if c == nil {
			return nil
		}
		c.lent = false
		return c.Close()
	}
	for i := range f.seeds {
		seed := f.first + uint64(i)
		if !x.a.quiet {
			x.a.ui.note(x.a.lang().T("rubrictest.step", "task", x.task, "students", len(x.seats), "i", i+1, "n", f.seeds))
		}
		if i%each == 0 {
			if err := down(); err != nil {
				return err
			}
			var err error
			if c, err = x.up(ctx, seed); err != nil {
				return err
			}
		}
		got, err := x.grade(ctx, c, fmt.Sprint(seed))
		if err != nil {
			return errors.Join(err, down())
		}
		r.graded += len(x.seats)
		x.confuse(r, got, seed)
	}
	return down()
}

// faulty reports whether a check of a task asks for a fault.
func faulty(t *rubric.Task) bool {
	return slices.ContainsFunc(t.Checks, func(c *rubric.Check) bool {
		k, ok := check.Find(c.Kind)
		return ok && slices.ContainsFunc(k.Needs(c.Params), func(n check.Need) bool { return n.What == "window" })
	})
}

// silent is the program with no output, in a directory of its own.
func (x *sample) silent(dir string) *app {
	quiet := *x.a
	quiet.Stdout, quiet.Stderr = io.Discard, io.Discard
	quiet.dir, quiet.json, quiet.quiet = dir, false, true
	quiet.ui = newUI(quiet.command, x.a.lang())
	return &quiet
}

// up brings the class up on a cluster of its own.
func (x *sample) up(ctx context.Context, seed uint64) (*simCluster, error) {
	s, err := x.silent(x.dir).bringUpSim(ctx, x.seats, sim.Options{Seed: seed, Speed: simSpeed})
	if err != nil {
		return nil, err
	}
	c, err := dialSim(ctx, s)
	if err != nil {
		return nil, err
	}
	c.lent = true
	return c, nil
}

// sampleGraded is what a class was given, by student, and what was found.
type sampleGraded struct {
	verdicts map[string][]verdict
	findings []finding.Finding
}

// grade grades the class once, in a directory of its own.
func (x *sample) grade(ctx context.Context, c *simCluster, name string) (got sampleGraded, err error) {
	dir := filepath.Join(x.dir, name)
	defer os.RemoveAll(dir)
	roster, err := deployments.Roster(x.seats)
	if err != nil {
		return got, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "classes"), 0o755); err != nil {
		return got, err
	}
	rub := x.rub
	if _, builtin := rubrics.Find(rub); !builtin {
		if rub, err = filepath.Abs(rub); err != nil {
			return got, err
		}
	}
	file := fmt.Sprintf("class: sample\nroster: sample.csv\nrubric: %q\ncluster: {sim: %s}\nsettings: {parallel: 8, rate: 20000}\n", rub, x.class)
	for name, text := range map[string][]byte{"sample.yaml": []byte(file), "sample.csv": roster} {
		if err := os.WriteFile(filepath.Join(dir, "classes", name), text, 0o600); err != nil {
			return got, err
		}
	}
	quiet := x.silent(dir)
	quiet.kept = c
	flags := &runFlags{yes: true}
	flags.class, flags.task = "sample", x.task
	flags.out = filepath.Join(dir, "out")
	var status *diag.Failure
	if err := quiet.grade(ctx, flags); err != nil && (!errors.As(err, &status) || status.Msg.Key != "cli.ungraded") {
		return got, err
	}
	j, book, err := quiet.stored(ctx, &flags.classFlags)
	if err != nil {
		return got, err
	}
	defer book.Close()
	run, err := book.Run(ctx, "")
	if err != nil {
		return got, err
	}
	if got.verdicts, err = book.Verdicts(ctx, run.ID); err != nil {
		return got, err
	}
	got.findings, err = findings(ctx, j.rub, book, run.ID)
	return got, err
}
