package check

import (
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// laterParams say whose answers must be whole and even once the fault is
// undone.
type laterParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Port is the variable with the published port.
	Port string `yaml:"port"`
	// MaxErrors is the share of requests that may fail.
	MaxErrors float64 `yaml:"max_errors"`
}

func (p *laterParams) Validate(vars []string) []rubric.ParamError {
	a := answersParams{Service: p.Service, Via: "mesh", Port: p.Port, MaxErrors: p.MaxErrors, Name: sight.Usual.Balancer}
	return a.Validate(vars)
}

// later passes when, with the fault undone, every node leads to all of the
// student's containers, and evenly: "answers" and "spread" over the load that
// follows the window and the snapshots around it. The measure is that of
// "spread".
func later() Kind {
	return define("later-spread", true, laterParams{Service: "service", Port: "published", MaxErrors: 0.01},
		func(p *laterParams) []Need {
			return []Need{{Kind: "snapshot", Service: p.Service}, {Kind: "window", Tasks: 1, Service: p.Service, Port: p.Port},
				{Kind: "load", From: "mesh", After: "fault", Tasks: 2, Spread: true, MaxErrors: p.MaxErrors, Service: p.Service, Port: p.Port}}
		}, sparing(func(p *laterParams) string { return p.Service }, judgeLater))
}

func judgeLater(in *Input, p *laterParams) Result {
	if _, _, open := in.told(&windowParams{Service: p.Service, Port: p.Port}); open.Outcome == Ungraded {
		return open
	}
	after := in.View.Within(evidence.FaultEpisode)
	if after == nil {
		return ungraded("later", i18n.M("check.later_none"))
	}
	inner := *in
	inner.View = after
	r := judgeAnswers(&inner, &answersParams{Service: p.Service, Via: "mesh", Port: p.Port, MaxErrors: p.MaxErrors})
	if r.Outcome != Pass {
		r.Measure = nil
		return r
	}
	return judgeSpread(&inner, &spreadParams{Service: p.Service, Via: "mesh", Port: p.Port})
}
