package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/result"
	"swarmgrade/grader/roster"
)

// deskOf is a desk of six students on an embedded cluster, as a server has it; it goes down with the test.
func deskOf(t *testing.T) (d *desk.Desk, s *served, dir string) {
	t.Helper()
	dir = writeClass(t, "six", "cluster: {sim: fault-lab}\n")
	a := &app{command: command{Stdout: t.Output(), Stderr: t.Output(), Getenv: func(string) string { return "" }}, dir: dir, haproxy: proxyEmbedded}
	a.ui = newUI(a.command, a.lang())
	s = a.newServed()
	o := a.deskOptions(s, grader.Select{Class: "six", Task: "1"})
	o.Every = -1
	d, err := desk.New(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, d.Close(context.WithoutCancel(t.Context())))
		require.NoError(t, s.Close())
	})
	return d, s, dir
}

// wait waits for an event of a type that is as is wanted, or whatever comes if nothing is.
func wait[T desk.What](t *testing.T, events <-chan desk.Event, want func(T) bool) T {
	t.Helper()
	patience := time.After(4 * time.Minute)
	for {
		select {
		case e, open := <-events:
			require.True(t, open, "the stream ended")
			if x, ok := e.What.(T); ok && (want == nil || want(x)) {
				return x
			}
		case <-patience:
			var none T
			t.Fatalf("no %T came", none)
		}
	}
}

func outcomes(d *result.Data, student string) map[string]string {
	out := map[string]string{}
	for _, s := range d.Students {
		for _, v := range s.Verdicts {
			if s.ID == student {
				out[v.Check] = string(v.Outcome)
			}
		}
	}
	return out
}

// begin plans a run and begins it. What was shown may be no more by the time, as nodes and
// tasks come back: then it is looked at again.
func begin(t *testing.T, d *desk.Desk, o desk.RunOptions) (p *desk.Plan) {
	t.Helper()
	for range 20 {
		p, err := d.Plan(t.Context(), o)
		require.NoError(t, err)
		o.Agreed = p.Fingerprint
		if err = d.Start(t.Context(), o); diag.Code(err) == "changed" {
			continue
		}
		require.NoError(t, err)
		return p
	}
	t.Fatal("the plan never held")
	return nil
}

// underFault begins a run and waits until its fault is in force. A plan that was agreed to may
// change even while the run reads the cluster once more, as tasks come back from what was
// undone before: the run ends having done nothing, and is agreed to anew.
func underFault(t *testing.T, d *desk.Desk, class <-chan desk.Event, o desk.RunOptions) (p *desk.Plan, f desk.FaultOn) {
	t.Helper()
	patience := time.After(4 * time.Minute)
	p = begin(t, d, o)
	for {
		select {
		case e, open := <-class:
			require.True(t, open, "the stream ended")
			switch x := e.What.(type) {
			case desk.FaultOn:
				return p, x
			case desk.RunOver:
				// Start may have said so itself, and the next one may be on already.
				if !d.Run().On && slices.ContainsFunc(x.Failed, func(f *diag.Failure) bool { return f.Code == "changed" }) {
					p = begin(t, d, o)
				}
			}
		case <-patience:
			t.Fatal("no fault came")
		}
	}
}

