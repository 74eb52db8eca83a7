package web

import (
	"context"
	"net/http"
	"strings"

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
	{Pattern: "GET /me/kill", Role: Student, Do: meKill},
	{Pattern: "POST /me/cancel", Role: Student, Do: meCancel},
}

// mePage is what /me shows.
type mePage struct {
	ownHead
	Score  scorePart
	Check  checkPart
	Graded gradedPart
}

// ownHead is what stands above each page of a student.
type ownHead struct{ ID, Name, Lab, Class string }

func headOf(s *result.Student, pager *report.Pager) ownHead {
	return ownHead{ID: s.ID, Name: page.Clip(s.Name, 80), Lab: pager.Lab(), Class: pager.ClassName()}
}

// refresh is how often a page on which something goes on is read anew without a script, in seconds.
const refresh = 5

func me(w http.ResponseWriter, q *Request) error {
	now := q.Desk().Now() // before anything is read, so that no event is missed
	s, pager, err := q.Own(q.Context())
	if err != nil {
		return err
	}
	p := mePage{ownHead: headOf(s, pager)}
	one, err := pager.Student(s, "s", 4)
	if err != nil {
		return err
	}
	if p.Score, err = q.scorePart(q.Context(), s, &one, pager); err != nil {
		return err
	}
	if p.Check, err = q.checkPart(q.Context(), s, pager); err != nil {
		return err
	}
	p.Graded = q.gradedPart(s, &one, pager)
	p.Graded.Folded = p.Check.Found != nil || p.Check.Phase != desk.Idle
	out := Page{Name: "me", Title: q.Lang.T("page.student_title", "id", s.ID, "name", p.Name, "lab", p.Lab), Events: "/me/events", After: now, Data: p}
	if p.Check.Phase != desk.Idle {
		out.Refresh = refresh
	}
	return q.Show(w, out)
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
		html, err := q.Part("me-progress", progressPart{x.Done, x.Of})
		return []Patch{{ID: "progress", HTML: html}}, err
	case desk.Noted:
		if !toldStudents[x.Msg.Key] {
			return nil, nil
		}
		text := q.Lang.Text(x.Msg)
		html, err := q.Part("me-note", text)
		return []Patch{{ID: "notes", HTML: html, Append: true, Say: text}}, err
	case desk.ScoreChanged, desk.RequestChanged:
		return q.scorePatches(ctx, e, s, pager)
	}
	return nil, nil
}

// toldStudents are the notes of a self-check that a student is told. Others speak of the command line, or of
// what the page says by itself.
var toldStudents = map[string]bool{"desk.unsaved": true, "observe.kill_impossible": true}

// scorePatches are what counts, and what was found when it was graded.
func (q *Request) scorePatches(ctx context.Context, e desk.Event, s *result.Student, pager *report.Pager) ([]Patch, error) {
	one, err := pager.Student(s, "s", 4)
	if err != nil {
		return nil, err
	}
	score, err := q.scorePart(ctx, s, &one, pager)
	if err != nil {
		return nil, err
	}
	top, err := q.Part("me-score", score)
	if err != nil {
		return nil, err
	}
	below := q.gradedPart(s, &one, pager)
	below.Folded = true // a reader who had it open has it open still
	graded, err := q.Part("me-graded", below)
	say := q.Lang.T("web.score_changed")
	if _, asked := e.What.(desk.RequestChanged); asked {
		say = q.Lang.T("web.ask_changed")
	}
	return []Patch{{ID: "score", HTML: top, Say: say}, {ID: "standing", HTML: graded}}, err
}

// decided shows one more check, at the end of those that were shown before.
func (q *Request) decided(s *result.Student, pager *report.Pager, x desk.Verdict) ([]Patch, error) {
	verdicts := q.Desk().Own(s.ID).Verdicts
	for i, v := range verdicts {
		if v.Check != x.Check || v.Task != x.Task {
			continue
		}
		card := pager.Cards(s, verdicts[:i+1], cardKey, 3)[i]
		html, err := fragment(q.Lang, "check", card)
		return []Patch{{ID: "checks", HTML: html, Append: true, Say: card.Title + " " + card.Outcome}}, err
	}
	return nil, nil // it was ended since, which shows it too
}

// said is what is said of an event to who listens.
func (q *Request) said(what desk.What, pager *report.Pager) string {
	switch x := what.(type) {
	case desk.Queued:
		return strings.TrimSpace(q.Lang.T("web.check_waits", "place", x.Place) + " " + q.paused(x.Paused))
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
