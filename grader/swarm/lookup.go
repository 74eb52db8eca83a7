package swarm

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/lookup"
)

const (
	// loadTimeout bounds how long an engine may take over an image: it is some tens of MB.
	loadTimeout = 3 * time.Minute
	// helperMemory and helperTasks bound what a helper may use of a node.
	helperMemory = 128 << 20
	helperTasks  = 64
	// workerMemory and workerTasks bound a worker, which has connections by the thousand.
	workerMemory = 768 << 20
	workerTasks  = 512
	// maxLoadAnswer bounds what an engine may say of an image that it takes in.
	maxLoadAnswer = 64 << 10
)

var (
	errOtherArch = errors.New("the node's processor is another than the grader's")
	errUnseen    = errors.New("no endpoint of the class is on this node")
)

// LoadImage has a node's engine take in an image for a processor, which write writes as
// docker save does, and gives its ID there.
func (c *Cluster) LoadImage(ctx context.Context, nodeID, name, arch string, write func(io.Writer) error) (id string, err error) {
	e, err := c.on(ctx, nodeID)
	switch {
	case err != nil:
		return "", err
	case e == nil:
		return "", errUnseen
	}
	err = e.call(ctx, func(ctx context.Context) error {
		v, err := e.api.ServerVersion(ctx)
		if err == nil && (v.Os != "linux" || v.Arch != arch) {
			err = errOtherArch
		}
		return err
	})
	if err != nil {
		return "", err
	}
	limited, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	r, w := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		_ = w.CloseWithError(write(w))
	}()
	err = load(limited, e.api, r)
	_ = r.CloseWithError(errors.New("the engine took no more"))
	<-written
	if err != nil {
		return "", e.failed(ctx, err)
	}
	err = e.call(ctx, func(ctx context.Context) error {
		got, err := e.api.ImageInspect(ctx, name)
		id = got.ID
		return err
	})
	return id, err
}

func load(ctx context.Context, api *client.Client, archive io.Reader) error {
	got, err := api.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err != nil {
		return err
	}
	defer got.Body.Close()
	// What goes wrong while it is read comes with status 200.
	for dec := json.NewDecoder(io.LimitReader(got.Body, maxLoadAnswer)); ; {
		var line struct{ Error string }
		if err := dec.Decode(&line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if line.Error != "" {
			return errors.New(text(line.Error))
		}
	}
}

// RemoveImage takes an image's name away from a node, and the image if it has no other;
// none is no error.
func (c *Cluster) RemoveImage(ctx context.Context, nodeID, name string) error {
	return c.atNode(ctx, nodeID, func(ctx context.Context, api *client.Client) error {
		// Whoever may not remove images is not asked to where there is none.
		_, err := api.ImageInspect(ctx, name)
		if err == nil {
			_, err = api.ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true})
		}
		if errdefs.IsNotFound(err) {
			return nil
		}
		return err
	})
}

// StartHelper makes a service of the helper.
func (c *Cluster) StartHelper(ctx context.Context, of helper.Service) (serviceID string, err error) {
	spec := helperSpec(of)
	err = c.onManager(ctx, func(ctx context.Context, api *client.Client) error {
		made, err := api.ServiceCreate(ctx, spec, swarm.ServiceCreateOptions{})
		serviceID = made.ID
		if err == nil || !errdefs.IsConflict(err) && !errdefs.IsAlreadyExists(err) {
			return err
		}
		// Made by a request of ours whose answer was lost.
		s, _, ierr := api.ServiceInspectWithRaw(ctx, spec.Name, swarm.ServiceInspectOptions{})
		if ierr == nil && s.Spec.Labels[helper.LabelToken] == of.Token {
			serviceID, err = s.ID, nil
		}
		return err
	})
	return serviceID, err
}

func helperSpec(of helper.Service) swarm.ServiceSpec {
	grace := time.Second
	var on *swarm.Placement
	for _, id := range of.Without {
		if on == nil {
			on = &swarm.Placement{}
		}
		on.Constraints = append(on.Constraints, "node.id!="+id)
	}
	spec := swarm.ServiceSpec{
		Annotations: swarm.Annotations{Name: of.Name(), Labels: of.Labels()},
		Mode:        swarm.ServiceMode{Global: &swarm.GlobalService{}},
		TaskTemplate: swarm.TaskSpec{
			ContainerSpec: &swarm.ContainerSpec{
				Image: of.Image, Args: of.Args, Env: of.Env, Labels: of.Labels(), OpenStdin: of.Talks,
				User: "65534:65534", ReadOnly: true, CapabilityDrop: []string{"ALL"}, StopGracePeriod: &grace,
				// What Docker's DNS server does not know it asks of another: here of nobody,
				// so that no name leads out of the network.
				DNSConfig: &swarm.DNSConfig{Nameservers: []string{"127.0.0.1"}},
			},
			Resources:     &swarm.ResourceRequirements{Limits: &swarm.Limit{MemoryBytes: helperMemory, Pids: helperTasks}},
			RestartPolicy: &swarm.RestartPolicy{Condition: swarm.RestartPolicyConditionNone},
			Placement:     on,
			Networks:      []swarm.NetworkAttachmentConfig{{Target: of.NetworkID}},
			// The engine's own driver may keep nothing that can be read.
			LogDriver: &swarm.Driver{Name: "json-file", Options: map[string]string{"max-size": "256k", "max-file": "1"}},
		},
		// It needs no virtual address of the student's network.
		EndpointSpec: &swarm.EndpointSpec{Mode: swarm.ResolutionModeDNSRR},
	}
	if times := uint64(of.Times); times > 0 {
		spec.Mode = swarm.ServiceMode{ReplicatedJob: &swarm.ReplicatedJob{MaxConcurrent: &times, TotalCompletions: &times}}
		spec.EndpointSpec = nil
		spec.TaskTemplate.Resources.Limits = &swarm.Limit{MemoryBytes: workerMemory, Pids: workerTasks}
	}
	if of.Talks {
		spec.TaskTemplate.ContainerSpec.DNSConfig = nil
		spec.TaskTemplate.LogDriver = &swarm.Driver{Name: "none"}
	}
	return spec
}

