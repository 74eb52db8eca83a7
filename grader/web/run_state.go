package web

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
)

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
