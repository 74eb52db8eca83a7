package observe

import (
	"context"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
	"swarmgrade/grader/stats"
)

// How rarely independent draws of equal shares may be as uneven as what casts doubt on other
// loads. Those that ended early by their turns are no draws, but once in a million
// times, so that to doubt them costs requests and no points. Those that ended by their counts may be:
// of them so few are doubted that it adds nothing to the one in a million by which a correct
// deployment may fail.
const (
	oddBesideTurns  = 0.01
	oddBesideCounts = 1e-8
)

// doubted are the places of those traces that ended early although another one, of a load on
// the same containers that had all its requests, has failures beyond what may fail, a
// stranger's answers or uneven ones. What comes through the mesh says something of all loads,
// what a balancer answers only of loads through it.
//
// The traces are one student's of one run, without a fault in between. Whoever answers evenly
// at first and not afterwards is not believed in five loads for being found out in the sixth.
func doubted(traces []evidence.Trace) (places []int) {
	for i := range traces {
		early := &traces[i]
		if early.Stopped != "enough" {
			continue
		}
		if slices.ContainsFunc(traces, func(other evidence.Trace) bool {
			return other.Stopped != "enough" && (other.Target.Kind == "mesh" || other.Target.Kind == early.Target.Kind) && contradicts(&other, early)
		}) {
			places = append(places, i)
		}
	}
	return places
}

// contradicts reports whether a load shows the contrary of what another one ended early for.
func contradicts(tr, early *evidence.Trace) bool {
	e, odd := early.Target.Enough, oddBesideTurns
	if early.By == string(stats.Counts) {
		odd = oddBesideCounts
	}
	among := e.Containers()
	counts, others := make([]int, len(among)), 0
	for _, r := range tr.Responders {
		place := -1
		if r.Rule != "" {
			place = mention.Place(among, r.Hostname)
		}
		if place < 0 {
			others += r.Count
			continue
		}
		counts[place] += r.Count
	}
	if len(among) == 0 || slices.Max(counts) == 0 {
		return false // of something else, or where nobody was: there is nothing to compare
	}
	return others > 0 || float64(failed(tr)) > e.MaxErrors*float64(tr.Sent) || e.Spread && stats.Rare(counts) < odd
}

// redrive drives loads that ended early once more, with all their requests, where another of
// the student's loads casts doubt on them.
func (r *Runner) redrive(ctx context.Context, s *Student, b *evidence.Bundle, drive func(evidence.Target, Progress) error) error {
	for _, i := range slices.Backward(doubted(b.Traces)) {
		t := b.Traces[i].Target
		t.Enough = evidence.Enough{}
		b.Traces = slices.Delete(b.Traces, i, i+1) // what it shows stands no more, whatever comes of this
		b.Traffic = slices.DeleteFunc(b.Traffic, func(c evidence.Traffic) bool { return c.Target == t.ID })
		if err := drive(t, Progress{Student: s.Who.ID, Target: t.ID}); err != nil {
			return err
		}
	}
	return nil
}
