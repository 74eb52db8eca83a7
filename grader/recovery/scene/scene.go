// Package scene makes up fault windows for tests: a swarm of three nodes of
// which one fails, one service, and what a grader would see of both.
//
// It knows nothing of judging. What happens is drawn from a seed; the same
// scene gives the same evidence.
package scene

import (
	"fmt"
	"math/rand/v2"

	"swarmgrade/grader/evidence"
)

// What becomes of the tasks that a fault takes.
const (
	Runs     = "runs"     // a new one runs elsewhere
	Mute     = "mute"     // it runs, and answers nothing
	Never    = "never"    // no new one is made
	Pending  = "pending"  // no node suits it
	Rejected = "rejected" // the other nodes turn it down
	Starting = "starting" // its health check does not pass
	Flaps    = "flaps"    // it runs for 5 s at a time
	Back     = "back"     // of an update: it fails, and the swarm rolls all of them back
)

// Scene is what happens; times are ms from the run's start. The zero value of
// a field that says so is filled by [New].
type Scene struct {
	Service evidence.Service
	On      []int // the node of each slot, from 0
	Kind    string
	Target  int
	Leader  bool
	Speed   float64 // 1
	// Injecting 4000, Injected 5000. Detect is how long after Injecting the
	// target is down (12000; -1 for never), Start how long a new task takes
	// beyond the restart delay (1500), Drop how long after "down" the mesh
	// forgets the lost tasks (700).
	Injecting, Injected, Detect, Start, Drop int64
	// Hold and Limit end the window: after the recovery (14000), and after the
	// injection (107000).
	Hold, Limit int64
	Become      string // Runs
	// Random lets the mesh deal by chance; else each entry node deals in turn.
	Random bool
	// PollLoss and ProbeLoss are shares that get lost by chance.
	PollLoss, ProbeLoss float64
	Period, Poll        int64 // 250, 1000
	End, Reason         string
	// Silent is a time in which no manager answers.
	Silent [2]int64
	// Late are times, apart and in order, in which the grader's machine is starved:
	// of the probes due then a third are sent, and time out if there is too little
	// left of their time; the managers are not read. It changes nothing else.
	Late []evidence.Stretch
	Rng  *rand.Rand
}

// New is a service of so many replicas, spread over the nodes from the target
// on, which recovers as a correct one does.
func New(replicas int, seed uint64) *Scene {
	s := &Scene{
		Service: evidence.Service{
			ID: "svc-s01", Name: "s01", Mode: "replicated", Replicas: replicas, EndpointMode: "vip",
			Image:   "whoami-for-swarm:latest",
			Ports:   []evidence.Port{{Protocol: "tcp", Target: 80, Published: 8001, Mode: "ingress"}},
			Restart: evidence.RestartPolicy{Condition: "any", DelayMS: 5000},
		},
		Kind: "node-stop", Target: 1, Speed: 1, Injecting: 4000, Injected: 5000, Detect: 12000, Start: 1500, Drop: 700,
		Hold: 14000, Limit: 107000, Become: Runs, Period: 250, Poll: 1000,
		Rng: rand.New(rand.NewPCG(seed, 11)),
	}
	for i := range replicas {
		s.On = append(s.On, (s.Target+i)%3)
	}
	return s
}

// Swarm is the cluster's settings.
func (s *Scene) Swarm() evidence.Swarm {
	return evidence.Swarm{ID: "swarm", HeartbeatMS: int64(5000 / s.Speed), Managers: 3, TaskHistoryLimit: 5}
}

// NodeID is the ID of a node, from 0.
func NodeID(i int) string { return fmt.Sprintf("node-%d", i+1) }

// state is what the managers say of a task from a time on.
type state struct {
	at                          int64
	desired, state, err, detail string
}

type task struct {
	id         string
	slot, node int
	made       int64
	states     []state
	up, gone   int64 // its container's life; up is ever for one that never answers
	in, out    int64 // its time in the mesh
	forced     uint64
}

const ever = int64(1) << 50

