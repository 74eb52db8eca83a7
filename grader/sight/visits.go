package sight

import (
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/leak"
)

// Visitor is one visit of a load with cookies and who answered.
type Visitor struct {
	*evidence.Visit
	// Tasks has an entry a request, in the order sent: the student's own task that
	// answered it, nil where nobody did or somebody else.
	Tasks []*evidence.Task
}

// Visitors are the visits of a load with cookies, as far as answers can be tied to
// tasks of svc: by the same rules as [View.Tally].
func (v *View) Visitors(svc *evidence.Service, tr *evidence.Trace) []Visitor {
	x := v.trial(svc, tr)
	own := make([]*evidence.Task, len(tr.Responders))
	for i, r := range tr.Responders {
		if a, _ := x.author(r); a.Standing == Own && r.Replayed == 0 {
			own[i] = a.Task
		}
	}
	var out []Visitor
	for i := range tr.Visits {
		visit := &tr.Visits[i]
		seen := Visitor{Visit: visit}
		for _, who := range tr.Of(visit) {
			var t *evidence.Task
			if who >= 0 && int(who) < len(own) {
				t = own[who]
			}
			seen.Tasks = append(seen.Tasks, t)
		}
		out = append(out, seen)
	}
	return out
}

// GivesAway is the first thing inside of the cluster that a text gives away, by
// either snapshot.
func (v *View) GivesAway(text string) (leak.Leak, bool) {
	for _, x := range v.indexes() {
		if l, ok := x.inside().Find(text); ok {
			return l, true
		}
	}
	return leak.Leak{}, false
}