// TestADeskServes a class on one embedded cluster: checks, a run with a fault that is undone now,
// one that is stopped and gone on with, and another grader at work beside it. Nothing is broken or
// left in the end.
func TestADeskServes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) }) // once the desk is down
	ctx := t.Context()
	d, s, dir := deskOf(t)
	require.NoError(t, s.warm(ctx, roster.Cluster{Sim: "fault-lab"}))
	embedded := s.sim
	whole := func() {
		t.Helper()
		require.Eventually(t, func() bool {
			for _, n := range embedded.NodeStatuses() {
				if !n.Engine || n.State != "ready" {
					return false
				}
			}
			return true
		}, time.Minute, 20*time.Millisecond, "every node is back")
	}
	class, stop := d.Subscribe(desk.Class, d.Now())
	defer stop()

	// Before anything was graded.
	standing, err := d.Standing(ctx)
	require.NoError(t, err)
	require.Len(t, standing.Students, 6)
	require.Empty(t, standing.Students[0].Verdicts)

	// A student's check.
	own, leave := d.Subscribe(desk.OfStudent("2024002"), d.Now())
	defer leave()
	_, err = d.Check(ctx, "2024002", desk.CheckOptions{})
	require.NoError(t, err)
	_, err = d.Check(ctx, "2024001", desk.CheckOptions{Kill: true})
	require.NoError(t, err)
	info, err := d.Class(ctx)
	require.NoError(t, err)
	task, _ := info.Rubric.Task("1")
	for _, c := range task.Checks {
		require.Equal(t, c.ID, wait[desk.Verdict](t, own, nil).Check, "in the rubric's order")
	}
	ended := wait[desk.Ended](t, own, nil)
	require.Empty(t, ended.Failed)
	require.True(t, ended.Untried)
	trials, err := d.Trials(ctx, "2024002")
	require.NoError(t, err)
	require.Len(t, trials, 1)
	require.Len(t, trials[0].Verdicts, len(task.Checks))
	require.Eventually(t, func() bool { return d.Own("2024001").Phase == desk.Idle }, 4*time.Minute, 20*time.Millisecond)
	killed := d.Own("2024001").Last
	require.Empty(t, killed.Failed)
	require.False(t, killed.Untried, "a container of their own was killed")
	stuck, err := d.Stuck(ctx)
	require.NoError(t, err)
	require.Empty(t, stuck, "nothing that a check without a fault sees is wrong")

	// A run with a fault, which is undone now.
	plan, err := d.Plan(ctx, desk.RunOptions{})
	require.NoError(t, err)
	require.Len(t, plan.Plan.Faults, 1)
	require.NotEmpty(t, plan.Fingerprint)
	require.Equal(t, "changed", diag.Code(d.Start(ctx, desk.RunOptions{Agreed: "other"})))
	_, fault := underFault(t, d, class, desk.RunOptions{Who: "老师"})
	require.NotEmpty(t, d.Run().ID)
	// The command line is told who grades.
	book, err := gradebook.Open(ctx, filepath.Join(dir, "gradebook", "six.db"))
	require.NoError(t, err)
	_, err = book.BeginRun(ctx, gradebook.Begin{Class: "six", Task: "1", Rubric: info.Rubric, Started: time.Now()})
	require.ErrorIs(t, err, gradebook.ErrBusy)
	require.Contains(t, err.Error(), "pid")
	require.Equal(t, "manager-2", fault.Target)
	require.NoError(t, d.UndoNow(ctx))
	require.True(t, wait[desk.FaultOff](t, class, nil).ByHand)
	over := wait[desk.RunOver](t, class, nil)
	require.Empty(t, over.Failed)
	require.False(t, over.Stopped)
	require.True(t, over.Undone)
	whole()
	standing, err = d.Standing(ctx)
	require.NoError(t, err)
	require.Equal(t, "finished", standing.Run.Status)
	for _, id := range []string{"2024001", "2024002"} {
		got := outcomes(standing, id)
		require.Equal(t, "pass", got["task1.answers"], id)
		require.Equal(t, "ungraded", got["task1.recovers"], "nobody saw whether %s recovers", id)
		one, err := d.Student(ctx, id)
		require.NoError(t, err)
		require.Equal(t, "by-hand", one.Students[0].Timeline.Ended, "%s is not told that they did not recover", id)
	}

	// One that is stopped with a fault in force, and gone on with.
	underFault(t, d, class, desk.RunOptions{})
	require.NoError(t, d.Stop(ctx))
	whole()
	require.True(t, d.Run().Last.Stopped)
	again, ok, err := d.Resumable(ctx)
	require.NoError(t, err)
	require.True(t, ok)
	rest, err := d.Plan(ctx, desk.RunOptions{Resume: true})
	require.NoError(t, err)
	require.Equal(t, again.ID, rest.Resumes)

	// Meanwhile another program grades the class: the desk says so, and its checks wait.
	other, err := book.BeginRun(ctx, gradebook.Begin{Class: "six", Task: "2", Rubric: info.Rubric, Started: time.Now()})
	require.NoError(t, err)
	_, err = d.Check(ctx, "2024004", desk.CheckOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return d.Own("2024004").Paused == desk.Elsewhere }, time.Minute, 20*time.Millisecond)
	err = d.Start(ctx, desk.RunOptions{NoFault: true})
	require.ErrorIs(t, err, gradebook.ErrBusy)
	require.Contains(t, err.Error(), "pid")
	require.NoError(t, book.FinishRun(ctx, other.ID, gradebook.Finished, time.Now()))
	require.NoError(t, book.Close())
	require.Eventually(t, func() bool { own := d.Own("2024004"); return own.Phase == desk.Idle && own.Last != nil }, 4*time.Minute, 20*time.Millisecond)

	// What was begun before that is hidden by a newer one now: a run of its own goes to the end.
	_, ok, err = d.Resumable(ctx)
	require.NoError(t, err)
	require.False(t, ok)
	underFault(t, d, class, desk.RunOptions{})
	require.NoError(t, d.Stop(ctx))
	whole()
	rest, _ = underFault(t, d, class, desk.RunOptions{Resume: true})
	over = wait(t, class, func(o desk.RunOver) bool { return !o.Stopped })
	require.Empty(t, over.Failed)
	require.Equal(t, rest.Resumes, over.ID)
	whole()
	standing, err = d.Standing(ctx)
	require.NoError(t, err)
	require.Equal(t, "pass", outcomes(standing, "2024001")["task1.recovers"])
	require.Equal(t, "fail", outcomes(standing, "2024002")["task1.recovers"])
	require.Same(t, embedded, s.sim, "one cluster for all of it")
	left, err := filepath.Glob(filepath.Join(dir, "gradebook", "*fault*"))
	require.NoError(t, err)
	for _, f := range left {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		require.Empty(t, text, f)
	}
}
