package report

import (
	"cmp"
	"io"
	"slices"

	"swarmgrade/grader/metrics"
	"swarmgrade/grader/result"
)

// prometheusFormat is the class in figures, as a collector of files reads them: node_exporter's
// textfile collector. There is nobody's ID, name or score in it, so that others may read it.
var prometheusFormat = Format{Name: "prometheus", Ext: "prom", Media: "text/plain; version=0.0.4; charset=utf-8", Roster: true, Public: true, Write: writePrometheus}

// Bounds of the histograms.
var (
	ratioBounds    = []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95}
	recoveryBounds = []float64{1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300}
)

func writePrometheus(w io.Writer, d *result.Data, o Options) error {
	class := []metrics.Label{{Name: "class", Value: d.Class}}
	if d.Rubric != nil {
		class = append(class, metrics.Label{Name: "lab", Value: d.Rubric.ID})
	}
	value := func(v float64, more ...string) metrics.Sample {
		s := metrics.Sample{Labels: slices.Clone(class), Value: v}
		for i := 0; i+1 < len(more); i += 2 {
			s.Labels = append(s.Labels, metrics.Label{Name: more[i], Value: more[i+1]})
		}
		return s
	}
	states := map[string]int{}
	ratios, recovered := tallied{bounds: ratioBounds}, tallied{bounds: recoveryBounds}
	never := 0
	for i := range d.Students {
		s := &d.Students[i]
		switch t := s.Tally(); {
		case t.Excused:
			states["excused"]++
		case t.Final():
			states["final"]++
			if t.Max > 0 {
				ratios.add(t.Points.Float() / t.Max.Float())
			}
		case s.Damaged || len(s.Verdicts)+len(s.Overrides) == 0:
			states["unknown"]++
		default:
			states["open"]++
		}
		if vs := windowVerdicts(d, s); len(vs) > 0 {
			if n, ok := number(merged(vs)["recovered_s"]); ok {
				recovered.add(n)
			} else {
				never++
			}
		}
	}
	students := metrics.Family{Name: "swarmgrade_class_students", Kind: metrics.Gauge, Help: "Students of the roster by the state of their score: final, open, excused, unknown."}
	for _, state := range []string{"final", "open", "excused", "unknown"} {
		students.Samples = append(students.Samples, value(float64(states[state]), "state", state))
	}
	families := []metrics.Family{
		students,
		{Name: "swarmgrade_class_score_ratio", Kind: metrics.Of, Help: "Final scores as a share of the maximum.", Samples: []metrics.Sample{ratios.sample(class)}},
		{Name: "swarmgrade_class_checks", Kind: metrics.Gauge, Help: "Students by the outcome of a check.", Samples: checkOutcomes(d, value)},
		{Name: "swarmgrade_class_recovery_seconds", Kind: metrics.Of, Help: "How long after the fault services had recovered.", Samples: []metrics.Sample{recovered.sample(class)}},
		{Name: "swarmgrade_class_unrecovered_students", Kind: metrics.Gauge, Help: "Students whose service was watched through the fault and has not recovered.", Samples: []metrics.Sample{value(float64(never))}},
		{Name: "swarmgrade_class_faults", Kind: metrics.Gauge, Help: "Faults of the newest run.", Samples: []metrics.Sample{value(float64(len(d.Faults)))}},
		{Name: "swarmgrade_class_findings", Kind: metrics.Gauge, Help: "What an instructor should look at.", Samples: []metrics.Sample{value(float64(len(d.Findings)))}},
	}
	if r := d.Run; !r.Started.IsZero() {
		families = append(families, metrics.Family{Name: "swarmgrade_class_run_start_timestamp_seconds", Kind: metrics.Gauge, Help: "When the newest run began, in seconds since 1970.",
			Samples: []metrics.Sample{value(float64(r.Started.UnixMilli()) / 1000)}})
		if r.Finished.After(r.Started) {
			families = append(families, metrics.Family{Name: "swarmgrade_class_run_duration_seconds", Kind: metrics.Gauge, Help: "How long the newest run took.",
				Samples: []metrics.Sample{value(r.Finished.Sub(r.Started).Seconds())}})
		}
	}
	return metrics.Write(w, families)
}

// checkOutcomes counts how checks ended, in the rubric's order.
func checkOutcomes(d *result.Data, value func(float64, ...string) metrics.Sample) (out []metrics.Sample) {
	type key struct{ check, outcome string }
	n := map[key]int{}
	for i := range d.Students {
		for _, v := range d.Students[i].Verdicts {
			n[key{v.Check, string(v.Outcome)}]++
		}
	}
	for _, c := range d.Columns() {
		for _, outcome := range []string{"pass", "partial", "fail", "blocked", "ungraded"} {
			out = append(out, value(float64(n[key{c.Check, outcome}]), "task", c.Task, "check", c.Check, "outcome", outcome))
		}
	}
	return out
}

// tallied counts a histogram.
type tallied struct {
	bounds []float64
	counts []uint64 // up to each bound
	n      uint64
	sum    float64
}

func (x *tallied) add(v float64) {
	if x.counts == nil {
		x.counts = make([]uint64, len(x.bounds))
	}
	x.n, x.sum = x.n+1, x.sum+v
	for i, le := range x.bounds {
		if cmp.Compare(v, le) <= 0 {
			x.counts[i]++
		}
	}
}

func (x *tallied) sample(labels []metrics.Label) metrics.Sample {
	s := metrics.Sample{Labels: labels, Value: x.sum, Count: x.n}
	for i, le := range x.bounds {
		b := metrics.Bucket{Le: le}
		if x.counts != nil {
			b.Count = x.counts[i]
		}
		s.Buckets = append(s.Buckets, b)
	}
	return s
}
