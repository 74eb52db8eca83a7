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
	return c.setNumber(ctx, serviceID, from, to, func(spec *swarm.ServiceSpec) (uint64, bool) {
		if r := spec.Mode.Replicated; r != nil {
			return replicasOf(r), true
		}
		return 0, false
	}, "Mode", "Replicated", "Replicas")
}

// Forced is how often an update of a service was asked for with nothing changed, and
// the engine's word for the state of its last update, "" where there was none; found
// is false if there is no such service.
func (c *Cluster) Forced(ctx context.Context, serviceID string) (n uint64, state string, found bool, err error) {
	err = c.onManager(ctx, func(ctx context.Context, api *client.Client) error {
		s, _, err := api.ServiceInspectWithRaw(ctx, serviceID, swarm.ServiceInspectOptions{})
		n, state, found = 0, "", false
		switch {
		case errdefs.IsNotFound(err):
			return nil
		case err != nil:
			return err
		}
		n, found = s.Spec.TaskTemplate.ForceUpdate, true
		if s.UpdateStatus != nil {
			state = string(s.UpdateStatus.State)
		}
		return nil
	})
	return n, state, found, err
}

// Force changes the number that [Cluster.Forced] gives from one to another, and nothing
// else of the service: all of its tasks are replaced, as its update policy says. Changed
// is false, and nothing done, if there is no such service or another number stands there.
func (c *Cluster) Force(ctx context.Context, serviceID string, from, to uint64) (changed bool, err error) {
	return c.setNumber(ctx, serviceID, from, to, func(spec *swarm.ServiceSpec) (uint64, bool) {
		return spec.TaskTemplate.ForceUpdate, true
	}, "TaskTemplate", "ForceUpdate")
}

// setNumber changes one number of a service's specification, at a path of keys, from
// one to another. Done is false, and nothing done, if read does not find the first
// there. All else stands as the engine wrote it, also what this program's version of
// the API does not know: an update replaces the whole.
func (c *Cluster) setNumber(ctx context.Context, serviceID string, from, to uint64,
	read func(spec *swarm.ServiceSpec) (n uint64, found bool), path ...string,
) (done bool, err error) {
	asked := false // by an earlier try, whose answer may have been lost
	err = c.onManager(ctx, func(ctx context.Context, api *client.Client) error {
		for try := 1; ; try++ {
			s, raw, err := api.ServiceInspectWithRaw(ctx, serviceID, swarm.ServiceInspectOptions{})
			done = false
			if errdefs.IsNotFound(err) {
				return nil
			}
			if err != nil {
				return err
			}
			n, found := read(&s.Spec)
			if !found || n != from {
				done = found && asked && n == to
				return nil
			}
			if done = true; from == to {
				return nil
			}
			var whole struct{ Spec json.RawMessage }
			if err := json.Unmarshal(raw, &whole); err != nil {
				return fmt.Errorf("read a service: %w", err)
			}
			spec, err := set(whole.Spec, to, path...)
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
	return done && err == nil, err
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
