package check

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/recovery"
	"swarmgrade/grader/rubric"
)

// windowParams name the service that a fault hits and the port it is probed at.
type windowParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Port is the variable with the published port that is probed.
	Port string `yaml:"port"`
	// Rate is how many probes a second the service gets; 0 is the usual 4.
	Rate float64 `yaml:"rate"`
}

var windowDefaults = windowParams{Service: "service", Port: "published"}

func (p *windowParams) Validate(vars []string) []rubric.ParamError {
	errs := varsExist(vars, "service", p.Service, "port", p.Port)
	if p.Rate < 0 || p.Rate > 100 {
		errs = append(errs, paramError("rate", i18n.M("check.param_rate", "param", "rate")))
	}
	return errs
}

func (p *windowParams) needs() []Need {
	return []Need{{Kind: "snapshot", Service: p.Service}, {Kind: "window", Tasks: 1, Service: p.Service, Port: p.Port, Rate: p.Rate}}
}

// recoversParams also say how long a recovery may take.
type recoversParams struct {
	windowParams `yaml:",inline"`
	// Within is how many seconds a recovery may take, for a swarm with the usual
	// heartbeat of 5 s whose leader lives, not counting the restart delay that the
	// service asks for; where one of them does not hold, the time grows with what
	// swarm itself needs then.
	Within float64 `yaml:"within"`
}

func (p *recoversParams) Validate(vars []string) []rubric.ParamError {
	errs := p.windowParams.Validate(vars)
	if p.Within < 20 || p.Within > recovery.UsualBound {
		errs = append(errs, paramError("within", i18n.M("check.param_within", "param", "within", "most", recovery.UsualBound)))
	}
	return errs
}

// recovers passes when the service was back within its time after the fault: as
// many tasks run as it asks for, elsewhere if need be, and all of them answer.
//
// Package recovery decides when that was.
//
// The measure is the seconds that it took, set off against what swarm
// may need beyond the usual and against the restart delay, so that "within" and
// the bands mean the same for everybody; what never recovered is far above all
// bands. Whoever was back later than that, but while the fault lasted, may earn
// a band.
func recovers() Kind {
	return define("recovers", true, recoversParams{windowParams: windowDefaults, Within: recovery.UsualBound},
		func(p *recoversParams) []Need { return p.needs() }, sparing(func(p *recoversParams) string { return p.Service }, judgeRecovers))
}

func judgeRecovers(in *Input, p *recoversParams) Result {
	svc, s, r := in.told(&p.windowParams)
	if svc == nil {
		return r
	}
	extra := s.Bound - recovery.UsualBound // swarm's own, and the delay
	bound := extra + p.Within
	r.Measure = &Measure{Got: math.MaxFloat64, Want: p.Within}
	r.Expected = Facts{"running": s.Wanted, "seconds_at_most": round(bound, 1)}
	w := in.Case.Window()
	r.Observed.moments(w, s)
	args := []any{"fault", faultName(w), "n", s.Running, "want", s.Wanted, "seconds", figure(s.Seconds),
		"bound", figure(bound), "hit", len(s.Hit), "watched", figure(watched(w, s))}
	switch {
	case s.Doubtful(bound):
		return late(w, s, svc)
	case s.Recovered >= 0 && s.Seconds <= bound && global(svc):
		r.Outcome = Pass
		r.Message = i18n.M("check.recovers_global", args...)
	case s.Recovered >= 0 && s.Seconds <= bound:
		r.Outcome = Pass
		r.Message = i18n.M("check.recovers_ok", args...)
	case s.Recovered >= 0:
		r.Measure.Got = s.Seconds - extra
		r.Message = i18n.M("check.recovers_late", args...)
		r.Hint = i18n.M("check.recovers_late_hint", "service", svc.Name)
	case s.Running >= s.Wanted && s.Wanted > 0:
		r.Message = i18n.M("check.recovers_silent", args...)
		r.Hint = i18n.M("check.recovers_silent_hint", "service", svc.Name)
	default:
		r.Message = i18n.M("check.recovers_not", append(args, "why", whyNot(svc, s))...)
		r.Hint = in.notHint(svc, s)
	}
	return r
}

