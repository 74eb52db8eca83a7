package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/sight"
)

// loads tell what was sent where, and who answered how often.
func (x *seen) loads(v *sight.View, traces []evidence.Trace) {
	if len(traces) == 0 {
		return
	}
	x.line(0, x.say("loads"))
	for i := range traces[:min(len(traces), seenRows)] {
		x.load(v, &traces[i])
	}
	if more := len(traces) - seenRows; more > 0 {
		x.line(1, x.say("more", "n", more))
	}
}

func (x *seen) load(v *sight.View, tr *evidence.Trace) {
	key := "load_haproxy"
	if node, mesh := strings.CutPrefix(tr.Target.ID, "mesh/"); mesh {
		key = "load_mesh"
		node, _, _ = strings.Cut(node, ":")
		x.line(1, x.say(key, "node", word(node), "address", word(tr.Target.Address), "sent", tr.Sent, "seconds", tookSeconds(tr)))
	} else {
		x.line(1, x.say(key, "address", word(tr.Target.Address), "sent", tr.Sent, "seconds", tookSeconds(tr)))
	}
	connections := ""
	if n := tr.Target.PerConnection; n == 1 {
		connections = x.say("each_connection")
	} else if n > 1 {
		connections = x.say("per_connection", "n", n)
	}
	stopped := ""
	if tr.Stopped != "" {
		stopped = x.say("stopped", "planned", tr.Target.Requests, "why", x.word("stopped_", tr.Stopped))
	}
	retried := ""
	if tr.Retried {
		retried = x.say("retried")
	}
	x.parts(2, connections, x.kind(tr), stopped, retried)
	var rows [][]string
	for _, a := range x.answers(v, tr) {
		rows = append(rows, []string{a.who, fmt.Sprint(a.n), oneDecimal(100*float64(a.n)/float64(max(tr.Sent, 1))) + "%"})
	}
	if len(rows) > 0 {
		x.table(2, map[int]bool{1: true, 2: true}, []string{"who", "answers", "share"}, rows)
	}
}

// tookSeconds is how long a load took; what took less than a tenth is not nothing.
func tookSeconds(tr *evidence.Trace) string {
	if tr.Took < 100 {
		return "<0.1"
	}
	return oneDecimal(float64(tr.Took) / 1000)
}

// kind tells what is special about a load.
func (x *seen) kind(tr *evidence.Trace) string {
	switch tr.Target.Kind {
	case "cookies", "returning":
		kept := 0
		for _, v := range tr.Visits {
			if v.Who == evidence.VisitKept {
				kept++
			}
		}
		return x.say("kind_"+tr.Target.Kind, "n", kept)
	case "held":
		return x.say("kind_held", "n", len(tr.Holds))
	}
	return ""
}

// answer is how many answers or failures were of one sort.
type answer struct {
	who string
	n   int
}

// answers sort what came back: the own containers by task, then the others' answers,
// then those of nobody known, then the failures, the most frequent first.
func (x *seen) answers(v *sight.View, tr *evidence.Trace) []answer {
	var svc *evidence.Service
	if v != nil {
		svc = v.Service(x.serviceOf(tr))
	}
	if svc == nil {
		return x.claimed(tr)
	}
	t := v.Tally(svc, tr)
	var out []answer
	own := map[string]*evidence.Task{}
	within := v.Case()
	for _, snap := range append(x.s.Case.Snapshots(), within.Snapshots()...) {
		for i := range snap.Tasks {
			own[snap.Tasks[i].ID] = &snap.Tasks[i]
		}
	}
	for id, n := range t.Own {
		who := id
		if task := own[id]; task != nil {
			who = x.say("answer_own", "task", taskName(svc, task), "node", nodeName(v, task.NodeID), "container", task.ContainerID[:min(12, len(task.ContainerID))])
		}
		out = append(out, answer{who, n})
	}
	slices.SortFunc(out, func(a, b answer) int { return strings.Compare(a.who, b.who) })
	add := func(list map[string]int, name func(string) string) {
		var some []answer
		for k, n := range list {
			some = append(some, answer{name(k), n})
		}
		slices.SortFunc(some, func(a, b answer) int { return cmp.Or(b.n-a.n, strings.Compare(a.who, b.who)) })
		out = append(out, some...)
	}
	add(t.Foreign, func(name string) string { return x.say("answer_other", "service", word(name)) })
	for _, r := range []answer{{"stale", t.Stale}, {"unknown", t.Unknown}, {"forged", t.Forged}, {"anonymous", t.Anonymous}} {
		if r.n > 0 {
			out = append(out, answer{x.say("answer_" + r.who), r.n})
		}
	}
	add(t.Errors, x.failed)
	return out
}

// serviceOf is the variable of the service that a load went to.
func (x *seen) serviceOf(tr *evidence.Trace) string {
	if !tr.Target.Balanced() {
		port := sight.PortOf(tr.Target.Address)
		for name, v := range x.s.Names.Ports {
			if x.s.Case.Bundle.Student.Vars[v] == port {
				return name
			}
		}
	}
	return x.s.Names.Service
}

// claimed is what answers say of themselves, where there is no service that they
// could be of.
func (x *seen) claimed(tr *evidence.Trace) []answer {
	var out []answer
	for _, r := range tr.Responders {
		who := x.say("answer_anonymous")
		if name := sight.Claimed(&r); name != "" {
			who = x.say("answer_says", "who", word(name))
			if owner := x.ownerOf(r.Hostname); owner != "" {
				who = x.say("answer_other", "service", word(owner))
			}
		}
		out = append(out, answer{who, r.Count})
	}
	for _, e := range tr.Errors {
		out = append(out, answer{x.failed(e.Class), e.Count})
	}
	return together(out)
}

// together adds up answers of one sort, in the order of the first.
func together(all []answer) []answer {
	var out []answer
	for _, a := range all {
		if i := slices.IndexFunc(out, func(o answer) bool { return o.who == a.who }); i >= 0 {
			out[i].n += a.n
			continue
		}
		out = append(out, a)
	}
	return out
}

// ownerOf is the service of a container, by the first 12 digits of its ID.
func (x *seen) ownerOf(container string) string {
	if x.view == nil || len(container) != 12 {
		return ""
	}
	for _, t := range x.view.Snap().Tasks {
		if strings.HasPrefix(t.ContainerID, container) {
			if svc := x.view.ServiceByID(t.ServiceID); svc != nil {
				return svc.Name
			}
		}
	}
	return ""
}

// failed is a class of failures in words.
func (x *seen) failed(class string) string {
	key := strings.NewReplacer("-", "_").Replace(class)
	words, known := x.t.Lang.Raw("check.error_" + key)
	if status, http := strings.CutPrefix(class, "http-"); !known && http {
		words = "HTTP " + word(status)
	} else if !known || strings.Contains(words, "{") {
		words = word(class)
	}
	return x.say("answer_failed", "why", words)
}
