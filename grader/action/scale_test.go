package action

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// toFive scales a student's service, called as the student, from two to five.
func toFive(student string) evidence.Action {
	return evidence.Action{Kind: Scale, Student: student, Service: "svc-" + student, Name: student, Was: "2", To: "5"}
}

func newScale(t *testing.T) *bench {
	b := newBench(t)
	b.opt.Injector = scale{b.swarm}
	return b
}

func TestHowAServiceIsScaled(t *testing.T) {
	kind, ok := Find(Scale)
	require.True(t, ok)
	params := &scaleParams{Replicas: 5}
	a, code := kind.Aim(params, nil, &evidence.Service{ID: "svc-a", Name: "a", Mode: "replicated", Replicas: 2}, "a")
	require.Empty(t, code)
	require.Equal(t, toFive("a"), a)
	_, code = kind.Aim(params, nil, &evidence.Service{ID: "svc-a", Mode: "global"}, "a")
	require.Equal(t, "global", code)
	_, code = kind.Aim(params, nil, nil, "a")
	require.Equal(t, "no-service", code)
	for n, good := range map[int]bool{0: false, 1: true, maxReplicas: true, maxReplicas + 1: false, -1: false} {
		require.Equal(t, good, len((&scaleParams{Replicas: n}).Validate(nil)) == 0, n)
	}
}

func TestAServiceIsScaledAndPutBack(t *testing.T) {
	b := newScale(t)
	var steps []string
	b.journal.Hook = func(step string) { steps = append(steps, step) }
	s, err := Begin(t.Context(), b.opt, toFive("a"))
	require.NoError(t, err)
	require.EqualValues(t, 5, b.swarm.replicas["svc-a"])
	require.Len(t, b.swarm.locks, 1)
	require.Contains(t, b.swarm.locks, evidence.ServiceMark+"svc-a", "others may go on with the swarm")
	require.Empty(t, b.swarm.avoided)
	require.NoError(t, s.Restore(t.Context()))
	require.NoError(t, s.Restore(t.Context()), "twice is once")
	require.EqualValues(t, 2, b.swarm.replicas["svc-a"])
	require.False(t, s.Outcome().Left)
	require.Equal(t, []string{StepPlanned, StepLocking, StepInjecting, StepInjected, StepRestoring, StepRestored, StepDone}, steps)
	b.requireUndone(t)
}

// Whoever changes a service while it is being graded keeps what they want.
func TestWhatAStudentChangedIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		now  uint64 // 0: gone
		want uint64
		left bool
	}{
		"another number":          {7, 7, true},
		"put back by the student": {2, 2, false},
		"removed":                 {0, 0, true},
		"nothing":                 {5, 2, false},
	} {
		b := newScale(t)
		var notes []string
		b.opt.Note = func(m i18n.Msg) { notes = append(notes, i18n.EN.Text(m)) }
		s, err := Begin(t.Context(), b.opt, toFive("a"))
		require.NoError(t, err)
		b.swarm.replicas["svc-a"] = c.now
		if c.now == 0 {
			delete(b.swarm.replicas, "svc-a")
		}
		require.NoError(t, s.Restore(t.Context()), name)
		require.Equal(t, c.want, b.swarm.replicas["svc-a"], name)
		require.Equal(t, c.left, s.Outcome().Left, name)
		if c.now == 0 {
			require.Equal(t, []string{"service a (student a) is gone, or global, by now: nothing is put back"}, notes)
		} else if c.left {
			require.Equal(t, []string{"the replicas of service a (student a) number 7 by now, neither 2 as before nor 5 as grading had it: they are left so"}, notes)
		} else {
			require.Empty(t, notes, name)
		}
		b.requireUndone(t)
	}

	// Changed before it was begun, it is not touched at all.
	b := newScale(t)
	b.swarm.replicas["svc-a"] = 4
	_, err := Begin(t.Context(), b.opt, toFive("a"))
	require.Equal(t, "changed", diag.Code(err))
	require.EqualValues(t, 4, b.swarm.replicas["svc-a"])
	b.requireUndone(t)
	_, err = Begin(t.Context(), b.opt, toFive("gone"))
	require.Equal(t, "changed", diag.Code(err))
	b.requireUndone(t)
}

// The same number as before is no change, and is put back to itself.
func TestScaledToWhatItHas(t *testing.T) {
	b := newScale(t)
	a := toFive("a")
	a.To = a.Was
	s, err := Begin(t.Context(), b.opt, a)
	require.NoError(t, err)
	require.NoError(t, s.Restore(t.Context()))
	require.EqualValues(t, 2, b.swarm.replicas["svc-a"])
}

