package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
	"swarmgrade/grader/stats"
)

// shownAlgorithms are those that the order of answers can bear out or contradict.
var shownAlgorithms = []string{"roundrobin", "static-rr", "leastconn", "random", "source", "uri", "first"}

// shownParams say which algorithms the answers may show.
type shownParams struct {
	backendsParams `yaml:",inline"`
	// Algorithms are those accepted.
	Algorithms []string `yaml:"algorithms"`
	// Held has requests held open while others come, for leastconn.
	Held bool `yaml:"held"`
}

func (p *shownParams) Validate(vars []string) []rubric.ParamError {
	errs := p.backendsParams.Validate(vars)
	if len(p.Algorithms) == 0 {
		errs = append(errs, paramError("algorithms", i18n.M("check.param_empty", "param", "algorithms")))
	}
	for _, a := range p.Algorithms {
		if !slices.Contains(shownAlgorithms, a) {
			errs = append(errs, paramError("algorithms", i18n.M("check.param_shown", "algorithm", clip(a, 40), "words", shownAlgorithms)))
		}
	}
	if p.Held && !slices.Contains(p.Algorithms, "leastconn") {
		errs = append(errs, paramError("held", i18n.M("check.param_held")))
	}
	return errs
}

// balanceShown passes when the answers to requests that are sent one after the other
// come in the order that an accepted algorithm deals: roundrobin and static-rr in turn,
// each container its share by the weights; source, uri and first all to one; random by
// independent draws. leastconn finds every server idle then and may take any, so that
// it only must not stay with one. With `held`, some requests are held open, their bodies
// kept back, while others come, and leastconn has to send these elsewhere. Where that
// tells nothing, as with an application that answers before it has the whole request,
// leastconn is judged as without. A backup server gets nothing while others are up. An
// algorithm that is accepted and configured is the one that is held to; a correct
// balancer fails at most once in a million times. Where the servers are nodes or a
// virtual address, HAProxy's choice can't be seen behind swarm's own: then the
// configuration decides, and that is said.
//
// Package stats tells the orders apart.
func balanceShown() Kind {
	return define("balance-shown", false,
		shownParams{backendsParams: backendsParams{networkParams: networkDefaults, Target: 80}, Algorithms: []string{"roundrobin"}},
		func(p *shownParams) []Need {
			load := loadNeed("haproxy", p.Service, p.Name, p.Port, p.Or, true)
			load.Tasks, load.Spread, load.Whole = 2, true, true
			if !p.Held {
				return append(p.needs(), load)
			}
			held := loadNeed("held", p.Service, p.Name, p.Port, p.Or, true)
			held.Tasks = 2
			return append(p.needs(), load, held)
		}, sparing(func(p *shownParams) string { return p.Service }, whichever(judgeShown)))
}

func judgeShown(in *Input, p *shownParams) Result {
	px, svc := in.View.Proxy(), in.View.Service(p.Service)
	switch {
	case svc == nil:
		return noService(in, p.Service)
	case px == nil:
		return judgeFound(in, &p.proxyParams)
	}
	public := p.public(in, px)
	backends := in.View.Backends(px, public)
	if len(backends) == 0 {
		return judgeBalance(in, &balanceParams{proxyParams: p.proxyParams, Algorithms: p.Algorithms, Direct: true})
	}
	be := backends[0]
	if hidden := in.hidden(px, svc, be, p.Target); hidden || len(backends) > 1 {
		return shownByConfig(in, p, px, be, hidden)
	}
	traces, missing := in.View.Traces("haproxy", append([]string{p.Port}, p.Or...)...)
	if missing != nil {
		return in.unsent(missing, "haproxy", p.Service, p.Name, p.Port, p.Or)
	}
	if missing := inFull(traces); missing != nil {
		return Lacking(missing)
	}
	tasks := in.View.Lasting(svc)
	d := in.deal(px, svc, be, traces[0], p.Target)
	r := Result{
		Outcome: Fail,
		Observed: Facts{
			"algorithm": orDefault(be), "shown": d.shown(), "answers": d.Answers, "containers": d.Containers,
			"repeats": d.Repeats, "moves": d.Moves(), "off_share": round(d.Off, 2),
		},
		Expected: Facts{"algorithms": p.Algorithms, "answers_planned": stats.PlanRing(len(tasks)).Requests, "false_fail_at_most": stats.Alpha},
	}
	if stable, known := in.View.Stable(svc); known && !stable {
		return unstable(in, r, svc)
	}
	if tr := in.heldTrace(p); p.Held && tr != nil {
		b := in.busyServers(px, svc, tr, d.least)
		d.busy = &b
		r.Observed["held_rounds"], r.Observed["held_answers"], r.Observed["on_held"] = b.Rounds, b.Fresh, b.OnHeld
		if b.Known {
			r.Expected["on_held_at_most"] = b.Most
		}
	}
	args := []any{"n", d.Answers, "k", d.Containers, "repeats", d.Repeats, "algorithm", clip(orDefault(be), 40), "want", p.Algorithms}
	switch held := heldTo(be, p.Algorithms); {
	case len(traces[0].Sequence) == 0:
		return ungraded("load/haproxy", i18n.M("check.shown_unordered"))
	case len(tasks) < 2:
		r.Message = i18n.M("check.spread_single", "k", len(tasks))
		r.Hint = i18n.M("check.replicas_hint", "service", svc.Name, "want", 3)
		return r
	case d.Answers < stats.Cover(len(tasks)) || d.Lost > d.Answers/20:
		r.Message = i18n.M("check.shown_few", "n", d.Answers, "sent", d.Answers+d.Lost)
		r.Hint = i18n.M("check.spread_few_hint", "service", svc.Name)
		return r
	case d.backup.Num > 0:
		r.Observed["line"] = d.backup.Num
		r.Message = i18n.M("check.shown_backup", "line", d.backup.Num)
		r.Hint = in.reload(px, in.Vars[p.Name])
		return r
	default:
		for _, a := range held {
			if key := d.bears(a); key != "" {
				r.Outcome = Pass
				if d.busy != nil {
					args = append(args, "fresh", d.busy.Fresh, "on", d.busy.OnHeld)
				}
				r.Message = i18n.M("check.shown_"+key, append(args, "held", a)...)
				return r
			}
		}
		seen := i18n.M("check.seen_"+d.shown(), args...)
		if slices.Contains(held, "leastconn") && d.busy != nil && d.busy.Known && !d.busy.spares() {
			seen = i18n.M("check.seen_busy", "fresh", d.busy.Fresh, "on", d.busy.OnHeld, "most", d.busy.Most)
		}
		r.Message = i18n.M("check.shown_other", append(args, "shown", seen)...)
		r.Hint = in.shownHint(px, svc, be, p, public)
		if slices.Contains(held, be.Balance.Algorithm) {
			r.Message = i18n.M("check.shown_unlike", append(args, "shown", seen)...)
		}
		return r
	}
}

