package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"swarmgrade/grader/desk"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// mePages are a student's own page: where they stand, and the self-check.
var mePages = []Route{
	{Pattern: "GET /me", Role: Student, Do: me},
	{Pattern: "GET /me/events", Role: Student, Do: meEvents, Streams: true},
	{Pattern: "POST /me/check", Role: Student, Do: meCheck},
	{Pattern: "POST /me/cancel", Role: Student, Do: meCancel},
}

// mePage is what /me shows.
type mePage struct {
	ID, Name   string
	Lab, Class string
	Standing   standingPart
	Check      checkPart
}

// standingPart is a student's score as it counts.
type standingPart struct{ page.Student }

// checkPart is where a student's self-check stands.
type checkPart struct {
	Phase   desk.Phase
	Place   int
	Paused  string // why none begins, in words
	Looks   string // at which tasks
	Cards   []page.Check
	Over    string   // how the last one ended, in words
	Trouble []string // why it came to nothing
	Next    string   // when there may be another, in words
	Tasks   []taskChoice
	Kills   bool // there is something to see in a container of one's own being killed
}

type taskChoice struct{ ID, Title string }

// cardKey sets the IDs of a self-check's elements apart.
const cardKey = "now"

func me(w http.ResponseWriter, q *Request) error {
	now := q.Desk().Now() // before anything is read, so that no event is missed
	s, pager, err := q.Own(q.Context())
	if err != nil {
		return err
	}
	p := mePage{ID: s.ID, Name: page.Clip(s.Name, 80), Lab: pager.Lab(), Class: pager.ClassName()}
	if p.Standing, err = standing(s, pager); err != nil {
		return err
	}
	if p.Check, err = q.checkPart(q.Context(), s, pager); err != nil {
		return err
	}
	return q.Show(w, Page{Name: "me", Title: q.Lang.T("page.student_title", "id", s.ID, "name", p.Name, "lab", p.Lab), Events: "/me/events", After: now, Data: p})
}

func standing(s *result.Student, pager *report.Pager) (standingPart, error) {
	one, err := pager.Student(s, "s", 4)
	return standingPart{one}, err
}

// checkPart says where the self-check of the student who asks stands.
func (q *Request) checkPart(ctx context.Context, s *result.Student, pager *report.Pager) (checkPart, error) {
	class, err := q.Desk().Class(ctx)
	if err != nil {
		return checkPart{}, err
	}
	own := q.Desk().Own(s.ID)
	p := checkPart{Phase: own.Phase, Place: own.Place, Paused: q.paused(own.Paused)}
	if p.Phase == "" {
		p.Phase = desk.Idle
	}
	for _, t := range class.Rubric.Tasks {
		p.Tasks = append(p.Tasks, taskChoice{t.ID, pager.Task(t.ID)})
	}
	verdicts, tasks := own.Verdicts, own.Tasks
	if last := own.Last; p.Phase == desk.Idle && last != nil {
		verdicts, tasks = last.Verdicts, last.Tasks
		p.Over = q.over(last, pager)
		for _, f := range last.Failed {
			_, what, next := q.explained(f)
			p.Trouble = append(p.Trouble, strings.TrimSpace(what+" "+next))
		}
	}
	if p.Phase == desk.Idle && own.Next.After(time.Now()) {
		p.Next = q.Lang.T("web.check_next", "time", own.Next.Local().Format("15:04:05"))
	}
	if len(tasks) > 0 {
		p.Looks = q.Lang.T("web.check_looks", "tasks", tasks)
	}
	p.Cards = pager.Cards(s, verdicts, cardKey, 4)
	return p, nil
}

// paused says why no check begins.
func (q *Request) paused(why desk.Pause) string {
	switch why {
	case desk.ForRun:
		return q.Lang.T("web.paused_run")
	case desk.Elsewhere:
		return q.Lang.T("web.paused_elsewhere")
	}
	return ""
}

// over says how a check ended.
func (q *Request) over(e *desk.Ended, pager *report.Pager) string {
	at := e.At.Local().Format("15:04")
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

// meCheck queues a self-check.
func meCheck(w http.ResponseWriter, q *Request) error {
	o := desk.CheckOptions{Task: q.PostForm.Get("task"), Kill: q.PostForm.Get("kill") != ""}
	if len(o.Task) > 64 {
		return Wrong("web.no_task")
	}
	if _, err := q.Desk().Check(q.Context(), q.Who.Student, o); err != nil {
		return err
	}
	return SeeOther(w, "/me#check")
}

// meCancel ends the student's own check.
func meCancel(w http.ResponseWriter, q *Request) error {
	q.Desk().Cancel(q.Who.Student)
	return SeeOther(w, "/me#check")
}

// meEvents keeps /me up to date.
func meEvents(w http.ResponseWriter, q *Request) error {
	return q.Stream(w, desk.OfStudent(q.Who.Student), q.mePatches)
}

func (q *Request) mePatches(ctx context.Context, e desk.Event) ([]Patch, error) {
	s, pager, err := q.Own(ctx)
	if err != nil {
		return nil, err
	}
	switch x := e.What.(type) {
	case desk.Verdict:
		return q.decided(s, pager, x)
	case desk.Queued, desk.Started, desk.Looking, desk.Ended:
		p, err := q.checkPart(ctx, s, pager)
		if err != nil {
			return nil, err
		}
		html, err := q.Part("me-check", p)
		return []Patch{{ID: "check", HTML: html, Say: q.said(x, pager)}}, err
	case desk.Step:
		if x.Of <= 0 {
			return nil, nil
		}
		html, err := q.Part("me-progress", x)
		return []Patch{{ID: "progress", HTML: html}}, err
	case desk.ScoreChanged:
		p, err := standing(s, pager)
		if err != nil {
			return nil, err
		}
		html, err := q.Part("me-standing", p)
		return []Patch{{ID: "standing", HTML: html}}, err
	}
	return nil, nil
}

// decided shows one more check, at the end of those that were shown before.
func (q *Request) decided(s *result.Student, pager *report.Pager, x desk.Verdict) ([]Patch, error) {
	verdicts := q.Desk().Own(s.ID).Verdicts
	for i, v := range verdicts {
		if v.Check != x.Check || v.Task != x.Task {
			continue
		}
		card := pager.Cards(s, verdicts[:i+1], cardKey, 4)[i]
		html, err := fragment(q.Lang, "check", card)
		return []Patch{{ID: "checks", HTML: html, Append: true, Say: card.Title + " " + card.Outcome}}, err
	}
	return nil, nil // it was ended since, which shows it too
}

// said is what is said of an event to who listens.
func (q *Request) said(what desk.What, pager *report.Pager) string {
	switch x := what.(type) {
	case desk.Queued:
		return q.Lang.T("web.check_waits", "place", x.Place)
	case desk.Started:
		return q.Lang.T("web.check_runs")
	case desk.Ended:
		return q.over(&x, pager)
	}
	return ""
}

// fragment is a part that exported pages have too.
func fragment(lang i18n.Lang, name string, v any) (string, error) {
	var b strings.Builder
	err := page.Fragment(&b, lang, name, v)
	return b.String(), err
}
