package scene

import "fmt"

// rollout decides what happens to each task of a service that is updated: one after
// the other is replaced on its node, as Service.Update says which of the two comes
// first. Drop is how long after an old task has gone the mesh still sends there; of a
// graceful one it is below 0. Become is what the last new one comes to.
func (s *Scene) rollout() (tasks []*task, back int64) {
	first := s.Service.Update != nil && s.Service.Update.Order == "start-first"
	at := s.Injected
	for i, on := range s.On {
		slot := i + 1
		if s.Service.Mode == "global" {
			slot = 0
		}
		old := &task{id: fmt.Sprintf("old-%d", i+1), slot: slot, node: on, made: -60000, up: -50000, gone: ever, in: -50000, out: ever}
		old.states = []state{{-50000, "running", "running", "", ""}}
		tasks = append(tasks, old)
		if back < 0 {
			continue // the update is stuck
		}
		last := i == len(s.On)-1
		next := &task{id: fmt.Sprintf("new-%d", i+1), slot: slot, node: on, made: at, up: ever, gone: ever, in: ever, out: ever, forced: 1}
		tasks = append(tasks, next)
		runs := at + s.Start
		leaves := at
		if first {
			leaves = runs
		}
		next.states = []state{{at, "running", "starting", "", ""}}
		switch {
		case last && s.Become == Back:
			next.states = append(next.states, state{runs, "shutdown", "failed", "task: non-zero exit (1)", ""})
			back = -1
		case last && s.Become == Starting:
			back = -1
		case last && s.Become == Mute:
			next.states = append(next.states, state{runs, "running", "running", "", ""})
			next.in, back = runs, -1
		default:
			next.states = append(next.states, state{runs, "running", "running", "", ""})
			next.up, next.in, back = runs-300, runs, runs
		}
		if !first || back >= 0 || s.Become == Mute || s.Become == Back {
			old.states = append(old.states, state{leaves, "shutdown", "shutdown", "", ""})
			old.gone, old.out = leaves, leaves+s.Drop
		}
		if last && s.Become == Back {
			tasks = append(tasks, s.rolledBack(tasks, runs+1000)...)
		}
		at = max(runs, leaves) + 1000
	}
	if len(s.On) == 0 {
		back = -1
	}
	return tasks, back
}

// rolledBack gives every slot a task of the old version again, all at once.
func (s *Scene) rolledBack(tasks []*task, at int64) (again []*task) {
	for _, t := range tasks {
		if t.forced == 0 {
			continue
		}
		if t.gone == ever && t.up != ever { // it ran
			t.states = append(t.states, state{at, "shutdown", "shutdown", "", ""})
			t.gone, t.out = at, at
		}
		again = append(again, &task{
			id: "again-" + t.id, slot: t.slot, node: t.node, made: at, up: at + s.Start - 300, gone: ever, in: at + s.Start, out: ever,
			states: []state{{at, "running", "starting", "", ""}, {at + s.Start, "running", "running", "", ""}},
		})
	}
	return again
}
