package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// stickyParams say which balancer is to keep its clients.
type stickyParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Name is the variable with the name of the HAProxy.
	Name string `yaml:"name"`
	// Port is the variable with the port that is driven.
	Port string `yaml:"port"`
	// Or are variables with ports that may be published in place of Port.
	Or []string `yaml:"or"`
	// Host is the Host header of the requests: configured is the host name that
	// haproxy.cfg asks for, if it does, and none is the address.
	Host string `yaml:"host"`
}

var stickyDefaults = stickyParams{Service: "service", Name: sight.Usual.Balancer, Port: sight.Usual.Frontend, Host: HostConfigured}

func (p *stickyParams) Validate(vars []string) []rubric.ParamError {
	errs := varsExist(vars, "service", p.Service, "name", p.Name, "port", p.Port)
	return append(append(errs, orExist(vars, p.Or)...), hostKnown(p.Host)...)
}

func (p *stickyParams) needs() []Need {
	load := loadNeed("cookies", p.Service, p.Name, p.Port, p.Or, false)
	load.Host = p.Host
	return append((&proxyParams{Name: p.Name, Port: p.Port, Or: p.Or}).needs(), Need{Kind: "snapshot", Service: p.Service}, load)
}

// minAnswers is how many of a client's requests must have been answered for it to
// show whether it is kept.
const minAnswers = 8

// stickyCookie passes when a client that has the cookie comes to the same container
// 20 times, clients without one come to every container, and those with invented
// values are answered too, each having another, and not all by one container. How
// haproxy.cfg does it does not matter: a stick-table may keep those as well.
//
// A client whose container is gone may go on to another one, and what fails
// meanwhile is not held against it. Clients that are kept by their address are not
// kept by a cookie. Units are the clients that keep cookies; they count half where
// those without a cookie, or with an invented one, don't come where they should.
func stickyCookie() Kind {
	return define("sticky-cookie", true, stickyDefaults, func(p *stickyParams) []Need { return p.needs() },
		sparing(func(p *stickyParams) string { return p.Service }, judgeSticky))
}

// cookieLoad is a load with cookies, or the result where it tells nothing of
// them: nobody answered, or not only the student's own containers did.
func cookieLoad(in *Input, p *stickyParams, kind string) (*evidence.Service, *evidence.Trace, *Result) {
	svc := in.View.Service(p.Service)
	if svc == nil {
		r := noService(in, p.Service)
		return nil, nil, &r
	}
	traces, missing := in.View.Traces(kind, append([]string{p.Port}, p.Or...)...)
	if missing != nil {
		r := in.unsent(missing, kind, p.Service, p.Name, p.Port, p.Or)
		return nil, nil, &r
	}
	tr, t := traces[0], in.View.Tally(svc, traces[0])
	asked := &answersParams{Service: p.Service, Via: "haproxy", Port: p.Port, Or: p.Or, Name: p.Name, MaxErrors: 0.5}
	bad := in.complain(svc, asked, tr, &t, nil)
	if t.OwnTotal() > 0 && (bad == nil || bad.weight <= 6 && t.Failed*2 <= t.Sent) {
		return svc, tr, nil
	}
	r := Result{Outcome: Fail, Observed: figuresAt(tr, &t, in.View.Lasting(svc)), Expected: Facts{}, Message: bad.msg, Hint: bad.hint}
	if stable, known := in.View.Stable(svc); known && !stable {
		r = unstable(in, r, svc)
	} else if px := in.View.Proxy(); px != nil {
		if hint := in.behind(px, svc, sight.PortOf(tr.Target.Address), bad.class); bad.class != "" && !hint.Empty() {
			r.Hint = hint
		}
		in.blameLoaded(&r, px, sight.PortOf(tr.Target.Address))
	}
	return nil, nil, &r
}

// clients is what a load with cookies shows.
type clients struct {
	kept, stuck int            // that keep cookies: how many tell, and came to one container
	stray       *stray         // the first that did not
	without     map[string]int // answers to requests without a cookie, by task ID
	asked       int            // such requests
	invented    int            // requests with an invented value
	refused     int            // of them nobody answered
	again       map[string]int // answers to the others, by task ID
	differ      bool           // each of them had a value of its own
	holds       bool           // some client sent a cookie back
	sets        []evidence.SetCookie
}

// stray is a client that was led from one container to another.
type stray struct {
	client   int // from 1
	from, to *evidence.Task
	request  int // from 1
}

func readClients(visitors []sight.Visitor, lasting []*evidence.Task) clients {
	c := clients{without: map[string]int{}, again: map[string]int{}}
	without := func(t *evidence.Task) {
		c.asked++
		if t != nil {
			c.without[t.ID]++
		}
	}
	for n, v := range visitors {
		switch v.Who {
		case evidence.VisitPlain:
			for _, t := range v.Tasks {
				without(t)
			}
		case evidence.VisitInvented:
			for _, t := range v.Tasks {
				if len(v.Names) == 0 {
					without(t)
					continue
				}
				c.invented++
				c.differ = v.Differ
				if t == nil {
					c.refused++
				} else {
					c.again[t.ID]++
				}
			}
		case evidence.VisitKept:
			if len(v.Tasks) > 0 {
				without(v.Tasks[0])
			}
			away, answers := follow(v.Tasks, lasting)
			if answers < minAnswers && away == nil {
				continue
			}
			c.kept++
			if away == nil {
				c.stuck++
			} else if c.stray == nil {
				away.client = n + 1
				c.stray = away
			}
		}
		for _, s := range v.Set {
			c.holds = c.holds || v.Who == evidence.VisitKept && s.Refused == ""
			if !slices.ContainsFunc(c.sets, func(k evidence.SetCookie) bool { return k.Name == s.Name && k.Value == s.Value }) {
				c.sets = append(c.sets, s)
			}
		}
	}
	return c
}

