package check

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
	"swarmgrade/grader/stats"
)

// spreadParams say whose answers must be spread evenly.
type spreadParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Via is the way in: mesh is the published port on every node.
	Via string `yaml:"via"`
	// Port is the variable with the port that is driven.
	Port string `yaml:"port"`
	// Or are variables with ports that may be published in place of Port.
	Or []string `yaml:"or"`
	// Direct says that HAProxy's servers are the containers themselves.
	Direct bool `yaml:"direct"`
	// Name is the variable with the HAProxy's name, for requests via haproxy.
	Name string `yaml:"name"`
	// Host is the Host header of requests via haproxy: none is the address,
	// configured the host name that haproxy.cfg asks for, if it does.
	Host string `yaml:"host"`
}

func (p *spreadParams) Validate(vars []string) []rubric.ParamError {
	errs := append(varsExist(vars, "service", p.Service, "port", p.Port), viaKnown(p.Via)...)
	errs = append(errs, nameExists(vars, p.Via, p.Name)...)
	errs = append(errs, hostKnown(p.Host)...)
	return append(errs, orExist(vars, p.Or)...)
}

// spread passes when the answers are spread evenly over the student's running
// tasks; a correct balancer fails at most once in a million times. Each node of
// the mesh deals on its own; the answers of all of them are judged together. No more
// requests are sent once the answers so far settle that they are even.
//
// Package stats decides what is even.
//
// The measure is the evenness index: 1 for even, 1/k for all from one of k
// containers.
func spread() Kind {
	return define("spread", true, spreadParams{Service: "service", Via: "haproxy", Port: "frontend", Name: sight.Usual.Balancer},
		func(p *spreadParams) []Need {
			load := loadNeed(p.Via, p.Service, p.Name, p.Port, p.Or, p.Direct)
			load.Tasks, load.Spread, load.Host = 2, true, p.Host
			return []Need{{Kind: "snapshot", Service: p.Service}, load}
		}, sparing(func(p *spreadParams) string { return p.Service }, judgeSpread))
}

func judgeSpread(in *Input, p *spreadParams) Result {
	svc := in.View.Service(p.Service)
	if svc == nil {
		return noService(in, p.Service)
	}
	traces, missing := in.View.Traces(p.Via, append([]string{p.Port}, p.Or...)...)
	if missing != nil {
		return in.unsent(missing, p.Via, p.Service, p.Name, p.Port, p.Or)
	}
	t := in.View.Tally(svc, traces...)
	tasks := in.View.Lasting(svc)
	counts := make([]int, len(tasks))
	named := make(map[string]int, len(tasks))
	list := make([]string, len(tasks))
	for i, task := range tasks {
		counts[i] = t.Own[task.ID]
		named[sight.Short(task.ContainerID)] = counts[i]
		list[i] = sight.Short(task.ContainerID) + " " + itoa(counts[i])
	}
	planned := stats.Plan(len(tasks)).Requests
	e := stats.Judge(counts)
	ring := in.ring(p, len(tasks))
	if ring != nil {
		planned = stats.PlanRing(len(tasks)).Requests
		e = stats.JudgeShares(counts, ring.low, ring.high)
	}
	var short *sight.Missing
	if slices.ContainsFunc(traces, endedEarly) {
		e, short = in.ordered(svc, traces, tasks, ring), in.uneven(svc, traces, tasks, ring)
		planned = atMost(traces)
	}
	n := t.OwnTotal()
	r := Result{
		Outcome: Fail,
		Measure: &Measure{Got: round(e.Index, 4), Want: 1},
		Observed: Facts{
			"containers": named, "answers": n, "evenness": round(e.Index, 4),
			"chi_square": round(e.ChiSquare, 3), "p": figures(e.P),
		},
		Expected: Facts{
			"each_from": e.Low, "each_to": e.High, "answers_planned": planned,
			"false_fail_at_most": stats.Alpha, "false_fail": figures(e.FalseFail), "power": round(e.Power, 4),
		},
	}
	if ring != nil {
		r.Expected["share_from"], r.Expected["share_to"] = round(ring.low, 4), round(ring.high, 4)
	}
	if e.Settled {
		r.Observed["settled_by"] = string(e.By)
	}
	args := []any{"via", viaName(p.Via), "counts", list, "n", n, "low", e.Low, "high", e.High,
		"bound", bound(stats.Alpha), "k", len(tasks)}
	if stable, known := in.View.Stable(svc); known && !stable && (!e.Even || !e.Enough) {
		return unstable(in, r, svc)
	}
	switch {
	case len(tasks) < 2:
		r.Measure.Got = 0
		r.Message = i18n.M("check.spread_single", "k", len(tasks))
		r.Hint = i18n.M("check.replicas_hint", "service", svc.Name, "want", 3)
	case e.Even && short != nil:
		return Lacking(short)
	case e.Even && e.Settled:
		r.Outcome = Pass
		r.Message = i18n.M("check.spread_settled", append(args, "most", planned, "how", i18n.M("check.settled_"+string(e.By)))...)
	case e.Even && e.Enough:
		r.Outcome = Pass
		r.Message = i18n.M("check.spread_ok", args...)
		if ring != nil {
			r.Message = i18n.M("check.spread_ok_ring", append(args, ring.args()...)...)
		}
	case e.Even:
		// So few answers that evenness cannot be promised.
		r.Message = i18n.M("check.spread_few", "n", n, "want", planned)
		r.Hint = i18n.M("check.spread_few_hint", "service", svc.Name)
	default:
		r.Message = i18n.M("check.spread_uneven", args...)
		if ring != nil {
			r.Message = i18n.M("check.spread_uneven_ring", append(args, ring.args()...)...)
		}
		r.Hint = in.spreadHint(svc, p, counts, n)
	}
	return r
}

