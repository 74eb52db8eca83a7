package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// balanceParams list the algorithms that are accepted.
type balanceParams struct {
	proxyParams `yaml:",inline"`
	// Algorithms are those accepted.
	Algorithms []string `yaml:"algorithms"`
	// Direct says that the servers are the containers themselves, where
	// connections that are shared (http-reuse always) do no harm.
	Direct bool `yaml:"direct"`
}

// algorithms are HAProxy's own.
var algorithms = []string{
	"roundrobin", "static-rr", "leastconn", "first", "source", "uri", "url_param", "hdr", "random", "rdp-cookie",
	"hash", "log-hash", "sticky",
}

func (p *balanceParams) Validate(vars []string) []rubric.ParamError {
	errs := p.proxyParams.Validate(vars)
	if len(p.Algorithms) == 0 {
		errs = append(errs, paramError("algorithms", i18n.M("check.param_empty", "param", "algorithms")))
	}
	for _, a := range p.Algorithms {
		if !slices.Contains(algorithms, a) {
			errs = append(errs, wordError("algorithms", i18n.M("check.param_algorithm", "algorithm", a), a, algorithms))
		}
	}
	return errs
}

// haproxyBalance passes when every backend's algorithm is accepted and nothing
// else holds requests to a server: no uneven weights, no cookie or stick table,
// no http-reuse always. With no balance line HAProxy's default holds, roundrobin
// up to 3.2 and random from 3.3: one of them must be accepted.
func haproxyBalance() Kind {
	return define("haproxy-balance", false,
		balanceParams{proxyParams: proxyDefaults, Algorithms: []string{"roundrobin"}},
		func(p *balanceParams) []Need { return p.needs() }, whichever(judgeBalance))
}

func judgeBalance(in *Input, p *balanceParams) Result {
	px := in.View.Proxy()
	if px == nil {
		return judgeFound(in, &p.proxyParams)
	}
	r := Result{Outcome: Fail, Expected: Facts{"algorithms": p.Algorithms}}
	backends := in.View.Backends(px, p.public(in, px))
	if len(backends) == 0 {
		r.Observed = Facts{"algorithm": nil}
		r.Message = i18n.M("check.bind_no_backend", "port", in.Vars[p.Port])
		r.Hint = in.toBackend(px, in.Vars[p.Port])
		return r
	}
	for _, be := range backends {
		got := be.Balance.Algorithm
		if got == "" {
			r.Observed, r.Message = Facts{"algorithm": "default"}, i18n.M("check.balance_default")
			if !slices.Contains(p.Algorithms, "roundrobin") && !slices.Contains(p.Algorithms, "random") {
				r.Message = i18n.M("check.balance_absent", "want", p.Algorithms)
				r.Hint = in.takeTurns(px, be, p.Algorithms[0])
				return r
			}
			continue
		}
		r.Observed, r.Message = Facts{"algorithm": got}, i18n.M("check.balance_ok", "algorithm", got)
		if !slices.Contains(p.Algorithms, got) {
			r.Observed["line"] = be.Balance.Line.Num
			r.Message = i18n.M("check.balance_other", "algorithm", clip(got, 40), "want", p.Algorithms)
			if inTurn(got) || !slices.ContainsFunc(p.Algorithms, inTurn) {
				r.Message = i18n.M("check.balance_unlike", "algorithm", clip(got, 40), "want", p.Algorithms)
			}
			r.Hint = in.takeTurns(px, be, p.Algorithms[0])
			return r
		}
	}
	for _, be := range backends {
		if b := bias(be, p.Direct); b.what != "" {
			r.Observed["bias"], r.Observed["line"] = b.what, b.line
			r.Message = i18n.M("check.balance_"+b.what, "line", b.line, "text", clip(strings.TrimSpace(b.text), 60))
			r.Hint = in.unbiased(px, be, b, p.Direct)
			return r
		}
	}
	r.Outcome = Pass
	return r
}

// inTurn reports whether an algorithm deals requests out to all servers alike.
func inTurn(algorithm string) bool {
	return slices.Contains([]string{"roundrobin", "static-rr", "leastconn", "random"}, algorithm)
}

// takeTurns puts another algorithm in the place of a backend's own.
func (in *Input) takeTurns(px *evidence.Proxy, be *haproxy.Proxy, want string) i18n.Msg {
	e := edit{be.Balance.Line, "line", "balance " + want}
	if be.Balance.Algorithm == "" {
		e = edit{be.Section.Head, "add", "balance " + want}
	}
	return steps(i18n.M("check.balance_other_hint", "algorithm", clip(be.Balance.Algorithm, 40), "want", want), in.mend(px, []edit{e}))
}

