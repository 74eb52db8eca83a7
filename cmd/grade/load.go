package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/stats"
	"swarmgrade/loadgen"
	"swarmgrade/loadgen/policy"
)

// loadFlags are the options of grade load.
type loadFlags struct {
	requests, workers, perConn int
	rate                       float64
	keepAlive                  bool
	duration, timeout          time.Duration
	limits                     loadLimits
	files                      loadFiles
	from                       loadFrom
}

// Bounds of what one command may send.
const (
	maxLoadRequests = 10_000_000
	maxLoadDuration = time.Hour
	maxLoadWorkers  = 1024
)

func newLoadCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f loadFlags
	cmd := &cobra.Command{
		Use: "load URL", Short: lang.T("loadgen.short"), Long: lang.T("loadgen.long"),
		Example: "  grade load http://172.30.0.11:8001/\n  grade load -n 3000 --rate 500 --workers 50 172.30.0.12:9001\n" +
			"  grade load --keepalive --json http://172.30.0.11:8001/\n  grade load --rate 200 --p99 50ms --html load.html http://172.30.0.11:8001/",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			// Left out they are chosen; a 0 that was typed is a mistake.
			for _, name := range []string{"rate", "workers"} {
				if c.Flags().Changed(name) && c.Flags().Lookup(name).Value.String() == "0" {
					return usageHint(i18n.M("loadgen.zero", "flag", "--"+name), i18n.M("loadgen.zero_hint", "flag", "--"+name))
				}
			}
			// A variable of a script that is not set would send the load from elsewhere, or draw nothing.
			for _, name := range []string{"from", "html", "hgrm", "prometheus"} {
				if c.Flags().Changed(name) && strings.TrimSpace(c.Flags().Lookup(name).Value.String()) == "" {
					return usageHint(i18n.M("loadpage.empty", "flag", "--"+name), i18n.M("loadpage.empty_hint", "flag", "--"+name))
				}
			}
			if f.from.swarm == "" && c.Flags().Changed("machines") {
				return usageHint(i18n.M("workers.machines_alone"), i18n.M("workers.machines_alone_hint"))
			}
			for _, name := range []string{"html", "hgrm", "prometheus"} {
				if f.from.swarm != "" && c.Flags().Changed(name) {
					return usageHint(i18n.M("workers.no_picture", "flag", "--"+name), i18n.M("workers.no_picture_hint"))
				}
			}
			return a.driveLoad(c.Context(), args[0], f)
		},
	}
	fl := cmd.Flags()
	fl.IntVarP(&f.requests, "requests", "n", 1000, lang.T("loadgen.flag_requests"))
	fl.Float64Var(&f.rate, "rate", 0, lang.T("loadgen.flag_rate"))
	fl.DurationVar(&f.duration, "duration", time.Minute, lang.T("loadgen.flag_duration"))
	fl.IntVar(&f.workers, "workers", 0, lang.T("loadgen.flag_workers"))
	fl.IntVar(&f.perConn, "per-conn", 1, lang.T("loadgen.flag_per_conn"))
	fl.BoolVar(&f.keepAlive, "keepalive", false, lang.T("loadgen.flag_keepalive"))
	fl.DurationVar(&f.timeout, "timeout", 5*time.Second, lang.T("loadgen.flag_timeout"))
	f.limits.register(a, cmd)
	f.files.register(a, cmd)
	f.from.register(a, cmd)
	cmd.MarkFlagsMutuallyExclusive("per-conn", "keepalive")
	for _, file := range []string{"html", "hgrm", "prometheus"} {
		cmd.MarkFlagsMutuallyExclusive("from", file) // they show one machine's load
	}
	return cmd
}

// loadReport is what --json prints.
type loadReport struct {
	Schema  string            `json:"schema"`
	URL     string            `json:"url"`
	Address string            `json:"address"`
	Trace   evidence.Trace    `json:"trace"`
	Spread  *loadSpread       `json:"spread,omitempty"`
	Policy  policy.Suggestion `json:"policy"`
	// Machines are what each worker did, where load came from other machines.
	Machines []loadMachine `json:"machines,omitempty"`
	// Lost are requests of workers that are lost, of which nothing is known: they are in no other figure.
	Lost int `json:"lost_requests,omitempty"`
	// Thresholds are the limits that were asked for.
	Thresholds []loadThreshold `json:"thresholds,omitempty"`
}

