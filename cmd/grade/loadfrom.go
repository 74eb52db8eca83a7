package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/loadgen"
	"swarmgrade/loadgen/worker"
)

// loadFrom says which machines a load comes from: this one unless a swarm is named.
type loadFrom struct {
	swarm    string
	machines int
}

// maxMachines bounds how many workers one load may bring to a swarm.
const maxMachines = 64

func (f *loadFrom) register(a *app, c *cobra.Command) {
	lang := a.lang()
	c.Flags().StringVar(&f.swarm, "from", "", lang.T("workers.flag_from"))
	c.Flags().IntVar(&f.machines, "machines", 1, lang.T("workers.flag_machines"))
}

// cluster is the swarm that is named.
func (f *loadFrom) cluster() (roster.Cluster, error) {
	if f.machines < 1 || f.machines > maxMachines {
		return roster.Cluster{}, usageHint(i18n.M("loadgen.out_of_range", "flag", "--machines", "least", 1, "most", maxMachines), i18n.Msg{})
	}
	if !strings.Contains(f.swarm, "://") {
		if !roster.ContextName(f.swarm) {
			return roster.Cluster{}, usageHint(i18n.M("workers.bad_from", "text", f.swarm), i18n.M("workers.bad_from_hint"))
		}
		return roster.Cluster{Context: f.swarm}, nil
	}
	var c roster.Cluster
	for _, at := range strings.Split(f.swarm, ",") {
		if at = strings.TrimSpace(at); !strings.Contains(at, "://") {
			return roster.Cluster{}, usageHint(i18n.M("workers.bad_from", "text", at), i18n.M("workers.bad_from_hint"))
		}
		c.Endpoints = append(c.Endpoints, at)
	}
	return c, nil
}

// loadMachine is what one worker did of a load.
type loadMachine struct {
	Worker  string           `json:"worker"`
	Shard   string           `json:"shard"`
	Sent    int              `json:"sent"`
	Failed  int              `json:"failed"`
	Started int64            `json:"started_ms"`
	Took    int64            `json:"took_ms"`
	Latency evidence.Latency `json:"latency"`
	// Tries is how many workers the shard was given to: all but the last are lost.
	Tries int `json:"tries"`
	// ClockUS is what Started may be off by.
	ClockUS int64 `json:"clock_us"`
}

// machineOf is what one did.
func machineOf(r worker.Result) loadMachine {
	m := loadMachine{
		Worker: r.Worker, Shard: r.Trace.Target.ID, Sent: r.Trace.Sent, Failed: r.Trace.Failed(), Started: r.Trace.Started, Took: r.Trace.Took,
		Latency: r.Trace.Latency, Tries: r.Tries,
	}
	if r.Trace.From != nil {
		m.ClockUS = r.Trace.From.ClockUS
	}
	return m
}

// fromElsewhere is what came of a load that other machines send.
type fromElsewhere struct {
	sum      evidence.Trace
	machines []loadMachine
	// lost are requests of which nothing is known, and short says why; nil if there are none.
	lost  int
	short error
}

// driveFrom drives a load from the nodes of a swarm: a shard from each, and the sum of all. Workers
// are brought for it and taken away again.
func (a *app) driveFrom(ctx context.Context, target evidence.Target, host string, f loadFlags, detail *loadgen.Detail) (out fromElsewhere, err error) {
	of, err := f.from.cluster()
	if err != nil {
		return out, err
	}
	secret := grader.NewSecret()
	pool := worker.New(worker.Options{Secret: []byte(secret), Epoch: time.Now(), Lost: func(name string, why error) {
		if ctx.Err() != nil {
			return // nothing is driven again
		}
		a.ui.note(a.lang().Text(grader.LostWorker(name, worker.Reason(why), why)))
	}})
	joined, away, err := a.grader().BringWorkers(ctx, grader.Bring{
		Of: of, Count: f.from.machines, Dir: filepath.Join(cmp.Or(a.dir, a.Getenv("GRADE_HOME"), "."), "gradebook"), Run: "load",
		Secret: secret, Team: team{pool},
	})
	if err != nil {
		if ctx.Err() != nil && !errors.As(err, new(*action.Stuck)) {
			err = unsent(target)
		}
		return out, err
	}
	defer func() { err = errors.Join(err, away(ctx)) }()
	planned, err := loadgen.Complete(target)
	if err != nil {
		return out, err
	}
	shards, how := worker.Shards(planned, worker.How{Rate: f.rate, Duration: f.duration, Host: host}, joined)
	planned.Workers = 0 // each machine has one request under way at least
	for _, s := range shards {
		planned.Workers += s.Workers
	}
	a.ui.note(a.lang().T("workers.there_load", "n", len(shards), "at", planned.Workers))
	parts, errs := driveShards(ctx, pool.Loader(rubric.Attribution{}, nil), shards, how, a.loadProgress(f))
	err = out.add(ctx, planned, shards, parts, errs, detail)
	return out, err
}