// spreadHint says what the shape of the counts suggests.
func (in *Input) spreadHint(svc *evidence.Service, p *spreadParams, counts []int, n int) i18n.Msg {
	v := in.View
	if px := v.Proxy(); p.Via == "haproxy" && px != nil {
		head, edits := i18n.M("check.mend_servers"), in.servers(px, svc, in.Vars[p.Port], false)
		if len(edits) == 0 {
			edits = in.servers(px, svc, in.Vars[p.Port], true)
			head = i18n.M("check.spread_again_hint", "lines", numbers(edits))
		}
		wrong, done := len(edits) > 0, rewritten(edits)
		for _, be := range v.Backends(px, in.Vars[p.Port]) {
			for _, e := range unbias(be, p.Direct) {
				if !done[e.line.Num] {
					edits = append(edits, e)
				}
			}
		}
		if wrong {
			return steps(head, in.mend(px, edits))
		}
		if hint := in.evenly(px, in.Vars[p.Port], p.Direct); !hint.Empty() {
			return hint
		}
	}
	top, silent := 0, 0
	for _, c := range counts {
		top = max(top, c)
		if c == 0 {
			silent++
		}
	}
	again := in.reload(v.Proxy(), in.Vars[v.Names().Balancer])
	switch {
	case p.Via == "mesh":
		return i18n.M("check.spread_mesh_hint", "service", in.Vars[p.Service])
	case top == n && p.Direct:
		return i18n.M("check.spread_one_direct_hint", "reload", again, "lookup", taskAddresses(in.Vars[p.Service]))
	case top == n:
		return i18n.M("check.spread_one_hint", "reload", again)
	case silent > 0:
		return i18n.M("check.spread_silent_hint", "reload", again, "silent", silent)
	}
	return i18n.M("check.spread_uneven_hint", "reload", again)
}

// unstable withholds a judgement when tasks came and went while requests were
// sent: the counts then say nothing of the balancing.
func unstable(in *Input, r Result, svc *evidence.Service) Result {
	before, after := in.View.RunningIDs(svc)
	r.Outcome = Ungraded
	r.Measure = nil
	r.Observed["tasks_before"], r.Observed["tasks_after"] = before, after
	r.Message = i18n.M("check.unstable", "service", svc.Name, "before", len(before), "after", len(after))
	r.Hint = i18n.M("check.unstable_hint", "service", svc.Name)
	return r
}

func viaName(via string) i18n.Msg { return i18n.M("check.via_" + via) }

// bound writes a probability as 1e-6 is spoken of: one in a million.
func bound(p float64) string {
	return "1/" + strconv.FormatFloat(math.Round(1/p), 'f', -1, 64)
}

func round(f float64, places int) float64 {
	m := math.Pow(10, float64(places))
	return math.Round(f*m) / m
}

// figures keeps three significant figures, so that stored facts do not carry
// noise.
func figures(f float64) float64 {
	v, _ := strconv.ParseFloat(fmt.Sprintf("%.3g", f), 64)
	return v
}

func percent(share float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.1f", share*100), "0"), ".") + "%"
}
