package swarm

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/swarm"

	"swarmgrade/grader/evidence"
)

// defaultRestartDelay is what an engine waits before it restarts a task of a
// service that doesn't say; the list of services shows no defaults.
const defaultRestartDelay = 5 * time.Second

// defaultMonitor is how long an engine watches a new task of an update where the
// policy has no time of its own.
const defaultMonitor = 5 * time.Second

func toServices(list []swarm.Service, networks []evidence.Network) []evidence.Service {
	byName := make(map[string]string)
	for _, n := range networks {
		if n.Scope == "swarm" {
			byName[n.Name] = n.ID
		}
	}
	return each(list, func(s swarm.Service) evidence.Service { return toService(s, byName) })
}

func toService(s swarm.Service, networks map[string]string) evidence.Service {
	spec, task := s.Spec, s.Spec.TaskTemplate
	out := evidence.Service{
		ID: word(s.ID), Name: word(spec.Name), Labels: labels(spec.Labels),
		Restart: toRestart(task.RestartPolicy),
		Created: stamp(s.CreatedAt), Updated: stamp(s.UpdatedAt),
	}
	if c := task.ContainerSpec; c != nil {
		out.Image, out.Digest = splitImage(c.Image)
		out.Env, out.Command, out.Args = environment(c.Env), texts(c.Command), texts(c.Args)
		out.Hostname, out.Dir = word(c.Hostname), text(c.Dir)
		out.Configs = toConfigRefs(c.Configs)
		out.Secrets = toSecretRefs(c.Secrets)
		out.Mounts = few(c.Mounts, func(m mount.Mount) evidence.Mount {
			return evidence.Mount{Type: word(string(m.Type)), Source: text(m.Source), Target: text(m.Target), ReadOnly: m.ReadOnly}
		})
		out.Health = toHealth(c.Healthcheck)
	}
	out.Mode, out.Replicas = toMode(spec.Mode)
	toEndpointSpec(&out, s)
	attached := task.Networks
	if len(attached) == 0 {
		attached = spec.Networks // where older clients put them
	}
	out.Networks = few(attached, func(n swarm.NetworkAttachmentConfig) string {
		if id, ok := networks[n.Target]; ok {
			return id
		}
		return word(n.Target)
	})
	for _, n := range attached[:min(len(attached), maxEntries)] {
		out.Aliases = append(out.Aliases, texts(n.Aliases)...)
	}
	if p := task.Placement; p != nil {
		out.Constraints, out.MaxPerNode = texts(p.Constraints), whole(p.MaxReplicas)
	}
	if u := spec.UpdateConfig; u != nil {
		monitor := cmp.Or(u.Monitor, defaultMonitor).Milliseconds()
		out.Update = &evidence.UpdatePolicy{
			Parallelism: whole(u.Parallelism), DelayMS: u.Delay.Milliseconds(),
			Order: word(u.Order), OnFailure: word(u.FailureAction), MonitorMS: &monitor,
		}
	}
	out.Forced = spec.TaskTemplate.ForceUpdate
	if s.UpdateStatus != nil {
		out.UpdateState = word(string(s.UpdateStatus.State))
	}
	return out
}

// secret are parts of the names of variables whose values nobody else is to see.
var secret = []string{"PASS", "PWD", "SECRET", "TOKEN", "CREDENTIAL", "PRIVATE", "APIKEY", "API_KEY", "ACCESS_KEY"}

// environment keeps a service's variables, those that look like secrets by name
// only: no check needs the value, and evidence is kept for years.
func environment(list []string) []string {
	out := texts(list)
	for i, kv := range out {
		if name, _, _ := strings.Cut(kv, "="); isSecret(name) {
			out[i] = name + "=" + evidence.Hidden
		}
	}
	return out
}

func isSecret(name string) bool {
	upper := strings.ToUpper(name)
	return slices.ContainsFunc(secret, func(s string) bool { return strings.Contains(upper, s) })
}

func toMode(m swarm.ServiceMode) (mode string, replicas int) {
	switch {
	case m.Global != nil:
		return "global", 0
	case m.GlobalJob != nil:
		return "global-job", 0
	case m.ReplicatedJob != nil:
		if m.ReplicatedJob.TotalCompletions != nil {
			replicas = whole(*m.ReplicatedJob.TotalCompletions)
		}
		return "replicated-job", replicas
	}
	if m.Replicated != nil && m.Replicated.Replicas != nil {
		return "replicated", whole(*m.Replicated.Replicas)
	}
	return "replicated", 1
}

// toEndpointSpec fills in how a service is reached. The ports are those in
// effect: an engine picks one where the service asks for none.
func toEndpointSpec(out *evidence.Service, s swarm.Service) {
	ports := s.Endpoint.Ports
	out.EndpointMode = word(string(s.Endpoint.Spec.Mode))
	if want := s.Spec.EndpointSpec; want != nil {
		out.EndpointMode = cmp.Or(word(string(want.Mode)), out.EndpointMode)
		if len(ports) == 0 {
			ports = want.Ports
		}
	}
	out.EndpointMode = cmp.Or(out.EndpointMode, "vip")
	out.Ports = few(ports, func(p swarm.PortConfig) evidence.Port {
		return evidence.Port{
			Protocol: cmp.Or(word(string(p.Protocol)), "tcp"),
			Target:   whole(uint64(p.TargetPort)), Published: whole(uint64(p.PublishedPort)),
			Mode: cmp.Or(word(string(p.PublishMode)), "ingress"),
		}
	})
	slices.SortStableFunc(out.Ports, func(a, b evidence.Port) int {
		return cmp.Or(cmp.Compare(a.Published, b.Published), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Protocol, b.Protocol))
	})
	out.VIPs = few(s.Endpoint.VirtualIPs, func(v swarm.EndpointVirtualIP) evidence.VIP {
		return evidence.VIP{NetworkID: word(v.NetworkID), Address: word(v.Addr)}
	})
}

