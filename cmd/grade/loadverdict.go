package main

import (
	"strconv"
	"strings"

	"swarmgrade/grader/i18n"
	"swarmgrade/loadgen/policy"
)

// evenness says how evenly the containers answered, the verdict first; nothing of fewer
// than two.
func (v loadView) evenness(r loadReport) []string {
	e, t := r.Spread, r.Trace
	if e == nil {
		return nil
	}
	key := "loadgen.uneven"
	if e.Even {
		key = "loadgen.even"
	}
	lines := []string{v.lang.T(key, "low", e.Low, "high", e.High, "bound", chance(e.FalseFail))}
	if !e.Enough {
		lines = append(lines, v.lang.T("loadgen.too_few", "n", t.Answered(), "wanted", e.Wanted))
	}
	if t.Target.PerConnection != 1 {
		lines = append(lines, v.lang.T("loadgen.kept_note"))
	}
	return lines
}

// chance is a small probability in percent, of one digit that counts.
func chance(p float64) string {
	const digits = 12
	n := 0
	for x := p * 100; x > 0 && x < 1 && n < digits; x *= 10 {
		n++
	}
	return strconv.FormatFloat(p*100, 'f', n, 64) + "%"
}

// order says what the order of answers tells of the balancer.
func (v loadView) order(r loadReport) []string {
	s := r.Policy
	weights := make([]string, len(s.Weights))
	for i, w := range s.Weights {
		weights[i] = strconv.Itoa(w)
	}
	match, chance := fixed(100*s.Match, 0), fixed(100*s.Chance, 0)
	var said i18n.Msg
	switch s.Kind {
	case policy.RoundRobin:
		said = i18n.M("loadgen.policy_round_robin", "period", s.Period, "match", match, "chance", chance)
	case policy.RoundRobinRepeats:
		said = i18n.M("loadgen.policy_repeats", "period", s.Period, "match", match, "chance", chance)
	case policy.Random:
		said = i18n.M("loadgen.policy_random", "follow", fixed(100*s.Follow, 0), "chance", chance)
	case policy.Single:
		said = i18n.M("loadgen.policy_single")
	case policy.Weighted:
		said = i18n.M("loadgen.policy_weighted", "weights", strings.Join(weights, ":"))
	default:
		said = i18n.M("loadgen.policy_unclear", "follow", fixed(100*s.Follow, 0), "chance", chance)
		if s.Answers < policy.MinAnswers {
			said = i18n.M("loadgen.policy_too_few", "n", s.Answers, "least", policy.MinAnswers)
		}
	}
	lines := []string{v.lang.Text(said)}
	if r.Trace.Target.Workers > 1 {
		lines = append(lines, v.lang.T("loadgen.policy_workers", "workers", r.Trace.Target.Workers))
	}
	return lines
}
