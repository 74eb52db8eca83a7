package swarm

import (
	"context"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"swarmgrade/grader/evidence"
)

// reading is what one manager said, in the engine's types.
type reading struct {
	swarm    swarm.Swarm
	nodes    []swarm.Node
	services []swarm.Service
	tasks    []swarm.Task
	taskGaps []evidence.Gap
	networks []network.Summary
	configs  []swarm.Config
	// configsErr is kept apart: students can fill the swarm with configs until
	// the list is too large, and the rest of the class must not suffer.
	configsErr error
}

// Snapshot reads the whole swarm once: six lists from one manager and the
// containers of every endpoint, whatever the number of students. at gives the
// milliseconds since the run began.
//
// What can't be read of single endpoints is listed in Gaps ("containers/" and
// the address; "configs" for the swarm configs), and so is what was cut:
// "tasks/" and the ID of a service that has too many of them, "services" and so
// on for a whole list. An *[Error] means that no manager answered.
func (c *Cluster) Snapshot(ctx context.Context, at func() int64) (*evidence.Snapshot, error) {
	began := at()
	lists := make([]listing, len(c.endpoints))
	var (
		read  reading
		group errgroup.Group
	)
	group.Go(func() error {
		return c.onManager(ctx, func(ctx context.Context, api *client.Client) error {
			r, err := c.readManager(ctx, api)
			if err == nil {
				read = r
			}
			return err
		})
	})
	for i, e := range c.endpoints {
		group.Go(func() error {
			lists[i] = e.containers(ctx)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	snap := c.convert(read, lists)
	snap.Taken, snap.Took = began, at()-began
	return snap, nil
}

// readManager makes the six calls side by side.
func (c *Cluster) readManager(parent context.Context, api *client.Client) (reading, error) {
	var r reading
	flood := false
	group, ctx := errgroup.WithContext(parent)
	group.Go(func() (err error) { r.swarm, err = api.SwarmInspect(ctx); return })
	group.Go(func() (err error) { r.nodes, err = api.NodeList(ctx, swarm.NodeListOptions{}); return })
	group.Go(func() (err error) { r.services, err = api.ServiceList(ctx, swarm.ServiceListOptions{}); return })
	group.Go(func() (err error) { r.tasks, flood, err = allTasks(ctx, c, api); return })
	group.Go(func() (err error) { r.networks, err = api.NetworkList(ctx, network.ListOptions{}); return })
	group.Go(func() error {
		configs, err := api.ConfigList(ctx, swarm.ConfigListOptions{})
		if err == nil {
			r.configs = configs
		}
		if tooLarge(err) {
			r.configsErr, err = err, nil
		}
		return err
	})
	err := group.Wait()
	if err == nil {
		r.tasks, r.taskGaps, err = c.sift(parent, api, r.tasks, flood, r.nodes, r.services)
	}
	return r, err
}

// listing is what one endpoint runs.
type listing struct {
	facts      *facts
	containers []container.Summary
	err        error
}

func (e *endpoint) containers(ctx context.Context) listing {
	f, err := e.facts(ctx)
	if err != nil {
		return listing{err: err}
	}
	l := listing{facts: f}
	l.err = e.call(ctx, func(ctx context.Context) (err error) {
		l.containers, err = e.api.ContainerList(ctx, container.ListOptions{All: true})
		return err
	})
	return l
}

// convert makes evidence of what was read.
func (c *Cluster) convert(r reading, lists []listing) *evidence.Snapshot {
	snap := &evidence.Snapshot{
		Schema: evidence.SnapshotSchema,
		Swarm:  toSwarm(r.swarm, r.nodes),
		Nodes:  c.toNodes(r.nodes, lists),
	}
	snap.Networks = toNetworks(r.networks)
	snap.Services = toServices(r.services, snap.Networks)
	snap.Tasks = each(r.tasks, toTask)
	snap.Configs = toConfigs(r.configs, snap.Services)
	if r.configsErr != nil {
		snap.Gaps = append(snap.Gaps, evidence.Gap{What: "configs", Code: "too-large"})
	}
	snap.Gaps = append(snap.Gaps, r.taskGaps...)
	for what, n := range map[string]int{
		"nodes": len(r.nodes), "services": len(r.services), "networks": len(r.networks), "configs": len(r.configs),
	} {
		if n > maxObjects {
			snap.Gaps = append(snap.Gaps, evidence.Gap{What: what, Code: "too-large", Detail: strconv.Itoa(n)})
		}
	}
	members := make(map[string]bool, len(snap.Nodes))
	for _, n := range snap.Nodes {
		members[n.ID] = true
	}
	for i, l := range lists {
		address := c.endpoints[i].at.text
		if l.err == nil && !members[l.facts.nodeID] {
			l.err = fail(address, "internal", "not_member", nil)
		}
		if l.err == nil && len(l.containers) > maxObjects {
			l.err = fail(address, "too-large", "too_large", nil, "mib", maxResponse>>20)
		}
		snap.Endpoints = append(snap.Endpoints, toEndpoint(address, l))
		if l.err != nil {
			e := explain(context.Background(), address, l.err)
			snap.Gaps = append(snap.Gaps, evidence.Gap{
				What: "containers/" + address, Code: e.GapCode(), Detail: text(e.Error()),
			})
			continue
		}
		snap.Containers = append(snap.Containers, toContainers(address, l)...)
	}
	sortSnapshot(snap)
	return snap
}

func toEndpoint(address string, l listing) evidence.Endpoint {
	out := evidence.Endpoint{Address: address, Reached: l.err == nil}
	if f := l.facts; f != nil {
		out.NodeID, out.Hostname, out.Manager = f.nodeID, f.hostname, f.manager
		out.APIVersion, out.EngineVersion = f.apiVersion, f.engineVersion
	}
	if l.err != nil {
		out.Error = text(l.err.Error())
	}
	return out
}
