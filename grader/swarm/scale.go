package swarm

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
)

// scaleTries is how often a change is tried that another's comes in between of.
const scaleTries = 5

// Replicas is the number of replicas that a service is to have; found is false if
// there is no such service or it is no replicated one.
func (c *Cluster) Replicas(ctx context.Context, serviceID string) (n uint64, found bool, err error) {
	err = c.onManager(ctx, func(ctx context.Context, api *client.Client) error {
		s, _, err := api.ServiceInspectWithRaw(ctx, serviceID, swarm.ServiceInspectOptions{})
		n, found = 0, false
		switch {
		case errdefs.IsNotFound(err):
			return nil
		case err != nil:
			return err
		}
		if r := s.Spec.Mode.Replicated; r != nil {
			n, found = replicasOf(r), true
		}
		return nil
	})
	return n, found, err
}

// replicasOf is 1 where nobody has said a number, as the managers have it.
func replicasOf(r *swarm.ReplicatedService) uint64 {
	if r.Replicas == nil {
		return 1
	}
	return *r.Replicas
}

// Scale changes a service's number of replicas from one to another, and nothing else
// of it. Scaled is false, and nothing done, if there is no such service or it has
// another number by now.
func (c *Cluster) Scale(ctx context.Context, serviceID string, from, to uint64) (scaled bool, err error) {
	asked := false // by an earlier try, whose answer may have been lost
	err = c.onManager(ctx, func(ctx context.Context, api *client.Client) error {
		for try := 1; ; try++ {
			s, raw, err := api.ServiceInspectWithRaw(ctx, serviceID, swarm.ServiceInspectOptions{})
			scaled = false
			if errdefs.IsNotFound(err) {
				return nil
			}
			if err != nil {
				return err
			}
			r := s.Spec.Mode.Replicated
			if r == nil || replicasOf(r) != from {
				scaled = r != nil && asked && replicasOf(r) == to
				return nil
			}
			if scaled = true; from == to {
				return nil
			}
			spec, err := withReplicas(raw, to)
			if err != nil {
				return err
			}
			asked = true
			// The version that was read goes along: another's change in between makes
			// it stale, and what they wrote is looked at anew.
			_, err = api.ServiceUpdate(verbatim(ctx, spec), s.ID, s.Version, s.Spec, swarm.ServiceUpdateOptions{})
			if err == nil || try == scaleTries || ctx.Err() != nil {
				return err
			}
		}
	})
	return scaled && err == nil, err
}

// withReplicas is the specification in an engine's answer with another number of
// replicas. All else stands as the engine wrote it, also what this program's version
// of the API does not know: an update replaces the whole.
func withReplicas(answer []byte, n uint64) ([]byte, error) {
	var whole struct{ Spec json.RawMessage }
	if err := json.Unmarshal(answer, &whole); err != nil {
		return nil, fmt.Errorf("read a service: %w", err)
	}
	return set(whole.Spec, n, "Mode", "Replicated", "Replicas")
}

// set gives an object with a number at a path of keys.
func set(object json.RawMessage, n uint64, path ...string) (json.RawMessage, error) {
	if len(path) == 0 {
		return json.Marshal(n)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, fmt.Errorf("read a service: %w", err)
	}
	if fields == nil {
		fields = map[string]json.RawMessage{}
	}
	inner, ok := fields[path[0]]
	if !ok {
		inner = json.RawMessage("null")
	}
	inner, err := set(inner, n, path[1:]...)
	if err != nil {
		return nil, err
	}
	fields[path[0]] = inner
	return json.Marshal(fields)
}
