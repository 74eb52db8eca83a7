package action

import (
	"context"
	"slices"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

const (
	active = "active"
	drain  = "drain"
)

// The roles of nodes, in the swarm's own words.
const (
	manager = "manager"
	worker  = "worker"
)

// drainParams say which node is drained.
type drainParams struct {
	// Role is the node's: manager or worker.
	Role string `yaml:"role"`
}

func (p *drainParams) Validate([]string) []rubric.ParamError {
	if p.Role != manager && p.Role != worker {
		return []rubric.ParamError{{Param: "role", Msg: i18n.M("check.param_role", "role", p.Role)}}
	}
	return nil
}

// drainNode sets a node's availability to drain. As a class's fault it may be any
// node, as a rubric's action it is what [drainRole] says.
func drainNode() Kind {
	return Kind{
		Name: NodeDrain, Says: "fault.note_draining",
		New:       func(_ roster.Fault, c Cluster) (Injector, error) { return nodeDrain{c}, nil },
		Was:       func(n evidence.Node) string { return n.Availability },
		NewParams: func() any { return &drainParams{Role: manager} },
		Role:      drainRole,
		Holds: func(ctx context.Context, c Cluster, a evidence.Action) (bool, error) {
			nodes, _, err := c.Poll(ctx, noClock)
			i := slices.IndexFunc(nodes, func(n evidence.Node) bool { return n.ID == a.NodeID })
			return i >= 0 && nodes[i].Availability == drain, err
		},
	}
}

// drainRole drains one node of the swarm, once for all students: of the role, the one
// that runs tasks of most of them, and never the last manager that takes tasks. The
// class file must allow it, with a fault of its own that hits a node, such as fault:
// {kind: node-drain}; without that, checks after it stay ungraded. The node is made
// what it was afterwards. Nothing moves back to it by itself, and nothing of that
// counts. A self-check does not do it.
func drainRole(params any) string { return params.(*drainParams).Role }

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
