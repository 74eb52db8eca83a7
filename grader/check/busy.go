package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/stats"
)

// busy is how HAProxy dealt requests while another was held open.
type busy struct {
	Rounds int // that tell something
	// Fresh is how many requests of those rounds own containers answered, OnHeld how many of
	// them the one that the round's first request was held at.
	Fresh, OnHeld int
	// Most is how many may be, so that this is no chance; -1 if any number may be.
	Most int
	// Known says that the answers tell whether HAProxy spares who is busy.
	Known bool
}

// spares reports whether HAProxy sends less to a server that is busy.
func (b *busy) spares() bool { return b.Known && b.OnHeld <= b.Most }

// busyServers reads a load that held requests open. Nothing is known where HAProxy may
// not have counted them: it keeps a request until its body is there, several
// processes each count their own, or the answer did not wait for the request's end.
// A round in which one container alone answered tells nothing either: the others may
// be down, or may never be chosen, which the order of answers shows.
func (in *Input) busyServers(px *evidence.Proxy, svc *evidence.Service, tr *evidence.Trace, least float64) busy {
	var b busy
	sequence := in.View.Sequence(svc, tr)
	for _, h := range tr.Holds {
		at := sequence[h.At]
		if h.Early || at == "" {
			continue
		}
		answers, elsewhere, here := 0, map[string]bool{}, 0
		for _, id := range sequence[h.At+1 : h.At+1+h.Fresh] {
			switch id {
			case "":
				continue
			case at:
				here++
			default:
				elsewhere[id] = true
			}
			answers++
		}
		if len(elsewhere) == 0 || answers*2 < h.Fresh {
			continue
		}
		b.Rounds++
		b.Fresh += answers
		b.OnHeld += here
	}
	b.Most = stats.HeldMost(b.Fresh, least)
	b.Known = b.Rounds > 0 && b.Most >= 0 && in.counts(px)
	return b
}

// counts reports whether one process of HAProxy's sees all requests, from their heads
// on.
func (in *Input) counts(px *evidence.Proxy) bool {
	if px.Kind == "service" {
		svc := in.View.ServiceByID(px.ID)
		if svc == nil || svc.Mode != "replicated" || svc.Replicas != 1 {
			return false
		}
	}
	waits := func(l haproxy.Line) bool {
		return slices.ContainsFunc(l.Words, func(w string) bool { return w == "http-buffer-request" || w == "wait-for-body" || w == "nbproc" })
	}
	return !slices.ContainsFunc(in.View.Config(px).Sections, func(s *haproxy.Section) bool { return slices.ContainsFunc(s.Lines, waits) })
}

// heldTrace is the load that held requests open at a HAProxy's port, nil for none.
func (in *Input) heldTrace(p *shownParams) *evidence.Trace {
	traces, missing := in.View.Traces("held", append([]string{p.Port}, p.Or...)...)
	if missing != nil || len(traces) == 0 || len(traces[0].Holds) == 0 {
		return nil
	}
	return traces[0]
}
