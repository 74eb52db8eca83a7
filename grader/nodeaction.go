package grader

import (
	"context"

	"swarmgrade/grader/action"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
)

// allowsNodes reports whether a rubric's action may hit a node of the class's swarm: the
// class file has a fault of its own that does. A swarm that ends with this process is
// nobody else's.
func (x *flow) allowsNodes() bool {
	kind, ok := action.Find(x.j.Class.Fault.Kind)
	return x.conn.Passing || ok && kind.Scope == action.Class && !kind.Heals
}

// keepWhole sees to it that services whose restart policy lets lost tasks go have all of
// them again once the node is back. A student's that can't be noted is left out.
func (a *acts) keepWhole(ctx context.Context, opt action.Options) error {
	whose, of := map[string]string{}, map[string]*observe.Touched{}
	for i := range a.episode.Students {
		if t := &a.episode.Students[i]; t.Gap == nil {
			whose[t.Action.Service], of[t.Action.Service] = t.Student, t
		}
	}
	return a.x.keepOn(ctx, opt, a.episode.Node.NodeID, a.now, whose, func(*evidence.Service) bool { return true },
		func(svc *evidence.Service, s *action.Session, err error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			switch t := of[svc.ID]; {
			case err == nil:
				a.sessions = append(a.sessions, s)
			case t != nil:
				t.Gap = &evidence.Gap{What: "action", Code: gapCode(err), Detail: err.Error()}
			default:
				a.x.notKept(err)
			}
		})
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
