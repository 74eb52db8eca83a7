package sight

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/mention"
)

// MeshNode is the node whose published port a load went to.
func MeshNode(tr *evidence.Trace) string {
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

// Traces are the load traces of one way in, at one of the ports that variables
// hold, none for any; or what is missing of them.
func (v *View) Traces(via string, portVars ...string) ([]*evidence.Trace, *Missing) {
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
		if t.Target.Kind != via || len(ports) > 0 && !slices.Contains(ports, PortOf(t.Target.Address)) {
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

// PortOf is the port of an address.
func PortOf(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

// Clients are the addresses from which own tasks say their requests came;
// silent reports that some do not say, answers is how many there are.
func (v *View) Clients(svc *evidence.Service, traces []*evidence.Trace) (seen []string, silent bool, answers int) {
	for _, tr := range traces {
		for _, who := range v.responders(tr) {
			if v.Author(who, svc).Standing != "own" {
				continue
			}
			answers += who.Count
			silent = silent || len(who.Clients) == 0
			for _, c := range who.Clients {
				if !slices.Contains(seen, c) {
					seen = append(seen, c)
				}
			}
		}
	}
	slices.Sort(seen)
	return seen, silent, answers
}

// responders are who answered in a trace. Answers that told nothing when they
// were read are looked at again with what the later snapshot knows.
func (v *View) responders(tr *evidence.Trace) []evidence.Responder {
	if len(tr.Unnamed) == 0 || v.after == nil {
		return tr.Responders
	}
	at := slices.IndexFunc(tr.Responders, func(r evidence.Responder) bool {
		return r.Rule == "" && r.Hostname == "" && len(r.Addresses) == 0 && len(r.Mentions) == 0
	})
	if at < 0 {
		return tr.Responders
	}
	out := slices.Clone(tr.Responders)
	rest := &out[at]
	var f mention.Found
	for _, u := range tr.Unnamed {
		if u.Body == "" && u.Head == "" || u.Count <= 0 || u.Count > rest.Count {
			continue
		}
		v.after.known().Scan(&f, []byte(u.Head), []byte(u.Body))
		found := f.Texts("")
		if f.IDs()+len(f.Names())+len(f.Addresses()) == 0 {
			continue
		}
		rest.Count -= u.Count
		rest.Echoed, rest.Replayed, rest.Browser = max(0, rest.Echoed-u.Echoed), max(0, rest.Replayed-u.Replayed), max(0, rest.Browser-u.Browser)
		out = append(out, evidence.Responder{
			Count: u.Count, Rule: "exists", Mentions: found, Sample: clip(u.Body, 200), MentionedIn: strings.ToLower(string(f.Field())),
			Echoed: u.Echoed, Replayed: u.Replayed, Browser: u.Browser,
		})
		rest = &out[at]
	}
	if rest.Count == 0 {
		out = slices.Delete(out, at, at+1)
	}
	return out
}