func TestManyAreScaledSideBySide(t *testing.T) {
	b := newScale(t)
	var all sync.WaitGroup
	both := make(chan struct{})
	var up sync.WaitGroup
	up.Add(20)
	go func() { up.Wait(); close(both) }()
	for i := range 20 {
		b.swarm.replicas[fmt.Sprint("svc-s", i)] = 2
	}
	for i := range 20 {
		name := fmt.Sprint("s", i)
		all.Go(func() {
			s, err := Begin(t.Context(), Options{Cluster: b.swarm, Injector: b.opt.Injector, Journal: b.journal, Class: "T", Limit: time.Minute, At: noClock}, toFive(name))
			up.Done()
			if err != nil {
				t.Error(err)
				return
			}
			<-both
			if err := s.Restore(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range 20 {
		require.EqualValues(t, 2, b.swarm.replicas[fmt.Sprint("svc-s", i)])
	}
	b.requireUndone(t)
}

// While one of a student's is pending there is no second one, and no node fails.
func TestNothingIsBegunBesideWhatIsPending(t *testing.T) {
	b := newScale(t)
	s, err := Begin(t.Context(), b.opt, toFive("a"))
	require.NoError(t, err)
	_, err = Begin(t.Context(), b.opt, toFive("a"))
	require.Equal(t, "pending", diag.Code(err))
	require.Contains(t, err.Error(), "service a of student a")
	node := b.opt
	node.Injector = b.injector
	_, err = Begin(t.Context(), node, targetM2)
	require.Equal(t, "pending", diag.Code(err))
	require.NoError(t, s.Restore(t.Context()))
}

// Two graders who change one service at once would each take the other's change for
// what stood before.
func TestOneGraderAtATimeChangesAService(t *testing.T) {
	one, two := newScale(t), newScale(t)
	two.swarm, two.opt.Cluster, two.opt.Injector = one.swarm, one.swarm, scale{one.swarm}
	s, err := Begin(t.Context(), one.opt, toFive("a"))
	require.NoError(t, err)
	other := toFive("a")
	other.Was, other.To = "5", "4" // as a snapshot shows it now
	_, err = Begin(t.Context(), two.opt, other)
	require.Equal(t, "taken", diag.Code(err))
	require.Contains(t, err.Error(), "service a of student a is being changed by process")
	require.Contains(t, i18n.EN.Text(diag.Failures(err)[0].Hint), "docker config rm swarmgrade-service-lock-svc-a")
	pending, err := two.journal.Pending()
	require.NoError(t, err)
	require.Empty(t, pending)
	require.Len(t, one.swarm.locks, 1, "the first one's stays")
	require.NoError(t, s.Restore(t.Context()))
	require.EqualValues(t, 2, one.swarm.replicas["svc-a"])
	one.requireUndone(t)

	// A class's fault and a student's action do not wait for each other's marks.
	s, err = Begin(t.Context(), one.opt, toFive("a"))
	require.NoError(t, err)
	node := two.opt
	node.Injector = two.injector
	two.injector.swarm = one.swarm
	f, err := Begin(t.Context(), node, targetM2)
	require.NoError(t, err)
	require.NoError(t, s.Restore(t.Context()))
	require.NoError(t, f.Restore(t.Context()))
	one.requireUndone(t)
}

// What a killed grader left of many students' services is put back, wherever it was
// killed, and one that can't be keeps no other from it.
func TestHealPutsEveryServiceBack(t *testing.T) {
	for _, step := range []string{StepPlanned, StepLocking, StepInjecting, StepInjected, StepRestoring, StepRestored, StepDone} {
		t.Run(step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScale(t)
				path := b.journal.Path()
				b.swarm.replicas["svc-b"] = 2
				_, err := Begin(t.Context(), b.opt, toFive("b"))
				require.NoError(t, err)
				b.journal.Hook = func(s string) {
					if s == step { // nothing works any more, as if it had been killed
						require.NoError(t, b.journal.Close())
						b.swarm.silent = errTest
					}
				}
				if s, err := Begin(t.Context(), b.opt, toFive("a")); err == nil {
					_ = s.Restore(t.Context())
				}
				b.swarm.silent = nil
				b.swarm.replicas["svc-b"] = 9 // the student works on
				opt := b.heal()
				opt.Injector = nil
				var notes []string
				opt.Note = func(m i18n.Msg) { notes = append(notes, i18n.EN.Text(m)) }
				done, err := Heal(t.Context(), path, opt)
				require.NoError(t, err)
				i := slices.IndexFunc(done, func(h Healed) bool { return h.Fault.Student == "b" })
				require.True(t, done[i].Left)
				require.Equal(t, "action.healed_left", done[i].Msg().Key)
				require.Len(t, notes, 1)
				require.Equal(t, map[string]uint64{"svc-a": 2, "svc-b": 9}, b.swarm.replicas)
				done, err = Heal(t.Context(), path, opt)
				require.NoError(t, err)
				require.Empty(t, done, "there is nothing left to do")
				b.journal = openJournal(t, path)
				b.requireUndone(t)
			})
		})
	}
}

func TestAServiceThatCanNotBePutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newScale(t)
		path := b.journal.Path()
		s, err := Begin(t.Context(), b.opt, toFive("a"))
		require.NoError(t, err)
		b.swarm.silent = errors.New("no leader")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err = s.Restore(ctx)
		var stuck *Stuck
		require.ErrorAs(t, err, &stuck)
		require.Equal(t, []string{"docker service scale a=2", "grade restore --class T"}, stuck.Commands)
		require.Equal(t, "service a of student a could not be scaled back from 5 to 2", i18n.EN.Text(stuck.Msg()))
		b.swarm.silent = nil
		require.NoError(t, b.journal.Close())
		opt := b.heal()
		opt.Injector = nil
		_, err = Heal(t.Context(), path, opt)
		require.NoError(t, err)
		require.EqualValues(t, 2, b.swarm.replicas["svc-a"])
	})
}

