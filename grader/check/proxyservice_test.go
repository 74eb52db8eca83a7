package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

func TestProxyService(t *testing.T) {
	configured := func(d *deployment) {
		isService(d)
		d.px().Files[0].Source = "config:haproxy-cfg-01"
	}
	requireKind(t, "haproxy-service", viaTasks, perUnit, []kase{
		{"a service with a swarm config", "", configured, pass("check.proxy_service_ok").saw("config", "haproxy-cfg-01")},
		{"under other variables", "name: lb, port: gate", func(d *deployment) { configured(d); d.otherVars() }, pass("check.proxy_service_ok")},
		{"a service with a file of its own", "", isService, partial("check.proxy_service_no_config", "5")},
		{"a container", "", nil, fail("check.proxy_service_container").saw("kind", "container")},
		{"ran no HAProxy", "", (*deployment).noProxy, fail("check.proxy_none")},
	})
}

func TestProxyStats(t *testing.T) {
	reads := func(p *evidence.Page, lines string) func(d *deployment) {
		return func(d *deployment) {
			d.px().Page = p
			d.edit("    default_backend", lines+"    default_backend")
		}
	}
	at := func(change func(p *evidence.Page)) *evidence.Page {
		p := &evidence.Page{Address: "172.30.0.11:9001", URI: "/stats"}
		if change != nil {
			change(p)
		}
		return p
	}
	failing := func(code string) *evidence.Page { return at(func(p *evidence.Page) { p.Error = code }) }
	const line = "    stats enable\n    stats uri /stats\n"
	requireKind(t, "haproxy-stats", viaTasks, rubric.Credit{}, []kase{
		{"the page was read", "", reads(at(nil), line), pass("check.stats_ok").saw("page", "http://172.30.0.11:9001/stats")},
		{"the page was shown", "", reads(at(func(p *evidence.Page) { p.Error, p.Shown = "malformed", true }), line), pass("check.stats_ok")},
		{"no line asks for one", "", nil, fail("check.stats_none")},
		{"a page behind another password", "", reads(failing("denied"), line), fail("check.stats_error").saw("error", "denied")},
		{"another page in its place", "", reads(failing("malformed"), line), fail("check.stats_error")},
		{"it is not found", "", reads(failing("http-404"), line), fail("check.stats_error")},
		{"it was late", "", reads(failing("timeout"), line), open("check.stats_unread")},
		{"nobody asked", "", reads(nil, line), open("check.stats_unread")},
		{"at a port that is not published", "", func(d *deployment) {
			d.configure(straight + "listen stats\n    bind *:8404\n    stats enable\n")
		}, fail("check.stats_inside").saw("port", 8404)},
		{"it stands still", "", func(d *deployment) { reads(nil, line)(d); d.px().State = "exited" }, fail("check.proxy_stopped")},
		{"ran no HAProxy", "", (*deployment).noProxy, fail("check.proxy_none")},
	})
}
