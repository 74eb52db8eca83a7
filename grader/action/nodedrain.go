package action

import (
	"context"
	"slices"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

const (
	active = "active"
	drain  = "drain"
)

// drainNode sets a node's availability to drain.
func drainNode() Kind {
	return Kind{
		Name: NodeDrain, Says: "fault.note_draining",
		New: func(_ roster.Fault, c Cluster) (Injector, error) { return nodeDrain{c}, nil },
		Was: func(n evidence.Node) string { return n.Availability },
	}
}

// nodeDrain sets the availability of a node to drain, and gives back what it
// was.
type nodeDrain struct{ cluster Cluster }

// Inject drains the node, if its availability still is what it was when the
// node was chosen.
func (d nodeDrain) Inject(ctx context.Context, f evidence.Action) error {
	nodes, _, err := d.cluster.Poll(ctx, noClock)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(nodes, func(n evidence.Node) bool { return n.ID == f.NodeID })
	if i < 0 || nodes[i].Availability != f.Was || f.Was == drain {
		return &diag.Failure{Code: "changed", Msg: i18n.M("fault.changed", "node", f.Hostname), Hint: i18n.M("fault.changed_hint")}
	}
	return d.cluster.SetAvailability(ctx, f.NodeID, drain)
}

// Restore gives the node back the availability that it had.
func (d nodeDrain) Restore(ctx context.Context, f evidence.Action) error {
	return d.cluster.SetAvailability(ctx, f.NodeID, was(f))
}

func (nodeDrain) Commands(f evidence.Action) []string {
	return []string{"docker node update --availability " + was(f) + " " + quote(f.NodeID)}
}

func was(f evidence.Action) string {
	if f.Was == "" {
		return active
	}
	return f.Was
}

// noClock is for readings whose time nobody keeps.
func noClock() int64 { return 0 }