func toRestart(p *swarm.RestartPolicy) evidence.RestartPolicy {
	window := int64(0)
	out := evidence.RestartPolicy{Condition: "any", DelayMS: defaultRestartDelay.Milliseconds(), WindowMS: &window}
	if p == nil {
		return out
	}
	out.Condition = cmp.Or(word(string(p.Condition)), out.Condition)
	if p.Delay != nil {
		out.DelayMS = p.Delay.Milliseconds()
	}
	if p.MaxAttempts != nil {
		out.MaxAttempts = whole(*p.MaxAttempts)
	}
	if p.Window != nil {
		window = p.Window.Milliseconds()
	}
	return out
}

// toHealth is nil for none.
func toHealth(h *container.HealthConfig) *evidence.HealthCheck {
	if h == nil {
		return nil
	}
	return &evidence.HealthCheck{
		Test: texts(h.Test), IntervalMS: h.Interval.Milliseconds(),
		TimeoutMS: h.Timeout.Milliseconds(), Retries: h.Retries,
	}
}

func toConfigRefs(list []*swarm.ConfigReference) []evidence.ConfigRef {
	var out []evidence.ConfigRef
	for _, c := range list[:min(len(list), maxEntries)] {
		if c == nil || c.File == nil {
			continue
		}
		out = append(out, evidence.ConfigRef{ID: word(c.ConfigID), Name: word(c.ConfigName), File: text(c.File.Name)})
	}
	return out
}

// toSecretRefs keeps what secrets are mounted as: they may stand in place of a program.
func toSecretRefs(list []*swarm.SecretReference) []evidence.ConfigRef {
	var out []evidence.ConfigRef
	for _, s := range list[:min(len(list), maxEntries)] {
		if s == nil || s.File == nil {
			continue
		}
		out = append(out, evidence.ConfigRef{ID: word(s.SecretID), Name: word(s.SecretName), File: text(s.File.Name)})
	}
	return out
}

// toConfigs keeps the text of those configs that a service mounts as what may
// be HAProxy's configuration, and only the names of others: they may be
// anybody's passwords. Of each service the first comes first, so that one with
// very many leaves room for the others'; what there is no room for is
// Truncated and has no text.
func toConfigs(list []swarm.Config, services []evidence.Service) []evidence.Config {
	slices.SortFunc(list, func(a, b swarm.Config) int { return cmp.Compare(a.ID, b.ID) })
	at := make(map[string]int, len(list))
	out := each(list, func(c swarm.Config) evidence.Config {
		at[c.ID] = len(at)
		return evidence.Config{ID: word(c.ID), Name: word(c.Spec.Name)}
	})
	room := maxConfigs
	done := make(map[string]bool)
	for k, more := 0, true; more; k++ {
		more = false
		for _, s := range services {
			if k >= len(s.Configs) {
				continue
			}
			more = true
			ref := s.Configs[k]
			i, ok := at[ref.ID]
			if !ok || done[ref.ID] || !strings.Contains(strings.ToLower(s.Image+" "+ref.File), "haproxy") && path.Ext(ref.File) != ".cfg" {
				continue
			}
			done[ref.ID] = true
			data := strings.ToValidUTF8(string(list[i].Spec.Data), "�")
			text := clip(data, maxConfig)
			if len(text) > room {
				text = ""
			}
			out[i].Data, out[i].Truncated = text, len(text) < len(data)
			room -= len(text)
		}
	}
	return out
}

func toTask(t swarm.Task) evidence.Task {
	out := evidence.Task{
		ID: word(t.ID), ServiceID: word(t.ServiceID), NodeID: word(t.NodeID), Slot: t.Slot,
		Desired: word(string(t.DesiredState)), State: word(string(t.Status.State)),
		Error: text(t.Status.Err), Message: text(t.Status.Message),
		Version: t.Version.Index, Created: stamp(t.CreatedAt), Forced: t.Spec.ForceUpdate,
	}
	if c := t.Spec.ContainerSpec; c != nil {
		out.Image, _ = splitImage(c.Image)
	}
	if s := t.Status.ContainerStatus; s != nil {
		out.ContainerID, out.ExitCode = word(s.ContainerID), s.ExitCode
	}
	for _, a := range t.NetworksAttachments[:min(len(t.NetworksAttachments), maxEntries)] {
		for _, addr := range a.Addresses[:min(len(a.Addresses), maxEntries)] {
			if len(out.Addresses) < maxEntries {
				out.Addresses = append(out.Addresses, evidence.TaskAddress{NetworkID: word(a.Network.ID), Address: word(addr)})
			}
		}
	}
	return out
}
