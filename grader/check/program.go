package check

import (
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
// HAProxy. With answers it may still start one by a script: where the image, or
// a statistics page, is HAProxy's and nothing but this container can hold the
// port, that is taken for granted. Else nobody can tell, which is no loss of the
// student's.
func (in *Input) standIn(px *evidence.Proxy) (r Result, ok bool) {
	v := in.View
	if px.State != "running" || len(px.Command) == 0 || haproxy.Starts(px.Command) {
		return Result{}, false
	}
	answered := 0
	if tr, svc := v.Through(), v.Subject(); tr != nil && svc != nil {
		t := v.Tally(svc, tr)
		answered = t.OwnTotal()
	}
	known := px.Version != "" || px.Page != nil && px.Page.Error == ""
	if answered > 0 && known && !px.HostNetwork {
		return Result{}, false
	}
	program := clip(strings.Join(px.Command, " "), 60)
	args := []any{"name", px.Name, "image", clip(px.Image, 80), "program", program}
	r = Result{Outcome: Fail, Observed: Facts{"image": px.Image, "command": program}, Message: i18n.M("check.proxy_other", args...), Hint: in.inItsPlace(px)}
	if answered > 0 && v.OwnPublisher(px, in.wants().frontend) == nil {
		r.Outcome, r.Message = Ungraded, i18n.M("check.proxy_other_open", args...)
	}
	return r, true
}

// inItsPlace runs HAProxy in the place of something else, with the configuration
// that is there if HAProxy takes it.
func (in *Input) inItsPlace(px *evidence.Proxy) i18n.Msg {
	_, trouble := mainFile(px)
	if px.Kind == "service" || trouble != "" || haproxy.Refused(haproxy.Lint(in.View.Config(px))) {
		return in.asHandout(px)
	}
	now := in.renamed(px)
	first, ours := in.freed(px, now.Name, in.wants().frontend)
	if !ours {
		return first
	}
	return steps(i18n.M("check.proxy_impostor_hint"), first,
		in.runAgain(px, rerun{name: now.Name, image: "haproxy", publish: in.wants().frontend, plain: true}))
}
