package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/rubric"
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

// OpenCondition is the first use_backend line by which requests of the load may
// have come to other servers than those that were judged; false if there is none.
func (v *View) OpenCondition(px *evidence.Proxy, port string) (haproxy.Line, bool) {
	route := v.route(px, port)
	if len(route.Always) == 0 || len(route.Open) == 0 {
		return haproxy.Line{}, false
	}
	return route.Open[0].Line, true
}

// several reports whether the nth of [serversOf] is a template of more than one
// slot. Where its address is one that stays, all of them are one server.
func several(be *haproxy.Proxy, n int) bool {
	return n >= len(be.Servers) && be.Templates[n-len(be.Servers)].Count() > 1
}

// Repository is an image's full name without tag and digest; Docker's own
// registry goes without saying.
func Repository(image string) string {
	name, _ := splitTag(image)
	return strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
}

// Images are the images that a rubric accepts for the students' services.
func Images(rub *rubric.Rubric) []string {
	var out []string
	for _, task := range rub.Tasks {
		for _, c := range task.Checks {
			if p, ok := c.Params.(*imageParams); ok {
				out = append(out, p.Images...)
			}
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out
}

// BaseImage is an image's name without registry, and its tag.
func BaseImage(image string) string {
	name, tag := splitTag(image)
	if tag == "" {
		tag = "latest"
	}
	return name[strings.LastIndexByte(name, '/')+1:] + ":" + tag
}
