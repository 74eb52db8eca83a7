package recovery

import (
	"cmp"
	"math"
	"slices"

	"swarmgrade/grader/evidence"
)

// What may the lateness of the grader's own machine be the reason for?
//
// A machine that is starved or sleeps sends probes too late to count, reads answers
// late and the managers late. The evidence says when that was (Probing.LateIn).
// So a service is read twice: by what was seen, and by the best that may have been
// where nothing was. What only the second one finds costs nobody anything, and what
// only the first one finds is no pass where most was not seen:
//
//   - Soonest is when the service may have been back. In what was late, and in a time
//     between two readings that is longer than half a hold, all may have been well.
//     Elsewhere the service is held to all that it always is: its tasks run, no answer
//     by anybody else, at most one probe in twenty lost through a hold. A container that
//     never answered is silent once 20 probes for each container show that, and one that
//     did so late was silent before for as far as so many probes reach back.
//   - A probe that failed counts for nothing if the machine was late for a quarter of
//     the time that it took: a client that has three quarters of 2 s left is well able
//     to get an answer.
//   - Where the machine was late for more than a quarter of the time that a verdict
//     rests on, nothing is held against a service; what is said then is from beside the
//     times that were late, and the machine was hardly well there either.
//   - No recovery is shown by a hold of which the machine was late for more than half,
//     or in which it did not read the managers for a quarter; one that comes after it
//     shows it.
//   - Requests are too few for a pass where it was late for more than half of that time,
//     and for a longest silence where it was late for as long at a time.
//
// So a few percent of lateness change nothing for a service that does not come back:
// those probes that were in time show it.
const (
	muchLate   = 0.25 // of a time: nothing is held against anybody
	mostlyLate = 0.5  // of a time: nothing is shown to be good
	spoiltLate = 0.25 // of a probe's time: that it failed counts for nothing
)

// lateIn is for how much of a time the grader's machine was late, in ms.
func (r *reader) lateIn(from, to int64) int64 {
	all := r.p.LateIn
	i, _ := slices.BinarySearchFunc(all, from, func(s evidence.Stretch, t int64) int { return cmp.Or(cmp.Compare(s.To, t), -1) })
	n := int64(0)
	for ; i < len(all) && all[i].From < to; i++ {
		n += max(0, min(to, all[i].To)-max(from, all[i].From))
	}
	return n
}

// lateShare is the part of a time in which the machine was late.
func (r *reader) lateShare(from, to int64) float64 {
	if to <= from {
		return 0
	}
	return float64(r.lateIn(from, to)) / float64(to-from)
}

// spoilt reports whether a probe may have failed because the machine was late.
func (r *reader) spoilt(x *shot) bool {
	return x.task == "" && !x.ok && r.lateShare(x.sent, max(x.ended, x.sent+1)) >= spoiltLate
}

// unsent is how many probes at most are missing from a time because of lateness.
func (r *reader) unsent(from, to int64) int {
	if r.p.PeriodMS <= 0 {
		return 0
	}
	return int(math.Ceil(float64(r.lateIn(from, to)) / float64(r.p.PeriodMS) * r.spared))
}

// unread reports whether so much time lies between two readings, and most of it was
// late, that tasks may have gone and come back.
func (r *reader) unread(from, to int64) bool {
	return to-from > r.hold/4 && r.lateShare(from, to) > mostlyLate
}

// unshown is the end of what was late in a hold, if it shows nothing because of that;
// -1 otherwise.
func (r *reader) unshown(run *run, at int64) int64 {
	past := int64(-1)
	for _, u := range run.unread {
		if u.From < at+r.hold && u.To > at {
			past = u.To
		}
	}
	if past < 0 && r.lateShare(at, at+r.hold) > mostlyLate {
		for _, s := range r.p.LateIn {
			if s.From < at+r.hold && s.To > at {
				return s.To
			}
		}
	}
	return past
}

// soonest is when a service may have recovered, -1 if it can't have.
func (r *reader) soonest(runs []run) int64 {
	for i := range runs {
		if at := r.perhaps(&runs[i]); at >= 0 {
			return at
		}
	}
	return -1
}

// perhaps is try with all that was not seen taken for good.
func (r *reader) perhaps(run *run) int64 {
	start := run.from
	if run.from-run.after > r.hold/2 {
		start = max(run.after, r.w.Injected)
	}
	fits := func(at int64) bool { return at+r.hold <= r.end && (run.lasted || at+r.hold < run.to) }
	if !fits(start) {
		return -1
	}
	if r.lateShare(start, run.to) > muchLate {
		return start
	}
	at := start
	for _, id := range run.tasks {
		from := r.answersFrom(id, run, start)
		if from < 0 {
			return -1
		}
		at = max(at, from)
	}
	for fits(at) {
		next := r.refuted(run, at)
		if next < 0 {
			return at
		}
		at = next
	}
	return -1
}

