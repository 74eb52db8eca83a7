package sight

import (
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// Tally is how many answers of some traces were whose.
type Tally struct {
	Sent, Failed int
	Own          map[string]int // by task ID
	Foreign      map[string]int // by service name
	Stale        int
	Unknown      int
	Forged       int
	Anonymous    int
	Sample       string // of the first unknown, forged or anonymous answer
	Why          Doubt  // against the first forged answer
	Errors       map[string]int
}

// Tally sorts the answers of traces by who gave them, of whom svc is the
// student's own.
func (v *View) Tally(svc *evidence.Service, traces ...*evidence.Trace) Tally {
	t := Tally{Own: map[string]int{}, Foreign: map[string]int{}, Errors: map[string]int{}}
	for _, tr := range traces {
		t.Sent += tr.Sent
		t.Failed += tr.Failed()
		for _, e := range tr.Errors {
			t.Errors[e.Class] += e.Count
		}
		trial := v.trial(svc, tr)
		for _, r := range v.responders(tr) {
			a, doubt := trial.author(r)
			count := r.Count
			if a.Standing == Own && r.Replayed > 0 {
				// The container gave the answer once; a cache gave the rest.
				count -= r.Replayed
				t.forge(r.Replayed, Claimed(&r), Doubt{Why: "cached"})
			}
			switch a.Standing {
			case Own:
				t.Own[a.Task.ID] += count
			case Foreign:
				t.Foreign[a.Service] += count
			case Stale:
				t.Stale += count
			case Unknown:
				t.Unknown += count
				t.note(Claimed(&r))
			case Forged:
				t.forge(count, Claimed(&r), doubt)
			case Anonymous:
				t.Anonymous += count
				t.note(r.Sample)
			}
		}
	}
	return t
}

func (t *Tally) forge(n int, claimed string, why Doubt) {
	t.Forged += n
	t.note(claimed)
	if t.Why.Why == "" {
		t.Why = why
	}
}

func (t *Tally) note(s string) {
	if t.Sample == "" {
		t.Sample = s
	}
}

// OwnTotal is the number of answers by the student's running tasks.
func (t *Tally) OwnTotal() int {
	n := 0
	for _, c := range t.Own {
		n += c
	}
	return n
}

// onlyOwn reports whether nobody but the student's own tasks answered.
func (t *Tally) onlyOwn() bool {
	return len(t.Foreign) == 0 && t.Unknown == 0 && t.Forged == 0 && t.Anonymous == 0
}

// Reason is a doubt in words.
func (d Doubt) Reason() i18n.Msg {
	why := strings.NewReplacer("-", "_").Replace(d.Why)
	if d.Counted {
		why = "counted"
	}
	return i18n.M("check.doubt_"+why, "line", d.Line, "text", d.Text)
}

// OnlyLost reports whether all that is wrong is connections that time out.
func (t *Tally) OnlyLost() bool {
	return t.Failed > 0 && t.Errors["timeout"]+t.Errors["unreachable"] == t.Failed &&
		t.onlyOwn()
}

// MayBeLost is onlyLost behind a balancer, which makes 503 and 504 of it.
func (t *Tally) MayBeLost() bool {
	behind := t.Errors["http-503"] + t.Errors["http-504"] + t.Errors["timeout"]
	return t.Failed > 0 && behind == t.Failed && t.onlyOwn()
}

// Quality is the share of requests that own tasks answered, times the share
// of tasks that did.
func (t *Tally) Quality(expected []*evidence.Task) float64 {
	if t.Sent == 0 || len(expected) == 0 {
		return 0
	}
	seen := 0
	for _, task := range expected {
		if t.Own[task.ID] > 0 {
			seen++
		}
	}
	return float64(t.OwnTotal()) / float64(t.Sent) * float64(seen) / float64(len(expected))
}
