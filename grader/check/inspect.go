package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// Claim is what one responder of a trace says it is, and what it is.
type Claim struct {
	Responder evidence.Responder
	Author    Author
	// Doubt says why a claim counts as forged.
	Doubt Doubt
}

// Claims are the responders of a trace; Doubts are what is open about the
// HAProxy that gave them, whether it refutes a claim or not.
func (v *View) Claims(svc *evidence.Service, tr *evidence.Trace) (claims []Claim, doubts []Doubt) {
	x := v.trial(svc, tr)
	for _, r := range v.responders(tr) {
		a, d := x.author(r)
		claims = append(claims, Claim{r, a, d})
	}
	return claims, x.doubts
}

// End is what one server line in use leads to.
type End struct {
	Line int
	Addr string // as written
	Port int
	// Where is "own", "other" (another service), "stand-alone" or "unknown";
	// Name is whose it is.
	Where, Name string
}

// Ends are the server lines that a HAProxy uses for a port.
func (v *View) Ends(px *evidence.Proxy, svc *evidence.Service, port string) []End {
	var out []End
	if svc == nil {
		svc = &evidence.Service{}
	}
	for _, be := range v.backends(px, port) {
		for _, s := range serversOf(be) {
			if s.Disabled || s.Weight == 0 {
				continue
			}
			where, name := v.lead(px, svc, s)
			out = append(out, End{s.Line.Num, s.Addr.Text, s.Port(), string(where), name})
		}
	}
	return out
}

// serversOf are the server lines of a backend; a template's slots are one.
func serversOf(be *haproxy.Proxy) []haproxy.Server {
	servers := slices.Clone(be.Servers)
	for _, t := range be.Templates {
		servers = append(servers, t.Server)
	}
	return servers
}

// Rewrites reports whether a HAProxy changes or takes away a request's header
// field, so that a service behind it can't show what was sent.
func (v *View) Rewrites(px *evidence.Proxy, field string) bool {
	for _, p := range v.config(px).Proxies {
		for _, l := range p.Lines {
			switch {
			case l.Word(0) == "unique-id-header" && strings.EqualFold(l.Word(1), field):
				return true
			case l.Word(0) == "http-request" && strings.Contains(l.Word(1), "header") &&
				(strings.EqualFold(l.Word(2), field) || slices.Contains(l.Words, "-m")):
				return true
			}
		}
	}
	return false
}

// EditedSince reports whether a HAProxy's file is newer than its start.
func EditedSince(px *evidence.Proxy) bool { return editedSince(px) }

// BaseImage is an image's name without registry, and its tag.
func BaseImage(image string) string {
	name, tag := splitTag(image)
	if tag == "" {
		tag = "latest"
	}
	return name[strings.LastIndexByte(name, '/')+1:] + ":" + tag
}