// TestKinds holds what every kind must have.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range All() {
		require.False(t, seen[k.Name], k.Name)
		seen[k.Name] = true
		for _, lang := range i18n.Langs {
			if k.Says != "" {
				require.NotEqual(t, k.Says, lang.T(k.Says), k.Name)
			}
		}
		if k.Name != Command {
			_, err := k.New(roster.Fault{Kind: k.Name}, nil)
			require.NoError(t, err, k.Name)
		}
		if k.Scope == Class {
			require.Nil(t, k.Aim, "%s: a node is chosen, not aimed at", k.Name)
			if k.NewParams == nil {
				continue
			}
			require.False(t, k.TakesEngine || k.Heals, "%s: a rubric never takes an engine away", k.Name)
			require.NotNil(t, k.Holds, k.Name)
			require.Contains(t, []string{manager, worker}, k.Role(k.NewParams()), k.Name)
			require.Contains(t, Set{}.Names(), k.Name)
			for _, lang := range i18n.Langs {
				require.NotContains(t, lang.T("action.did_"+strings.ReplaceAll(k.Name, "-", "_"), "node", "m1"), "action.", k.Name)
			}
			continue
		}
		if k.Scope == Own {
			require.Nil(t, k.Aim, "%s: no service is changed", k.Name)
			require.NotNil(t, k.Back, k.Name)
			require.NotContains(t, Set{}.Names(), k.Name)
			for _, lang := range i18n.Langs {
				for _, key := range []string{"action.healed_" + k.Name, "action.stuck_" + k.Name, "action.pending_" + k.Name} {
					require.NotContains(t, lang.T(key, "image", "a", "node", "", "service", "", "student", "", "was", ""), "action.", k.Name)
				}
			}
			continue
		}
		require.NotNil(t, k.NewParams, k.Name)
		require.NotNil(t, k.Back, k.Name)
		require.False(t, k.Heals || k.TakesEngine, k.Name)
		_, code := k.Aim(k.NewParams(), &evidence.Snapshot{}, nil, "a")
		require.Equal(t, "no-service", code, k.Name)
		require.Contains(t, Set{}.Names(), k.Name)
		for _, lang := range i18n.Langs {
			for _, key := range []string{"action.did_" + strings.ReplaceAll(k.Name, "-", "_"), worded("action.healed", k.Name), worded("action.stuck", k.Name)} {
				require.NotContains(t, lang.T(key, "service", "a", "student", "x", "was", "2", "to", "5"), "action.", k.Name)
			}
		}
	}
	_, ok := Set{}.NewParams(NodeStop)
	require.False(t, ok, "no rubric can ask for an engine to be stopped")
	for _, role := range []string{manager, worker} {
		require.Empty(t, (&drainParams{Role: role}).Validate(nil))
	}
	require.Len(t, (&drainParams{Role: "leader"}).Validate(nil), 1)
}

// undoable is done at once and never undone.
type undoable struct{ tries int }

func (*undoable) Inject(context.Context, evidence.Action) error { return nil }
func (u *undoable) Restore(context.Context, evidence.Action) error {
	u.tries++
	return errors.New("not now")
}
func (*undoable) Commands(evidence.Action) []string { return nil }

// TestWhatOnlyUndoingTellsIsNotTakenForUndone: of a node it shows that somebody else has put
// it back; of these kinds nothing does, however long undoing fails.
func TestWhatOnlyUndoingTellsIsNotTakenForUndone(t *testing.T) {
	for _, kind := range []string{ContainerKill, Update, Lookup} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScale(t)
				u := &undoable{}
				b.opt.Injector = u
				a := toFive("a")
				a.Kind = kind
				s, err := Begin(t.Context(), b.opt, a)
				require.NoError(t, err)
				err = s.Restore(t.Context())
				require.ErrorAs(t, err, new(*Stuck))
				require.Greater(t, u.tries, 30, "for longer than a node must look whole")
			})
		})
	}
}
