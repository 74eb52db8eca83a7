package check

import (
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// whichever is for checks of a HAProxy's backend, where its configuration computes
// from each request which backend that is. The check is judged for each that it may
// be: what all of them pass is passed, and what none of them passes is lost by as
// little as the best of them loses. Otherwise nobody can tell, and it is open.
func whichever[P any](judge func(*Input, *P) Result) func(*Input, *P) Result {
	return func(in *Input, p *P) Result {
		px := in.View.Proxy()
		balancer, ok := any(p).(interface {
			public(*Input, *evidence.Proxy) string
		})
		if px == nil || !ok {
			return judge(in, p)
		}
		line, may := in.View.Computed(px, balancer.public(in, px))
		if len(may) == 0 {
			return judge(in, p)
		}
		var best Result
		var names []string
		passed := 0
		for i, be := range may[:min(len(may), mostComputed)] {
			one := *in
			one.View = in.View.Taking(be)
			r := judge(&one, p)
			switch r.Outcome {
			case Ungraded:
				return r
			case Pass:
				passed++
			}
			if i == 0 || r.share() > best.share() {
				best = r
			}
			names = append(names, clip(be.Name, 40))
		}
		if len(may) <= mostComputed && (passed == 0 || passed == len(may)) {
			return best
		}
		r := ungraded("proxies/"+px.Name, i18n.M("check.backend_computed", "line", line.Num, "text", clip(strings.TrimSpace(line.Text), 80),
			"backends", names))
		r.Hint = i18n.M("check.backend_computed_hint", "line", line.Num)
		return r
	}
}

// mostComputed is how many backends are tried.
const mostComputed = 20

// share is how much of the check is won.
func (r *Result) share() float64 {
	switch {
	case r.Outcome == Pass:
		return 1
	case r.Measure == nil || r.Measure.Want <= 0:
		return 0
	}
	return r.Measure.Got / r.Measure.Want
}
