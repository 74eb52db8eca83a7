package main

import (
	"cmp"
	"io"
	"math"
	"strconv"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/metrics"
)

// loadBounds are the seconds that latencies are counted up to: one, two and a half and five
// of each decade, from what loopback takes to the longest time limit.
var loadBounds = []float64{
	0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
}

// writeLoadMetrics writes a load's figures. Every sample bears the target, so that the files
// of loads at several addresses can be collected from one directory.
func writeLoadMetrics(w io.Writer, p *pictured) error {
	target := metrics.Label{Name: "target", Value: p.Address + p.Trace.Target.Path}
	value := func(v float64, more ...metrics.Label) metrics.Sample {
		return metrics.Sample{Labels: append([]metrics.Label{target}, more...), Value: v}
	}
	one := func(name, help string, kind metrics.Kind, v float64) metrics.Family {
		return metrics.Family{Name: name, Help: help, Kind: kind, Samples: []metrics.Sample{value(v)}}
	}
	t := &p.Trace
	failures := metrics.Family{Name: "swarmgrade_load_failures_total", Help: "Requests that got no answer that counts, by class.", Kind: metrics.Counter}
	for _, e := range t.Errors {
		failures.Samples = append(failures.Samples, value(float64(e.Count), metrics.Label{Name: "class", Value: e.Class}))
	}
	answers := metrics.Family{Name: "swarmgrade_load_answers_total", Help: "Answers by the container that gave them; (unnamed) where an answer does not tell, (other) beyond the first names.", Kind: metrics.Counter}
	at := map[string]int{} // names that come to the same label are added up
	for _, r := range t.Responders {
		// An empty label is none at all to Prometheus.
		name := cmp.Or(metrics.Value(cmp.Or(r.Hostname, first(r.Addresses))), "(unnamed)")
		if r.Rule == "other" {
			name = "(other)"
		}
		i, known := at[name]
		if !known {
			i = len(answers.Samples)
			at[name] = i
			answers.Samples = append(answers.Samples, value(0, metrics.Label{Name: "container", Value: name}))
		}
		answers.Samples[i].Value += float64(r.Count)
	}
	latency := metrics.Family{Name: "swarmgrade_load_latency_seconds", Kind: metrics.Of,
		Help: "Latency of answers, from when the request was to be sent (intended) or was sent (sent)."}
	for _, x := range []struct {
		from string
		d    interface {
			Count() int
			Sum() time.Duration
			AtMost(time.Duration) int
		}
	}{{"intended", p.detail.Corrected}, {"sent", p.detail.Service}} {
		if x.d.Count() != t.Answered() {
			continue // not known, which is not none
		}
		s := value(x.d.Sum().Seconds(), metrics.Label{Name: "from", Value: x.from})
		s.Count = uint64(x.d.Count())
		for _, le := range loadBounds {
			s.Buckets = append(s.Buckets, metrics.Bucket{Le: le, Count: uint64(x.d.AtMost(time.Duration(math.Round(le * 1e9))))})
		}
		latency.Samples = append(latency.Samples, s)
	}
	limits := metrics.Family{Name: "swarmgrade_load_limit_kept", Help: "Whether a limit that was asked for was kept: 1 or 0.", Kind: metrics.Gauge}
	for _, x := range p.Thresholds {
		kept := 0.0
		if x.OK {
			kept = 1
		}
		limits.Samples = append(limits.Samples, value(kept, metrics.Label{Name: "limit", Value: x.Name}))
	}
	families := []metrics.Family{
		one("swarmgrade_load_requests_total", "Requests that were sent and came to an end.", metrics.Counter, float64(t.Sent)),
		failures, answers, latency,
		one("swarmgrade_load_connections_total", "Connections that were made.", metrics.Counter, float64(t.Connections)),
		one("swarmgrade_load_late_total", "Requests that were sent more than 10 ms after they were to be.", metrics.Counter, float64(t.Late)),
		one("swarmgrade_load_duration_seconds", "How long the load took.", metrics.Gauge, float64(t.Took)/1000),
		one("swarmgrade_load_start_timestamp_seconds", "When the load began, in seconds since 1970.", metrics.Gauge, float64(p.began.UnixMilli())/1000),
		limits,
	}
	if _, err := io.WriteString(w, "# grade load "+grader.Seal+"\n"); err != nil {
		return err
	}
	return metrics.Write(w, families)
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// percent is a share of all as it is shown.
func percent(n, all int) string {
	return strconv.FormatFloat(100*float64(n)/float64(max(all, 1)), 'f', 1, 64) + " %"
}