// answersFrom is from when on a task may have answered, -1 if it never did and would
// have been seen to.
func (r *reader) answersFrom(id string, run *run, start int64) int64 {
	sent := r.between(run.after, r.end)
	first := slices.IndexFunc(sent, func(x shot) bool { return x.task == id })
	before := sent
	if first >= 0 {
		if r.lateIn(start, sent[first].sent) == 0 {
			return sent[first].ended
		}
		before = sent[:first]
	}
	silent := 0
	for i := len(before) - 1; i >= 0 && before[i].sent >= start; i-- {
		if r.spoilt(&before[i]) {
			continue
		}
		if silent++; silent < leastSilent*len(run.tasks) {
			continue
		}
		if first < 0 {
			return -1
		}
		return before[i].sent
	}
	return start
}

// refuted is broken by what can't be lateness.
func (r *reader) refuted(run *run, at int64) int64 {
	sent := r.between(at, at+r.hold)
	due := len(sent)
	if r.p.PeriodMS > 0 {
		due = max(due, int(float64(r.hold)/float64(r.p.PeriodMS)*r.spared)+1)
	}
	lost, first := 0, int64(-1)
	for i := range sent {
		x := &sent[i]
		switch {
		case x.ok && !slices.Contains(run.tasks, x.task):
			return max(x.ended, at+1)
		case x.ok || r.spoilt(x):
		default:
			lost++
			if first < 0 {
				first = max(x.sent+1, at+1)
			}
		}
	}
	if lost > max(1, due/20) {
		return first
	}
	return -1
}

// Doubtful reports whether what was seen later than the seconds of a bound, or never,
// may have been in time, or at least half a hold sooner: nothing is held against the
// service then.
func (s *Story) Doubtful(bound float64) bool {
	if s.Soonest < 0 || s.Recovered >= 0 && s.Seconds <= bound {
		return false
	}
	return s.Recovered < 0 || s.Soonest <= bound || s.Soonest < s.Seconds-usualHold/2
}

// Heavy reports whether the grader's machine was late for so much of the time that
// nothing is held against a service; Thin whether for so much that nothing is shown
// to be good.
func (q *Requests) Heavy() bool { return q.LateShare > muchLate }

// Thin is what [Requests.Heavy] says of it.
func (q *Requests) Thin() bool { return q.LateShare > mostlyLate }

// lateness fills in what may be otherwise because the machine was late.
func (r *reader) lateness(q *Requests, early int64) {
	q.OutageMost, q.OutageLeast = q.Outage, q.Outage
	q.LateShare = r.lateShare(q.From, q.To)
	if q.LateShare == 0 {
		return
	}
	q.Unsent, q.EarlyUnsent = r.unsent(q.From, q.To), r.unsent(q.From, min(early, q.To))
	most, least := int64(0), int64(0)
	// In between two answers: what failed, and what was late.
	all := r.between(q.From, q.To)
	after, k := q.From, 0
	for i := 0; i <= len(all); {
		seen, lost := [2]int64{-1, -1}, [2]int64{-1, -1}
		for ; i < len(all) && all[i].task == ""; i++ {
			x := &all[i]
			widen(&seen, x.sent, x.sent)
			if r.spoilt(x) {
				q.Spoilt++
				continue
			}
			widen(&lost, x.sent, x.sent)
		}
		until := q.To
		if i < len(all) {
			until = all[i].sent
		}
		for ; k < len(r.p.LateIn) && r.p.LateIn[k].From < until; k++ {
			if from, to := max(r.p.LateIn[k].From, after), min(r.p.LateIn[k].To, until); from < to {
				widen(&seen, from, to)
			}
			if r.p.LateIn[k].To > until {
				break // the rest of it is after this answer
			}
		}
		most = max(most, seen[1]-seen[0])
		if r.lateShare(lost[0], lost[1]) <= muchLate {
			least = max(least, lost[1]-lost[0]-r.lateIn(lost[0], lost[1]))
		}
		after = until
		i++
	}
	q.OutageMost, q.OutageLeast = max(q.Outage, r.seconds(most)), r.seconds(least)
}

// widen has a time reach from and to two moments; -1 is none yet.
func widen(t *[2]int64, from, to int64) {
	if t[0] < 0 || from < t[0] {
		t[0] = from
	}
	t[1] = max(t[1], to)
}
