package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"swarmgrade/grader/check"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// checkPart is where a student's self-check stands.
type checkPart struct {
	Phase  desk.Phase
	Place  int
	Paused string // why none begins, in words
	Kill   bool   // the one that goes on breaks something of the student's own
	Looks  string // at which tasks
	Step   progressPart
	Cards  []page.Check // as far as they are decided
	// How the last one ended: in words, why it came to nothing, and what it found.
	Over    string
	Trouble []string
	Found   *foundPart
	Full    bool // all there is to be had
	// Untried says that what needs something to fail is open, since nothing was made to.
	Untried bool
	Next    string // when there may be another, in words
	Wait    int    // in how many seconds
	Ahead   string // that another would not begin at once, in words
	askCheck
}

// askCheck is what a student may choose.
type askCheck struct {
	Tasks []taskChoice
	Task  string // that is chosen
	Kills bool   // there is something to see in breaking something of one's own
}

type progressPart struct{ Done, Of int }

// Percent is how far it has come.
func (p progressPart) Percent() int { return 100 * p.Done / max(1, p.Of) }

type taskChoice struct{ ID, Title string }

// cardKey sets the IDs of a self-check's elements apart.
const cardKey = "now"

// mostTaskID is the longest task that a form may name.
const mostTaskID = 64

// checkPart says where the self-check of the student who asks stands.
func (q *Request) checkPart(ctx context.Context, s *result.Student, pager *report.Pager) (checkPart, error) {
	own := q.Desk().Own(s.ID)
	p := checkPart{Phase: own.Phase, Place: own.Place, Paused: q.paused(own.Paused), Kill: own.Kill, Step: progressPart{own.Done, own.Of}}
	if p.Phase == "" {
		p.Phase = desk.Idle
	}
	var err error
	if p.askCheck, err = q.askCheck(ctx, pager); err != nil {
		return p, err
	}
	if p.Phase != desk.Idle {
		p.Looks = q.looks(own.Tasks, pager)
		p.Cards = pager.Cards(s, own.Verdicts, cardKey, 3)
		return p, nil
	}
	if wait := time.Until(own.Next); wait > 0 {
		p.Wait = seconds(wait)
		p.Next = q.Lang.T("web.check_next", "time", own.Next.Local().Format("15:04:05"))
	}
	switch queue := q.Desk().Queue(); {
	case queue.Paused != desk.NotPaused:
		p.Ahead = q.Lang.T("web.ahead_run")
	case queue.Waiting > 0:
		p.Ahead = q.Lang.T("web.ahead", "n", queue.Waiting)
	}
	last, err := q.lastCheck(ctx, s, own.Last)
	if err != nil || last == nil {
		return p, err
	}
	p.Over, p.Looks = q.over(last, pager), q.looks(last.Tasks, pager)
	for _, f := range last.Failed {
		_, what, next := q.explained(f)
		p.Trouble = append(p.Trouble, q.joined(what, next))
	}
	if len(last.Tasks) == 1 {
		p.Task = last.Tasks[0]
	}
	if len(last.Verdicts) > 0 {
		found, err := q.found(s, last.Verdicts, cardKey, pager)
		if err != nil {
			return p, err
		}
		p.Found, p.Full, p.Untried = &found, full(last.Verdicts), last.Untried
	}
	return p, nil
}

// askCheck is what there is to choose from.
func (q *Request) askCheck(ctx context.Context, pager *report.Pager) (a askCheck, err error) {
	class, err := q.Desk().Class(ctx)
	if err != nil {
		return a, err
	}
	for _, t := range class.Rubric.Tasks {
		a.Tasks = append(a.Tasks, taskChoice{t.ID, pager.Task(t.ID)})
	}
	a.Kills = !q.site.o.NoFault && slices.ContainsFunc(class.Rubric.Tasks, func(t rubric.Task) bool { return check.TakesFault(&t) || check.TakesAction(&t) })
	return a, nil
}

// lastCheck is the student's newest check, also of before the server was started, unless what
// counts was found since.
func (q *Request) lastCheck(ctx context.Context, s *result.Student, last *desk.Ended) (*desk.Ended, error) {
	if last != nil {
		return last, nil
	}
	all, err := q.Desk().LastTrials(ctx)
	if err != nil {
		return nil, err
	}
	t, ok := all[s.ID]
	if !ok {
		return nil, nil
	}
	d, _, err := q.Standing(ctx)
	if err != nil || len(s.Verdicts) > 0 && d.Run.Started.After(t.Finished) {
		return nil, err
	}
	return &desk.Ended{Student: s.ID, At: t.Finished, Tasks: t.Tasks, Verdicts: t.Verdicts, Untried: t.Untried}, nil
}

// found says verdicts by themselves, without what an instructor said or lateness took.
func (q *Request) found(s *result.Student, verdicts []judge.Verdict, key string, pager *report.Pager) (foundPart, error) {
	one, err := pager.Student(&result.Student{ID: s.ID, Name: s.Name, Verdicts: verdicts}, key, 4)
	one.Window = nil // whatever is shown is of what counts
	return foundOf(one), err
}

