package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"swarmgrade/grader"
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

// driveFrom drives a load from the nodes of a swarm: a shard from each, and the sum of all. Workers
// are brought for it and taken away again.
func (a *app) driveFrom(ctx context.Context, target evidence.Target, host string, f loadFlags, detail *loadgen.Detail) (sum evidence.Trace, machines []loadMachine, err error) {
	of, err := f.from.cluster()
	if err != nil {
		return sum, nil, err
	}
	secret := grader.NewSecret()
	pool := worker.New(worker.Options{Secret: []byte(secret), Epoch: time.Now(), Lost: func(name string, why error) {
		a.ui.note(a.lang().Text(grader.LostWorker(name, worker.Reason(why), why)))
	}})
	joined, away, err := a.grader().BringWorkers(ctx, grader.Bring{
		Of: of, Count: f.from.machines, Dir: filepath.Join(cmp.Or(a.dir, a.Getenv("GRADE_HOME"), "."), "gradebook"), Run: "load",
		Secret: secret, Team: team{pool},
	})
	if err != nil {
		return sum, nil, err
	}
	defer func() { err = errors.Join(err, away(ctx)) }()
	a.ui.note(a.lang().T("workers.there", "n", joined))
	planned, err := loadgen.Complete(target)
	if err != nil {
		return sum, nil, err
	}
	shards, how := worker.Shards(planned, worker.How{Rate: f.rate, Duration: f.duration, Host: host}, joined)
	parts, err := driveShards(ctx, pool.Loader(rubric.Attribution{}, nil), shards, how, a.loadProgress(f))
	if err != nil {
		if ctx.Err() != nil {
			return sum, nil, ctx.Err()
		}
		return sum, nil, &diag.Failure{Code: diag.Open, Msg: i18n.M("workers.failed"), Hint: i18n.M("workers.failed_hint"), Cause: err}
	}
	var latencies []loadgen.Latencies
	for _, r := range parts {
		machines, latencies = append(machines, machineOf(r)), append(latencies, r.Latencies)
	}
	if detail != nil {
		if err := detail.Sum(latencies); err != nil {
			return sum, nil, err
		}
	}
	if len(parts) == 1 { // its order is known
		sum = parts[0].Trace
		sum.Target = planned
		return sum, machines, nil
	}
	sum, err = worker.Sum(planned, parts)
	return sum, machines, err
}

// driveShards drives them side by side; progress is of all together.
func driveShards(ctx context.Context, l worker.Loader, shards []evidence.Target, how worker.How, progress func(answered, failed int)) ([]worker.Result, error) {
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
	return parts, errors.Join(errs...)
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
