package recovery

import (
	"net/netip"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
)

// shot is a probe with who answered it.
type shot struct {
	sent, ended int64
	ok          bool   // somebody answered
	task        string // the service's own task that did, "" for anybody else
}

type shots struct {
	all    []shot  // in the order sent; without those at the target itself
	spared float64 // the share of addresses that are not the target's
}

// attribute ties each probe to the task that answered it. An answer is a
// claim: the host name, or the one ID that it mentions, must be that of a
// container of the service's, or, where the service sets host names or the
// answer has none, the address one of its tasks'; claims that contradict each
// other are nobody's.
func (r *reader) attribute() shots {
	who := r.owners()
	by := make([]string, len(r.p.Responders))
	for i := range r.p.Responders {
		by[i] = who.task(&r.p.Responders[i], r.svc.Hostname != "")
	}
	out := shots{all: make([]shot, 0, len(r.p.Probes))}
	gone := make([]bool, len(r.p.Targets))
	for i, t := range r.p.Targets {
		down := r.w.Fault.Kind == "node-stop" || r.w.Fault.Kind == "command"
		gone[i] = down && t.NodeID == r.w.Fault.NodeID
		if !gone[i] {
			out.spared += 1 / float64(len(r.p.Targets))
		}
	}
	for _, p := range r.p.Probes {
		if p.To < 0 || p.To >= len(gone) || gone[p.To] || p.Who >= len(by) {
			continue
		}
		x := shot{sent: p.At, ended: p.At + p.Took/1000, ok: p.Who >= 0}
		if x.ok {
			x.task = by[p.Who]
		}
		out.all = append(out.all, x)
	}
	return out
}

// owners are the service's tasks of the whole window by container and address, and whose
// others are.
type owners struct {
	service string
	name    map[string]string // a container's default host name to its task
	address map[netip.Addr]string
	all     *Readings
}

func (r *reader) owners() owners {
	o := owners{service: r.svc.ID, name: map[string]string{}, address: map[netip.Addr]string{}, all: r.all}
	for _, x := range r.all.of[r.svc.ID] {
		for _, t := range x.tasks {
			if len(t.ContainerID) >= mention.ShortID {
				o.name[t.ContainerID[:mention.ShortID]] = t.ID
			}
			for _, a := range t.Addresses {
				if ip, ok := mention.Addr(a.Address); ok {
					o.address[ip] = t.ID // the last task that had it
				}
			}
		}
	}
	return o
}

func (o *owners) task(id *evidence.Responder, named bool) string {
	byName := ""
	if len(id.Hostname) >= mention.ShortID {
		byName = o.name[strings.ToLower(id.Hostname[:mention.ShortID])]
	}
	addresses := id.Addresses
	if byName == "" {
		var clear bool
		if byName, clear = o.mentioned(id.Mentions); !clear {
			return ""
		}
		if byName == "" && id.Hostname == "" && len(addresses) == 0 {
			addresses = id.Mentions
		}
	}
	byAddress := ""
	for _, s := range addresses {
		ip, ok := mention.Addr(s)
		if !ok {
			continue
		}
		task := o.address[ip]
		switch {
		case task == "" && o.all.addresses[ip].another(o.service):
			return "" // a classmate's
		case task == "":
		case byAddress != "" && byAddress != task:
			return ""
		default:
			byAddress = task
		}
	}
	switch {
	case byName != "":
		return byName
	case named || id.Hostname == "":
		return byAddress
	}
	return ""
}

// mentioned is the task of the one container that is mentioned; it is not clear
// if there are several.
func (o *owners) mentioned(list []string) (task string, clear bool) {
	n := 0
	for _, m := range list {
		if len(m) < mention.ShortID {
			continue
		}
		if own := o.name[m[:mention.ShortID]]; own != "" {
			task = own
			n++
		} else if o.all.names[m[:mention.ShortID]].another(o.service) {
			n++
		}
	}
	return task, n < 2
}

// Answer is one probe, for showing.
type Answer struct {
	At  int64 // when it was sent
	Own bool  // a task of the service's own answered
}

// Answers are the probes of a service in the order sent, without those at the
// target itself. Nothing may be nil.
func Answers(w *evidence.Window, p *evidence.Probing, svc *evidence.Service) []Answer {
	return Sort(w).Answers(w, p, svc)
}

// Answers is the function, of readings that are sorted already.
func (x *Readings) Answers(w *evidence.Window, p *evidence.Probing, svc *evidence.Service) []Answer {
	r := &reader{w: w, all: x, p: p, svc: svc}
	shots := r.attribute()
	out := make([]Answer, len(shots.all))
	for i, s := range shots.all {
		out[i] = Answer{At: s.sent, Own: s.task != ""}
	}
	return out
}

// between are the probes sent in [from, to].
func (x *shots) between(from, to int64) []shot {
	lo, _ := slices.BinarySearchFunc(x.all, from, func(s shot, t int64) int {
		if s.sent < t {
			return -1
		}
		return 1
	})
	hi := lo
	for hi < len(x.all) && x.all[hi].sent <= to {
		hi++
	}
	return x.all[lo:hi]
}

// enough reports whether so many probes came back as to judge by: 6 in 10 of
// those that should have been sent, or, from a machine that was too busy for
// that, so many at least.
func (r *reader) enough(from, to int64, least int) bool {
	if r.p.PeriodMS <= 0 {
		return false
	}
	n, due := len(r.between(from, to)), float64(to-from)/float64(r.p.PeriodMS)*r.spared
	return n >= least || float64(n) >= 0.6*due-1
}

