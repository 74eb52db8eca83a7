package check

import (
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/recovery"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/stats"
)

// updated passes when a rolling update, which the rubric's action has begun, replaced
// every task, and all of the new ones run and answer. Units are the tasks that ran before.
//
// What the swarm says of the update's state counts for nothing: it says "completed"
// also where nothing runs, "updating" for hours while new tasks are watched, and what
// it says of a rollback is "completed" as well. What counts is which version the tasks
// are of that run.
func updated() Kind {
	return define("updated", true, windowDefaults,
		func(p *windowParams) []Need { return p.needs() }, sparing(func(p *windowParams) string { return p.Service }, judgeUpdated))
}

func judgeUpdated(in *Input, p *windowParams) Result {
	svc, s, r := in.rolledOut(p)
	if svc == nil {
		return r
	}
	n := s.Replacements()
	r.Measure = &Measure{Got: float64(n), Want: float64(len(s.Hit))}
	r.Expected = Facts{"replaced": len(s.Hit)}
	r.Observed["replaced"], r.Observed["state"] = n, svc.UpdateState
	r.Observed.moments(in.Case.Window(), s)
	args := []any{"service", svc.Name, "n", n, "of", len(s.Hit), "seconds", figure(s.Seconds), "watched", figure(watched(in.Case.Window(), s))}
	switch {
	case s.Recovered >= 0:
		r.Outcome = Pass
		r.Message = i18n.M("check.updated_ok", args...)
	case s.RolledBack:
		r.Message = i18n.M("check.updated_back", args...)
		r.Hint = i18n.M("check.updated_back_hint", "service", svc.Name)
	case n == len(s.Hit) && s.Doubtful(s.Bound):
		return late(in.Case.Window(), s, svc)
	case n == len(s.Hit):
		r.Measure.Got = 0
		r.Message = i18n.M("check.updated_silent", args...)
		r.Hint = i18n.M("check.recovers_silent_hint", "service", svc.Name)
	default:
		r.Message = i18n.M("check.updated_not", append(args, "why", whyNot(svc, s))...)
		r.Hint = in.notHint(svc, s)
	}
	return r
}

// updateAvailableParams also say what share of the requests may fail.
type updateAvailableParams struct {
	windowParams `yaml:",inline"`
	// MaxErrors is the share of requests that a loaded machine may lose.
	MaxErrors float64 `yaml:"max_errors"`
}

func (p *updateAvailableParams) Validate(vars []string) []rubric.ParamError {
	return (&availableParams{p.windowParams, p.MaxErrors}).Validate(vars)
}

// updateAvailable passes when requests were answered throughout a rolling update, from
// its begin until all new tasks answer. Where a loaded machine loses the share
// max_errors of them, a correct service exceeds the number that may fail, and how many
// in a row, by chance once in a million each. An update that is over within so few
// requests that they can't tell is not graded.
//
// The measure is the share of the requests that was answered.
func updateAvailable() Kind {
	return define("update-available", true, updateAvailableParams{windowParams: windowDefaults, MaxErrors: 0.01},
		func(p *updateAvailableParams) []Need { return p.needs() },
		sparing(func(p *updateAvailableParams) string { return p.Service }, judgeUpdateAvailable))
}

// fewest is of how many requests none may have failed by chance where somebody was silent
// for a third of the update: they are evenly spaced.
const fewest = 4

// unseenMost is for which part of an update at a time the grader's own machine may have
// been late where a pass is told: where all of a service's tasks are away it is for a
// third of it and more.
const unseenMost = 0.2

func judgeUpdateAvailable(in *Input, p *updateAvailableParams) Result {
	svc, s, r := in.rolledOut(&p.windowParams)
	if svc == nil {
		return r
	}
	q := s.Requests
	if q.Sent == 0 {
		return late(in.Case.Window(), s, svc)
	}
	allowed := stats.Most(q.Sent, p.MaxErrors)
	r.Measure = &Measure{Got: 1 - float64(q.Failed)/float64(q.Sent), Want: 1}
	r.Observed["requests"], r.Observed["failed"], r.Observed["outage_s"] = q.Sent, q.Failed, round(q.Outage, 1)
	r.Expected = Facts{"failed_at_most": allowed}
	args := []any{"service", svc.Name, "failed", q.Failed, "sent", q.Sent, "allowed", allowed, "seconds", figure(q.Outage)}
	run := float64(stats.LongestRun(q.Sent, p.MaxErrors)) * q.Step
	if q.Failed <= allowed && q.Outage <= run {
		if q.Sent < fewest || q.Failed > 0 && 2*allowed >= q.Sent {
			return late(in.Case.Window(), s, svc)
		}
		if q.Thin() || q.OutageMost > max(run, unseenMost*speed(in.Case.Window())*float64(q.To-q.From)/1000) {
			return late(in.Case.Window(), s, svc)
		}
		r.Outcome = Pass
		r.Message = i18n.M("check.update_available_ok", args...)
		return r
	}
	all := q.Sent + q.Unsent
	if q.Heavy() || q.Failed-q.Spoilt <= stats.Most(all, p.MaxErrors) &&
		q.OutageLeast <= float64(stats.LongestRun(all, p.MaxErrors))*q.Step {
		return late(in.Case.Window(), s, svc)
	}
	r.Message = i18n.M("check.update_available_low", args...)
	switch {
	case svc.Mode == "replicated" && s.Before < 2 && !startsFirst(svc):
		r.Hint = i18n.M("check.update_alone_hint", "service", svc.Name)
	case svc.Update != nil && svc.Update.Parallelism != 1 && !startsFirst(svc):
		r.Hint = i18n.M("check.update_together_hint", "service", svc.Name)
	case !startsFirst(svc):
		r.Hint = i18n.M("check.update_order_hint", "service", svc.Name)
	default:
		r.Hint = i18n.M("check.update_healthy_hint", "service", svc.Name)
	}
	return r
}

func startsFirst(svc *evidence.Service) bool {
	return svc.Update != nil && svc.Update.Order == "start-first"
}

// rolledOut is told for checks of an update; of another episode nothing is known.
func (in *Input) rolledOut(p *windowParams) (*evidence.Service, *recovery.Story, Result) {
	svc, s, r := in.told(p)
	if svc != nil && in.Case.Window().Fault.Kind != "update" {
		return nil, nil, ungraded("window", i18n.M("check.window_none"))
	}
	return svc, s, r
}
