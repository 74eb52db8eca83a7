package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/lab"
	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

const (
	// labAtOnce is how many students stand on the practice lab at a time: its three engines
	// share one machine.
	labAtOnce = 12
	// comesUp is how long what runs may take to answer as it will.
	comesUp = 20 * time.Second
	// settles is how long a cluster may take to be as it was before it was graded: tasks that
	// replace others wait out the service's restart delay.
	settles = 2 * time.Minute
)

// practice is the practice lab that is up.
type practice struct {
	lab     *lab.Lab
	targets deployments.Targets
	close   func()
}

func (a *app) practice(ctx context.Context) (*practice, error) {
	opt, err := labFlags{}.options(a)
	if err != nil {
		return nil, err
	}
	l, err := lab.Find(opt)
	if err != nil {
		return nil, labError(err, "lab.status_failed", opt)
	}
	p := &practice{lab: l}
	if p.targets, p.close, err = labTargets(l); err != nil {
		return nil, labError(err, "lab.status_failed", opt)
	}
	p.targets.Wait = simWait
	if err := deployments.OfferNginx(ctx, p.targets); err != nil {
		p.close()
		return nil, &diag.Failure{Code: diag.Open, Msg: i18n.M("labdeploy.no_nginx"), Hint: i18n.M("labdeploy.no_nginx_hint"), Cause: err}
	}
	return p, nil
}

// onLab grades the class on the practice lab, some students at a time, each lot once for
// each seed, and looks whether grading left everything there as it was.
func (x *sample) onLab(ctx context.Context, f *rubricTest, r *rubricResult) error {
	p, err := x.a.practice(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	for _, seats := range lots(x.seats, labAtOnce) {
		part := *x
		part.seats = seats
		jobs := make([]deployments.Job, len(seats))
		for i, s := range seats {
			jobs[i] = s.Job()
		}
		err := part.lot(ctx, p, jobs, f, r)
		// Whatever happened, the lab is left without them.
		down := deployments.Each(context.WithoutCancel(ctx), p.targets, jobs, 4, deployments.Remove, nil)
		if err := errors.Join(err, down); err != nil {
			return err
		}
	}
	return nil
}

func (x *sample) lot(ctx context.Context, p *practice, jobs []deployments.Job, f *rubricTest, r *rubricResult) error {
	for i := range f.seeds {
		seed := f.first + uint64(i)
		x.step(i, f.seeds)
		put := jobs
		if i > 0 { // what is broken may wear off
			put = slices.DeleteFunc(slices.Clone(jobs), func(j deployments.Job) bool { return j.Deployment.Good })
		}
		if err := deployments.ApplyAll(ctx, p.targets, put, 4, nil); err != nil {
			return &diag.Failure{Code: diag.Open, Msg: i18n.M("rubrictest.lab_not_up", "what", err.Error()), Hint: i18n.M("rubrictest.lab_not_up_hint")}
		}
		// Pages that listen late, and HAProxies that look names up, come up after their tasks.
		select {
		case <-time.After(comesUp + latest(x.seats)):
		case <-ctx.Done():
			return ctx.Err()
		}
		before, err := deployments.Look(ctx, p.targets)
		if err != nil {
			return err
		}
		start := time.Now()
		got, err := x.gradeOn(ctx, p)
		if err != nil {
			return err
		}
		took := time.Since(start)
		changed, err := before.Settled(ctx, p.targets, settles)
		if err != nil {
			return err
		}
		for _, c := range changed {
			fmt.Fprintln(x.a.Stderr, diag.Plain(x.a.lang().T("rubrictest.lab_changed", "task", x.task, "what", c)))
		}
		r.changed += len(changed)
		r.graded += len(x.seats)
		x.confuse(r, got, seed)
		if !x.a.quiet {
			x.a.ui.note(x.a.lang().T("rubrictest.lab_step", "seconds", fmt.Sprintf("%.0f", took.Seconds())))
		}
	}
	return nil
}

// latest is how long the slowest of the samples' pages takes to listen.
func latest(seats []deployments.Seat) (most time.Duration) {
	for _, s := range seats {
		for _, v := range s.Deployment.Services {
			for _, e := range v.Env {
				if text, ok := strings.CutPrefix(e, "WHOAMI_LISTEN_AFTER="); ok {
					if d, err := time.ParseDuration(text); err == nil {
						most = max(most, d)
					}
				}
			}
		}
	}
	return most
}

// gradeOn grades the students on a lab once and keeps nothing. Its class is in the lab's
// own directory, so that whoever comes next finds the journal of one that was killed.
func (x *sample) gradeOn(ctx context.Context, p *practice) (grader.Trial, error) {
	dir := p.lab.ClassDir()
	if err := os.MkdirAll(filepath.Join(dir, "gradebook"), 0o700); err != nil {
		return grader.Trial{}, err
	}
	list, err := deployments.Roster(x.seats)
	if err != nil {
		return grader.Trial{}, err
	}
	class := fmt.Sprintf("class: lab\nroster: lab.csv\nrubric: %s\nsettings: {parallel: %d}\ncluster:\n  endpoints: [%s]\n%s\n",
		x.rub.ID, sampleLoad.Parallel, strings.Join(p.lab.Endpoints(), ", "), p.lab.FaultYAML())
	for name, text := range map[string]string{"lab.csv": string(list), "lab.yaml": class} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return grader.Trial{}, err
		}
	}
	g := &grader.Grader{Tool: version(), Load: newLoader, Tell: x.progress(), Dial: x.a.dial, Dir: dir, Home: x.a.Getenv("GRADE_HOME")}
	j, err := g.Open(ctx, grader.Select{Class: filepath.Join(dir, "lab.yaml"), Loaded: x.rub, Task: x.task})
	if err != nil {
		return grader.Trial{}, err
	}
	return j.Try(ctx)
}

// lots cuts a class into lots of n or a few more. Whoever's deployment mentions the names of
// another one is in one lot with that one, and so is everybody else who does.
func lots(seats []deployments.Seat, n int) [][]deployments.Seat {
	at := map[string]int{}
	for i, s := range seats {
		at[s.Deployment.Name] = i
	}
	beside := make([][]int, len(seats)) // who mentions whom, both ways
	for i, s := range seats {
		if k, ok := at[s.Deployment.Companion]; ok && s.Deployment.Companion != "" {
			beside[i], beside[k] = append(beside[i], k), append(beside[k], i)
		}
	}
	var out [][]deployments.Seat
	var lot []deployments.Seat
	taken := make([]bool, len(seats))
	var take func(i int)
	take = func(i int) {
		if taken[i] {
			return
		}
		taken[i] = true
		lot = append(lot, seats[i])
		for _, k := range beside[i] {
			take(k)
		}
	}
	for i := range seats {
		if take(i); len(lot) >= n {
			out, lot = append(out, lot), nil
		}
	}
	if len(lot) > 0 {
		out = append(out, lot)
	}
	return out
}
