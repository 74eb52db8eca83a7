package check

import (
	"math"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/recovery"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/stats"
)

// spare is what chance on a loaded machine may lose besides.
const spare = 0.05

// availableParams also say what share of the requests a loaded machine may
// lose when no container is missing.
type availableParams struct {
	windowParams `yaml:",inline"`
	// MaxErrors is the share of requests that may fail once swarm has had its
	// time.
	MaxErrors float64 `yaml:"max_errors"`
}

func (p *availableParams) Validate(vars []string) []rubric.ParamError {
	errs := p.windowParams.Validate(vars)
	if p.MaxErrors < 0 || p.MaxErrors >= 1 {
		errs = append(errs, paramError("max_errors", i18n.M("check.param_share", "param", "max_errors")))
	}
	return errs
}

// available passes when, from the fault until the recovery (or until there
// should have been one), no more requests failed than swarm itself cannot help.
//
// Until swarm has noticed the loss (8 to 17 s on the usual heartbeat) and every
// node's mesh has heard of it, connections still go to the lost tasks: with two
// replicas, one of them hit, half of them. So until 10 s after the target was
// seen down as large a share may fail as tasks were hit, and after that only
// max_errors. Both are compared with the exact binomial bound that chance
// exceeds once in a million, so that a correct service is safe whichever way
// the mesh deals.
//
// A service that was hit whole has nobody left to answer: with one replica it
// is measured against two, of which half would have answered. Where all of
// several replicas were on the target and came back elsewhere, it was swarm
// that had put them together; nothing is taken for the time until they did.
//
// The measure is the share of the requests that was answered; 0 where nobody
// was left, since what was answered then was before the loss or after it.
func available() Kind {
	return define("available", true, availableParams{windowParams: windowDefaults, MaxErrors: 0.02},
		func(p *availableParams) []Need { return p.needs() }, sparing(func(p *availableParams) string { return p.Service }, judgeAvailable))
}

func judgeAvailable(in *Input, p *availableParams) Result {
	svc, s, r := in.probed(&p.windowParams)
	if svc == nil {
		return r
	}
	q := s.Requests
	allowed := p.allowed(s, q.EarlySent, q.Sent)
	// With what was not sent, as the grader's own machine was late.
	all := p.allowed(s, q.EarlySent+q.EarlyUnsent, q.Sent+q.Unsent)
	switch {
	case q.Failed > allowed && (q.Heavy() || q.Failed-q.Spoilt <= all), q.Failed <= allowed && q.Thin() && q.Failed+q.Unsent > all:
		return late(in.Case.Window(), s, svc)
	}
	r.Measure = &Measure{Got: 1 - float64(q.Failed)/float64(q.Sent), Want: 1}
	if s.Alone() && !excused(s) {
		r.Measure.Got = 0
	}
	r.Observed["requests"], r.Observed["failed"] = q.Sent, q.Failed
	r.Observed["failed_share"] = round(float64(q.Failed)/float64(q.Sent), 3)
	r.Expected = Facts{"failed_at_most": allowed}
	args := []any{"fault", faultName(in.Case.Window()), "failed", q.Failed, "sent", q.Sent,
		"percent", percent(1 - float64(q.Failed)/float64(q.Sent)), "allowed", allowed, "before", s.Before, "hit", len(s.Hit)}
	switch {
	case q.Failed <= allowed && excused(s):
		r.Outcome = Pass
		r.Message = i18n.M("check.available_together", args...)
	case q.Failed == 0:
		r.Outcome = Pass
		r.Message = i18n.M("check.available_all", args...)
	case q.Failed <= allowed:
		r.Outcome = Pass
		r.Message = i18n.M("check.available_ok", args...)
	case s.Alone():
		r.Message = i18n.M("check.available_alone", args...)
		r.Hint = in.aloneHint(svc, s)
	default:
		r.Message = i18n.M("check.available_low", args...)
		r.Hint = i18n.M("check.available_low_hint", "service", svc.Name)
	}
	return r
}

