package swarm

import (
	"cmp"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"swarmgrade/grader/evidence"
)

func toContainers(address string, l listing) []evidence.Container {
	return each(l.containers, func(c container.Summary) evidence.Container {
		image, _ := splitImage(c.Image)
		out := evidence.Container{
			Endpoint: address, NodeID: l.facts.nodeID, ID: word(c.ID),
			Names: few(c.Names, func(n string) string { return word(strings.TrimPrefix(n, "/")) }),
			Image: image, ImageID: word(c.ImageID), Command: text(c.Command),
			State: word(c.State), Status: word(c.Status),
			TaskID:      word(c.Labels["com.docker.swarm.task.id"]),
			ServiceID:   word(c.Labels["com.docker.swarm.service.id"]),
			NetworkMode: word(c.HostConfig.NetworkMode),
			Ports: few(c.Ports, func(p container.Port) evidence.ContainerPort {
				return evidence.ContainerPort{
					IP: word(p.IP), Private: int(p.PrivatePort), Public: int(p.PublicPort), Protocol: word(p.Type),
				}
			}),
			Mounts:  few(c.Mounts, toMount),
			Created: c.Created,
		}
		// The engine lists names, ports and mounts in any order.
		slices.Sort(out.Names)
		sortPorts(out.Ports)
		sortMounts(out.Mounts)
		if c.NetworkSettings != nil {
			out.Networks = toContainerNetworks(c.NetworkSettings.Networks)
		}
		return out
	})
}

func toMount(m container.MountPoint) evidence.Mount {
	return evidence.Mount{
		Type: word(string(m.Type)), Source: text(cmp.Or(m.Name, m.Source)), Target: text(m.Destination), ReadOnly: !m.RW,
	}
}

func toContainerNetworks(in map[string]*network.EndpointSettings) []evidence.ContainerNetwork {
	var out []evidence.ContainerNetwork
	for _, name := range sortedKeys(in) {
		if len(out) == maxEntries {
			break
		}
		n := evidence.ContainerNetwork{Name: word(name)}
		if e := in[name]; e != nil {
			n.NetworkID, n.Address = word(e.NetworkID), word(e.IPAddress)
		}
		out = append(out, n)
	}
	return out
}

func sortPorts(ports []evidence.ContainerPort) {
	slices.SortFunc(ports, func(a, b evidence.ContainerPort) int {
		return cmp.Or(cmp.Compare(a.Public, b.Public), cmp.Compare(a.Private, b.Private),
			cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.IP, b.IP))
	})
}

func sortMounts(mounts []evidence.Mount) {
	slices.SortFunc(mounts, func(a, b evidence.Mount) int { return cmp.Compare(a.Target, b.Target) })
}
