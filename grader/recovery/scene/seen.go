package scene

import (
	"fmt"
	"slices"
	"time"

	"swarmgrade/grader/evidence"
)

func container(id string) string {
	return fmt.Sprintf("%x", id+"................................")[:64]
}

// poll writes the readings down, as differences.
func (s *Scene) poll(w *evidence.Window, tasks []*task) {
	shown := map[string]evidence.Task{}
	nodes := map[string]evidence.Node{}
	for at := s.Rng.Int64N(s.Poll); at < w.Ended; at += s.Poll {
		p := evidence.Poll{At: at, Took: 5 + s.Rng.Int64N(40)}
		if s.late(at, at+s.Poll) > s.Poll/2 {
			continue // the next one after it comes in its stead
		}
		if s.Rng.Float64() < s.PollLoss || at >= s.Silent[0] && at < s.Silent[1] {
			p.Error = "timeout"
			w.Polls = append(w.Polls, p)
			continue
		}
		for i := range 3 {
			n := evidence.Node{
				ID: NodeID(i), Hostname: fmt.Sprintf("manager-%d", i+1), State: "ready", Availability: "active", Role: "manager",
				Address: fmt.Sprintf("172.30.0.%d", 11+i),
			}
			if i == s.Target && s.Detect >= 0 && at < w.Restored {
				if s.Kind == "node-drain" && at >= s.Injected {
					n.Availability = "drain"
				}
				if (s.Kind == "node-stop" || s.Kind == "command") && at >= s.Injecting+s.Detect {
					n.State = "down"
				}
			}
			if old, ok := nodes[n.ID]; !ok || old.State != n.State || old.Availability != n.Availability {
				nodes[n.ID] = n
				p.Nodes = append(p.Nodes, n)
			}
		}
		for _, t := range tasks {
			e, ok := t.at(at, s.Service.ID)
			if old := shown[t.id]; ok && (old.ID == "" || old.Desired != e.Desired || old.State != e.State) {
				shown[t.id] = e
				p.Tasks = append(p.Tasks, e)
			}
		}
		w.Polls = append(w.Polls, p)
	}
}

// at is what the managers say of a task at a time.
func (t *task) at(now int64, service string) (evidence.Task, bool) {
	i := -1
	for k, s := range t.states {
		if s.at <= now {
			i = k
		}
	}
	if i < 0 {
		return evidence.Task{}, false
	}
	e := evidence.Task{
		ID: t.id, ServiceID: service, Slot: t.slot, Desired: t.states[i].desired, State: t.states[i].state,
		Error: t.states[i].err, Message: t.states[i].detail, Version: uint64(i + 1), Forced: t.forced,
		Created: time.Date(2024, 11, 20, 8, 0, 0, 0, time.UTC).Add(time.Duration(t.made) * time.Millisecond).Format(time.RFC3339Nano),
	}
	if t.node >= 0 {
		e.NodeID = NodeID(t.node)
	}
	if e.State == "running" || e.State == "starting" || e.State == "shutdown" {
		e.ContainerID = container(t.id)
		e.Addresses = []evidence.TaskAddress{{NetworkID: "ingress", Address: address(t.id) + "/24"}}
	}
	return e, true
}

func address(id string) string {
	n := int(id[len(id)-1]-'0') + 10
	if id[:3] == "new" {
		n += 100
	}
	return fmt.Sprintf("10.0.0.%d", n)
}

// probe sends requests through the nodes that live.
func (s *Scene) probe(w *evidence.Window, tasks []*task) *evidence.Probing {
	p := &evidence.Probing{Service: s.Service.ID, PeriodMS: s.Period, Window: "sha256:w"}
	for i := range 3 {
		if i == s.Target && s.Kind != "task-kill" && s.Kind != "update" {
			continue
		}
		p.Targets = append(p.Targets, evidence.Target{
			ID: fmt.Sprintf("mesh/manager-%d", i+1), Kind: "mesh", NodeID: NodeID(i), Path: "/",
			Address: fmt.Sprintf("172.30.0.%d:8001", 11+i), PerConnection: 1, TimeoutMS: 2000,
		})
	}
	turn := make([]int, len(p.Targets))
	for i := range turn {
		turn[i] = s.Rng.IntN(7)
	}
	p.LateIn = s.Late
	k := 0
	for at := s.Rng.Int64N(s.Period); at < w.Ended-2000; at += s.Period {
		to := k % len(p.Targets)
		k++
		var in []*task
		for _, t := range tasks {
			if at >= t.in && at < t.out {
				in = append(in, t)
			}
		}
		x := evidence.Probe{At: at, To: to, Took: 1500 + s.Rng.Int64N(3000)}
		class := ""
		var by *task
		switch {
		case len(in) == 0:
			class = "refused"
		default:
			pick := turn[to] % len(in)
			turn[to]++
			if s.Random {
				pick = s.Rng.IntN(len(in))
			}
			by = in[pick]
			if at < by.up || at >= by.gone {
				class, x.Took = "timeout", 2_000_000
			}
		}
		if s.Rng.Float64() < s.ProbeLoss {
			class = "reset"
		}
		if s.late(at, at+1) > 0 {
			if k%3 != 0 {
				p.Late++
				continue
			}
			if s.late(at, at+2000) > 1000 {
				class, x.Took = "timeout", 2_000_000
			}
		}
		if class != "" {
			x.Who = -1 - failed(p, class)
		} else {
			x.Who = answered(p, by)
		}
		p.Probes = append(p.Probes, x)
	}
	return p
}

// late is for how much of a time the grader's machine is late.
func (s *Scene) late(from, to int64) int64 {
	n := int64(0)
	for _, l := range s.Late {
		n += max(0, min(to, l.To)-max(from, l.From))
	}
	return n
}

func failed(p *evidence.Probing, class string) int {
	i := slices.IndexFunc(p.Errors, func(e evidence.ErrorClass) bool { return e.Class == class })
	if i < 0 {
		i = len(p.Errors)
		p.Errors = append(p.Errors, evidence.ErrorClass{Class: class})
	}
	p.Errors[i].Count++
	return i
}

func answered(p *evidence.Probing, t *task) int {
	host := container(t.id)[:12]
	i := slices.IndexFunc(p.Responders, func(r evidence.Responder) bool { return r.Hostname == host })
	if i < 0 {
		i = len(p.Responders)
		p.Responders = append(p.Responders, evidence.Responder{
			Rule: "whoami", Identity: evidence.Identity{Hostname: host, Addresses: []string{address(t.id), "172.18.0.3"}},
		})
	}
	p.Responders[i].Count++
	return i
}
