package web

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
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

// runPart is where the run stands, or with what one can be begun.
type runPart struct {
	On      bool
	Stage   string
	Since   string
	Done    int
	Of      int
	Ends    string // when it is over by
	Left    left   // until then
	Student string // that something was done of last
	Fault   *faultPart
	Going   bool // it stops already
	Heals   bool // it is no run: what was left is undone
	Stuck   *stuckFault
	Last    *lastRun
	Resume  *resumePart
	Form    *runForm
	Plan    *planPart
}

// faultPart is a fault under way.
type faultPart struct {
	What, Phase string
	In          bool   // in force
	By          string // when it is undone by
	Left        left   // until then
	Settled     string
	Undo        bool // there is something to be undone
}

// stuckFault is what to type if something can't be undone.
type stuckFault struct {
	Text     string
	Commands []string
	Now      bool // it is over, and was not undone
}

// lastRun is how the newest run ended.
type lastRun struct {
	Text    string
	Good    bool
	Trouble []string
}

// resumePart is a run that can be gone on with.
type resumePart struct{ Text string }

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
	return page.Clip(strings.TrimSpace(q.Lang.Text(f.Msg)+" "+q.Lang.Text(f.Hint)), 1500)
}

func (q *Request) runPart(ctx context.Context, pager *report.Pager, c runChoice) (runPart, error) {
	s := q.Desk().Run()
	p := runPart{On: s.On, Going: s.Stage == desk.Stopping, Heals: s.Stage == desk.Healing, Stuck: q.stuckFault(s.Stuck, !s.On)}
	if s.On {
		p.Stage, p.Since, p.Done, p.Of = q.stage(s), q.begun(s), s.Done, s.Of
		if !s.ETA.IsZero() && !p.Going {
			p.Ends, p.Left = s.ETA.Local().Format("15:04:05"), leftUntil(s.ETA)
		}
		if s.Student != "" && (s.Stage == desk.Stage(grader.Loads) || s.Stage == desk.Stage(grader.Later) || s.Stage == desk.Stage(grader.During)) {
			p.Student = q.Lang.T("web.run_student", "student", page.Clip(s.Student, mostID))
		}
		p.Fault = q.faultPart(s.Fault)
		return p, nil
	}
	runs, err := q.Desk().Runs(ctx)
	if err != nil {
		return p, err
	}
	p.Last = q.lastRun(s.Last, runs)
	run, ok, err := q.Desk().Resumable(ctx)
	if err != nil {
		return p, err
	}
	if ok {
		p.Resume = &resumePart{q.Lang.T("web.run_resumable", "run", run.ID, "task", q.runTask(run.Task), "students", run.Students)}
	}
	p.Form = q.runForm(c, pager)
	return p, nil
}

// left is how long until something, in seconds.
type left int

func leftUntil(at time.Time) left { return left(max(0, math.Ceil(time.Until(at).Seconds()))) }

// String is minutes and seconds.
func (l left) String() string { return fmt.Sprintf("%d:%02d", int(l)/60, int(l)%60) }

// Seconds is all of it.
func (l left) Seconds() int { return int(l) }

// stages are the sentences of what a run is at.
var stages = map[desk.Stage]string{
	desk.Waiting: "web.run_stage_waiting", desk.Reading: "web.run_stage_reading", desk.Fault: "web.run_stage_fault",
	desk.Acting: "web.run_stage_acting", desk.Stopping: "web.run_stage_stopping", desk.Healing: "web.run_stage_healing",
	desk.Stage(grader.Loads): "web.run_stage_loads", desk.Stage(grader.Later): "web.run_stage_later", desk.Stage(grader.During): "web.run_stage_during",
	desk.Stage(grader.Storing): "web.run_stage_storing", desk.Stage(grader.Judging): "web.run_stage_judging", desk.Stage(grader.Looking): "web.run_stage_looking",
}