// Window gives the shared part, one service's probing, and when the service was
// really back (-1 for never).
func (s *Scene) Window() (*evidence.Window, *evidence.Probing, int64) {
	tasks, back := s.play()
	w := &evidence.Window{
		Schema: evidence.WindowSchema, Began: 0, Injecting: s.Injecting, Injected: s.Injected, Speed: s.Speed,
		LimitMS: s.Limit, HoldMS: int64(10000 / s.Speed), End: "recovered",
		Fault: evidence.Action{Kind: s.Kind, NodeID: NodeID(s.Target), Hostname: fmt.Sprintf("manager-%d", s.Target+1), Leader: s.Leader},
	}
	w.Restoring = s.Injected + s.Limit
	if back >= 0 {
		w.Restoring = min(w.Restoring, back+s.Hold)
	} else {
		w.End = "limit"
	}
	if s.End != "" {
		w.End, w.Reason = s.End, s.Reason
	}
	w.Restored, w.Ended = w.Restoring+4000, w.Restoring+7000
	if s.Kind == "task-kill" {
		for _, t := range tasks {
			if t.node == s.Target && t.slot > 0 && t.made < 0 {
				w.Fault.TaskID, w.Fault.ContainerID, w.Fault.Service = t.id, container(t.id), s.Service.ID
				break
			}
		}
	}
	if s.Kind == "update" {
		w.Fault.Was, w.Fault.To = "0", "1"
	}
	s.poll(w, tasks)
	return w, s.probe(w, tasks), back
}

// play decides what happens to each task.
func (s *Scene) play() (tasks []*task, back int64) {
	if s.Kind == "update" {
		return s.rollout()
	}
	kill := s.Kind == "task-kill"
	down := s.Injecting + s.Detect
	if kill || s.Kind == "node-drain" {
		down = s.Injected
	}
	if s.Detect < 0 {
		down = ever
	}
	drop := down + s.Drop
	back = down
	if len(s.On) == 0 {
		back = -1
	}
	killed := false
	for i, on := range s.On {
		slot := i + 1
		if s.Service.Mode == "global" {
			slot = 0
		}
		t := &task{id: fmt.Sprintf("old-%d", i+1), slot: slot, node: on, made: -60000, up: -50000, gone: ever, in: -50000, out: ever}
		t.states = []state{{-50000, "running", "running", "", ""}}
		tasks = append(tasks, t)
		if on != s.Target || kill && killed {
			continue
		}
		killed = true
		t.gone, t.out = s.Injecting+s.Rng.Int64N(s.Injected-s.Injecting+1), drop
		if s.Kind == "node-drain" {
			t.gone = down + 300
		}
		last := "running" // a lost node reports nothing
		if kill || s.Kind == "node-drain" {
			last = "shutdown"
		}
		t.states = append(t.states, state{down, "shutdown", last, "", ""})
		if s.Service.Mode == "global" {
			continue
		}
		ready := s.replace(&tasks, i, down)
		if ready < 0 || back < 0 {
			back = -1
		} else {
			back = max(back, ready)
		}
	}
	if s.Detect < 0 || s.Service.Mode == "global" && len(s.On) < 2 {
		back = -1
	}
	return tasks, back
}

// replace makes what follows a lost task and says when it serves.
func (s *Scene) replace(tasks *[]*task, i int, down int64) int64 {
	wait := int64(float64(s.Service.Restart.DelayMS) / s.Speed)
	if s.Kind == "node-drain" {
		wait = 0
	}
	if s.Become == Never || s.Detect < 0 {
		return -1
	}
	node := (s.Target + 1 + s.Rng.IntN(2)) % 3
	t := &task{id: fmt.Sprintf("new-%d", i+1), slot: i + 1, node: node, made: down, up: ever, gone: ever, in: ever, out: ever}
	*tasks = append(*tasks, t)
	begin := down + wait
	runs := begin + s.Start
	t.states = []state{{down, "ready", "ready", "", ""}, {begin, "running", "starting", "", ""}}
	switch s.Become {
	case Pending:
		t.node = -1
		t.states = []state{{down, "running", "pending", "no suitable node (scheduling constraints not satisfied on 2 nodes)", "pending task scheduling"}}
	case Rejected:
		t.states = append(t.states, state{begin + 200, "shutdown", "rejected", "No such image: whoami-for-swarm:u01", "preparing"})
	case Starting:
	case Mute:
		t.states = append(t.states, state{runs, "running", "running", "", ""})
		t.in = runs
	case Flaps:
		for at := runs; at < s.Injected+s.Limit; at += 8000 {
			t.states = append(t.states, state{at, "running", "running", "", ""}, state{at + 5000, "running", "starting", "", ""})
		}
		t.up, t.in = runs, runs
	default:
		t.states = append(t.states, state{runs, "running", "running", "", ""})
		t.up, t.in = runs-300, runs
		return runs
	}
	return -1
}
