package observe

import (
	"time"

	"swarmgrade/grader/evidence"
)

// Span is how long a run takes, faults included: Least if all is as it should be and
// every answer and every recovery comes at once, Most if answers take as long as is usual and every
// fault is watched for as long as it may be.
type Span struct{ Least, Most time.Duration }

// Of what lies outside of this program the plan takes what is usual.
const (
	usualAnswer = 5 * time.Millisecond // of one request, over a new connection
	usualUndo   = 15 * time.Second     // from a fault's undoing to a node that is ready
	usualRead   = 2 * time.Second      // of a cluster: before, after, and around each fault
)

// Span adds up what the run will go through, by the same constants; parallel
// students at a time and rate requests a second are the class's.
func (p *Plan) Span(snap *evidence.Snapshot, parallel, rate int) Span {
	var s Span
	s.load(p.Students, parallel, rate)
	s.add(0, 2*usualRead)
	speed := snap.Swarm.Speed()
	scaled := func(d time.Duration) time.Duration { return max(leastHold, time.Duration(float64(d)/speed)) }
	t := paceAt(speed)
	for i := range p.Episodes {
		e := &p.Episodes[i]
		if seen := p.Watched(e, snap); len(seen) > 0 {
			var services []*evidence.Service
			for _, w := range seen {
				services = append(services, w.Service)
			}
			limit := time.Duration(limitMS(e.Done(), services, snap.Swarm)) * time.Millisecond
			s.add(t.lead+t.hold+t.tail, t.lead+limit+t.tail)
		}
		if ids := e.ids(); len(ids) > 0 {
			s.add(scaled(calmFor), scaled(settleLimit)+3*usualRead)
			s.load(p.During(e.ID, ids, snap, nil).Students, parallel, rate)
		}
	}
	if len(p.Faults) == 0 {
		return s
	}
	for _, f := range p.Faults {
		s.add(t.lead+t.hold+t.tail, t.lead+time.Duration(f.LimitMS)*time.Millisecond+scaled(usualUndo)+t.tail+usualRead)
	}
	s.add(scaled(calmFor), scaled(calmLimit))
	s.load(p.after(snap), parallel, rate)
	s.add(0, usualRead)
	return s
}

func (s *Span) add(least, most time.Duration) { s.Least, s.Most = s.Least+least, s.Most+most }

// load adds the time that the students' targets take: one request after the
// other of each, and all within the rate.
func (s *Span) load(students []Student, parallel, rate int) {
	all, few, longest, driven := 0, 0, 0, 0
	for i := range students {
		n := students[i].Requests()
		all, few, longest = all+n, few+students[i].Expected(), max(longest, n)
		if n > 0 {
			driven++
		}
	}
	if driven == 0 {
		return
	}
	within := func(n int) time.Duration {
		return time.Duration(float64(n) / float64(max(1, rate)) * float64(time.Second))
	}
	side := max(longest, all/max(1, min(parallel, driven)))
	s.add(within(few), max(within(all), time.Duration(side)*usualAnswer)+warmUp)
}

// after are the students who will be driven again once the faults are over, as
// far as a snapshot of before tells.
func (p *Plan) after(snap *evidence.Snapshot) []Student {
	var out []Student
	for _, s := range p.Students {
		if s.Watch == nil || s.Watch.Gap != nil {
			continue
		}
		next := Student{Who: s.Who, Vars: s.Vars}
		for _, need := range s.later {
			s.lookup(snap).mesh(&next, need, false)
		}
		out = append(out, next)
	}
	return out
}
