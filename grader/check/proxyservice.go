package check

import (
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// haproxyService passes when the HAProxy is a service of the swarm and gets its
// haproxy.cfg from a swarm config. Units are these two.
func haproxyService() Kind {
	return define("haproxy-service", true, proxyDefaults, proxyNeeds, judgeProxyService)
}

func judgeProxyService(in *Input, p *proxyParams) Result {
	px := in.View.Proxy()
	if px == nil {
		return judgeFound(in, p)
	}
	config, _ := swarmConfig(px)
	r := Result{
		Outcome: Fail, Measure: &Measure{Want: 2},
		Observed: Facts{"kind": px.Kind, "config": config},
		Expected: Facts{"kind": "service"},
	}
	name := in.renamed(px).Name
	made := name + "-cfg"
	switch {
	case px.Kind == "service" && config != "":
		r.Outcome, r.Measure.Got = Pass, 2
		r.Message = i18n.M("check.proxy_service_ok", "name", px.Name, "config", config)
	case px.Kind == "service":
		r.Measure.Got = 1
		r.Message = i18n.M("check.proxy_service_no_config", "name", px.Name)
		r.Hint = steps(i18n.M("check.proxy_service_no_config_hint", "file", localFile), do("docker config create", quote(made), localFile),
			do("docker service update --config-add", quote("source="+made+",target="+fileOf(px)), quote(px.Name)))
	default:
		r.Message = i18n.M("check.proxy_service_container", "name", px.Name, "node", px.Hostname)
		public := p.public(in, px)
		inside, ok := sight.Inside(px, public)
		if !ok {
			inside = atoi(public)
		}
		r.Hint = steps(i18n.M("check.proxy_service_container_hint", "name", px.Name, "file", localFile), doAt(px.Hostname, "docker rm -f", quote(px.Name)),
			in.asService(name, fileText(px), fileOf(px), atoi(public), inside))
	}
	return r
}

// asService writes a configuration and runs a HAProxy with it as a service.
func (in *Input) asService(name, text, file string, public, inside int) i18n.Msg {
	made := name + "-cfg"
	s := &evidence.Service{
		Name: name, Image: "haproxy", Mode: "replicated", Replicas: 1, EndpointMode: "vip",
		Ports:   []evidence.Port{{Protocol: "tcp", Published: public, Target: inside, Mode: "ingress"}},
		Configs: []evidence.ConfigRef{{Name: made, File: file}},
	}
	var nets []string
	if w := in.wants(); w.network != "" {
		nets = []string{w.network}
	}
	return steps(writeFile("", localFile, text), do("docker config create", quote(made), localFile), do(serviceCommand(s, nets)))
}

// fileText is a HAProxy's configuration as it was read.
func fileText(px *evidence.Proxy) string {
	if len(px.Files) == 0 {
		return ""
	}
	return px.Files[0].Text
}

// statsURI is the statistics page's of hints.
const statsURI = "/haproxy-stats"

// fileOf is where a HAProxy reads its configuration.
func fileOf(px *evidence.Proxy) string {
	if len(px.Files) > 0 && strings.HasPrefix(px.Files[0].Path, "/") {
		return px.Files[0].Path
	}
	return "/usr/local/etc/haproxy/haproxy.cfg"
}

// haproxyStats passes when the HAProxy's statistics page can be read from outside, at
// any port and path, with the password that haproxy.cfg sets.
func haproxyStats() Kind {
	return define("haproxy-stats", false, proxyDefaults, proxyNeeds, judgeStats)
}

func judgeStats(in *Input, p *proxyParams) Result {
	px := in.View.Proxy()
	if px == nil {
		return judgeFound(in, p)
	}
	r := Result{Outcome: Fail, Observed: Facts{"page": nil}, Expected: Facts{"page": true}}
	offers := in.View.Config(px).Offers()
	page := px.Page
	switch {
	case page != nil && (page.Error == "" || page.Shown):
		r.Outcome = Pass
		r.Observed["page"] = "http://" + page.Address + page.URI
		r.Message = i18n.M("check.stats_ok", "page", clip("http://"+page.Address+page.URI, 120))
		return r
	case px.State != "running":
		r = judgeProxyRunning(in, p)
		if r.Outcome == Pass { // it came up since
			return ungraded("proxy/"+px.Name, i18n.M("check.stats_unread", "name", px.Name, "code", px.State))
		}
		return r
	case page != nil && (strings.HasPrefix(page.Error, "http-") || page.Error == "malformed" || page.Error == "denied"):
		r.Observed["error"] = page.Error
		r.Message = i18n.M("check.stats_error", "page", clip("http://"+page.Address+page.URI, 120), "error", errorName(page.Error))
	case page != nil:
		return ungraded("proxy/"+px.Name, i18n.M("check.stats_unread", "name", px.Name, "code", page.Error))
	case len(offers) == 0:
		r.Message = i18n.M("check.stats_none", "name", px.Name)
	default:
		published := false
		for _, o := range offers {
			for _, at := range px.Publishes {
				published = published || at.Private == o.Port && at.Public > 0 && at.Protocol == "tcp"
			}
		}
		if published || px.HostNetwork {
			return ungraded("proxy/"+px.Name, i18n.M("check.stats_unread", "name", px.Name, "code", "unreachable"))
		}
		r.Observed["port"] = offers[0].Port
		r.Message = i18n.M("check.stats_inside", "port", offers[0].Port)
	}
	r.Hint = in.showStats(px, p.public(in, px))
	return r
}

// showStats has the frontend of the student's own port show the page.
func (in *Input) showStats(px *evidence.Proxy, public string) i18n.Msg {
	route := in.View.Route(px, public)
	if len(route.Binds) == 0 {
		return in.mend(px, nil)
	}
	head := route.Binds[0].Proxy.Section.Head
	return in.mend(px, []edit{{head, "add", "stats enable"}, {head, "add", "stats uri " + statsURI}})
}
