package check

import (
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// tally sorts the answers of traces by who gave them.
type tally struct {
	sent, failed int
	own          map[string]int // by task ID
	foreign      map[string]int // by service name
	stale        int
	unknown      int
	forged       int
	anonymous    int
	sample       string // of the first unknown, forged or anonymous answer
	why          Doubt  // against the first forged answer
	errors       map[string]int
}

func (v *View) tally(svc *evidence.Service, traces ...*evidence.Trace) tally {
	t := tally{own: map[string]int{}, foreign: map[string]int{}, errors: map[string]int{}}
	for _, tr := range traces {
		t.sent += tr.Sent
		t.failed += tr.Failed()
		for _, e := range tr.Errors {
			t.errors[e.Class] += e.Count
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
				t.own[a.Task.ID] += count
			case Foreign:
				t.foreign[a.Service] += count
			case Stale:
				t.stale += count
			case Unknown:
				t.unknown += count
				t.note(Claimed(&r))
			case Forged:
				t.forge(count, Claimed(&r), doubt)
			case Anonymous:
				t.anonymous += count
				t.note(r.Sample)
			}
		}
	}
	return t
}

func (t *tally) forge(n int, claimed string, why Doubt) {
	t.forged += n
	t.note(claimed)
	if t.why.Why == "" {
		t.why = why
	}
}

func (t *tally) note(s string) {
	if t.sample == "" {
		t.sample = s
	}
}

// ownTotal is the number of answers by the student's running tasks.
func (t *tally) ownTotal() int {
	n := 0
	for _, c := range t.own {
		n += c
	}
	return n
}

// onlyOwn reports whether nobody but the student's own tasks answered.
func (t *tally) onlyOwn() bool {
	return len(t.foreign) == 0 && t.unknown == 0 && t.forged == 0 && t.anonymous == 0
}

// Reason is a doubt in words.
func (d Doubt) Reason() i18n.Msg {
	why := strings.NewReplacer("-", "_").Replace(d.Why)
	if d.Counted {
		why = "counted"
	}
	return i18n.M("check.doubt_"+why, "line", d.Line, "text", d.Text)
}

// onlyLost reports whether all that is wrong is connections that time out.
func (t *tally) onlyLost() bool {
	return t.failed > 0 && t.errors["timeout"]+t.errors["unreachable"] == t.failed &&
		t.onlyOwn()
}

// mayBeLost is onlyLost behind a balancer, which makes 503 and 504 of it.
func (t *tally) mayBeLost() bool {
	behind := t.errors["http-503"] + t.errors["http-504"] + t.errors["timeout"]
	return t.failed > 0 && behind == t.failed && t.onlyOwn()
}

// quality is the share of requests that own tasks answered, times the share
// of tasks that did.
func (t *tally) quality(expected []*evidence.Task) float64 {
	if t.sent == 0 || len(expected) == 0 {
		return 0
	}
	seen := 0
	for _, task := range expected {
		if t.own[task.ID] > 0 {
			seen++
		}
	}
	return float64(t.ownTotal()) / float64(t.sent) * float64(seen) / float64(len(expected))
}