// loadSpread is the verdict on how evenly the containers that answered did so.
// One that never answered is not known here.
type loadSpread struct {
	Even      bool    `json:"even"`
	Low       int     `json:"low"`
	High      int     `json:"high"`
	FalseFail float64 `json:"false_fail"`
	Enough    bool    `json:"enough"`
	Wanted    int     `json:"wanted"`
	Index     float64 `json:"index"`
}

func (a *app) driveLoad(ctx context.Context, raw string, f loadFlags) error {
	target, host, err := loadTarget(ctx, raw, f)
	if err != nil {
		return err
	}
	files, err := f.files.open(ctx, a)
	if err != nil {
		return err
	}
	done := pictured{flags: &f, began: time.Now()}
	if len(files) > 0 {
		done.detail = new(loadgen.Detail)
	}
	var from fromElsewhere
	var trace evidence.Trace
	if f.from.swarm != "" {
		if from, err = a.driveFrom(ctx, target, host, f, done.detail); err != nil {
			return err
		}
		trace = from.sum
	} else {
		trace, err = loadgen.Run(ctx, target, loadgen.Options{
			Rate: f.rate, Duration: f.duration, Host: host, Progress: a.loadProgress(f), Detail: done.detail,
		})
	}
	if !a.quiet && a.ui.progressOK {
		fmt.Fprint(a.Stderr, "\r\x1b[K")
	}
	var local *loadgen.LocalError
	if err != nil && !errors.As(err, &local) {
		return &diag.Failure{Code: diag.Usage, Msg: i18n.M("loadgen.bad_target", "url", raw), Cause: err}
	}
	report := loadReport{
		Schema: "swarmgrade-load/1", URL: raw, Address: target.Address, Trace: trace,
		Spread: loadSpreadOf(trace), Policy: policy.Suggest(trace.Sequence), Machines: from.machines, Lost: from.lost,
	}
	report.Thresholds = f.limits.judge(trace, report.Spread)
	var printed error
	if a.json {
		printed = a.printJSON(report)
	} else {
		newLoadView(a.ui, a.lang()).print(report)
	}
	done.loadReport = report
	end := from.short
	if end == nil {
		end = loadEnd(ctx, report, local)
	}
	return errors.Join(end, a.writeLoadFiles(ctx, files, &done), printed)
}

// loadEnd is what a load ends with: nothing if there were answers, within the limits.
func loadEnd(ctx context.Context, r loadReport, local *loadgen.LocalError) error {
	switch {
	case local != nil:
		return &diag.Failure{Code: diag.Open, Msg: i18n.M("loadgen.local"), Hint: i18n.M("loadgen.local_hint"), Cause: local.Err}
	case ctx.Err() != nil:
		return ctx.Err()
	case r.Trace.Answered() == 0:
		return &diag.Failure{Code: diag.Open, Msg: i18n.M("loadgen.nobody", "address", r.Address), Hint: i18n.M("loadgen.nobody_hint")}
	}
	return thresholdError(r.Thresholds)
}