// pinned reports whether clients with invented values, each with another, all came to
// one container that most of those without a cookie did not come to: no algorithm that
// spreads does that by chance more than once in a million times.
func (c *clients) pinned() bool {
	const enough, share = 30, 0.6
	if !c.differ || len(c.again) != 1 {
		return false
	}
	total := 0
	for _, n := range c.without {
		total += n
	}
	for id, n := range c.again {
		return n >= enough && float64(c.without[id]) <= share*float64(total)
	}
	return false
}

// follow goes with a client from answer to answer. A container that is gone by the
// end of the load is left for another one; whoever leaves one that lasts has strayed.
func follow(tasks, lasting []*evidence.Task) (away *stray, answers int) {
	var home *evidence.Task
	for i, t := range tasks {
		switch {
		case t == nil: // a failure, as while a container is replaced
			continue
		case home == nil:
			home = t
		case home.ID == t.ID:
		case !slices.ContainsFunc(lasting, func(l *evidence.Task) bool { return l.ID == home.ID }):
			home = t
		default:
			return &stray{from: home, to: t, request: i + 1}, answers
		}
		answers++
	}
	return nil, answers
}

func judgeSticky(in *Input, p *stickyParams) Result {
	svc, tr, open := cookieLoad(in, p, "cookies")
	if open != nil {
		return *open
	}
	lasting := in.View.Lasting(svc)
	c := readClients(in.View.Visitors(svc, tr), lasting)
	m := in.methodOf(sight.PortOf(tr.Target.Address))
	reached := 0
	for _, t := range lasting {
		if c.without[t.ID] > 0 {
			reached++
		}
	}
	r := Result{
		Outcome: Fail,
		Measure: &Measure{Got: float64(c.stuck), Want: float64(max(c.kept, 1))},
		Observed: Facts{
			"clients": c.kept, "stuck": c.stuck, "without_cookie": c.asked, "containers_without": reached,
			"invented": c.invented, "invented_unanswered": c.refused, "containers_invented": len(c.again), "cookies": named(c.sets), "method": m.name,
		},
		Expected: Facts{"stuck": c.kept, "containers_without": len(lasting)},
	}
	if tr.Target.Host != "" {
		r.Observed["host"] = tr.Target.Host
	}
	switch {
	case c.kept == 0:
		return ungraded("load/"+tr.Target.ID, i18n.M("check.sticky_few", "n", minAnswers))
	case len(lasting) > 1 && reached < 2 && c.stray == nil:
		// Everybody comes to one container, with a cookie or without.
		r.Measure.Got = 0
		r.Message, r.Hint = in.allOne(m, c.asked, len(lasting)), in.stick(m)
	case !c.holds || c.stray != nil:
		if !c.holds {
			r.Measure.Got = 0
		}
		r.Message, r.Hint = in.loose(m, &c), in.stick(m)
	case reached < len(lasting):
		r.Measure.Got /= 2
		r.Message = i18n.M("check.sticky_silent", "n", c.asked, "reached", reached, "containers", len(lasting))
		r.Hint = in.stick(m)
		if edits := in.servers(m.px, svc, m.port, false); m.px != nil && len(edits) > 0 {
			r.Hint = in.mend(m.px, edits)
		}
	case c.invented > 0 && c.refused*2 > c.invented:
		r.Measure.Got /= 2
		r.Message = i18n.M("check.sticky_invented", "n", c.refused, "sent", c.invented)
		if by := m.by(); by.line.Num > 0 {
			r.Message = i18n.M("check.sticky_invented_by", "n", c.refused, "sent", c.invented, "how", by.words)
		}
		r.Hint = in.unfixed(m)
	case c.pinned():
		r.Measure.Got /= 2
		r.Message = i18n.M("check.sticky_pinned", "n", c.invented-c.refused, "containers", reached, "how", m.by().words)
		r.Hint = in.unfixed(m)
	default:
		r.Outcome = Pass
		r.Message = i18n.M("check.sticky_ok", "clients", c.kept, "n", tr.Target.Cookies.Replays, "containers", len(lasting), "how", m.words())
		return r
	}
	if stable, known := in.View.Stable(svc); known && !stable {
		return unstable(in, r, svc)
	}
	if m.px != nil {
		in.blameLoaded(&r, m.px, m.port)
	}
	return r
}

// named are the names of cookies, each once.
func named(sets []evidence.SetCookie) []string {
	out := []string{}
	for _, s := range sets {
		if !slices.Contains(out, s.Name) {
			out = append(out, s.Name)
		}
	}
	return out
}