// foundPart is what was found, with what is open for one and the same reason told of once.
type foundPart struct {
	page.Student
	Tasks []foundTask
}

type foundTask struct {
	page.Task
	Open []openPart
}

// openPart are checks of a task that are open, and why.
type openPart struct {
	Why    string
	Checks []page.Check
}

func foundOf(one page.Student) foundPart {
	out := foundPart{Student: one}
	for _, t := range one.Tasks {
		f := foundTask{Task: t}
		f.Cards = nil
		why := map[string]int{}
		open := func(c page.Check) bool {
			return c.Mark == page.Mark(check.Ungraded) && len(c.Hint) == 0 && c.Same == ""
		}
		for _, c := range t.Cards {
			if open(c) {
				why[c.Message]++
			}
		}
		for _, c := range t.Cards {
			if !open(c) || why[c.Message] < 2 {
				f.Cards = append(f.Cards, c)
				continue
			}
			i := slices.IndexFunc(f.Open, func(o openPart) bool { return o.Why == c.Message })
			if i < 0 {
				i, f.Open = len(f.Open), append(f.Open, openPart{Why: c.Message})
			}
			f.Open[i].Checks = append(f.Open[i].Checks, c)
		}
		out.Tasks = append(out.Tasks, f)
	}
	return out
}

// full reports whether verdicts leave nothing to be had.
func full(verdicts []judge.Verdict) bool {
	points, of, open := judge.Total(verdicts)
	return len(verdicts) > 0 && open == 0 && points == of
}

// looks says which tasks are looked at.
func (q *Request) looks(tasks []string, pager *report.Pager) string {
	if len(tasks) == 0 {
		return ""
	}
	titles := make([]string, len(tasks))
	for i, id := range tasks {
		titles[i] = pager.Task(id)
	}
	return q.Lang.T("web.check_looks", "tasks", titles)
}

// paused says to a student why no check begins.
func (q *Request) paused(why desk.Pause) string {
	return q.pause(why, "web.paused_run", "web.paused_elsewhere")
}

// pause says why no check begins, by sentences for a run here and one of another program.
func (q *Request) pause(why desk.Pause, run, elsewhere string) string {
	switch why {
	case desk.ForRun:
		return q.Lang.T(run)
	case desk.Elsewhere:
		return q.Lang.T(elsewhere)
	}
	return ""
}

// over says how a check ended.
func (q *Request) over(e *desk.Ended, pager *report.Pager) string {
	at := clock(e.At)
	switch {
	case e.Cancelled:
		return q.Lang.T("web.check_cancelled", "time", at)
	case len(e.Failed) > 0:
		return q.Lang.T("web.check_failed", "time", at)
	}
	points, of, open := pager.Sum(e.Verdicts)
	if open > 0 {
		return q.Lang.T("web.check_over_open", "time", at, "points", points.String(), "of", of.String(), "open", open.String())
	}
	return q.Lang.T("web.check_over", "time", at, "points", points.String(), "of", of.String())
}

// clock is a time of today, or with its day if it is not today's.
func clock(t time.Time) string {
	t = t.Local()
	if now := time.Now(); t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// What the form's field kill says: that it is to be asked about, and that it was agreed to.
const (
	killAsk = "ask"
	killYes = "yes"
)

// meCheck queues a self-check. One that breaks something is asked about on a page of its own.
func meCheck(w http.ResponseWriter, q *Request) error {
	task, kill := q.PostForm.Get("task"), q.PostForm.Get("kill")
	if len(task) > mostTaskID {
		return Wrong("web.no_task")
	}
	if kill == killAsk {
		return SeeOther(w, "/me/kill?"+url.Values{"task": {task}}.Encode())
	}
	_, err := q.Desk().Check(q.Context(), q.Who.Student, desk.CheckOptions{Task: task, Kill: kill == killYes && !q.site.o.NoFault})
	if err != nil && diag.Code(err) != "one" { // that one is what the page shows
		return err
	}
	return SeeOther(w, "/me#check")
}

// killPage asks before something of the student's own is broken.
type killPage struct {
	ownHead
	askCheck
}

func meKill(w http.ResponseWriter, q *Request) error {
	s, pager, err := q.Own(q.Context())
	if err != nil {
		return err
	}
	p := killPage{ownHead: headOf(s, pager)}
	if p.askCheck, err = q.askCheck(q.Context(), pager); err != nil {
		return err
	}
	if !p.Kills {
		return NotFound()
	}
	p.Task = q.URL.Query().Get("task")
	return q.Show(w, Page{Name: "me-kill", Title: q.Lang.T("web.kill_head"), Data: p})
}

// meCancel ends the student's own check.
func meCancel(w http.ResponseWriter, q *Request) error {
	q.Desk().Cancel(q.Who.Student)
	return SeeOther(w, "/me#check")
}
