package check

import (
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// proxyParams name the variables that hold the HAProxy's name and port.
type proxyParams struct {
	// Name is the variable with the name of the HAProxy.
	Name string `yaml:"name"`
	// Port is the variable with the port that it publishes.
	Port string `yaml:"port"`
	// Or are variables with ports that may be published in place of Port.
	Or []string `yaml:"or"`
	// Network is the variable with the network that it is to be on.
	Network string `yaml:"network"`
}

func (p *proxyParams) Validate(vars []string) []rubric.ParamError {
	errs := append(varsExist(vars, "name", p.Name, "port", p.Port), orExist(vars, p.Or)...)
	if p.Network != "" {
		errs = append(errs, varsExist(vars, "network", p.Network)...)
	}
	return errs
}

func orExist(vars, or []string) []rubric.ParamError {
	var errs []rubric.ParamError
	for _, v := range or {
		errs = append(errs, varsExist(vars, "or", v)...)
	}
	return errs
}

// public is the port that counts: the first of the accepted ones that the
// HAProxy publishes, or the one that should be.
func (p *proxyParams) public(in *Input, px *evidence.Proxy) string {
	for _, name := range append([]string{p.Port}, p.Or...) {
		if _, ok := sight.Inside(px, in.Vars[name]); ok {
			return in.Vars[name]
		}
	}
	return in.Vars[p.Port]
}

var proxyDefaults = proxyParams{Name: "haproxy", Port: "frontend"}

func (p *proxyParams) needs() []Need {
	return []Need{{Kind: "snapshot"}, {Kind: "proxy", Balancer: p.Name, Network: p.Network, Port: p.Port, Or: p.Or}}
}

// proxyNeeds serves the kinds whose parameters hold a proxyParams.
func proxyNeeds(p *proxyParams) []Need { return p.needs() }

// haproxyFound passes when a container on any node, or a service, has the
// derived name. Units are two, of which one under another name earns one.
func haproxyFound() Kind {
	return define("haproxy-found", true, proxyDefaults, proxyNeeds, judgeFound)
}

func judgeFound(in *Input, p *proxyParams) Result {
	name, port := in.Vars[p.Name], in.Vars[p.Port]
	r := Result{Outcome: Fail, Observed: Facts{"haproxy": nil}, Expected: Facts{"haproxy": name}}
	if found := in.View.Proxy(); found != nil && found.Matched == "name" {
		r.Outcome = Pass
		r.Observed = Facts{"haproxy": found.Name, "kind": found.Kind, "id": sight.Short(found.ID), "node": found.Hostname}
		r.Message = i18n.M("check.proxy_found", "name", found.Name, "node", found.Hostname)
		if found.Kind == "service" {
			r.Message = i18n.M("check.proxy_found_service", "name", found.Name)
		}
		return r
	}
	if g, ok := in.Case.Bundle.Gap("proxy/" + name); ok {
		return ungraded(g.What, i18n.M("check.config_unread", "name", name, "code", g.Code))
	}
	// A list that could not be read may hold it.
	for _, g := range in.Case.Before.Gaps {
		if strings.HasPrefix(g.What, "containers/") {
			return ungraded(g.What, i18n.M("check.proxy_unread", "name", name))
		}
	}
	if found := in.View.Proxy(); found != nil {
		other := found.Name
		r.Measure = &Measure{Got: 1, Want: 2}
		r.Observed["similar"] = other
		r.Message = i18n.M("check.proxy_misnamed", "name", name, "other", other)
		r.Hint = in.rename(found, name)
		return r
	}
	r.Message = i18n.M("check.proxy_none", "name", name)
	r.Hint = i18n.M("check.mend_later")
	if first, ours := in.freed(nil, name, port); !ours {
		r.Hint = first
	} else if run, ok := in.firstRun(name, port); ok {
		r.Hint = steps(i18n.M("check.proxy_none_hint", "name", name), first, run)
	}
	return r
}

// rename is how a HAProxy gets its name.
func (in *Input) rename(px *evidence.Proxy, name string) i18n.Msg {
	if px.Kind != "service" {
		return doAt(px.Hostname, "docker", "rename", px.Name, name)
	}
	svc := in.View.ServiceByID(px.ID)
	if svc == nil { // the list of services was cut
		svc = &evidence.Service{Image: px.Image, Mode: "replicated", Replicas: 1, EndpointMode: "vip"}
		for _, p := range px.Publishes {
			svc.Ports = append(svc.Ports, evidence.Port{Protocol: p.Protocol, Target: p.Private, Published: p.Public, Mode: "ingress"})
		}
	}
	again := in.serviceAgain(svc, func(s *evidence.Service, _ *[]string) { s.Name = name })
	return steps(i18n.M("check.proxy_misnamed_service_hint", "name", px.Name, "want", name), do("docker service rm", px.Name), do(again))
}

// asHandout runs a HAProxy that is none with the real image.
func (in *Input) asHandout(px *evidence.Proxy) i18n.Msg {
	if px.Kind == "service" {
		return in.hintFor(px, "proxy_impostor")
	}
	text, ok := in.freshConfig(px)
	if !ok {
		return i18n.M("check.mend_later")
	}
	return steps(i18n.M("check.proxy_impostor_hint"),
		in.runAgain(px, rerun{name: in.renamed(px).Name, image: "haproxy", publish: in.wants().frontend, config: text, plain: true}))
}

// haproxyRunning passes when the HAProxy runs.
func haproxyRunning() Kind {
	return define("haproxy-running", false, proxyDefaults, proxyNeeds, judgeProxyRunning)
}

func judgeProxyRunning(in *Input, p *proxyParams) Result {
	px := in.View.Proxy()
	if px == nil {
		return judgeFound(in, p)
	}
	r := Result{
		Outcome:  Fail,
		Observed: Facts{"state": px.State, "exit_code": px.ExitCode, "restarts": px.RestartCount},
		Expected: Facts{"state": "running"},
		Hint:     in.start(px),
	}
	log := lastAlert(px.Log)
	if log != "" {
		r.Observed["log"] = log
	}
	if what := notSimulated(px); what != "" {
		r.Outcome, r.Hint = Ungraded, i18n.M("check.proxy_not_simulated_hint")
		r.Message = i18n.M("check.proxy_not_simulated", "name", px.Name, "what", what)
		return r
	}
	impostor := px.State == "running" && in.View.Impostor(px)
	if other, ok := in.standIn(px); ok && !impostor {
		return other
	}
	what, mend := in.whyStopped(px)
	switch {
	case impostor:
		r.Observed["image"] = px.Image
		r.Message = i18n.M("check.proxy_impostor", "name", px.Name, "image", clip(px.Image, 80))
		r.Hint = in.asHandout(px)
	case px.State == "running":
		r.Outcome, r.Hint = Pass, i18n.Msg{}
		r.Message = i18n.M("check.proxy_running", "name", px.Name)
	case !what.Empty() && px.State == "restarting":
		r.Message, r.Hint = i18n.M("check.proxy_restarting_why", "name", px.Name, "what", what), mend
	case !what.Empty() && px.State != "paused":
		r.Message, r.Hint = i18n.M("check.proxy_stopped_why", "name", px.Name, "state", px.State, "code", px.ExitCode, "what", what), mend
	case px.State == "restarting":
		r.Message = i18n.M("check.proxy_restarting", "name", px.Name, "log", log)
	case px.State == "paused":
		r.Message = i18n.M("check.proxy_paused", "name", px.Name)
		r.Hint = doAt(px.Hostname, "docker", "unpause", px.Name)
	case px.State == "created" && log == "" && px.Error == "":
		r.Message = i18n.M("check.proxy_stopped", "name", px.Name, "state", px.State, "code", px.ExitCode)
		r.Hint = in.start(px)
	case log == "" && px.Error != "":
		r.Message = i18n.M("check.proxy_stopped_log", "name", px.Name, "state", px.State, "code", px.ExitCode, "log", px.Error)
	case log == "":
		r.Message = i18n.M("check.proxy_stopped", "name", px.Name, "state", px.State, "code", px.ExitCode)
	case px.Kind != "service" && px.State == "exited" && startedWell(px.Log):
		r.Message = i18n.M("check.proxy_stopped_well", "name", px.Name, "code", px.ExitCode)
		if px.Error == "" && in.View.Held(px) == nil {
			r.Hint = steps(i18n.M("check.proxy_stopped_well_hint", "name", px.Name), doAt(px.Hostname, "docker", "start", in.renamed(px).Name))
		}
	default:
		r.Message = i18n.M("check.proxy_stopped_log", "name", px.Name, "state", px.State, "code", px.ExitCode, "log", log)
	}
	// The log names the server; where tasks are wanted, their addresses are the
	// backends' hint.
	if r.Outcome != Pass && what.Empty() && strings.Contains(log, "could not resolve address") && !in.wants().toTasks {
		r.Hint = steps(i18n.M("check.proxy_unresolved_hint"), in.rewrite(px))
	}
	return r
}

// start is how a HAProxy comes to run that does not.
func (in *Input) start(px *evidence.Proxy) i18n.Msg {
	if px.Kind == "service" {
		if px.State == "created" {
			return in.hintFor(px, "proxy_created")
		}
		return in.hintFor(px, "proxy_stopped")
	}
	now := in.renamed(px)
	if strings.Contains(px.Error, "not manually attachable") || strings.Contains(px.Error, "Could not attach") {
		return i18n.M("check.mend_network_first") // which takes this container away
	}
	if h := in.View.Held(px); h != nil {
		if want := in.wants().frontend; want != "" && itoa(h.Port) != want {
			return in.publish(px, want) // and not the other
		}
		first, ours := in.free(px, now.Name, h)
		if !ours {
			return first
		}
		return steps(first, doAt(px.Hostname, "docker", "start", now.Name))
	}
	return steps(i18n.M("check.proxy_stopped_hint", "name", now.Name), in.logs(px, ""), doAt(px.Hostname, "docker", "start", now.Name))
}
