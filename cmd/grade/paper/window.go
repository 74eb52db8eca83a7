package paper

import (
	"fmt"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/recovery/scene"
)

// Window is a fault window of the whole class: a node stops, every service loses a task and has it back, all at the
// same moments. Probings are what was asked of each student's service meanwhile. Of what the snapshot lists the
// window has the services alone; it is for measuring what judging recoveries takes.
func (c *Class) Window() (w *evidence.Window, probings []*evidence.Probing) {
	plays := map[int]*play{}
	for i := range c.Students {
		svc := &c.snap.Services[i]
		p := plays[svc.Replicas]
		if p == nil {
			p = played(svc.Replicas)
			plays[svc.Replicas] = p
		}
		if w == nil {
			shared := *p.window
			w = &shared
			w.Polls = slices.Clone(w.Polls)
			for k := range w.Polls {
				w.Polls[k].Tasks = nil
			}
		}
		for k := range w.Polls[:min(len(w.Polls), len(p.window.Polls))] {
			for _, t := range p.window.Polls[k].Tasks {
				w.Polls[k].Tasks = append(w.Polls[k].Tasks, of(t, svc))
			}
		}
		probings = append(probings, p.probing(svc, published(i)))
	}
	return w, probings
}

// play is a scene with one service, which the class's are copies of.
type play struct {
	window *evidence.Window
	probed *evidence.Probing
	tasks  map[string]string // their IDs by the first digits of their containers'
}

func played(replicas int) *play {
	p := &play{tasks: map[string]string{}}
	p.window, p.probed, _ = scene.New(replicas, 1).Window()
	for _, poll := range p.window.Polls {
		for _, t := range poll.Tasks {
			if t.ContainerID != "" {
				p.tasks[t.ContainerID[:12]] = t.ID
			}
		}
	}
	return p
}

// of is a scene's task as one of a service's.
func of(t evidence.Task, svc *evidence.Service) evidence.Task {
	if t.ContainerID != "" {
		t.ContainerID = id(svc.Name, t.ID)
	}
	t.ID, t.ServiceID, t.Addresses = "task-"+svc.Name+"."+t.ID, svc.ID, nil
	return t
}

func (p *play) probing(svc *evidence.Service, port int) *evidence.Probing {
	out := *p.probed
	out.Service = svc.ID
	out.Targets = slices.Clone(out.Targets)
	for i := range out.Targets {
		t := &out.Targets[i]
		t.Address = fmt.Sprintf("172.30.0.%d:%d", 11+i, port)
	}
	out.Responders = slices.Clone(out.Responders)
	for i := range out.Responders {
		r := &out.Responders[i]
		r.Hostname, r.Addresses = id(svc.Name, p.tasks[r.Hostname])[:12], nil
	}
	return &out
}

// Service is a student's, as the snapshot has it.
func (c *Class) Service(student int) *evidence.Service { return &c.snap.Services[student] }
