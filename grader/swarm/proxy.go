package swarm

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// proxyTimeout bounds all the calls for one HAProxy.
const proxyTimeout = 45 * time.Second

// Proxy reads the state and configuration of one HAProxy candidate: at most an
// inspection, the end of its log and its configuration files, none of which
// runs anything in the container. An *[Error] means that its engine could not
// be asked; its GapCode names the gap.
func (c *Cluster) Proxy(ctx context.Context, ref haproxy.Ref, snap *evidence.Snapshot) (evidence.Proxy, error) {
	limited, cancel := context.WithTimeout(ctx, proxyTimeout)
	defer cancel()
	var (
		px  evidence.Proxy
		err error
	)
	if ref.Kind == "service" {
		px, err = c.serviceProxy(limited, ref, snap)
	} else {
		px, err = c.containerProxy(limited, ref, snap)
	}
	if err != nil {
		return evidence.Proxy{}, explain(ctx, ref.Endpoint, err)
	}
	return px, nil
}

// endpoint finds an endpoint by its address.
func (c *Cluster) endpoint(address string) *endpoint {
	for _, e := range c.endpoints {
		if e.at.text == address {
			return e
		}
	}
	return nil
}

func (c *Cluster) containerProxy(ctx context.Context, ref haproxy.Ref, snap *evidence.Snapshot) (evidence.Proxy, error) {
	px := evidence.Proxy{Kind: "container", Name: ref.Name, Matched: ref.Matched, ID: ref.ID}
	for _, e := range snap.Endpoints {
		if e.Address == ref.Endpoint {
			px.NodeID, px.Hostname = e.NodeID, e.Hostname
		}
	}
	e := c.endpoint(ref.Endpoint)
	if e == nil {
		return px, fail(ref.Endpoint, "internal", "no_endpoint", nil)
	}
	in, err := e.inspect(ctx, ref.ID)
	if errdefs.IsNotFound(err) {
		px.State = "removed" // since the snapshot
		return px, nil
	}
	if err != nil {
		return px, err
	}
	in.fill(&px)
	r := &reader{e: e, container: in.ID}
	if px.Files, err = r.config(ctx, in.argv(), in.Config.WorkingDir, px.Mounts); err != nil {
		return px, err
	}
	px.Env = in.named(px.Files)
	if px.State != "running" || px.RestartCount > 0 {
		px.Log = e.log(ctx, in)
	}
	px.Version = in.version(px.Log)
	return px, nil
}

// inspection is what an engine says of one container, with no part missing.
type inspection struct{ container.InspectResponse }

func (e *endpoint) inspect(ctx context.Context, id string) (inspection, error) {
	if _, err := e.facts(ctx); err != nil {
		return inspection{}, err
	}
	var in inspection
	err := e.call(ctx, func(ctx context.Context) (err error) {
		in.InspectResponse, err = e.api.ContainerInspect(ctx, id)
		return err
	})
	in.ContainerJSONBase = cmp.Or(in.ContainerJSONBase, &container.ContainerJSONBase{})
	in.State = cmp.Or(in.State, &container.State{})
	in.HostConfig = cmp.Or(in.HostConfig, &container.HostConfig{})
	in.Config = cmp.Or(in.Config, &container.Config{})
	in.NetworkSettings = cmp.Or(in.NetworkSettings, &container.NetworkSettings{})
	return in, err
}

// argv is the whole command line, the entrypoint's words first.
func (in inspection) argv() []string { return append([]string{in.Path}, in.Args...) }

// named are the variables that the configuration names, in the environment of
// the container's process as far as the engine knows it. What is a secret by its
// name stays unknown.
func (in inspection) named(files []evidence.File) []evidence.EnvVar {
	env := in.Config.Env
	if in.Config.Hostname != "" && !in.HostConfig.NetworkMode.IsHost() {
		env = append([]string{"HOSTNAME=" + in.Config.Hostname}, env...)
	}
	return slices.DeleteFunc(haproxy.Environ(env, files...), func(v evidence.EnvVar) bool { return !v.Unset && isSecret(v.Name) })
}

// version is HAProxy's: the official image tells it in its environment, others
// in their labels or the tag.
func (in inspection) version(log string) string {
	for _, kv := range in.Config.Env {
		if v, ok := strings.CutPrefix(kv, "HAPROXY_VERSION="); ok && haproxy.PlainVersion(v) != "" {
			return v
		}
	}
	return cmp.Or(haproxy.VersionOfLog(log), haproxy.VersionOfTag(in.Config.Image),
		haproxy.PlainVersion(in.Config.Labels["org.opencontainers.image.version"]))
}

func (in inspection) fill(px *evidence.Proxy) {
	px.Name = cmp.Or(word(strings.TrimPrefix(in.Name, "/")), px.Name)
	px.Image, _ = splitImage(in.Config.Image)
	px.ImageID = word(in.Image)
	px.State = word(in.State.Status)
	px.ExitCode, px.Error = in.State.ExitCode, text(in.State.Error)
	px.RestartCount = in.RestartCount
	px.Restart = cmp.Or(word(string(in.HostConfig.RestartPolicy.Name)), "no")
	if t, err := time.Parse(time.RFC3339Nano, in.State.StartedAt); err == nil {
		px.Started = stamp(t)
	}
	px.HostNetwork = in.HostConfig.NetworkMode.IsHost()
	px.ExtraHosts = few(in.HostConfig.ExtraHosts, word)
	px.Networks = toContainerNetworks(in.NetworkSettings.Networks)
	px.Mounts = few(in.Mounts, toMount)
	sortMounts(px.Mounts)
	px.Command, px.Health = texts(in.argv()), toHealth(in.Config.Healthcheck)
	px.Publishes = in.publishes()
}

// publishes lists the ports in effect or, of a container that doesn't run,
// those it asks for.
func (in inspection) publishes() []evidence.ContainerPort {
	ports := in.NetworkSettings.Ports
	if !in.State.Running {
		ports = in.HostConfig.PortBindings
	}
	var out []evidence.ContainerPort
	for port, bindings := range ports {
		if len(out) >= maxEntries {
			break
		}
		out = append(out, few(bindings, func(b nat.PortBinding) evidence.ContainerPort {
			public, _ := strconv.ParseUint(b.HostPort, 10, 16)
			return evidence.ContainerPort{
				IP: word(b.HostIP), Private: port.Int(), Public: int(public), Protocol: word(port.Proto()),
			}
		})...)
	}
	sortPorts(out)
	return out
}

// log gives the end of a container's output, "" where the log driver can't.
func (e *endpoint) log(ctx context.Context, in inspection) (out string) {
	_ = e.call(ctx, func(ctx context.Context) error {
		body, err := e.api.ContainerLogs(ctx, in.ID, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: logLines})
		if err != nil {
			return err
		}
		defer body.Close()
		out = logTail(body, in.Config.Tty)
		return nil
	})
	return out
}

// newest orders tasks: running ones first, then by age.
func newest(tasks []evidence.Task) {
	slices.SortFunc(tasks, func(a, b evidence.Task) int {
		return cmp.Or(cmp.Compare(live(b), live(a)), cmp.Compare(b.Created, a.Created), cmp.Compare(a.ID, b.ID))
	})
}

func live(t evidence.Task) int {
	if t.State == "running" && t.Desired == "running" {
		return 1
	}
	return 0
}
