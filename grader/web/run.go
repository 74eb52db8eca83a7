package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/page"
)

// runPages are the class's run: what it would do, where it stands, and its end.
var runPages = []Route{
	{Pattern: "GET /class/run", Role: Instructor, Do: runShow},
	{Pattern: "GET /class/run/events", Role: Instructor, Do: runEvents, Streams: true},
	{Pattern: "POST /class/run/plan", Role: Instructor, Do: runPlan},
	{Pattern: "POST /class/run/start", Role: Instructor, Do: runStart},
	{Pattern: "POST /class/run/resume", Role: Instructor, Do: runResume},
	{Pattern: "POST /class/run/stop", Role: Instructor, Do: runStop},
	{Pattern: "POST /class/run/undo", Role: Instructor, Do: runUndo},
	{Pattern: "POST /class/run/heal", Role: Instructor, Do: runHeal},
}

// runPage is what /class/run shows.
type runPage struct {
	Lab, Class string
	Trouble    []string // why what was asked for was not done
	Part       runPart
	Notes      []string
}

func runShow(w http.ResponseWriter, q *Request) error {
	c := choiceOf(q.URL.Query())
	var trouble []string
	if q.URL.Query().Get("changed") != "" {
		trouble = []string{q.Lang.T("web.run_changed")}
	}
	return q.showRun(w, http.StatusOK, c, trouble)
}

// showRun shows the run, or what one would do with what was chosen.
func (q *Request) showRun(w http.ResponseWriter, status int, c runChoice, trouble []string) error {
	now := q.Desk().Now() // before anything is read, so that no event is missed
	_, pager, err := q.Standing(q.Context())
	if err != nil {
		return err
	}
	p := runPage{Lab: pager.Lab(), Class: pager.ClassName(), Trouble: trouble, Notes: q.runNotes()}
	if p.Part, err = q.runPart(q.Context(), pager, c); err != nil {
		return err
	}
	if c.plan && !p.Part.On {
		plan, err := q.Desk().Plan(q.Context(), c.options(q))
		switch {
		case err == nil:
			p.Part.Plan = q.planPart(plan, c, pager)
		case !q.tells(err):
			return err
		default:
			p.Trouble = append(p.Trouble, q.told(err)...)
			if status == http.StatusOK {
				status = http.StatusConflict
			}
		}
	}
	refresh := 0
	if p.Part.On && q.Method == http.MethodGet {
		refresh = refreshed
	}
	return q.show(w, status, Page{Name: "run", Title: q.Lang.T("web.run_title", "class", p.Class), Events: "/class/run/events", After: now, Refresh: refresh, Data: p})
}

// tells reports whether an error has words for an instructor.
func (q *Request) tells(err error) bool {
	return len(diag.Failures(err)) > 0 || errors.As(err, new(diag.Problems)) || errors.As(err, new(*grader.NoFault))
}

// told are an error's words, all of them.
func (q *Request) told(err error) (out []string) {
	for _, f := range desk.Words(err) {
		out = append(out, q.failure(f))
		if len(out) == mostTold {
			break
		}
	}
	return out
}

// mostTold bounds how many reasons are said.
const mostTold = 20

func (q *Request) failure(f *diag.Failure) string {
	return page.Clip(q.joined(q.Lang.Text(f.Msg), q.Lang.Text(f.Hint)), 1500)
}

// runEvents keeps /class/run up to date.
func runEvents(w http.ResponseWriter, q *Request) error { return q.Stream(w, desk.Class, q.runPatches) }

func (q *Request) runPatches(ctx context.Context, e desk.Event) ([]Patch, error) {
	say := ""
	switch x := e.What.(type) {
	case desk.RunBegan:
		say = q.Lang.T("web.run_said_began")
	case desk.RunOver:
		say = q.lastRun(&x.RunEnded, nil).Text
	case desk.FaultOn:
		say = q.Lang.T("web.run_said_fault", "target", x.Target)
	case desk.FaultOff:
		say = q.Lang.T("web.run_said_undone", "target", x.Target)
	case desk.RunStep, desk.TroubleMoved:
	case desk.Noted:
		if x.Student != "" {
			return nil, nil
		}
		return q.notesPatch()
	default:
		return nil, nil
	}
	_, pager, err := q.Standing(ctx)
	if err != nil {
		return nil, err
	}
	p, err := q.runPart(ctx, pager, runChoice{})
	if err != nil {
		return nil, err
	}
	html, err := q.Part("run-part", p)
	out := []Patch{{ID: "run", HTML: html, Say: say}}
	if _, began := e.What.(desk.RunBegan); began && err == nil { // those of the run before go
		var notes []Patch
		notes, err = q.notesPatch()
		out = append(out, notes...)
	}
	return out, err
}

// runNotes are what there was to know of the run, as it came: all of it, so that one that is told while the page is
// read stands there once.
func (q *Request) runNotes() (out []string) {
	for _, n := range q.Desk().Run().Notes {
		out = append(out, page.Clip(strings.TrimSpace(n.At.Local().Format("15:04:05")+" "+q.Lang.Text(n.Msg)+" "+q.Lang.Text(n.Hint)), 1000))
	}
	return out
}

func (q *Request) notesPatch() ([]Patch, error) {
	html, err := q.Part("run-notes", q.runNotes())
	return []Patch{{ID: "notes", HTML: html}}, err
}

// stopsWithin is how long it is waited for a run that is stopped to be over, before the page is shown that says
// that it is on its way.
const stopsWithin = time.Second

func runStop(w http.ResponseWriter, q *Request) error {
	ctx, cancel := context.WithTimeout(q.Context(), stopsWithin)
	defer cancel()
	if err := q.Desk().Stop(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return SeeOther(w, "/class/run")
}

func runUndo(w http.ResponseWriter, q *Request) error {
	err := q.Desk().UndoNow(q.Context())
	if err != nil && !q.tells(err) {
		return err
	}
	if err != nil { // it is undone already
		return q.showRun(w, http.StatusConflict, runChoice{}, q.told(err))
	}
	return SeeOther(w, "/class/run")
}

// runHeal undoes what is left of a fault; the page shows how that goes on.
func runHeal(w http.ResponseWriter, q *Request) error {
	_, err := q.Desk().Heal(q.Context())
	switch {
	case err != nil && !q.tells(err):
		return err
	case err != nil:
		return q.showRun(w, http.StatusConflict, runChoice{}, q.told(err))
	}
	return SeeOther(w, "/class/run")
}
