package check

import (
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// errorClasses are the loader's words that have a phrase of their own.
var errorClasses = []string{
	"refused", "timeout", "reset", "eof", "unreachable", "malformed", "too-large", "redirect",
	"http-503", "http-502", "http-504", "http-404",
}

// errorName is a loader's error class in words.
func errorName(class string) i18n.Msg {
	for _, c := range errorClasses {
		if c == class {
			return i18n.M("check.error_" + strings.ReplaceAll(c, "-", "_"))
		}
	}
	if status, ok := strings.CutPrefix(class, "http-"); ok {
		return i18n.M("check.error_http", "status", status)
	}
	return i18n.M("check.error_other", "class", class)
}

// errorHint is the next thing to look at after failures of a class.
func (in *Input) errorHint(svc *evidence.Service, p *answersParams, curl, class string) i18n.Msg {
	px := in.View.Proxy()
	log := in.logs(px, in.Vars[in.View.Names().Balancer])
	if p.Via == "mesh" {
		port := sight.PublishedPort(svc, in.Vars[p.Port])
		if port != nil && port.Target != 80 && !strings.HasPrefix(class, "http-") {
			return i18n.M("check.target_port_hint", "service", svc.Name, "target", port.Target, "port", in.Vars[p.Port], "unpublish", unpublish(*port))
		}
		return i18n.M("check.mesh_error_hint", "service", svc.Name, "curl", curl)
	}
	if p.Direct && strings.HasPrefix(class, "http-5") {
		return i18n.M("check.backend_direct_hint", "logs", log, "haproxy", in.Vars[in.View.Names().Balancer], "lookup", taskAddresses(svc.Name), "network", in.Vars[in.View.Names().Network])
	}
	switch class {
	case "http-503", "http-502", "http-504":
		return i18n.M("check.backend_error_hint", "logs", log, "port", in.View.SubjectPort())
	case "refused", "unreachable", "timeout":
		if px != nil {
			return in.hintFor(px, "haproxy_refused", "port", in.Vars[p.Port])
		}
		return i18n.M("check.haproxy_error_hint", "logs", log, "curl", curl)
	}
	return i18n.M("check.haproxy_error_hint", "logs", log, "curl", curl)
}
