package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// Through is the load on the student's balancer, nil if there was none; of
// several the one on its own port.
func (v *View) Through() *evidence.Trace {
	var first *evidence.Trace
	for i := range v.c.Bundle.Traces {
		tr := &v.c.Bundle.Traces[i]
		if tr.Target.Kind == "haproxy" && (first == nil || portOf(tr.Target.Address) == v.vars[v.names.Frontend]) {
			first = tr
		}
	}
	return first
}

// meshNode is the node whose published port a load went to.
func meshNode(tr *evidence.Trace) string {
	node, _, _ := strings.Cut(strings.TrimPrefix(tr.Target.ID, "mesh/"), ":")
	return node
}

// Missing is evidence that is not there through no fault of the student.
type Missing struct {
	// What names it, as a gap does.
	What string
	// Msg says why it is missing, Hint what to do; empty for the usual, to observe
	// again.
	Msg, Hint i18n.Msg
}

// traces are the load traces of one way in, at one of the ports that variables
// hold, none for any; or what is missing of them.
func (v *View) traces(via string, portVars ...string) ([]*evidence.Trace, *Missing) {
	var ports []string
	for _, name := range portVars {
		ports = append(ports, v.vars[name])
	}
	b := v.c.Bundle
	prefix := via
	if via == "mesh" {
		prefix = "mesh/"
	}
	for _, g := range b.Gaps {
		// One that names no port is about all of them.
		_, port, named := strings.Cut(g.What, ":")
		if strings.HasPrefix(g.What, "load/"+prefix) && (!named || len(ports) == 0 || slices.Contains(ports, port)) {
			what := strings.TrimPrefix(g.What, "load/")
			if g.Code == "local" {
				return nil, &Missing{g.What, i18n.M("check.load_gap_local", "what", what), i18n.M("check.load_gap_local_hint")}
			}
			return nil, &Missing{What: g.What, Msg: i18n.M("check.load_gap", "what", what, "code", g.Code)}
		}
	}
	var out []*evidence.Trace
	for i := range b.Traces {
		t := &b.Traces[i]
		if t.Target.Kind != via || len(ports) > 0 && !slices.Contains(ports, portOf(t.Target.Address)) {
			continue
		}
		if t.Stopped == "costly" {
			// Too slow a page is no proof that it does wrong; and it may have been
			// a rule of the rubric that was slow.
			return nil, &Missing{
				"load/" + t.Target.ID, i18n.M("check.load_costly", "what", t.Target.ID, "sent", t.Sent),
				i18n.M("check.load_costly_hint", "curl", "curl http://"+t.Target.Address+t.Target.Path),
			}
		}
		if t.Stopped == "cancelled" || t.Stopped == "duration" || t.Sent == 0 {
			return nil, &Missing{What: "load/" + t.Target.ID, Msg: i18n.M("check.load_cut", "what", t.Target.ID)}
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return nil, &Missing{What: "load/" + via, Msg: i18n.M("check.load_none", "what", via)}
	}
	return out, nil
}