// orDefault is a backend's algorithm as facts have it.
func orDefault(be *haproxy.Proxy) string {
	if be.Balance.Algorithm == "" {
		return "default"
	}
	return be.Balance.Algorithm
}

// heldTo are the algorithms whose order the answers may have: the configured one if
// it is accepted, or else all that are. Without a balance line HAProxy's default
// holds, which depends on the version.
func heldTo(be *haproxy.Proxy, accepted []string) []string {
	own := []string{be.Balance.Algorithm}
	if be.Balance.Algorithm == "" {
		own = []string{"roundrobin", "random"}
	}
	held := slices.DeleteFunc(slices.Clone(accepted), func(a string) bool { return !slices.Contains(own, a) })
	if len(held) == 0 {
		return accepted
	}
	return held
}

// hidden reports whether swarm deals once more behind HAProxy: a server in use is a
// node's published port or a virtual address.
func (in *Input) hidden(px *evidence.Proxy, svc *evidence.Service, be *haproxy.Proxy, target int) bool {
	return slices.ContainsFunc(sight.ServersOf(be), func(s haproxy.Server) bool {
		if s.Disabled || s.Weight == 0 {
			return false
		}
		why := in.View.Destination(px, svc, s, target).Why
		return why == "node" || why == "vip" || why == "local"
	})
}

// shownByConfig judges by the configuration alone, where the answers can't tell.
func shownByConfig(in *Input, p *shownParams, px *evidence.Proxy, be *haproxy.Proxy, hidden bool) Result {
	key := "several"
	if hidden {
		key = "hidden"
	}
	r := Result{
		Outcome:  Pass,
		Observed: Facts{"algorithm": orDefault(be), "shown": key},
		Expected: Facts{"algorithms": p.Algorithms},
	}
	args := []any{"algorithm", clip(orDefault(be), 40), "want", p.Algorithms, "why", i18n.M("check.seen_" + key)}
	r.Message = i18n.M("check.shown_config", args...)
	got := be.Balance.Algorithm
	if !slices.Contains(p.Algorithms, got) && (got != "" || !slices.Contains(p.Algorithms, "roundrobin") && !slices.Contains(p.Algorithms, "random")) {
		r.Outcome = Fail
		r.Message = i18n.M("check.shown_config_other", args...)
		r.Hint = in.takeTurns(px, be, p.Algorithms[0])
	}
	return r
}

// shownHint is what gives the answers the order that is asked for.
func (in *Input) shownHint(px *evidence.Proxy, svc *evidence.Service, be *haproxy.Proxy, p *shownParams, public string) i18n.Msg {
	got := be.Balance.Algorithm
	if !slices.Contains(p.Algorithms, got) && got != "" {
		return in.takeTurns(px, be, p.Algorithms[0])
	}
	if b := bias(be, true); b.what != "" && b.what != "weights" {
		return in.unbiased(px, be, b, true)
	}
	if used := sight.ServersOf(be); !slices.ContainsFunc(used, func(s haproxy.Server) bool { return !be.Idle(s) }) {
		var edits []edit
		for _, s := range used {
			if s.Backup {
				edits = append(edits, edit{s.Line, "line", withoutWord(s.Line, "backup", 0)})
			}
		}
		return steps(i18n.M("check.shown_backups_hint"), in.mend(px, edits))
	}
	if edits := in.taskEdits(px, svc, public, p.Target, false); len(edits) > 0 {
		return in.mend(px, edits)
	}
	if got == "" { // whatever the version's default is, a line says it
		return in.takeTurns(px, be, p.Algorithms[0])
	}
	return steps(i18n.M("check.shown_reload_hint"), in.reload(px, in.Vars[p.Name]))
}
