package swarm

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/containerd/errdefs"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// serviceProxy reads an HAProxy that runs as a service: what the managers know
// is in the snapshot; the container of its newest task is asked where there is
// an endpoint for its node.
func (c *Cluster) serviceProxy(ctx context.Context, ref haproxy.Ref, snap *evidence.Snapshot) (evidence.Proxy, error) {
	px := evidence.Proxy{Kind: "service", Name: ref.Name, Matched: ref.Matched, ID: ref.ID}
	at := slices.IndexFunc(snap.Services, func(s evidence.Service) bool { return s.ID == ref.ID })
	if at < 0 {
		px.State = "removed"
		return px, nil
	}
	svc := &snap.Services[at]
	var tasks []evidence.Task
	for _, t := range snap.Tasks {
		if t.ServiceID == svc.ID {
			tasks = append(tasks, t)
		}
	}
	newest(tasks)
	fromService(&px, svc, snap)
	var in *inspection
	var e *endpoint
	if len(tasks) > 0 {
		px.RestartCount = failures(tasks)
		tasks = begun(tasks, svc)
		fromTask(&px, &tasks[0], snap)
		if e = c.onNode(px.NodeID, snap); e != nil && tasks[0].ContainerID != "" {
			// A failure leaves what the managers know.
			if got, err := e.inspect(ctx, tasks[0].ContainerID); err == nil {
				in = &got
			} else if ctx.Err() != nil {
				return px, ctx.Err()
			} else if errdefs.IsNotFound(err) && failed(&tasks[0]) {
				if got, at := c.lastFailed(ctx, svc, snap); got != nil {
					in, e = got, at
				}
			}
		}
	}
	r := &reader{known: mountedConfigs(svc, snap)}
	argv, workdir := px.Command, ""
	if in != nil {
		container := evidence.Proxy{}
		in.fill(&container)
		px.Started, px.Command = container.Started, container.Command
		// The managers hear of a container's end a moment later.
		if px.State == "running" && container.State == "exited" {
			px.State, px.ExitCode, px.Error = "failed", container.ExitCode, container.Error
		}
		argv, workdir = in.argv(), in.Config.WorkingDir
		r.e, r.container = e, in.ID
	}
	var err error
	if px.Files, err = r.config(ctx, argv, workdir, px.Mounts); err != nil {
		return px, err
	}
	if in == nil {
		px.Env = knownEnv(svc.Env, px.Files)
		return px, nil
	}
	px.Env = in.named(px.Files)
	if px.State != "running" || px.RestartCount > 0 {
		px.Log = e.log(ctx, *in)
	}
	px.Version = in.version(px.Log)
	return px, nil
}

// knownEnv is what the managers know of the environment of a service's tasks:
// what the service sets itself, short of templates. The image may set more.
func knownEnv(env []string, files []evidence.File) []evidence.EnvVar {
	return slices.DeleteFunc(haproxy.Environ(env, files...), func(v evidence.EnvVar) bool {
		return v.Unset || v.Value == evidence.Hidden || strings.Contains(v.Value, "{{")
	})
}

// onNode finds a reached endpoint for a node.
func (c *Cluster) onNode(nodeID string, snap *evidence.Snapshot) *endpoint {
	for _, e := range snap.Endpoints {
		if e.Reached && e.NodeID == nodeID {
			return c.endpoint(e.Address)
		}
	}
	return nil
}

func fromService(px *evidence.Proxy, svc *evidence.Service, snap *evidence.Snapshot) {
	px.Image, px.State = svc.Image, "created"
	px.Mounts = svc.Mounts
	px.Command = slices.Concat(svc.Command, svc.Args)
	px.Restart = svc.Restart.Condition
	switch svc.Restart.Condition { // in the words of a container's policy
	case "any":
		px.Restart = "always"
	case "none":
		px.Restart = "no"
	}
	for _, p := range svc.Ports {
		px.Publishes = append(px.Publishes, evidence.ContainerPort{Private: p.Target, Public: p.Published, Protocol: p.Protocol})
	}
	for _, id := range svc.Networks {
		n := evidence.ContainerNetwork{Name: id, NetworkID: id}
		for _, known := range snap.Networks {
			if known.ID == id {
				n.Name = known.Name
			}
		}
		// The host's network is the one network of that name on every node.
		px.HostNetwork = px.HostNetwork || n.Name == "host"
		px.Networks = append(px.Networks, n)
	}
}

// failures are how many tasks of the history failed.
func failures(tasks []evidence.Task) (n int) {
	for i := range tasks {
		if failed(&tasks[i]) {
			n++
		}
	}
	return n
}

func failed(t *evidence.Task) bool { return t.State == "failed" || t.State == "rejected" }

// begun are the tasks, newest first, from the one that tells how the service does.
// Swarm makes the next task of one that failed at once, and lets it begin when the
// delay of the restart policy is over: until then it has no container that ran, and
// why there is no HAProxy is what the failed one shows. One that failed before the
// service was updated was of another service.
func begun(tasks []evidence.Task, svc *evidence.Service) []evidence.Task {
	for i := range tasks {
		t := &tasks[i]
		if failed(t) && t.Created >= svc.Updated {
			return tasks[i:]
		}
		if !waiting[t.State] || t.Error != "" {
			break
		}
	}
	return tasks
}

// waiting are the states of tasks whose process has yet to begin.
var waiting = map[string]bool{"new": true, "pending": true, "assigned": true, "accepted": true, "preparing": true, "ready": true, "starting": true}

// fromTask fills in the state of a task.
func fromTask(px *evidence.Proxy, t *evidence.Task, snap *evidence.Snapshot) {
	px.State, px.NodeID = t.State, t.NodeID
	if live(*t) == 0 && t.State == "running" {
		px.State = t.Desired // on a node that is gone
	}
	px.ExitCode, px.Error = t.ExitCode, t.Error
	for _, n := range snap.Nodes {
		if n.ID == t.NodeID {
			px.Hostname = n.Hostname
		}
	}
	for _, a := range t.Addresses {
		for i := range px.Networks {
			if px.Networks[i].NetworkID == a.NetworkID {
				px.Networks[i].Address, _, _ = strings.Cut(a.Address, "/")
			}
		}
	}
}

// mountedConfigs are the swarm configs of a service by the path that they have
// in its containers. One whose text is not in the snapshot, as when there was
// no room for it, is "unreadable".
func mountedConfigs(svc *evidence.Service, snap *evidence.Snapshot) map[string]evidence.File {
	out := make(map[string]evidence.File, len(svc.Configs))
	for _, ref := range svc.Configs {
		f := evidence.File{Path: path.Join("/", ref.File), Source: "config:" + ref.Name, Error: "unreadable"}
		for _, c := range snap.Configs {
			if c.ID == ref.ID && c.Data != "" {
				f.Error = ""
				setText(&f, []byte(c.Data))
				f.Size, f.Truncated = int64(len(c.Data)), c.Truncated
			}
		}
		out[f.Path] = f
	}
	return out
}
