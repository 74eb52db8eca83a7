package grader

import (
	"context"

	"swarmgrade/grader/action"
	"swarmgrade/grader/evidence"
)

// allowsNodes reports whether a rubric's action may hit a node of the class's swarm: the
// class file has a fault of its own that does. A swarm that ends with this process is
// nobody else's.
func (x *flow) allowsNodes() bool {
	kind, ok := action.Find(x.j.Class.Fault.Kind)
	return x.conn.Passing || ok && kind.Scope == action.Class && !kind.Heals
}

// keepWhole sees to it that services whose restart policy lets lost tasks go have all of
// them again once the node is back.
func (a *acts) keepWhole(ctx context.Context, opt action.Options) error {
	services := map[string]*evidence.Service{}
	for i := range a.now.Services {
		services[a.now.Services[i].ID] = &a.now.Services[i]
	}
	opt.Injector = action.KeepWhole(opt.Cluster)
	for i := range a.episode.Students {
		t := &a.episode.Students[i]
		if t.Gap != nil {
			continue
		}
		keep, needed := action.Keep(a.now, services[t.Action.Service], t.Student)
		if !needed {
			continue
		}
		s, err := action.Begin(ctx, opt, keep)
		switch {
		case err == nil:
			a.sessions = append(a.sessions, s)
		case ends(ctx, err):
			return err
		default:
			t.Gap = &evidence.Gap{What: "action", Code: gapCode(err), Detail: err.Error()}
		}
	}
	return nil
}

// doNode begins an action that hits a node, once for everybody.
func (a *acts) doNode(ctx context.Context, opt action.Options) error {
	if err := a.keepWhole(ctx, opt); err != nil {
		return err
	}
	s, err := action.Begin(ctx, opt, *a.episode.Node)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err == nil:
		a.sessions = append(a.sessions, s)
		for _, t := range a.episode.Students {
			if t.Gap == nil {
				a.done = append(a.done, t)
			}
		}
		return nil
	case ends(ctx, err):
		return err
	}
	code := gapCode(err)
	if code == "changed" {
		code = "node-changed"
	}
	a.episode.LeaveOut(evidence.Gap{What: "action", Code: code, Detail: err.Error()})
	return nil
}

// brokenOff reports whether an action on a node is undone at once, since the swarm is in
// trouble: then nothing that was seen counts.
func (a *acts) brokenOff() bool {
	if !a.episode.Class() || a.seen == nil || a.seen.End != "aborted" {
		return false
	}
	a.episode.LeaveOut(evidence.Gap{What: "action", Code: "aborted", Detail: a.seen.Reason})
	return true
}