// evenly is what makes a HAProxy deal requests in turn, in the words of the
// check of its balancing; empty if nothing in its configuration is against it.
func (in *Input) evenly(px *evidence.Proxy, public string, direct bool) i18n.Msg {
	backends := in.View.Backends(px, public)
	for _, be := range backends {
		if got := be.Balance.Algorithm; got != "" && !inTurn(got) {
			return in.takeTurns(px, be, "roundrobin")
		}
	}
	for _, be := range backends {
		if b := bias(be, direct); b.what != "" && (b.what != "cookie" || !in.wants().sticky) {
			return in.unbiased(px, be, b, direct)
		}
	}
	return i18n.Msg{}
}

// unbiased takes out of a backend all that is like its biased line.
func (in *Input) unbiased(px *evidence.Proxy, be *haproxy.Proxy, b biasLine, direct bool) i18n.Msg {
	return steps(i18n.M("check.balance_"+b.what+"_hint", "line", b.line), in.mend(px, unbias(be, direct)))
}

// biasLine is a line, besides the algorithm's, that keeps requests from being
// dealt in turn.
type biasLine struct {
	what string // weights, cookie, sticky, reuse
	line int
	text string
}

// bias finds the first such line of a backend; what is "" if there is none.
func bias(be *haproxy.Proxy, direct bool) biasLine {
	if be.Cookie != nil {
		return biasLine{"cookie", be.Cookie.Line.Num, be.Cookie.Line.Text}
	}
	for _, l := range be.Sticky {
		if l.Word(0) == "stick" {
			return biasLine{"sticky", l.Num, l.Text}
		}
	}
	if be.HTTPReuse == "always" && !direct {
		for _, l := range be.Lines {
			if l.Word(0) == "http-reuse" {
				return biasLine{"reuse", l.Num, l.Text}
			}
		}
	}
	first := -1
	for _, s := range be.Servers {
		if be.Idle(s) {
			continue
		}
		if first < 0 {
			first = s.Weight
		}
		if s.Weight != first {
			return biasLine{"weights", s.Line.Num, s.Line.Text}
		}
	}
	return biasLine{}
}

// unbias are the edits that leave nothing of the kind.
func unbias(be *haproxy.Proxy, direct bool) []edit {
	var out []edit
	gone := func(l haproxy.Line) { out = append(out, edit{l, "delete", ""}) }
	if be.Cookie != nil {
		gone(be.Cookie.Line)
	}
	for _, l := range be.Lines {
		if l.Word(0) == "stick" || l.Word(0) == "http-reuse" && l.Word(1) == "always" && !direct {
			gone(l)
		}
	}
	for _, s := range be.Servers {
		if be.Idle(s) {
			continue
		}
		text := written(s.Line.Words)
		if be.Cookie != nil {
			text = withoutWord(s.Line, "cookie", 1)
		}
		if slices.Contains(s.Line.Words, "weight") {
			text = withoutWord(s.Line, "weight", 1)
		}
		if text != written(s.Line.Words) {
			out = append(out, edit{s.Line, "line", text})
		}
	}
	return out
}

// haproxyHealth passes when every server is health checked. A disabled one gets
// no requests and is never checked; it does not count. Units are servers.
func haproxyHealth() Kind {
	return define("haproxy-health", true, proxyDefaults, proxyNeeds, whichever(judgeHealth))
}

func judgeHealth(in *Input, p *proxyParams) Result {
	px := in.View.Proxy()
	if px == nil {
		return judgeFound(in, p)
	}
	total := 0
	missing := []string{}
	note := func(name string, s haproxy.Server) {
		if s.Disabled {
			return
		}
		total++
		if !s.Check && s.Track == "" {
			missing = append(missing, clip(name, 40))
		}
	}
	for _, be := range in.View.Backends(px, p.public(in, px)) {
		for _, s := range be.Servers {
			note(s.Name, s)
		}
		for _, t := range be.Templates {
			note(t.Prefix, t.Server)
		}
	}
	r := Result{
		Outcome:  Fail,
		Measure:  &Measure{Got: float64(total - len(missing)), Want: float64(total)},
		Observed: Facts{"servers": total, "unchecked": missing},
		Expected: Facts{"unchecked": []string{}},
	}
	switch {
	case total == 0:
		r.Message = i18n.M("check.servers_none")
		r.Hint = in.mend(px, nil)
	case len(missing) > 0:
		r.Message = i18n.M("check.health_missing", "n", len(missing), "total", total, "servers", missing)
		r.Hint = in.mend(px, in.checked(px, p.public(in, px)))
	default:
		r.Outcome = Pass
		r.Message = i18n.M("check.health_ok", "n", total)
	}
	return r
}

// checked are the edits that have every server checked; lines that become
// others anyway are those.
func (in *Input) checked(px *evidence.Proxy, public string) []edit {
	svc := in.View.Subject()
	var out []edit
	if svc != nil {
		out = in.servers(px, svc, public, false)
	}
	done := rewritten(out)
	for _, be := range in.View.Backends(px, public) {
		for _, s := range sight.ServersOf(be) {
			if !s.Check && s.Track == "" && !s.Disabled && !done[s.Line.Num] {
				out = append(out, edit{s.Line, "line", written(append(slices.Clone(s.Line.Words), "check"))})
			}
		}
	}
	return out
}
