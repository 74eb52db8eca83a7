package web

import (
	"context"
	"time"

	"swarmgrade/grader/desk"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/report"
)

// live is what a student does at the moment, or did last, in words.
type live struct{ Sign, Text string }

// lives are everybody's.
type lives struct {
	own    map[string]live // of who has asked for a check since the server's start
	trials map[string]gradebook.Trial
	say    func(gradebook.Trial) live
	busy   map[string]bool
}

func (x *lives) of(id string) live {
	if l, ok := x.own[id]; ok {
		return l
	}
	if t, ok := x.trials[id]; ok {
		return x.say(t)
	}
	return live{}
}

func (q *Request) lives(ctx context.Context, pager *report.Pager) (*lives, error) {
	trials, err := q.Desk().LastTrials(ctx)
	if err != nil {
		return nil, err
	}
	x := &lives{own: map[string]live{}, busy: map[string]bool{}, trials: trials}
	x.say = func(t gradebook.Trial) live { return live{"", q.checked(t.Finished, t.Verdicts, pager)} }
	for id, own := range q.Desk().Checks() {
		switch last := own.Last; {
		case own.Phase == desk.Checking:
			x.busy[id] = true
			x.own[id] = live{"▸", q.Lang.T("web.class_checking", "tasks", own.Tasks, "n", len(own.Verdicts))}
			if len(own.Tasks) == 0 {
				x.own[id] = live{"▸", q.Lang.T("web.class_begins")}
			}
		case own.Phase == desk.Waits:
			x.busy[id] = true
			x.own[id] = live{"…", q.Lang.T("web.class_waits")}
		case last != nil && len(last.Failed) > 0:
			x.own[id] = live{"!", q.Lang.T("web.class_failed", "time", moment(last.At))}
		case last != nil && !last.Cancelled:
			x.own[id] = live{"", q.checked(last.At, last.Verdicts, pager)}
		}
	}
	return x, nil
}

// checked says how a self-check came out.
func (q *Request) checked(at time.Time, verdicts []judge.Verdict, pager *report.Pager) string {
	points, of, _ := pager.Sum(verdicts)
	return q.Lang.T("web.class_checked", "time", moment(at), "points", points.String(), "of", of.String())
}

// moment is a time of today, or a day and a time.
func moment(at time.Time) string {
	at = at.Local()
	if now := time.Now().Local(); at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return at.Format("15:04")
	}
	return at.Format("01-02 15:04")
}
