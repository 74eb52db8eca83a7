package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// loadLimits are what a load must keep to: each that is set and not kept makes
// the exit status 1. Latencies are the corrected ones.
type loadLimits struct {
	failed        share
	p50, p95, p99 time.Duration
	containers    int
	even          bool
}

func (l *loadLimits) register(a *app, c *cobra.Command) {
	lang := a.lang()
	fl := c.Flags()
	fl.Var(&l.failed, "max-failed", lang.T("loadgen.flag_max_failed"))
	fl.DurationVar(&l.p50, "p50", 0, lang.T("loadgen.flag_latency", "part", "50 %"))
	fl.DurationVar(&l.p95, "p95", 0, lang.T("loadgen.flag_latency", "part", "95 %"))
	fl.DurationVar(&l.p99, "p99", 0, lang.T("loadgen.flag_latency", "part", "99 %"))
	fl.IntVar(&l.containers, "min-containers", 0, lang.T("loadgen.flag_containers"))
	fl.BoolVar(&l.even, "even", false, lang.T("loadgen.flag_even"))
}

// share is a number of requests, or a part of them: "3", "0.5%".
type share struct {
	n       float64
	percent bool
	set     bool
}

func (s *share) Type() string { return "N|N%" }

func (s *share) String() string {
	if !s.set {
		return ""
	}
	text := strconv.FormatFloat(s.n, 'f', -1, 64)
	if s.percent {
		text += "%"
	}
	return text
}

func (s *share) Set(text string) error {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n >= 0 && n <= maxLoadRequests) || percent && n > 100 || !percent && n != float64(int(n)) {
		return fmt.Errorf("%q is neither a number of requests nor a percentage", text)
	}
	*s = share{n: n, percent: percent, set: true}
	return nil
}

// loadThreshold is one limit with what was seen.
type loadThreshold struct {
	Name  string `json:"name"`
	Limit string `json:"limit"`
	Seen  string `json:"seen"`
	OK    bool   `json:"ok"`
}

// judge holds a load against the limits that are set, in the flags' order.
func (l *loadLimits) judge(t evidence.Trace, spread *loadSpread) []loadThreshold {
	var out []loadThreshold
	add := func(name, limit, seen string, ok bool) {
		out = append(out, loadThreshold{Name: name, Limit: limit, Seen: seen, OK: ok})
	}
	if l.failed.set {
		seen, most := strconv.Itoa(t.Failed()), l.failed.n
		if l.failed.percent {
			seen = fixed(100*float64(t.Failed())/float64(max(t.Sent, 1)), 2) + "%"
			most = l.failed.n / 100 * float64(t.Sent)
		}
		add("max-failed", l.failed.String(), seen, float64(t.Failed()) <= most)
	}
	for _, q := range []struct {
		name  string
		limit time.Duration
		us    int64
	}{{"p50", l.p50, t.Latency.Corrected.P50}, {"p95", l.p95, t.Latency.Corrected.P95}, {"p99", l.p99, t.Latency.Corrected.P99}} {
		if q.limit > 0 {
			seen := time.Duration(q.us) * time.Microsecond
			add(q.name, q.limit.String(), seen.String(), t.Answered() > 0 && seen <= q.limit)
		}
	}
	if l.containers > 0 {
		n := 0
		for _, r := range t.Responders {
			if named(r) {
				n++
			}
		}
		add("min-containers", strconv.Itoa(l.containers), strconv.Itoa(n), n >= l.containers)
	}
	if l.even {
		even := spread != nil && spread.Even && spread.Enough
		add("even", "true", strconv.FormatBool(even), even)
	}
	return out
}

// bad names a limit that makes no sense; "" if all do.
func (l *loadLimits) bad() string {
	switch {
	case l.p50 < 0:
		return "--p50"
	case l.p95 < 0:
		return "--p95"
	case l.p99 < 0:
		return "--p99"
	case l.containers < 0:
		return "--min-containers"
	}
	return ""
}

func (v loadView) thresholds(r loadReport) {
	for _, t := range r.Thresholds {
		key, color := "loadgen.threshold_kept", text.FgGreen
		if !t.OK {
			key, color = "loadgen.threshold_broken", text.FgRed
		}
		if t.Name == "even" { // words for what has no number
			switch {
			case t.OK:
				key = "loadgen.threshold_even"
			case r.Spread != nil && r.Spread.Even:
				key = "loadgen.threshold_unsure"
			default:
				key = "loadgen.threshold_uneven"
			}
		}
		v.verdict(color, key, "name", t.Name, "limit", t.Limit, "seen", t.Seen)
	}
}

// thresholdError is what a load ends with that broke a limit.
func thresholdError(list []loadThreshold) error {
	broken := 0
	for _, t := range list {
		if !t.OK {
			broken++
		}
	}
	if broken == 0 {
		return nil
	}
	return &diag.Failure{Code: diag.Mend, Msg: i18n.M("loadgen.thresholds_broken", "n", broken, "all", len(list))}
}
