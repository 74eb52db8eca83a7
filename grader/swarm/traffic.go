package swarm

import (
	"context"
	"encoding/json"
	"io"

	"github.com/docker/docker/api/types/container"

	"swarmgrade/grader/evidence"
)

// maxStats bounds the engine's figures of one container.
const maxStats = 1 << 20

// Received is how many packets each of the containers has received so far, in
// all its networks, as its engine counts them: nothing that a program prints
// changes it. Containers whose engine can't be asked, or doesn't count, are
// left out.
func (c *Cluster) Received(ctx context.Context, containers []evidence.Container) map[string]int64 {
	out := make(map[string]int64, len(containers))
	for _, ctr := range containers {
		e := c.endpoint(ctr.Endpoint)
		if e == nil {
			continue
		}
		if _, err := e.facts(ctx); err != nil {
			continue
		}
		err := e.call(ctx, func(ctx context.Context) error {
			n, known, err := e.received(ctx, ctr.ID)
			if known {
				out[ctr.ID] = n
			}
			return err
		})
		if err != nil && ctx.Err() != nil {
			break
		}
	}
	return out
}

func (e *endpoint) received(ctx context.Context, id string) (packets int64, known bool, err error) {
	got, err := e.api.ContainerStatsOneShot(ctx, id)
	if err != nil {
		return 0, false, err
	}
	defer got.Body.Close()
	var stats container.StatsResponse
	if err := json.NewDecoder(io.LimitReader(got.Body, maxStats)).Decode(&stats); err != nil {
		return 0, false, err
	}
	for _, n := range stats.Networks {
		packets += int64(min(n.RxPackets, 1<<62))
	}
	return packets, len(stats.Networks) > 0, nil
}
