package swarm

import (
	"context"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"

	"swarmgrade/grader/evidence"
)

// lastFailed is the container of a service's task that failed last, by what the
// managers say now, with the endpoint of its node; nil if none can be asked. A
// service whose process ends at once has a new task every few seconds, and of the
// old ones swarm keeps five: the container that the snapshot names may be gone by
// the time it is asked, and with it what HAProxy said. One that failed before the
// service was updated was of another service.
func (c *Cluster) lastFailed(ctx context.Context, svc *evidence.Service, snap *evidence.Snapshot) (*inspection, *endpoint) {
	var tasks []evidence.Task
	err := c.ask(ctx, pollTimeout, func(ctx context.Context, api *client.Client) error {
		list, err := api.TaskList(ctx, swarm.TaskListOptions{Filters: filters.NewArgs(filters.Arg("service", svc.ID))})
		tasks = each(list[:min(len(list), maxOfService)], toTask)
		return err
	})
	if err != nil {
		return nil, nil
	}
	newest(tasks)
	for i := range tasks {
		t := &tasks[i]
		if !failed(t) || t.ContainerID == "" || t.Created < svc.Updated {
			continue
		}
		e := c.onNode(t.NodeID, snap)
		if e == nil {
			continue
		}
		if in, err := e.inspect(ctx, t.ContainerID); err == nil {
			return &in, e
		}
	}
	return nil, nil
}
