package sight

import "swarmgrade/grader/evidence"

// Sequence are the own tasks that answered a load's requests, by ID in the order in
// which the requests were sent, as far as that was kept; "" stands for one that
// failed or that somebody else answered.
func (v *View) Sequence(svc *evidence.Service, tr *evidence.Trace) []string {
	trial := v.trial(svc, tr)
	owner := make([]string, len(tr.Responders))
	for i, r := range tr.Responders {
		if a, _ := trial.author(r); a.Standing == Own {
			owner[i] = a.Task.ID
		}
	}
	out := make([]string, 0, len(tr.Sequence))
	for _, s := range tr.Sequence {
		id := ""
		if s >= 0 && int(s) < len(owner) {
			id = owner[s]
		}
		out = append(out, id)
	}
	return out
}
