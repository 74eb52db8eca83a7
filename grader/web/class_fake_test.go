package web

import (
	"context"
	"slices"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/result"
)

// fakeClass is what the instructor's pages have of a fake desk, and what they did.
type fakeClass struct {
	stuck   []desk.StuckAt
	file    *grader.CaseFile
	hands   []grader.ByHand
	handTo  []string // student and task
	handErr error
	above   *result.Override

	run     desk.RunState
	resume  *grader.RunInfo
	plans   []desk.RunOptions
	planned *desk.Plan
	planErr error
	starts  []desk.RunOptions
	stops   int
	undone  int
	heals   int
	matters []desk.Trouble
}

func (f *fake) Checks() map[string]desk.OwnState {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]desk.OwnState{}
	for id, own := range f.own {
		out[id] = own
	}
	return out
}

func (f *fake) Stuck(context.Context) ([]desk.StuckAt, error) { return f.stuck, nil }

func (f *fake) Evidence(context.Context, string) (*grader.CaseFile, error) { return f.file, nil }

func (f *fake) ByHand(_ context.Context, student, task string, h grader.ByHand) (*grader.Done, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.handErr != nil {
		return nil, f.handErr
	}
	f.hands, f.handTo = append(f.hands, h), append(f.handTo, student+" "+task)
	return &grader.Done{Above: f.above}, nil
}

func (f *fake) Troubles() []desk.Trouble { return f.matters }

func (f *fake) Run() desk.RunState { return f.run }

func (f *fake) Resumable(context.Context) (run grader.RunInfo, ok bool, err error) {
	if f.resume == nil {
		return run, false, nil
	}
	return *f.resume, true, nil
}

func (f *fake) Plan(_ context.Context, o desk.RunOptions) (*desk.Plan, error) {
	f.plans = append(f.plans, o)
	if f.planErr != nil {
		return nil, f.planErr
	}
	if f.planned != nil {
		return f.planned, nil
	}
	p := &desk.Plan{Preview: grader.Preview{Plan: &observe.Plan{}, Snapshot: &evidence.Snapshot{}, Span: observe.Span{Least: 10 * time.Second, Most: 2 * time.Minute}}}
	for _, s := range f.class.Students {
		if len(o.Students) == 0 || slices.Contains(o.Students, s.ID) {
			p.Plan.Students = append(p.Plan.Students, observe.Student{Who: s, Tasks: []string{f.class.Rubric.Tasks[0].ID}})
		}
	}
	if !o.NoFault {
		fault := observe.Fault{LimitMS: 60000}
		fault.Fault = evidence.Action{Kind: "node-stop", Hostname: "worker-1" + evil}
		fault.Students = []string{idA}
		p.Plan.Faults, p.Fingerprint = []observe.Fault{fault}, "f1"
	}
	return p, nil
}

func (f *fake) Start(_ context.Context, o desk.RunOptions) error {
	f.starts = append(f.starts, o)
	switch {
	case f.planErr != nil:
		return f.planErr
	case f.run.On:
		return &diag.Failure{Code: "running", Msg: i18n.M("desk.running", "time", "10:00:00"), Hint: i18n.M("desk.running_hint")}
	case o.NoFault == (o.Agreed != ""):
		return &diag.Failure{Code: "changed", Msg: i18n.M("desk.changed"), Hint: i18n.M("desk.changed_hint")}
	}
	return nil
}

func (f *fake) Stop(context.Context) error {
	f.stops++
	return nil
}

func (f *fake) Heal(context.Context) (<-chan struct{}, error) {
	if f.run.On {
		return nil, &diag.Failure{Code: "running", Msg: i18n.M("desk.running", "time", "10:00:00"), Hint: i18n.M("desk.running_hint")}
	}
	f.heals++
	return nil, nil
}

func (f *fake) UndoNow(context.Context) error {
	if f.run.Fault == nil {
		return &diag.Failure{Code: "nothing", Msg: i18n.M("desk.no_fault"), Hint: i18n.M("desk.no_fault_hint")}
	}
	f.undone++
	return nil
}
