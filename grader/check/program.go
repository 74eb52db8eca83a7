package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
)

// standIn judges a container that has a HAProxy's name and runs, but whose
// command line starts no HAProxy; ok is false for all others, and where the
// evidence does not hold the command line.
//
// Without an answer of the student's containers on the student's port it is no
// HAProxy. With answers it may
// still start one by a script: where the image, or a statistics page, is
// HAProxy's and nothing but this container can hold the port, that is taken for
// granted. Else nobody can tell, which is no loss of the student's.
func (in *Input) standIn(px *evidence.Proxy) (r Result, ok bool) {
	v := in.View
	if px.State != "running" || len(px.Command) == 0 || haproxy.Starts(px.Command) {
		return Result{}, false
	}
	answered := 0
	if tr, svc := v.c.Bundle.Trace("haproxy"), v.Service("service"); tr != nil && svc != nil {
		t := v.tally(svc, tr)
		answered = t.ownTotal()
	}
	known := px.Version != "" || px.Page != nil && px.Page.Error == ""
	if answered > 0 && known && !px.HostNetwork {
		return Result{}, false
	}
	program := clip(strings.Join(px.Command, " "), 60)
	args := []any{"name", px.Name, "image", clip(px.Image, 80), "program", program}
	r = Result{Outcome: Fail, Observed: Facts{"image": px.Image, "command": program}, Message: i18n.M("check.proxy_other", args...), Hint: in.inItsPlace(px)}
	if answered > 0 && v.ownPublisher(px, in.wants().frontend) == nil {
		r.Outcome, r.Message = Ungraded, i18n.M("check.proxy_other_open", args...)
	}
	return r, true
}

// inItsPlace runs HAProxy in the place of something else, with the configuration
// that is there if HAProxy takes it.
func (in *Input) inItsPlace(px *evidence.Proxy) i18n.Msg {
	_, trouble := mainFile(px)
	if px.Kind == "service" || trouble != "" || haproxy.Refused(haproxy.Lint(in.View.config(px))) {
		return in.asHandout(px)
	}
	free := i18n.Msg{}
	if svc := in.View.ownPublisher(px, in.wants().frontend); svc != nil {
		free = unpublished(svc, in.wants().frontend)
	}
	return steps(i18n.M("check.proxy_impostor_hint"), free,
		in.runAgain(px, rerun{name: in.View.renamed(px).Name, image: "haproxy", publish: in.wants().frontend, plain: true}))
}

// ownPublisher is the student's own service that publishes a port, in place of
// the HAProxy; nil if there is none.
func (v *View) ownPublisher(px *evidence.Proxy, port string) *evidence.Service {
	svc := v.Service("service")
	if svc == nil || svc.ID == px.ID || !slices.ContainsFunc(svc.Ports, func(p evidence.Port) bool {
		return p.Protocol == "tcp" && itoa(p.Published) == port
	}) {
		return nil
	}
	return svc
}

// freePort takes a published port back from a service, which keeps its others:
// --publish-rm goes by the container's port and takes all that lead to it.
func (in *Input) freePort(px *evidence.Proxy, svc *evidence.Service, port string) i18n.Msg {
	return steps(i18n.M("check.bind_taken_hint", "service", svc.Name, "port", port), unpublished(svc, port), in.View.reload(px, ""))
}

func unpublished(svc *evidence.Service, port string) i18n.Msg {
	var flags, again []string
	for _, p := range svc.Ports {
		if p.Protocol != "tcp" || itoa(p.Published) != port {
			continue
		}
		flags = append(flags, unpublish(p))
		for _, q := range svc.Ports {
			if q.Target == p.Target && q.Protocol == "tcp" && q.Mode != "host" && p.Mode != "host" && q.Published != p.Published {
				again = append(again, "--publish-add "+itoa(q.Published)+":"+itoa(q.Target))
			}
		}
	}
	lines := []i18n.Msg{do(append(append([]string{"docker service update"}, slices.Compact(flags)...), svc.Name)...)}
	if len(again) > 0 { // in one command the client would take them for there already
		lines = append(lines, do(append(append([]string{"docker service update"}, again...), svc.Name)...))
	}
	return steps(lines...)
}
