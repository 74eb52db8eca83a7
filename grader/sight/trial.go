package sight

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// trial judges the answers of one trace.
type trial struct {
	v      *View
	svc    *evidence.Service
	tr     *evidence.Trace
	doubts []Doubt
	// echoes says that the service shows each request's nonce when it is asked
	// without HAProxy.
	echoes bool
}

func (v *View) trial(svc *evidence.Service, tr *evidence.Trace) *trial {
	x := &trial{v: v, svc: svc, tr: tr}
	px := v.Proxy()
	if !tr.Target.Balanced() || px == nil || svc == nil {
		return x
	}
	x.doubts = append(v.doubts(px, svc, PortOf(tr.Target.Address)), v.written(px, PortOf(tr.Target.Address))...)
	for i := range v.c.Bundle.Traces {
		mesh := &v.c.Bundle.Traces[i]
		for _, r := range v.responders(mesh) {
			x.echoes = x.echoes || mesh.Target.Kind == "mesh" && r.Echoed > 0 && r.Echoed == r.Count
		}
	}
	return x
}

// author is who gave an answer; the doubt says why a claim counts as forged.
//
// A claim to be an own task stands unless there is a doubt about the HAProxy.
// Then the engines' counts decide, where they were taken: a container that
// received fewer packets than the answers it is said to have given did not
// give them. Without counts only a doubt that is proof by itself refutes it.
func (x *trial) author(r evidence.Responder) (Author, Doubt) {
	a := x.v.Author(r, x.svc)
	if a.Standing == Forged {
		return a, Doubt{Why: a.Why, Text: Claimed(&r)}
	}
	if a.Standing != Own || len(x.doubts) == 0 {
		return a, Doubt{}
	}
	forged := func(d Doubt) (Author, Doubt) {
		return Author{Standing: Forged, Task: a.Task, Why: d.Why}, d
	}
	for _, d := range x.doubts {
		if d.Why == "made" || d.Why == "header" && d.Text == a.Header && a.Header != "" {
			return forged(d)
		}
	}
	if enough, known := x.received(a.Task.ContainerID, int64(r.Count)); known {
		if enough {
			return a, Doubt{}
		}
		d := x.doubts[0]
		d.Counted = true
		return forged(d)
	}
	for _, d := range x.doubts {
		unlike := d.Why == "made-if" && x.echoes && r.Echoed == 0 && x.tr.Nonce != ""
		if d.alone() || unlike {
			return forged(d)
		}
	}
	return a, Doubt{}
}

// received reports whether a container got as many packets as the answers it is
// said to have given need at the very least: one each, where a new connection
// brings four or more. What it gets without the load is taken off first, and a
// tenth is left for that being an estimate.
func (x *trial) received(container string, answers int64) (enough, known bool) {
	for _, t := range x.v.c.Bundle.Traffic {
		if t.Target != x.tr.Target.ID || t.ContainerID != container {
			continue
		}
		got := t.After - t.Before
		if t.IdleMS > 0 {
			got -= min(t.IdleBefore, t.IdleAfter)*t.TookMS/t.IdleMS - answers/10
		}
		return got >= answers, true
	}
	return false, false
}

// Claim is what one responder of a trace says it is, and what it is.
type Claim struct {
	Responder evidence.Responder
	Author    Author
	// Doubt says why a claim counts as forged.
	Doubt Doubt
}

// Claims are the responders of a trace; Doubts are what is open about the
// HAProxy that gave them, whether it refutes a claim or not.
func (v *View) Claims(svc *evidence.Service, tr *evidence.Trace) (claims []Claim, doubts []Doubt) {
	x := v.trial(svc, tr)
	for _, r := range v.responders(tr) {
		a, d := x.author(r)
		claims = append(claims, Claim{r, a, d})
	}
	return claims, x.doubts
}

// Impostor reports whether what runs in place of a student's HAProxy can't be
// what its configuration says: that leads to the student's service, and by the
// engines' counts the service's containers never got the requests that were
// answered in their name.
func (v *View) Impostor(px *evidence.Proxy) bool {
	svc, tr := v.Subject(), v.Through()
	if svc == nil || tr == nil || px != v.Proxy() {
		return false
	}
	claims, doubts := v.Claims(svc, tr)
	if slices.ContainsFunc(doubts, func(d Doubt) bool { return !slices.Contains([]string{"image", "header", "command"}, d.Why) }) {
		return false // the configuration accounts for it
	}
	return slices.ContainsFunc(claims, func(c Claim) bool { return c.Author.Standing == Forged && c.Doubt.Counted })
}

// Witnesses are the containers whose traffic must be counted around the load on
// a student's HAProxy, because there is a doubt about it: the running tasks of
// the student's service. Vars are the student's names and ports, address is
// where the load goes.
func Witnesses(idx *Index, b *evidence.Bundle, vars map[string]string, names Names, address string) []evidence.Container {
	v := NewView(evidence.Case{Bundle: b, Before: idx.Snap}, idx, nil, vars).With(names)
	svc, px := v.Subject(), v.Proxy()
	if svc == nil || px == nil || px.State != "running" || len(v.doubts(px, svc, PortOf(address))) == 0 {
		return nil
	}
	ids := map[string]bool{}
	for _, t := range v.Running(svc) {
		ids[t.ContainerID] = true
	}
	var out []evidence.Container
	for _, c := range idx.found().listed(ids) {
		if len(out) < maxWitnesses {
			out = append(out, *c)
		}
	}
	return out
}

// Steady reports whether what a student's HAProxy answers some requests with tells what it
// answers later ones with: nothing is to be said against it, no line of it may make a
// difference between them (see [haproxy.Proxy.Steady]), it does not choose among backends,
// and its program is the one that most of the class run, with a health check that only asks.
// Arguments are as those of [Witnesses]; usual is what the class runs, nil where nobody knows.
func Steady(idx *Index, b *evidence.Bundle, vars map[string]string, names Names, address string, usual *Contents) bool {
	v := NewView(evidence.Case{Bundle: b, Before: idx.Snap}, idx, nil, vars).With(names)
	svc, px, port := v.Subject(), v.Proxy(), PortOf(address)
	if svc == nil || px == nil || len(v.doubts(px, svc, port)) > 0 || !usual.knowsProxy(idx, px) {
		return false
	}
	route := v.Route(px, port)
	if route.Dynamic || len(route.Sometimes)+len(route.Open) > 0 {
		return false
	}
	return !slices.ContainsFunc(proxiesOf(route), func(p *haproxy.Proxy) bool { return !p.Steady() })
}

// maxWitnesses bounds the calls for one student.
const maxWitnesses = 32
