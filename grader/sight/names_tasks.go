package sight

import (
	"slices"

	"swarmgrade/grader/evidence"
)

// NamesTasks reports whether replacing a service's tasks would leave the student's HAProxy
// with addresses of tasks that are no more: one of its servers, in use or not, is such
// an address, or a name that it looked up once, when it started, and that means the
// tasks. Such a HAProxy stays broken after the service has been put back.
//
// Where no configuration could be read, a service in dnsrr mode counts as one of these, since
// nothing else can be written for it than what means its tasks.
func (v *View) NamesTasks(svc *evidence.Service) bool {
	read := false
	for i := range v.proxies {
		px := &v.proxies[i]
		if !slices.ContainsFunc(px.Files, func(f evidence.File) bool { return f.Text != "" }) {
			continue
		}
		read = true
		for _, be := range v.Config(px).Proxies {
			for _, s := range ServersOf(be) {
				e := v.Destination(px, svc, s, s.Port())
				switch {
				case e.Task != nil, e.Moved != nil, e.Why == "network": // a task's, if not by the right way
					return true
				case e.Why == "" && s.Resolvers == "":
					return true
				}
			}
		}
	}
	return !read && svc.EndpointMode == "dnsrr"
}