// stage says what a run is at, and so what is waited for.
func (q *Request) stage(s desk.RunState) string {
	key, ok := stages[s.Stage]
	if !ok {
		key = "web.run_stage_other"
	}
	return q.Lang.T(key, "done", s.Done, "of", s.Of)
}

func (q *Request) begun(s desk.RunState) string {
	at := s.Began.Local().Format("15:04:05")
	if s.ID == "" {
		return q.Lang.T("web.run_begun", "time", at)
	}
	return q.Lang.T("web.run_begun_as", "time", at, "run", s.ID)
}

func (q *Request) faultPart(f *desk.FaultState) *faultPart {
	if f == nil {
		return nil
	}
	p := &faultPart{In: f.Phase == desk.InForce, Undo: f.Phase == desk.InForce || f.Phase == desk.Coming}
	p.What = q.Lang.T("observe.kind_" + strings.ReplaceAll(f.Kind, "-", "_"))
	if _, ok := q.Lang.Raw("observe.kind_" + strings.ReplaceAll(f.Kind, "-", "_")); !ok {
		p.What = q.Lang.T("web.run_action")
	}
	if f.Target != "" {
		p.What = q.Lang.T("web.run_fault_at", "what", p.What, "target", page.Clip(f.Target, 80))
	}
	key := "web.run_phase_" + string(f.Phase)
	if f.ByHand && f.Phase != desk.After {
		key, p.Undo = "web.run_phase_byhand", false
	}
	p.Phase = q.Lang.T(key)
	if p.In && !f.ByHand && !f.Until.IsZero() {
		p.By, p.Left = f.Until.Local().Format("15:04:05"), leftUntil(f.Until)
	}
	if f.Of > 0 {
		p.Settled = q.Lang.T("web.run_settled", "n", f.Settled, "of", f.Of)
	}
	return p
}

func (q *Request) stuckFault(s *action.Stuck, over bool) *stuckFault {
	if s == nil {
		return nil
	}
	text := q.Lang.T("web.run_if_killed")
	if over {
		text = q.Lang.Text(s.Msg())
	}
	return &stuckFault{Text: text, Commands: s.Commands, Now: over}
}

// lastRun says how the newest run ended.
func (q *Request) lastRun(last *desk.RunEnded, runs []grader.RunInfo) *lastRun {
	if last != nil {
		p := &lastRun{Good: len(last.Failed) == 0 && !last.Stopped}
		key := "web.run_last_good"
		switch {
		case last.Healed && len(last.Failed) > 0:
			key = "web.run_heal_failed"
		case last.Healed:
			key = "web.run_healed"
		case last.Stopped:
			key = "web.run_last_stopped"
		case len(last.Failed) > 0:
			key = "web.run_last_failed"
		case last.Undone:
			key = "web.run_last_undone"
		}
		run := last.ID
		if run == "" { // it was never recorded
			run = q.Lang.T("web.run_nameless")
		}
		p.Text = q.Lang.T(key, "run", run, "time", moment(last.At))
		for _, f := range last.Failed[:min(len(last.Failed), mostTold)] {
			if f.Code == "stuck" { // it stands above, with what to type
				continue
			}
			p.Trouble = append(p.Trouble, q.failure(f))
		}
		return p
	}
	for _, r := range runs {
		if r.Regrades != "" {
			continue
		}
		key := "web.run_last_good"
		at := r.Finished
		switch {
		case r.Status == gradebook.Running:
			key, at = "web.run_elsewhere", r.Started
		case r.Status != gradebook.Finished:
			key = "web.run_last_stopped"
			if at.IsZero() {
				at = r.Started
			}
		}
		return &lastRun{Text: q.Lang.T(key, "run", r.ID, "time", moment(at)), Good: r.Status == gradebook.Finished}
	}
	return nil
}

// runTask says which tasks a run was asked for.
func (q *Request) runTask(task string) string {
	switch task {
	case "auto":
		return q.Lang.T("web.run_task_auto")
	case "all", "":
		return q.Lang.T("web.run_task_all")
	}
	return q.Lang.T("report.task", "task", page.Clip(task, mostID))
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
