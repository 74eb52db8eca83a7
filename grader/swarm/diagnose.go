package swarm

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// maxSkew is how far an engine's clock may be off before it is worth a word.
// Times of engines are compared only with others of the same engine.
const maxSkew = 2 * time.Second

// Diagnosis is what the doctor sees of a cluster.
type Diagnosis struct {
	Endpoints []EndpointState
	// Swarm is the swarm's ID; "" if no manager answered.
	Swarm string
	// Managers are all, Reachable those that the leader sees, Quorum how many
	// it takes.
	Managers, Reachable, Quorum int
	// Spare is how many more managers may be lost: below 1, no fault may touch
	// a manager.
	Spare  int
	Leader string // host name
	// Down are the host names of nodes that are not ready; Unseen those of
	// nodes without an endpoint, whose stand-alone containers can't be seen.
	Down, Unseen []string
	// Notices say it all in words, in the order above.
	Notices []diag.Notice
}

// EndpointState is one endpoint as it answered.
type EndpointState struct {
	Address            string
	Reached            bool
	NodeID, Hostname   string
	Manager            bool
	APIVersion, Engine string
	Skew               time.Duration // its clock minus ours
	SkewKnown          bool
	Uncertainty        time.Duration // of Skew
	Err                *Error        // nil if Reached
}

// OK reports whether nothing is in the way of grading.
func (d *Diagnosis) OK() bool {
	return !slices.ContainsFunc(d.Notices, func(n diag.Notice) bool { return n.Level == diag.Bad })
}

func (d *Diagnosis) say(level diag.Level, name string, pairs ...any) {
	f := diag.Notice{Level: level, Msg: i18n.M("swarm.doctor_"+name, pairs...)}
	if level != diag.Good {
		f.Hint = i18n.M("swarm.doctor_"+name+"_hint", pairs...)
	}
	d.Notices = append(d.Notices, f)
}

// Diagnose looks at a class's cluster, also at one that [Dial] would refuse.
func Diagnose(ctx context.Context, conf roster.Cluster) Diagnosis {
	c, err := open(conf)
	if err != nil {
		e := explain(ctx, "", err)
		return Diagnosis{Notices: []diag.Notice{{Level: diag.Bad, Msg: e.Msg, Hint: e.Hint}}}
	}
	defer c.Close()
	return c.Diagnose(ctx)
}

// Diagnose asks every endpoint anew and looks at the swarm's managers.
func (c *Cluster) Diagnose(ctx context.Context) Diagnosis {
	d := Diagnosis{Endpoints: make([]EndpointState, len(c.endpoints))}
	var wg sync.WaitGroup
	for i, e := range c.endpoints {
		wg.Go(func() { d.Endpoints[i] = e.state(ctx) })
	}
	wg.Wait()
	for _, s := range d.Endpoints {
		d.endpoint(s)
	}
	var nodes []swarm.Node
	var whole swarm.Swarm
	err := c.onManager(ctx, func(ctx context.Context, api *client.Client) (err error) {
		if whole, err = api.SwarmInspect(ctx); err == nil {
			nodes, err = api.NodeList(ctx, swarm.NodeListOptions{})
		}
		return err
	})
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			d.Notices = append(d.Notices, diag.Notice{Level: diag.Bad, Msg: e.Msg, Hint: e.Hint})
		}
		return d
	}
	d.Swarm = word(whole.ID)
	list := c.toNodes(nodes, nil)
	slices.SortFunc(list, func(a, b evidence.Node) int { return cmp.Compare(a.Hostname, b.Hostname) })
	d.quorum(list)
	d.members(list)
	return d
}

// state asks an endpoint for its state, also if it was reached before.
func (e *endpoint) state(ctx context.Context) EndpointState {
	s := EndpointState{Address: e.at.text}
	known, err := e.facts(ctx)
	if err == nil {
		err = e.call(ctx, func(ctx context.Context) error {
			_, now, err := e.info(ctx)
			if err == nil {
				s.Skew, s.SkewKnown, s.Uncertainty = now.skew, now.clock, now.half
				s.Manager = now.manager
			}
			return err
		})
	}
	if err != nil {
		s.Err = explain(ctx, e.at.text, err)
		return s
	}
	s.Reached = true
	s.NodeID, s.Hostname = known.nodeID, known.hostname
	s.APIVersion, s.Engine = known.apiVersion, known.engineVersion
	return s
}

func (d *Diagnosis) endpoint(s EndpointState) {
	if s.Err != nil {
		d.Notices = append(d.Notices, diag.Notice{Level: diag.Warn, Msg: s.Err.Msg, Hint: s.Err.Hint})
		return
	}
	name := "endpoint_worker"
	if s.Manager {
		name = "endpoint_manager"
	}
	d.say(diag.Good, name, "endpoint", s.Address, "node", s.Hostname, "engine", s.Engine, "api", s.APIVersion)
	if s.SkewKnown && s.Skew.Abs() > maxSkew+s.Uncertainty {
		d.say(diag.Warn, "skew", "node", s.Hostname, "ms", s.Skew.Milliseconds())
	}
}

func (d *Diagnosis) quorum(nodes []evidence.Node) {
	for _, n := range nodes {
		if n.Reachability == "" {
			continue
		}
		d.Managers++
		if n.Reachability == "reachable" {
			d.Reachable++
		}
		if n.Leader {
			d.Leader = n.Hostname
		}
	}
	d.Quorum = d.Managers/2 + 1
	d.Spare = d.Reachable - d.Quorum
	pairs := []any{"managers", d.Managers, "reachable", d.Reachable, "quorum", d.Quorum, "spare", d.Spare, "leader", d.Leader}
	switch {
	case d.Spare >= 1:
		d.say(diag.Good, "quorum", pairs...)
	case d.Managers <= 2:
		d.say(diag.Warn, "quorum_few", pairs...)
	default:
		d.say(diag.Warn, "quorum_thin", pairs...)
	}
}

func (d *Diagnosis) members(nodes []evidence.Node) {
	seen := make(map[string]bool)
	for _, s := range d.Endpoints {
		seen[s.NodeID] = s.Reached
	}
	for _, n := range nodes {
		if n.State != "ready" {
			d.Down = append(d.Down, n.Hostname)
		}
		if !seen[n.ID] {
			d.Unseen = append(d.Unseen, n.Hostname)
		}
	}
	if len(d.Down) > 0 {
		d.say(diag.Warn, "down", "nodes", d.Down)
	}
	if len(d.Unseen) > 0 {
		d.say(diag.Warn, "unseen", "nodes", d.Unseen)
	}
	for _, s := range d.Endpoints {
		if s.Reached && !slices.ContainsFunc(nodes, func(n evidence.Node) bool { return n.ID == s.NodeID }) {
			d.say(diag.Bad, "stranger", "endpoint", s.Address)
		}
	}
}
