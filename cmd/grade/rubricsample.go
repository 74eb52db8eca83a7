package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

// roundsEach is how many gradings one cluster serves, where grading leaves it as
// it was: putting students up takes far longer than grading them.
const roundsEach = 25

// sample is a task's sample class, to be graded on embedded clusters.
type sample struct {
	a     *app
	rub   *rubric.Rubric
	class string
	task  string
	seats []deployments.Seat
	crowd bool // several clusters are up at once, so that none shows how far it is
}

// rounds grades the class once for each seed. Good deployments are put up anew
// only now and then, unless the task has a node fail or services scaled: what load they get differs
// each time all the same. The broken ones are put up each time, since some wear
// off: a container that restarts for ever, a task that may be tried three times.
//
// Where a node fails or services are changed, several clusters may be up at once: most of
// that is waiting.
func (x *sample) rounds(ctx context.Context, f *rubricTest, r *rubricResult) error {
	each, atOnce := 1, 1
	if t, _ := x.rub.Task(x.task); check.TakesFault(t) || check.TakesAction(t) {
		atOnce = max(1, f.atOnce)
	} else if f.good {
		each = roundsEach
	}
	x.crowd = atOnce > 1 && f.seeds > each
	var counting sync.Mutex
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(atOnce)
	for from := 0; from < f.seeds; from += each {
		all.Go(func() error {
			return x.onOne(ctx, f, from, min(from+each, f.seeds), func(got grader.Trial, seed uint64) {
				counting.Lock()
				defer counting.Unlock()
				r.graded += len(x.seats)
				x.confuse(r, got, seed)
				if !f.good {
					x.mutate(r, got)
				}
			})
		})
	}
	return all.Wait()
}

// onOne grades the class on one cluster, once for each of the seeds from one number to
// before another, and counts each time.
func (x *sample) onOne(ctx context.Context, f *rubricTest, from, to int, count func(got grader.Trial, seed uint64)) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := x.up(ctx, f.first+uint64(from))
	if err != nil {
		return err
	}
	defer func() {
		c.lent = false
		err = errors.Join(err, c.Close())
	}()
	for i := from; i < to; i++ {
		x.step(i, f.seeds)
		got, err := x.grade(ctx, c)
		if err != nil {
			return err
		}
		count(got, f.first+uint64(i))
	}
	return nil
}

// step says which round of how many begins.
func (x *sample) step(i, n int) {
	if !x.a.quiet {
		x.a.ui.note(x.a.lang().T("rubrictest.step", "task", x.task, "students", len(x.seats), "i", i+1, "n", n))
	}
}

// silent is the program with no output.
func (x *sample) silent() *app {
	quiet := *x.a
	quiet.Stdout, quiet.Stderr, quiet.quiet = io.Discard, io.Discard, true
	quiet.ui = newUI(quiet.command, x.a.lang())
	return &quiet
}

// progress shows how far grading is, and nothing else of it.
func (x *sample) progress() func(grader.Event) {
	if x.a.quiet || x.crowd {
		return nil
	}
	s := &screen{a: x.a}
	return func(e grader.Event) {
		switch e.(type) {
		case grader.Began, grader.Step, grader.Ended, grader.WindowStep, grader.WindowEnded:
			s.show(e)
		}
	}
}

// up brings the class up on a cluster of its own.
func (x *sample) up(ctx context.Context, seed uint64) (*simCluster, error) {
	a := x.silent()
	if !x.a.quiet && !x.crowd {
		a.ui = x.a.ui.hushed()
	}
	s, err := a.bringUpSim(ctx, x.seats, sim.Options{Seed: seed, Speed: x.speed()})
	if err != nil {
		return nil, err
	}
	s.Ready(ctx) // or the first would be graded before it listens
	c, err := dialSim(ctx, s)
	if err != nil {
		return nil, err
	}
	c.lent = true
	return c, nil
}

// rolloutSpeed is how fast the swarm's delays pass where a service is updated: at the
// usual speed that is over within so few probes that they show nothing. It is more than
// five: a slower heartbeat would be taken for that of a real swarm.
const rolloutSpeed = 8

// speed is how many times faster than the clock the swarm's delays pass.
func (x *sample) speed() float64 {
	if x.rub != nil && slices.ContainsFunc(x.rub.Actions, func(a rubric.Action) bool { return a.Kind == action.Update }) {
		return rolloutSpeed
	}
	return simSpeed
}

// sampleLoad is how a sample class is driven.
var sampleLoad = roster.Settings{Parallel: 8, Rate: 20000}

// grade grades the class once and keeps nothing.
func (x *sample) grade(ctx context.Context, c *simCluster) (grader.Trial, error) {
	students, err := x.students()
	if err != nil {
		return grader.Trial{}, err
	}
	g := &grader.Grader{Tool: version(), Load: newLoader, Tell: x.progress(), Dial: func(ctx context.Context, _ roster.Cluster) (grader.Conn, error) { return x.a.simConn(ctx, c), nil }}
	j, err := g.OpenClass(ctx, &roster.Class{
		Name: "sample", File: "-", Rubric: x.rub.ID, Cluster: roster.Cluster{Sim: x.class}, Settings: sampleLoad, Students: students,
	}, grader.Select{Loaded: x.rub, Task: x.task})
	if err != nil {
		return grader.Trial{}, err
	}
	return j.Try(ctx)
}

// students are the class's, with what of their names is not as the rubric has it.
func (x *sample) students() ([]roster.Student, error) {
	var out []roster.Student
	for _, s := range x.seats {
		vars, err := s.Deployment.Overridden(s.Vars)
		if err != nil {
			return nil, err
		}
		who := roster.Student{ID: s.ID, Name: s.Name, Columns: map[string]string{}}
		for k := range s.Deployment.Vars {
			who.Columns[k] = vars[k]
		}
		for _, k := range s.Overrides {
			who.Columns[k] = vars[k]
		}
		out = append(out, who)
	}
	return out, nil
}
