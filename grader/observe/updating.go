package observe

import (
	"context"
	"slices"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/evidence"
)

// updateLimit is what is waited for updates that are in the way of what is about to be
// done: one of three tasks that are watched for the usual 5 s is over by then.
const updateLimit = 60 * time.Second

// Patience waits for updates that are under way before something is done that would harm
// them. Each is waited for once a run. The zero value has waited for none.
type Patience struct{ tried map[string]bool }

// waiting are the updates that are yet to be waited for, by service and the time of its
// last change.
func (p *Patience) waiting(in []*evidence.Service) (keys []string) {
	for _, s := range in {
		if key := s.ID + " " + s.Updated; !p.tried[key] {
			keys = append(keys, key)
		}
	}
	return keys
}

// Quiet looks at the cluster until no update is in the way that it has not waited for,
// or the time for it is over, and gives the last reading. said, if there is anything to
// wait for, is told so once. The error is look's, or the context's.
func (p *Patience) Quiet(ctx context.Context, swarm evidence.Swarm, look func(context.Context) (*evidence.Snapshot, error),
	inTheWay func(*evidence.Snapshot) []*evidence.Service, said func([]*evidence.Service),
) (*evidence.Snapshot, error) {
	speed := swarm.Speed()
	limit := time.NewTimer(max(leastHold, time.Duration(float64(updateLimit)/speed)))
	defer limit.Stop()
	tick := time.NewTicker(paceAt(speed).poll)
	defer tick.Stop()
	told := false
	for {
		snap, err := look(ctx)
		if err != nil {
			return nil, err
		}
		in := inTheWay(snap)
		keys := p.waiting(in)
		if len(keys) == 0 {
			return snap, nil
		}
		if !told {
			said(in)
			told = true
		}
		select {
		case <-tick.C:
		case <-limit.C:
			if p.tried == nil {
				p.tried = map[string]bool{}
			}
			for _, k := range keys {
				p.tried[k] = true
			}
			return snap, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// updating are the services of some IDs whose update is under way, each once.
func updating(snap *evidence.Snapshot, ids []string) (out []*evidence.Service) {
	for i := range snap.Services {
		if s := &snap.Services[i]; s.Updating() && slices.Contains(ids, s.ID) {
			out = append(out, s)
		}
	}
	return out
}

// atRisk are the services that an action on a node would take an update from.
func atRisk(snap *evidence.Snapshot, a evidence.Action) []*evidence.Service {
	if !takesNode(a.Kind) {
		return nil
	}
	return action.AtRisk(snap, a.NodeID)
}

// InTheWay are the services whose updates a fault is to wait for: those of its students,
// and whoever's are at risk on its node.
func (p *Plan) InTheWay(f *Fault, snap *evidence.Snapshot) []*evidence.Service {
	return updating(snap, append(ids(p.watched(f.Students)), ids(atRisk(snap, f.Fault))...))
}

// ids are services' IDs.
func ids(of []*evidence.Service) (out []string) {
	for _, s := range of {
		out = append(out, s.ID)
	}
	return out
}

// Yield leaves out of a fault whoever's update makes tasks by now, since what is seen of
// them would be the update's doing (one that says for hours that it goes on, and does
// nothing, is none); and everybody if the swarm would take an update back there, which harm tells: an update that
// is paused goes on when it is told to, but who was put back to what was before has to
// find that out. It gives those left out; [Plan.Gap] says why.
func (p *Plan) Yield(f *Fault, snap *evidence.Snapshot) (left []string, harm []*evidence.Service) {
	own := action.AtRisk(snap, "")
	if !takesNode(f.Fault.Kind) { // a container of their own, which the update may be about to replace
		own = updating(snap, ids(p.watched(f.Students)))
	}
	for _, s := range atRisk(snap, f.Fault) {
		if s.UpdateState == "updating" && s.Update != nil && s.Update.OnFailure == "rollback" {
			harm = append(harm, s)
		}
	}
	f.Students = slices.DeleteFunc(slices.Clone(f.Students), func(id string) bool {
		s := p.student(id)
		if s == nil {
			return true
		}
		gap := &evidence.Gap{What: "window", Code: "node-updating", Detail: f.Fault.Hostname}
		switch {
		case slices.ContainsFunc(own, func(x *evidence.Service) bool { return x.ID == s.Watch.Service.ID }):
			gap.Code, gap.Detail = "updating", ""
		case len(harm) == 0:
			return false
		}
		s.Watch.Gap = gap
		left = append(left, id)
		return true
	})
	return left, harm
}

// Gap is why a student is left out of the window, nil if they are not.
func (p *Plan) Gap(student string) *evidence.Gap {
	if s := p.student(student); s != nil && s.Watch != nil {
		return s.Watch.Gap
	}
	return nil
}

// InTheWay are the services whose updates an action is to wait for: those that it is done
// to, and whoever's are at risk on its node.
func (e *Episode) InTheWay(snap *evidence.Snapshot) []*evidence.Service {
	var ids []string
	for _, t := range e.Students {
		if t.Gap == nil {
			ids = append(ids, t.Action.Service)
		}
	}
	if e.Node != nil {
		for _, s := range atRisk(snap, *e.Node) {
			ids = append(ids, s.ID)
		}
	}
	return updating(snap, ids)
}