// replaced passes when each task that the fault took has a new one that runs
// elsewhere. Units are the tasks that were hit.
func replaced() Kind {
	return define("replaced", true, windowDefaults,
		func(p *windowParams) []Need { return p.needs() }, sparing(func(p *windowParams) string { return p.Service }, judgeReplaced))
}

func judgeReplaced(in *Input, p *windowParams) Result {
	svc, s, r := in.told(p)
	if svc == nil {
		return r
	}
	n := s.Replacements()
	r.Measure = &Measure{Got: float64(n), Want: float64(len(s.Hit))}
	r.Expected = Facts{"replacements": len(s.Hit)}
	r.Observed["replacements"] = n
	var on []string
	for _, h := range s.Hit {
		if name := in.View.NodeName(h.NodeID); h.Runs && !slices.Contains(on, name) {
			on = append(on, name)
		}
	}
	r.Observed["nodes"] = nonNil(on)
	args := []any{"fault", faultName(in.Case.Window()), "hit", len(s.Hit), "n", n, "nodes", nonNil(on)}
	switch {
	case n == len(s.Hit):
		r.Outcome = Pass
		r.Message = i18n.M("check.replaced_ok", args...)
	case global(svc) && s.Running >= s.Wanted && s.Wanted > 0:
		r.Outcome = Pass
		r.Message = i18n.M("check.replaced_global", append(args, "rest", s.Wanted)...)
	default:
		r.Message = i18n.M("check.replaced_not", append(args, "why", whyNot(svc, s))...)
		r.Hint = in.notHint(svc, s)
	}
	return r
}

// told gives a service and its story, and the result to fill; without a
// service the result is the answer.
func (in *Input) told(want *windowParams) (*evidence.Service, *recovery.Story, Result) {
	svc := in.View.Service(want.Service)
	if svc == nil {
		return nil, nil, noService(in, want.Service)
	}
	c := &in.Case
	if g, ok := c.Bundle.EpisodeGap(evidence.FaultEpisode, "window"); ok {
		r := ungraded("window", GapReason(g))
		r.Hint = i18n.M("check.window_gap_hint")
		if g.Code == selfCheck { // the reason says it all
			r.Hint = i18n.Msg{}
		}
		return nil, nil, r
	}
	w, p := c.Window(), c.Bundle.Probing()
	if w == nil || p == nil || p.Service != svc.ID {
		return nil, nil, ungraded("window", i18n.M("check.window_none"))
	}
	s := in.View.Story(svc)
	if s.Open != "" {
		r := ungraded("window", openReason(w, s, svc))
		if s.Open == recovery.Unseen {
			r = late(w, s, svc)
		}
		r.Observed["open"] = s.Open
		return nil, nil, r
	}
	if s.Recovered < 0 && svc.Restart.MaxAttempts > 0 && in.View.Kills() > 0 {
		return nil, nil, ungraded("window", i18n.M("check.window_attempts", "service", svc.Name, "n", svc.Restart.MaxAttempts))
	}
	return svc, s, Result{Outcome: Fail, Observed: storyFacts(w, s)}
}

// selfCheck is the gap of a window that a self-check does not open.
const selfCheck = "self-check"

// GapReason says why there was no fault for a student, in the words of package
// fault where it is that which found none.
func GapReason(g evidence.Gap) i18n.Msg {
	switch g.Code {
	case "left-out":
		return i18n.M("check.window_left_out")
	case selfCheck:
		return i18n.M("check.window_self_check")
	case "no-fault":
		return i18n.M("check.window_no_fault")
	case "no-service", "not-running", "node-down", "node-sick", "no-room", "quorum", "endpoint", "no-address", "forbidden", "updating", "node-updating":
		return i18n.M("fault.miss_"+strings.ReplaceAll(g.Code, "-", "_"), "node", clip(g.Detail, 120))
	}
	return i18n.M("check.window_gap", "code", g.Code, "detail", clip(g.Detail, 120))
}

