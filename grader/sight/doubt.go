package sight

import (
	"path"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// Doubt is a reason not to take what a HAProxy's answers claim at its word.
type Doubt struct {
	// Why is a stable word:
	//
	//	made        the configuration answers every request by itself
	//	made-if     it may answer by itself
	//	header      it writes the header field that names the container
	//	elsewhere   every server leads to something that is not the service
	//	unverified  where the servers lead can't be told
	//	partly      some servers, or those of some requests, lead elsewhere
	//	line        a line is not known to lead nowhere but to the servers
	//	command     more runs than HAProxy itself, or with foreign code
	//	edited      the file is not what was loaded, or not surely
	//	image       the image is not HAProxy's own, or not everybody's
	//
	// or what makes a single claim forged: torn, address, stand-alone, student,
	// cached.
	Why  string
	Line int    // of the configuration, 0 for none
	Text string // the line, or whose the servers are
	// Counted says that the engines' counts of packets have refuted the claim.
	Counted bool
}

// alone reports whether a doubt by itself refutes a claim that nothing else
// bears out.
func (d Doubt) alone() bool { return d.Why == "made" || d.Why == "elsewhere" }

// doubts are the reasons to doubt a HAProxy's answers on a port, the gravest
// first; none for nearly everybody.
func (v *View) doubts(px *evidence.Proxy, svc *evidence.Service, port string) []Doubt {
	var out []Doubt
	edited := v.Stale(px, port)
	if d, ok := v.elsewhere(px, svc, port); ok {
		out = append(out, d)
	}
	out = append(v.selfMade(px, port), out...)
	if edited {
		// The file says nothing of what runs.
		for i := range out {
			out[i].Why = "edited"
		}
		out = append(out, Doubt{Why: "edited"})
	}
	if v.oddImage(px) {
		out = append(out, Doubt{Why: "image", Text: px.Image})
	}
	out = append(out, v.unusual(px, port, out)...)
	if d, ok := v.notAlone(px); ok {
		out = append(out, d)
	}
	return out
}

// selfMade are the lines by which a HAProxy can answer without a server, or
// name a container by itself.
func (v *View) selfMade(px *evidence.Proxy, port string) []Doubt {
	route := v.Route(px, port)
	var out, perhaps []Doubt
	for _, r := range route.Answers {
		if r.OwnPage() {
			out = append(out, at("made", r.Line))
		}
	}
	for _, p := range proxiesOf(route) {
		for _, l := range p.Lines {
			r := haproxy.RuleOf(l)
			switch w := l.Word(0); {
			case w == "http-response" && r.OwnPage() && r.Cond.Always():
				out = append(out, at("made", l))
			case r.OwnPage(), strings.HasPrefix(r.Action, "lua."), w == "errorfile", w == "errorfiles", w == "http-error", w == "filter" && l.Word(1) != "compression":
				perhaps = append(perhaps, at("made-if", l))
			}
		}
	}
	return append(out, perhaps...)
}

func at(why string, l haproxy.Line) Doubt {
	return Doubt{Why: why, Line: l.Num, Text: clip(strings.TrimSpace(l.Text), 120)}
}

// written are the header fields that a HAProxy writes into answers: what these
// claim is its own word. They give no cause to doubt anything else.
func (v *View) written(px *evidence.Proxy, port string) []Doubt {
	var out []Doubt
	for _, p := range proxiesOf(v.Route(px, port)) {
		for _, l := range p.Lines {
			if w, action := l.Word(0), l.Word(1); (w == "http-response" || w == "http-after-response") &&
				(action == "set-header" || action == "add-header" || action == "replace-header" || action == "replace-value") {
				out = append(out, Doubt{Why: "header", Line: l.Num, Text: strings.ToLower(l.Word(2))})
			}
		}
	}
	return out
}

// unusual are the lines that are not known to be innocent, as far as no doubt
// speaks of them yet. Deny-lists would always lack a way to answer, so that any
// line counts that is not on the list of those that cannot.
func (v *View) unusual(px *evidence.Proxy, port string, known []Doubt) []Doubt {
	route := v.Route(px, port)
	proxies := proxiesOf(route)
	if route.Dynamic {
		proxies = v.Config(px).Proxies
	}
	var out []Doubt
	for _, l := range v.Config(px).Suspects(proxies, maxUnusual) {
		if !slices.ContainsFunc(known, func(d Doubt) bool { return d.Line == l.Num }) {
			out = append(out, at("line", l))
		}
	}
	return out
}

// maxUnusual bounds the lines that are looked for: one is doubt enough.
const maxUnusual = 20

// notAlone is the doubt that a container runs something else than HAProxy, or
// foreign code within it, under an image that is HAProxy's.
func (v *View) notAlone(px *evidence.Proxy) (Doubt, bool) {
	if !haproxy.PlainCommand(px.Command) {
		return Doubt{Why: "command", Text: clip(strings.Join(px.Command, " "), 120)}, true
	}
	for _, e := range px.Env {
		if haproxy.LoadsCode(e.Name, e.Value) && e.Name != "PATH" && !e.Unset {
			return Doubt{Why: "command", Text: clip(e.Name+"="+e.Value, 120)}, true
		}
	}
	targets := []string{}
	for _, m := range px.Mounts {
		targets = append(targets, m.Target)
	}
	if svc := v.idx.byID[px.ID]; svc != nil {
		for _, c := range svc.Configs {
			targets = append(targets, c.File)
		}
	}
	for _, e := range px.Env {
		if e.Name == "PATH" && haproxy.LoadsCode(e.Name, e.Value) && slices.ContainsFunc(targets, func(t string) bool { return haproxy.Search(e.Value, t) }) {
			return Doubt{Why: "command", Text: clip(e.Name+"="+e.Value, 120)}, true
		}
	}
	for _, t := range targets {
		isFile := slices.ContainsFunc(px.Files, func(f evidence.File) bool { return f.Path == t })
		if !isFile && !haproxy.PlainMount(t) {
			return Doubt{Why: "command", Text: clip(t, 120)}, true
		}
	}
	return Doubt{}, false
}

func proxiesOf(r haproxy.Route) []*haproxy.Proxy {
	var out []*haproxy.Proxy
	add := func(p *haproxy.Proxy) {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	for _, b := range r.Binds {
		add(b.Proxy)
	}
	for _, p := range r.Always {
		add(p)
	}
	for _, p := range r.Sometimes {
		add(p)
	}
	return out
}

// oddImage reports whether what runs may be something else than HAProxy: it is
// not called haproxy, or its content is neither what most of the class run
// under that name nor, under the bare name, what anybody else runs.
func (v *View) oddImage(px *evidence.Proxy) bool {
	name, _ := splitTag(px.Image)
	name = strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
	if path.Base(name) != "haproxy" {
		return true
	}
	bare := name == "haproxy"
	if px.ImageID == "" {
		return !bare
	}
	count := v.idx.haproxies()
	same := count[px.ImageID]
	if bare {
		return same < 2 && len(count) > 1
	}
	for _, n := range count {
		if same < n {
			return true
		}
	}
	return same < 2
}