// allowed is how many of so many requests may fail.
func (p *availableParams) allowed(s *recovery.Story, early, sent int) int {
	early = min(early, sent)
	switch {
	case excused(s):
		return early + stats.Most(sent-early, p.MaxErrors)
	case s.Alone(): // all fail, not by chance
		return int(math.Ceil((0.5 + spare) * float64(sent)))
	}
	return stats.Most(early, min(1, hitShare(s)+spare)) + stats.Most(sent-early, p.MaxErrors)
}

// probed is told for checks that count requests, of which there must be some.
func (in *Input) probed(p *windowParams) (*evidence.Service, *recovery.Story, Result) {
	svc, s, r := in.told(p)
	if svc != nil && s.Requests.Sent == 0 {
		return nil, nil, late(in.Case.Window(), s, svc)
	}
	return svc, s, r
}

// excused is a service whose several tasks were all hit and came back: swarm
// had put them together.
func excused(s *recovery.Story) bool { return s.Alone() && s.Before > 1 && s.Replaced >= 0 }

func hitShare(s *recovery.Story) float64 { return float64(len(s.Hit)) / float64(s.Before) }

func (in *Input) aloneHint(svc *evidence.Service, s *recovery.Story) i18n.Msg {
	if s.Before < 2 {
		return i18n.M("check.replicas_hint", "service", svc.Name, "want", 2)
	}
	return in.notHint(svc, s)
}

// outageParams also say how long nothing may answer.
type outageParams struct {
	windowParams `yaml:",inline"`
	// AtMost is how many seconds nothing may answer.
	AtMost float64 `yaml:"at_most"`
}

func (p *outageParams) Validate(vars []string) []rubric.ParamError {
	errs := p.windowParams.Validate(vars)
	if p.AtMost <= 0 || p.AtMost > 600 {
		errs = append(errs, paramError("at_most", i18n.M("check.param_seconds", "param", "at_most")))
	}
	return errs
}

// outage passes when the longest time without an answer is short enough.
//
// While some of the tasks are lost and the others live, requests fail here and there
// and several in a row by chance: a run that chance exceeds at most once in a
// million is never held against anybody. The time counts from the first of the
// failed requests to the last, so that slow probing does not lengthen it.
//
// The measure is that time, in seconds.
func outage() Kind {
	return define("outage", true, outageParams{windowParams: windowDefaults, AtMost: 8},
		func(p *outageParams) []Need { return p.needs() }, sparing(func(p *outageParams) string { return p.Service }, judgeOutage))
}

func judgeOutage(in *Input, p *outageParams) Result {
	svc, s, r := in.probed(&p.windowParams)
	if svc == nil {
		return r
	}
	q := s.Requests
	longest := func(sent int) float64 {
		if s.Alone() {
			return p.AtMost
		}
		return max(p.AtMost, float64(stats.LongestRun(sent, min(1, hitShare(s)+spare)))*q.Step)
	}
	allowed, all := longest(q.Sent), longest(q.Sent+q.Unsent)
	if !excused(s) && (q.Outage > allowed && (q.Heavy() || q.OutageLeast <= all) || q.Outage <= allowed && q.OutageMost > all) {
		return late(in.Case.Window(), s, svc)
	}
	r.Measure = &Measure{Got: q.Outage, Want: p.AtMost}
	r.Observed["outage_s"], r.Observed["known_within_s"] = round(q.Outage, 1), round(q.Step, 2)
	r.Expected = Facts{"outage_s_at_most": round(allowed, 1)}
	args := []any{"fault", faultName(in.Case.Window()), "seconds", figure(q.Outage), "allowed", figure(allowed), "step", figure(q.Step)}
	switch {
	case q.Outage <= allowed:
		r.Outcome = Pass
		r.Message = i18n.M("check.outage_ok", args...)
	case excused(s):
		r.Outcome = Pass
		r.Message = i18n.M("check.outage_together", append(args, "before", s.Before)...)
	case s.Recovered < 0 && s.Alone():
		r.Message = i18n.M("check.outage_ever", args...)
		r.Hint = in.aloneHint(svc, s)
	case s.Alone():
		r.Message = i18n.M("check.outage_alone", args...)
		r.Hint = in.aloneHint(svc, s)
	default:
		r.Message = i18n.M("check.outage_long", args...)
		r.Hint = i18n.M("check.available_low_hint", "service", svc.Name)
	}
	return r
}