// openReason says why a window tells nothing of a service.
func openReason(w *evidence.Window, s *recovery.Story, svc *evidence.Service) i18n.Msg {
	name := faultName(w)
	switch s.Open {
	case recovery.NotHit:
		return i18n.M("check.window_not_hit", "fault", name, "service", svc.Name)
	case recovery.NotInjected:
		return i18n.M("check.window_not_injected", "fault", name)
	case recovery.NotDown:
		return i18n.M("check.window_not_down", "fault", name)
	}
	return unseen(w, s, svc)
}

// unseen says that too little was seen, and for how long the grader's own machine
// was late, if it was.
func unseen(w *evidence.Window, s *recovery.Story, svc *evidence.Service) i18n.Msg {
	if w.End == "aborted" && w.Reason == "by-hand" {
		return i18n.M("check.window_by_hand", "fault", faultName(w), "service", svc.Name)
	}
	if s.LateSeconds <= 0 {
		return i18n.M("check.window_unseen", "fault", faultName(w), "service", svc.Name)
	}
	return i18n.M("check.window_late", "fault", faultName(w), "service", svc.Name, "late", figure(s.LateSeconds), "watched", figure(watched(w, s)))
}

// late is a verdict that would cost something, or be a pass, for which the grader's
// own machine may be the reason, by what package recovery says.
func late(w *evidence.Window, s *recovery.Story, svc *evidence.Service) Result {
	r := ungraded("window", unseen(w, s, svc))
	if s.LateSeconds > 0 {
		r.Hint = i18n.M("check.window_late_hint")
		r.Observed["late_s"] = round(s.LateSeconds, 1)
	}
	return r
}

// faultName is what was done, in words.
func faultName(w *evidence.Window) i18n.Msg {
	host := clip(w.Fault.Hostname, 60)
	switch w.Fault.Kind {
	case "node-stop":
		return i18n.M("check.fault_node_stop", "node", host)
	case "node-drain":
		return i18n.M("check.fault_node_drain", "node", host)
	case "task-kill", "container-kill":
		return i18n.M("check.fault_task_kill", "node", host)
	case "update":
		return i18n.M("check.fault_update", "service", clip(w.Fault.Name, 60))
	}
	return i18n.M("check.fault_command", "node", host)
}

// storyFacts are what every check of a window shows.
func storyFacts(w *evidence.Window, s *recovery.Story) Facts {
	return Facts{"fault": w.Fault.Kind, "target": w.Fault.Hostname, "hit": len(s.Hit), "before": s.Before}
}

// moments adds when each moment of a recovery came, in seconds from the
// injection, null if it did not.
func (f Facts) moments(w *evidence.Window, s *recovery.Story) {
	f["running"] = s.Running
	for name, at := range map[string]int64{
		"down_s": s.Down, "replaced_s": s.Replaced, "answering_s": s.Answering, "recovered_s": s.Recovered, "restored_s": w.Restored,
	} {
		f[name] = nil
		if at >= 0 {
			f[name] = round(since(w, s, at), 1)
		}
	}
}

// since is how long after the fault was felt a moment was, in seconds of the
// swarm.
func since(w *evidence.Window, s *recovery.Story, at int64) float64 {
	return float64(at-s.Struck) / 1000 * speed(w)
}

func watched(w *evidence.Window, s *recovery.Story) float64 {
	end := w.Restoring
	if end < 0 {
		end = w.Ended
	}
	return since(w, s, end)
}

func speed(w *evidence.Window) float64 {
	if w.Speed <= 0 {
		return 1
	}
	return w.Speed
}

// figure writes seconds.
func figure(seconds float64) string { return strconv.FormatFloat(round(seconds, 1), 'f', -1, 64) }

func global(svc *evidence.Service) bool { return strings.HasPrefix(svc.Mode, "global") }
