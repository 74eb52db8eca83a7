package swarm

import (
	"context"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"swarmgrade/grader/evidence"
)

const (
	// pollTimeout bounds one engine's part of a poll; then the next is asked.
	pollTimeout = 4 * time.Second
	// lockLabel says of a config that it is the grader's own.
	lockLabel = "swarmgrade"
)

// Poll reads nodes and tasks from one manager, in the order that snapshots have
// them and within the same bounds. It costs two requests and is meant to be repeated; at gives the
// milliseconds since the run began and is asked for nothing but for symmetry
// with Snapshot.
//
// The error is an *[Error]; its Code "no-leader" says that the managers are
// choosing one.
func (c *Cluster) Poll(ctx context.Context, _ func() int64) ([]evidence.Node, []evidence.Task, error) {
	var nodes []swarm.Node
	var tasks []swarm.Task
	err := c.ask(ctx, pollTimeout, func(parent context.Context, api *client.Client) error {
		var n []swarm.Node
		var t []swarm.Task
		flood := false
		group, ctx := errgroup.WithContext(parent)
		group.Go(func() (err error) { n, err = api.NodeList(ctx, swarm.NodeListOptions{}); return })
		group.Go(func() (err error) { t, flood, err = allTasks(ctx, c, api); return })
		err := group.Wait()
		var s []swarm.Service
		if err == nil && flood {
			s, err = api.ServiceList(parent, swarm.ServiceListOptions{})
		}
		if err == nil {
			t, _, err = c.sift(parent, api, t, flood, n, s)
		}
		if err != nil {
			return err
		}
		nodes, tasks = n, t
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	known := make([]listing, len(c.endpoints))
	for i, e := range c.endpoints {
		known[i].facts = e.knownFacts()
	}
	s := evidence.Snapshot{Nodes: c.toNodes(nodes, known), Tasks: each(tasks, toTask)}
	sortSnapshot(&s)
	return s.Nodes, s.Tasks, nil
}

// Avoid keeps the endpoint on a node from being asked for the swarm as long as
// there is another; "" ends it.
func (c *Cluster) Avoid(nodeID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.avoid = nodeID
}

// Containers are those of a node's engine, asked anew; seen is false if none of
// the class's endpoints is on that node.
func (c *Cluster) Containers(ctx context.Context, nodeID string) (list []evidence.Container, seen bool, err error) {
	e, err := c.on(ctx, nodeID)
	if e == nil || err != nil {
		return nil, false, err
	}
	l := e.containers(ctx)
	if l.err != nil {
		return nil, true, l.err
	}
	return toContainers(e.at.text, l), true, nil
}

// on finds the endpoint on a node; nil if there is none. Endpoints that were
// never reached are tried first, since one of them may be the node's.
func (c *Cluster) on(ctx context.Context, nodeID string) (*endpoint, error) {
	errs := make([]error, len(c.endpoints))
	var wg sync.WaitGroup
	for i, e := range c.endpoints {
		wg.Go(func() { _, errs[i] = e.facts(ctx) })
	}
	wg.Wait()
	for i, e := range c.endpoints {
		if f := e.knownFacts(); f != nil && f.nodeID == nodeID {
			return e, nil
		} else if f == nil && ctx.Err() != nil {
			return nil, errs[i]
		}
	}
	return nil, nil
}

// StartContainer starts a container of a node; one that runs is no error.
func (c *Cluster) StartContainer(ctx context.Context, nodeID, id string) error {
	return c.atNode(ctx, nodeID, func(ctx context.Context, api *client.Client) error {
		return api.ContainerStart(ctx, id, container.StartOptions{})
	})
}

// KillContainer ends a container of a node with SIGKILL.
func (c *Cluster) KillContainer(ctx context.Context, nodeID, id string) error {
	return c.atNode(ctx, nodeID, func(ctx context.Context, api *client.Client) error {
		return api.ContainerKill(ctx, id, "SIGKILL")
	})
}

func (c *Cluster) atNode(ctx context.Context, nodeID string, f func(ctx context.Context, api *client.Client) error) error {
	e, err := c.on(ctx, nodeID)
	if err != nil {
		return err
	}
	if e == nil {
		return fail("", "config", "no_node_endpoint", nil, "node", nodeID)
	}
	return e.call(ctx, func(ctx context.Context) error { return f(ctx, e.api) })
}

// SetAvailability makes a node active, pause or drain. Nothing else of it
// changes; a node that is so already is left alone.
func (c *Cluster) SetAvailability(ctx context.Context, nodeID, availability string) error {
	return c.onManager(ctx, func(ctx context.Context, api *client.Client) error {
		// Another's change in between makes the version stale: look again.
		for try := 0; ; try++ {
			n, _, err := api.NodeInspectWithRaw(ctx, nodeID)
			if err != nil {
				return err
			}
			want := swarm.NodeAvailability(availability)
			if n.Spec.Availability == want {
				return nil
			}
			n.Spec.Availability = want
			err = api.NodeUpdate(ctx, n.ID, n.Version, n.Spec)
			if err == nil || try == 2 || ctx.Err() != nil {
				return err
			}
		}
	})
}

// CreateLock makes a swarm config of that name, which the managers let exist
// once; created is false if it does already.
func (c *Cluster) CreateLock(ctx context.Context, name string, data []byte) (created bool, err error) {
	err = c.onManager(ctx, func(ctx context.Context, api *client.Client) error {
		_, err := api.ConfigCreate(ctx, swarm.ConfigSpec{
			Annotations: swarm.Annotations{Name: name, Labels: map[string]string{lockLabel: "lock"}},
			Data:        data,
		})
		created = err == nil
		if errdefs.IsConflict(err) || errdefs.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
	return created, err
}

// ReadLock gives the content of the config of that name, up to 64 KiB.
func (c *Cluster) ReadLock(ctx context.Context, name string) (data []byte, found bool, err error) {
	err = c.onManager(ctx, func(ctx context.Context, api *client.Client) error {
		conf, _, err := api.ConfigInspectWithRaw(ctx, name)
		data, found = nil, err == nil
		if errdefs.IsNotFound(err) {
			return nil
		}
		data = conf.Spec.Data[:min(len(conf.Spec.Data), maxConfig)]
		return err
	})
	return data, found, err
}

// RemoveLock removes the config of that name; none is no error.
func (c *Cluster) RemoveLock(ctx context.Context, name string) error {
	return c.onManager(ctx, func(ctx context.Context, api *client.Client) error {
		err := api.ConfigRemove(ctx, name)
		if errdefs.IsNotFound(err) {
			return nil
		}
		return err
	})
}
