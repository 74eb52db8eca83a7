package check

import (
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
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
func errorHint(svc *evidence.Service, p *answersParams, vars map[string]string, curl, class string) i18n.Msg {
	if p.Via == "mesh" {
		target := publishedTarget(svc, vars[p.Port])
		if target != 0 && target != 80 && !strings.HasPrefix(class, "http-") {
			return i18n.M("check.target_port_hint", "service", svc.Name, "target", target, "port", vars[p.Port])
		}
		return i18n.M("check.mesh_error_hint", "service", svc.Name, "curl", curl)
	}
	if p.Direct && strings.HasPrefix(class, "http-5") {
		return i18n.M("check.backend_direct_hint", "haproxy", vars["haproxy"], "service", svc.Name, "network", vars["network"])
	}
	switch class {
	case "http-503", "http-502", "http-504":
		return i18n.M("check.backend_error_hint", "haproxy", vars["haproxy"], "port", vars["published"])
	case "refused", "unreachable", "timeout":
		return i18n.M("check.haproxy_refused_hint", "haproxy", vars["haproxy"], "port", vars[p.Port])
	}
	return i18n.M("check.haproxy_error_hint", "haproxy", vars["haproxy"], "curl", curl)
}

// publishedTarget is the container's port behind a published one, or 0.
func publishedTarget(svc *evidence.Service, published string) int {
	for _, port := range svc.Ports {
		if itoa(port.Published) == published {
			return port.Target
		}
	}
	return 0
}
