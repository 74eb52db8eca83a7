package observe

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"swarmgrade/grader/evidence"
)

// Prober sends single requests.
type Prober interface {
	// Probe makes one request over a connection of its own: who answered, or
	// how it failed, with Count 1; the other is zero. An error is the grader's
	// own trouble and says nothing of the target.
	Probe(ctx context.Context, t evidence.Target) (who evidence.Responder, failed evidence.ErrorClass, err error)
}

const (
	// probeTimeoutMS is what a client would bear: an answer later than that is
	// none.
	probeTimeoutMS = 2000
	maxResponders  = 256 // of one service; a page that invents names has more
	maxUnderWay    = 64  // probes of one service at a time
	// lateMS is how much later than it should have been something of the grader's
	// own has to be to be noted as late, and a whole period at least.
	lateMS = 100
)

// series is the probing of one service. It is safe for concurrent use.
type series struct {
	mu       sync.Mutex
	p        evidence.Probing // Probes are kept apart
	probes   []evidence.Probe
	ended    []bool
	underWay int
	limit    int   // of those under way
	gap      int64 // ms without a probe that are nothing to note

	responder map[string]int
	failure   map[string]int
}

// newSeries is one with a probe each period, in ms, on a cluster of so many times the
// clock's speed.
func newSeries(service string, targets []evidence.Target, period int64, speed float64) *series {
	return &series{
		p: evidence.Probing{Service: service, Targets: targets, PeriodMS: period, Responders: []evidence.Responder{}},
		// One more than a target that never answers keeps under way.
		limit: int(min(maxUnderWay, probeTimeoutMS/period+2)),
		// Whoever probes oftener than is usual is not late with some probes less: all that is to
		// be seen shows at the usual rate. A sender that waits for its turn on a busy
		// machine would else be late nearly always at some hundred probes a second.
		gap:       max(period, int64(1000/defaultRate/speed)),
		responder: map[string]int{}, failure: map[string]int{},
	}
}

// begin takes a place in the order of sending; false if too many probes wait
// for their answers.
func (s *series) begin(at int64, to int) (i int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.underWay >= s.limit {
		s.p.Skipped++
		return 0, false
	}
	s.underWay++
	s.probes = append(s.probes, evidence.Probe{At: at, To: to})
	s.ended = append(s.ended, false)
	return len(s.probes) - 1, true
}

// start notes when a probe is really sent; a machine that is starved lets it wait
// for its turn.
func (s *series) start(i int, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &s.probes[i]
	if now-x.At > s.slack() {
		s.lateFrom(x.At, now)
	}
	x.At = now
}

// slack is how late something of the grader's own may be, in ms.
func (s *series) slack() int64 { return max(s.p.PeriodMS, lateMS) }

// late notes a probe that the grader's machine did not send when it was due, and when
// that was if it has sent none for long.
func (s *series) late(due, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.p.Late++
	if now-due > s.gap {
		s.lateFrom(due, now)
	}
}

func (s *series) lateFrom(from, to int64) {
	s.p.LateIn = addStretch(s.p.LateIn, evidence.Stretch{From: from, To: to})
}

// end enters how a probe came out. One that failed on the grader's own side was
// none; one whose time-out was noticed late shows for how long nothing else was
// noticed either.
func (s *series) end(i int, took time.Duration, who evidence.Responder, failed evidence.ErrorClass, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underWay--
	x := &s.probes[i]
	ended := x.At + took.Milliseconds()
	if err != nil {
		s.p.Late++
		s.lateFrom(x.At, max(ended, x.At+s.p.PeriodMS)) // until the next one
		return
	}
	if due := x.At + probeTimeoutMS; failed.Count > 0 && ended-due > s.slack() {
		s.lateFrom(due, ended)
	}
	x.Took = took.Microseconds()
	if failed.Count > 0 {
		x.Who = -1 - s.errorClass(failed)
	} else {
		x.Who = s.who(who)
	}
	s.ended[i] = true
}

func (s *series) who(r evidence.Responder) int {
	key := r.Rule + "\x00" + r.Hostname + "\x00" + strings.Join(r.Addresses, " ") + "\x00" + r.StudentID +
		"\x00" + strings.Join(r.Mentions, " ")
	if _, known := s.responder[key]; !known && len(s.p.Responders) >= maxResponders {
		r, key = evidence.Responder{Rule: "other", Sample: r.Sample}, "\x00other"
	}
	i, known := s.responder[key]
	if !known {
		i = len(s.p.Responders)
		s.responder[key] = i
		r.Count = 0
		s.p.Responders = append(s.p.Responders, r)
	}
	s.p.Responders[i].Count++
	return i
}

func (s *series) errorClass(e evidence.ErrorClass) int {
	i, known := s.failure[e.Class]
	if !known {
		i = len(s.p.Errors)
		s.failure[e.Class] = i
		e.Count = 0
		s.p.Errors = append(s.p.Errors, e)
	}
	s.p.Errors[i].Count++
	return i
}

// sofar is what has ended, in the order sent. It shares nothing with the
// series.
func (s *series) sofar() *evidence.Probing {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.p
	p.Responders, p.Errors, p.LateIn = slices.Clone(p.Responders), slices.Clone(p.Errors), slices.Clone(p.LateIn)
	p.Probes = make([]evidence.Probe, 0, len(s.probes))
	for i, x := range s.probes {
		if s.ended[i] {
			p.Probes = append(p.Probes, x)
		}
	}
	// On a starved machine one may have got its turn before another.
	slices.SortStableFunc(p.Probes, func(a, b evidence.Probe) int { return cmp.Compare(a.At, b.At) })
	return &p
}

// probing sends the probes of all services until ctx ends: each at its own
// period, the services' turns spread evenly over it. A target that is slow
// delays nobody, since every probe is on its own; how many there are is
// bounded for each service. When it returns, no probe is under way.
type probing struct {
	prober Prober
	at     func() int64
	all    []*series // all of one period
	crash  func(v any)
}

// run sends until stop is closed, then waits for the answers that are due.
func (b *probing) run(ctx context.Context, stop <-chan struct{}) {
	var wg sync.WaitGroup
	defer wg.Wait()
	period := time.Duration(b.all[0].p.PeriodMS) * time.Millisecond
	n := len(b.all)
	began, zero := time.Now(), b.at()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for k := 0; ; k++ {
		round, i := k/n, k%n
		due := time.Duration(round)*period + period*time.Duration(i)/time.Duration(n)
		late := time.Since(began) - due
		if late < 0 {
			timer.Reset(-late)
			select {
			case <-timer.C:
			case <-stop:
				return
			case <-ctx.Done():
				return
			}
		} else if late > period {
			// The machine slept or was starved: a burst afterwards would be no
			// steady probing.
			b.all[i].late(zero+due.Milliseconds(), b.at())
			continue
		}
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		default:
		}
		s := b.all[i]
		// Services take the entry nodes in turn, not all the same one at once.
		to := (round + i) % len(s.p.Targets)
		place, ok := s.begin(b.at(), to)
		if !ok {
			continue
		}
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					b.crash(v)
				}
			}()
			s.start(place, b.at())
			sent := time.Now()
			who, failed, err := b.prober.Probe(ctx, s.p.Targets[to])
			s.end(place, time.Since(sent), who, failed, err)
		})
	}
}
