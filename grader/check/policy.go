package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// policy is a service's restart or update policy, held against what a rubric asks
// of it, setting by setting; what is not asked for is not looked at.
type policy struct {
	asked   int
	differ  []i18n.Msg // what is not as asked for
	flags   []string   // of docker service update, for what differs
	missing string     // a setting that the evidence does not hold
}

// word holds a setting that is one of a few words against those accepted, none
// for any. Flag is what sets it.
func (p *policy) word(name, flag, got string, accepted []string) {
	if len(accepted) == 0 {
		return
	}
	p.asked++
	if slices.Contains(accepted, got) {
		return
	}
	p.say(name, got, i18n.M("check.one_of", "words", accepted))
	p.flags = append(p.flags, flag, accepted[0])
}

// number holds a time (in milliseconds) or a count against a range, "" for any.
func (p *policy) number(name, flag string, got int64, accepted string, times bool) {
	l, ok := parseLimits(accepted, times)
	if !ok {
		return
	}
	p.asked++
	if l.holds(got) {
		return
	}
	p.say(name, l.say(got), l.text())
	value := l.nearest(got)
	if value == noLimit {
		value = 0 // which is how no limit is typed
	}
	text, _ := l.say(value).(string)
	p.flags = append(p.flags, flag, text)
}

// kept is a time that older evidence does not hold; one that is asked for then
// leaves the check open.
func (p *policy) kept(name, flag string, got *int64, accepted string) {
	switch {
	case got != nil:
		p.number(name, flag, *got, accepted, true)
	case accepted != "":
		p.missing = name
	}
}

func (p *policy) say(name string, got any, want i18n.Msg) {
	p.differ = append(p.differ, i18n.M("check.policy_setting", "setting", i18n.M("check.policy_"+name), "got", got, "want", want))
}

// judged completes what is said of a policy under a key's name: <key>_ok or
// <key>_differs. Units are the settings asked for.
func (p *policy) judged(r Result, key string, svc *evidence.Service) Result {
	if p.missing != "" {
		return ungraded("services", i18n.M("check.policy_unread", "service", svc.Name, "setting", i18n.M("check.policy_"+p.missing)))
	}
	for name, want := range r.Expected {
		if want == "" {
			delete(r.Expected, name)
		} else if list, ok := want.([]string); ok && len(list) == 0 {
			delete(r.Expected, name)
		}
	}
	r.Outcome = Pass
	r.Measure = &Measure{Got: float64(p.asked - len(p.differ)), Want: float64(p.asked)}
	r.Message = i18n.M("check."+key+"_ok", "service", svc.Name)
	if len(p.differ) > 0 {
		r.Outcome = Fail
		r.Message = i18n.M("check."+key+"_differs", "service", svc.Name, "what", p.differ)
		r.Hint = do(slices.Concat([]string{"docker service update"}, p.flags, []string{svc.Name})...)
	}
	return r
}

// unlimited is a value where 0 stands for no limit.
func unlimited(n int64) int64 {
	if n == 0 {
		return noLimit
	}
	return n
}

// policyFlags add what a service sets of restarts and updates, to make it again as
// it is.
func policyFlags(s *evidence.Service, add func(flag string, values ...string)) {
	if r := s.Restart; r.Condition != "" {
		if r.Condition != "any" {
			add("--restart-condition", r.Condition)
		}
		if r.DelayMS != usualDelayMS {
			add("--restart-delay", span(r.DelayMS))
		}
		if r.MaxAttempts > 0 {
			add("--restart-max-attempts", itoa(r.MaxAttempts))
		}
		if r.WindowMS != nil && *r.WindowMS > 0 {
			add("--restart-window", span(*r.WindowMS))
		}
	}
	u := s.Update
	if u == nil {
		return
	}
	if u.Order != "" && u.Order != usualOrder {
		add("--update-order", u.Order)
	}
	if u.OnFailure != "" && u.OnFailure != usualFailure {
		add("--update-failure-action", u.OnFailure)
	}
	if u.Parallelism != usualParallelism {
		add("--update-parallelism", itoa(u.Parallelism))
	}
	if u.DelayMS > 0 {
		add("--update-delay", span(u.DelayMS))
	}
	if u.MonitorMS != nil && *u.MonitorMS != usualMonitorMS {
		add("--update-monitor", span(*u.MonitorMS))
	}
}