// unsent is an interrupt before the first request.
func unsent(t evidence.Target) error {
	return cutOff{i18n.M("workers.unsent", "address", t.Address)}
}

// add sums shards up, without those that nobody finished.
func (out *fromElsewhere) add(ctx context.Context, whole evidence.Target, shards []evidence.Target, parts []worker.Result, errs []error, detail *loadgen.Detail) (err error) {
	var done []worker.Result
	var latencies []loadgen.Latencies
	var why []error
	sent := 0
	for i, r := range parts {
		if errs[i] != nil {
			out.lost += shards[i].Requests
			why = append(why, errs[i])
			continue
		}
		done, latencies, sent = append(done, r), append(latencies, r.Latencies), sent+r.Trace.Sent
		out.machines = append(out.machines, machineOf(r))
	}
	if ctx.Err() != nil && sent == 0 { // requests may be under way, and what a worker did may be lost
		return cutOff{i18n.M("workers.no_result", "address", whole.Address)}
	}
	if out.lost > 0 && ctx.Err() == nil {
		out.short = shortOf(whole.Requests-out.lost, whole.Requests, why)
	}
	if detail != nil {
		if err := detail.Sum(latencies); err != nil {
			return err
		}
	}
	if len(shards) == 1 && len(done) == 1 { // its order is known
		out.sum = done[0].Trace
		out.sum.Target = whole
		return nil
	}
	out.sum, err = worker.Sum(whole, done)
	if ctx.Err() != nil {
		out.sum.Stopped = "cancelled"
	}
	return err
}

// shortOf says of a load that did not come to its end how far it did, and why.
func shortOf(done, all int, why []error) error {
	name, cause := "trouble", why[0]
	if slices.ContainsFunc(why, func(err error) bool { return errors.Is(err, worker.ErrNone) }) {
		name, cause = "all_lost", nil // each was told of as it was lost
	}
	return &diag.Failure{
		Code: diag.Open, Msg: i18n.M("workers."+name, "done", done, "all", all, "rest", all-done), Hint: i18n.M("workers." + name + "_hint"), Cause: cause,
	}
}

// driveShards drives them side by side; progress is of all together.
func driveShards(ctx context.Context, l worker.Loader, shards []evidence.Target, how worker.How, progress func(answered, failed int)) ([]worker.Result, []error) {
	parts, errs := make([]worker.Result, len(shards)), make([]error, len(shards))
	var mu sync.Mutex
	done := make([][2]int, len(shards))
	told := func(i int) func(answered, failed int) {
		if progress == nil {
			return nil
		}
		return func(answered, failed int) {
			mu.Lock()
			defer mu.Unlock()
			done[i] = [2]int{answered, failed}
			var all [2]int
			for _, d := range done {
				all[0], all[1] = all[0]+d[0], all[1]+d[1]
			}
			progress(all[0], all[1])
		}
	}
	var wg sync.WaitGroup
	for i, s := range shards {
		wg.Go(func() { parts[i], errs[i] = l.Drive(ctx, s, how, told(i)) })
	}
	wg.Wait()
	return parts, errs
}

// machines lists what each worker did, and all together.
func (v loadView) machines(r loadReport) {
	if len(r.Machines) == 0 {
		return
	}
	tw := v.table()
	tw.AppendHeader(table.Row{
		v.lang.T("workers.col_worker"), v.lang.T("workers.col_requests"), v.lang.T("workers.col_failed"), v.lang.T("workers.col_rate"),
		"p50", "p99", v.lang.T("workers.col_clock"),
	})
	var columns []table.ColumnConfig
	for n := 2; n <= 7; n++ {
		columns = append(columns, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	tw.SetColumnConfigs(columns)
	row := func(name string, sent, failed int, took int64, l evidence.Latency, clock string) {
		tw.AppendRow(table.Row{name, sent, failed, fixed(float64(sent)*1000/float64(max(took, 1)), 0), micros(l.Corrected.P50), micros(l.Corrected.P99), clock})
	}
	for _, m := range r.Machines {
		name := diag.Plain(m.Worker)
		if m.Tries > 1 {
			name = v.lang.T("workers.again", "worker", name)
		}
		row(name, m.Sent, m.Failed, m.Took, m.Latency, "± "+micros(m.ClockUS))
	}
	if len(r.Machines) > 1 {
		row(v.lang.T("workers.sum"), r.Trace.Sent, r.Trace.Failed(), r.Trace.Took, r.Trace.Latency, "")
	}
	tw.Render()
	fmt.Fprintln(v.ui.out)
}