// loadTarget checks the address and flags and resolves the name, once: every
// request goes to the address found here.
func loadTarget(ctx context.Context, raw string, f loadFlags) (t evidence.Target, host string, err error) {
	bad := func(msg, hint i18n.Msg) (evidence.Target, string, error) {
		return t, "", &diag.Failure{Code: diag.Usage, Msg: msg, Hint: hint}
	}
	for _, limit := range []struct {
		flag     string
		v, least float64
		most     float64
	}{
		{"--requests", float64(f.requests), 1, maxLoadRequests},
		{"--workers", float64(f.workers), 0, maxLoadWorkers},
		{"--per-conn", float64(f.perConn), 1, maxLoadRequests},
		{"--rate", f.rate, 0, 1e6},
		{"--duration", f.duration.Seconds(), 0.001, maxLoadDuration.Seconds()},
		{"--timeout", f.timeout.Seconds(), 0.001, 60},
	} {
		if !(limit.v >= limit.least && limit.v <= limit.most) {
			return bad(i18n.M("loadgen.out_of_range", "flag", limit.flag, "least", limit.least, "most", limit.most), i18n.Msg{})
		}
	}
	if flag := f.limits.bad(); flag != "" {
		return bad(i18n.M("loadgen.below_zero", "flag", flag), i18n.Msg{})
	}
	full := raw
	if !strings.Contains(full, "://") {
		full = "http://" + full
	}
	u, err := url.Parse(full)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return bad(i18n.M("loadgen.bad_url", "url", raw), i18n.M("loadgen.bad_url_hint"))
	case u.Scheme != "http":
		return bad(i18n.M("loadgen.not_http", "scheme", u.Scheme), i18n.M("loadgen.not_http_hint"))
	case u.User != nil:
		return bad(i18n.M("loadgen.no_password"), i18n.M("loadgen.bad_url_hint"))
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	addr, err := resolve(ctx, u.Hostname())
	if err != nil {
		if ctx.Err() != nil {
			return t, "", ctx.Err()
		}
		return t, "", &diag.Failure{
			Code: diag.Open, Msg: i18n.M("loadgen.unresolved", "host", u.Hostname()),
			Hint: i18n.M("loadgen.unresolved_hint"), Cause: err,
		}
	}
	t = evidence.Target{
		ID: "load", Kind: "load", Address: net.JoinHostPort(addr.String(), port), Path: u.RequestURI(),
		Requests: f.requests, PerConnection: f.perConn, Workers: f.workers, TimeoutMS: f.timeout.Milliseconds(),
	}
	if f.keepAlive {
		t.PerConnection = 0
	}
	if t.Workers == 0 {
		// One at a time keeps the order exact; a rate needs hands enough.
		t.Workers = 1
		if f.rate > 0 {
			t.Workers = 64
		}
	}
	return t, u.Host, nil
}

// resolve gives the one address that a host stands for, IPv4 if it has both.
func resolve(ctx context.Context, host string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap(), nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, addr := range addrs {
		if addr.Unmap().Is4() {
			return addr.Unmap(), nil
		}
	}
	if len(addrs) == 0 {
		return netip.Addr{}, fmt.Errorf("no address for %q", host)
	}
	return addrs[0], nil
}

// loadSpreadOf judges the containers that answers named; nil if fewer than two
// did.
func loadSpreadOf(t evidence.Trace) *loadSpread {
	var counts []int
	for _, r := range t.Responders {
		if named(r) {
			counts = append(counts, r.Count)
		}
	}
	if len(counts) < 2 {
		return nil
	}
	e := stats.Judge(counts)
	return &loadSpread{
		Even: e.Even, Low: e.Low, High: e.High, FalseFail: e.FalseFail, Enough: e.Enough,
		Wanted: stats.Plan(len(counts)).Requests, Index: e.Index,
	}
}

// named reports whether an answer told which container gave it.
func named(r evidence.Responder) bool { return r.Hostname != "" || len(r.Addresses) > 0 }

// loadProgress redraws one line on a terminal.
func (a *app) loadProgress(f loadFlags) func(answered, failed int) {
	if a.quiet || !a.ui.progressOK {
		return nil
	}
	start := time.Now()
	return func(answered, failed int) {
		took, done := time.Since(start), float64(answered+failed)/float64(f.requests)
		left := f.duration - took
		if done > 0 {
			left = min(left, time.Duration(float64(took)*(1-done)/done))
		}
		fmt.Fprint(a.Stderr, "\r\x1b[K"+a.lang().T("loadgen.progress", "done", answered+failed, "all", f.requests,
			"failed", failed, "seconds", int(max(left, 0).Seconds()+0.5)))
	}
}