// leastHeld are enough probes to show that a recovery holds, once each
// container has answered; leastSilent, for each container, to show that one
// does not answer.
const (
	leastHeld   = 6
	leastSilent = 20
)

// try looks for a recovery within a run: from when on all of its containers
// answer, and whether that holds. It fills the moments.
func (r *reader) try(s *Story, run *run) bool {
	first := map[string]int64{}
	answering := int64(-1)
	for _, x := range r.between(run.after, r.end) {
		if _, seen := first[x.task]; x.task != "" && !seen {
			first[x.task] = x.ended
		}
	}
	for _, id := range run.tasks {
		at, ok := first[id]
		if !ok {
			s.Replaced, s.Answering = run.from, -1
			return false
		}
		answering = max(answering, at)
	}
	s.Replaced, s.Answering = run.from, answering
	for at := max(s.Down, run.from, answering); ; {
		if at+r.hold > r.end || !run.lasted && at+r.hold >= run.to {
			return false
		}
		broken := r.broken(run, at)
		if broken < 0 {
			if past := r.unshown(run, at); past > at {
				at = past
				continue
			}
			if !r.enough(at, at+r.hold, leastHeld) {
				return false
			}
			if at > max(s.Down, run.from) {
				s.Answering = at
			}
			s.Recovered = at
			s.Seconds = r.seconds(at - s.Struck)
			return true
		}
		at = broken
	}
}

// struck is when the fault was first felt.
func (r *reader) struck(down int64) int64 {
	at := r.w.Injected
	if down >= 0 {
		at = min(at, down)
	}
	for _, x := range r.between(r.w.Injecting, at) {
		if x.task == "" {
			return x.sent
		}
	}
	return at
}

// broken is the end of the first probe that shows that a recovery at some time
// does not hold, or -1.
func (r *reader) broken(run *run, at int64) int64 {
	sent := r.between(at, at+r.hold)
	lost, first := 0, int64(-1)
	for _, x := range sent {
		if x.ok && !slices.Contains(run.tasks, x.task) {
			return max(x.ended, at+1)
		}
		if !x.ok {
			lost++
			if first < 0 {
				first = max(x.sent+1, at+1)
			}
		}
	}
	if lost > max(1, len(sent)/20) {
		return first
	}
	return -1
}

// Requests sums up the probes from when the fault was first felt until the
// service had recovered, or else until it should have; of a service that had one task
// alone until the new one answers.
type Requests struct {
	Sent, Failed int // failed: not answered by the service's own
	// Early are those sent while swarm could not have taken the lost tasks out
	// of its mesh on every node: until some seconds after the target was seen
	// down. Where the fault took all tasks and swarm brought them back, it is
	// until some seconds after that.
	EarlySent int
	// Outage is the longest time in which every probe failed, from the first
	// one's begin to the last one's, in seconds of the swarm; OutageFrom its
	// begin (-1 if none failed). Step is the time between two probes.
	Outage     float64
	OutageFrom int64
	Step       float64
	// From and To are the time that is summed up.
	From, To int64
	// LateShare is the part of it in which the grader's own machine was late. Unsent
	// is how many more would have been sent at most, EarlyUnsent of them early;
	// Spoilt are those of Failed that may have failed because of it. OutageLeast and
	// OutageMost are the least and the most that Outage may have been.
	LateShare               float64
	Unsent, EarlyUnsent     int
	Spoilt                  int
	OutageLeast, OutageMost float64
}

// beforeNew is the last moment before the new task of a service that had one alone first
// answers, if that comes before a given one: what it answers until a reading shows that
// it runs is no part of the loss, which may be as short as that where no restart delay
// is waited for.
func (r *reader) beforeNew(s *Story, to int64) int64 {
	if s.Before != 1 || r.w.Fault.Kind == "update" {
		return to
	}
	for i, x := range r.between(s.Struck, to) {
		switch {
		case x.task == "" || r.old[x.task]:
		case i == 0: // nothing was lost
			return x.sent
		default:
			return x.sent - 1
		}
	}
	return to
}

func (r *reader) requests(s *Story) {
	q := &s.Requests
	q.From, q.To = s.Struck, min(r.end, r.w.Injected+r.clock(s.Bound))
	if s.Recovered >= 0 {
		q.To = r.beforeNew(s, s.Recovered)
	}
	early := q.To
	if s.Down >= 0 {
		early = s.Down
	}
	if s.Alone() && s.Before > 1 && s.Replaced >= 0 {
		early = max(early, s.Replaced)
	}
	early += max(r.clock(settling), 1000)
	q.OutageFrom = -1
	if r.spared > 0 {
		q.Step = r.seconds(r.p.PeriodMS) / r.spared
	}
	since := int64(-1)
	for _, x := range r.between(q.From, q.To) {
		q.Sent++
		if x.sent <= early {
			q.EarlySent++
		}
		if x.task != "" {
			since = -1
			continue
		}
		q.Failed++
		if since < 0 {
			since = x.sent
		}
		if long := r.seconds(x.sent - since); q.OutageFrom < 0 || long > q.Outage {
			q.Outage, q.OutageFrom = long, since
		}
	}
	r.lateness(q, early)
}