// HelperTasks are a service's tasks so far.
func (c *Cluster) HelperTasks(ctx context.Context, serviceID string) (out []evidence.Task, err error) {
	err = c.ask(ctx, pollTimeout, func(ctx context.Context, api *client.Client) error {
		list, err := api.TaskList(ctx, swarm.TaskListOptions{Filters: filters.NewArgs(filters.Arg("service", serviceID))})
		out = each(list[:min(len(list), maxOfService)], toTask)
		return err
	})
	return out, err
}

// Output is what a container of a node's has written, without its errors, bounded.
func (c *Cluster) Output(ctx context.Context, nodeID, containerID string) (out []byte, err error) {
	err = c.atNode(ctx, nodeID, func(ctx context.Context, api *client.Client) error {
		body, err := api.ContainerLogs(ctx, containerID, container.LogsOptions{ShowStdout: true})
		if err != nil {
			return err
		}
		defer body.Close()
		var b strings.Builder
		_, err = stdcopy.StdCopy(&b, io.Discard, io.LimitReader(body, lookup.MaxReport))
		out = []byte(b.String())
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil // it was cut
		}
		return err
	})
	return out, err
}

// own finds what bears a token, of a student or of all.
func own(token, student string) filters.Args {
	f := filters.NewArgs(filters.Arg("label", helper.LabelToken+"="+token))
	if student != "" {
		f.Add("label", helper.LabelStudent+"="+student)
	}
	return f
}

// EndHelpers removes services of the helper; one that is gone by then is no error. It gives the
// node of each task that the managers do not know to be over: they outlive their service, and
// the node of one may only be about to make its container.
func (c *Cluster) EndHelpers(ctx context.Context, token, student string) (open []string, err error) {
	err = c.onManager(ctx, func(ctx context.Context, api *client.Client) error {
		list, err := api.ServiceList(ctx, swarm.ServiceListOptions{Filters: own(token, student)})
		if err != nil {
			return err
		}
		for _, s := range list {
			if s.Spec.Labels[helper.LabelToken] != token || token == "" {
				continue // whatever the filter let through
			}
			if err := api.ServiceRemove(ctx, s.ID); err != nil && !errdefs.IsNotFound(err) {
				return err
			}
		}
		// The managers find a task by the labels of its service, also where that is gone.
		tasks, err := api.TaskList(ctx, swarm.TaskListOptions{Filters: own(token, student)})
		if err != nil {
			return err
		}
		open = nil
		for _, t := range tasks {
			if t.Spec.ContainerSpec == nil || t.Spec.ContainerSpec.Labels[helper.LabelToken] != token || token == "" {
				continue
			}
			switch t.Status.State {
			case swarm.TaskStateComplete, swarm.TaskStateShutdown, swarm.TaskStateFailed, swarm.TaskStateRejected, swarm.TaskStateRemove, swarm.TaskStateOrphaned:
			default:
				open = append(open, t.NodeID)
			}
		}
		return nil
	})
	return open, err
}

// ClearHelpers removes the helper's containers that are over from a node's engine, and tells
// how many are left. Engines keep those of a global-job whose service is gone: seen of 20.10.
func (c *Cluster) ClearHelpers(ctx context.Context, nodeID, token, student string) (left int, err error) {
	err = c.atNode(ctx, nodeID, func(ctx context.Context, api *client.Client) error {
		list, err := api.ContainerList(ctx, container.ListOptions{All: true, Filters: own(token, student)})
		if err != nil {
			return err
		}
		left = 0
		for _, x := range list {
			if x.Labels[helper.LabelToken] != token || token == "" {
				continue // whatever the filter let through
			}
			left++
			if x.State != "exited" && x.State != "dead" && x.State != "created" {
				continue // the managers have it stopped
			}
			if err := api.ContainerRemove(ctx, x.ID, container.RemoveOptions{RemoveVolumes: true}); err != nil && !errdefs.IsNotFound(err) {
				continue // it is being removed, or will be tried again
			}
			left--
		}
		return nil
	})
	return left, err
}
