package swarm

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
	"golang.org/x/sync/errgroup"

	"swarmgrade/grader/evidence"
)

const (
	// maxViews bounds how many engines are asked about one name.
	maxViews = 64
	// maxAddresses bounds what one engine may list under one name: of no service are
	// more tasks kept.
	maxAddresses = 500
)

// Names asks the engines of a snapshot what a service's name means to containers of
// theirs on a network, which each shows in the network's verbose form. There is one
// view for each node that an endpoint leads to, by host name; of an engine that can't
// be asked it holds the error. At, Service, Network and NetworkID are left empty.
//
// An engine without a container on the network does not have it at work, and knows
// no names there: a worker answers then that there is no such network.
func (c *Cluster) Names(ctx context.Context, service, networkID string, snap *evidence.Snapshot) []evidence.NameView {
	var asked []evidence.Endpoint
	for _, e := range snap.Endpoints {
		twice := slices.ContainsFunc(asked, func(o evidence.Endpoint) bool { return e.NodeID != "" && o.NodeID == e.NodeID && o.Reached })
		if !twice && len(asked) < maxViews {
			asked = append(asked, e)
		}
	}
	views := make([]evidence.NameView, len(asked))
	var group errgroup.Group
	group.SetLimit(8)
	for i, at := range asked {
		group.Go(func() error {
			views[i] = c.nameView(ctx, at, service, networkID)
			return nil
		})
	}
	_ = group.Wait()
	slices.SortFunc(views, func(a, b evidence.NameView) int {
		return cmp.Or(cmp.Compare(a.Hostname, b.Hostname), cmp.Compare(a.NodeID, b.NodeID), cmp.Compare(a.Error, b.Error))
	})
	return views
}

func (c *Cluster) nameView(ctx context.Context, at evidence.Endpoint, service, networkID string) evidence.NameView {
	v := evidence.NameView{NodeID: at.NodeID, Hostname: at.Hostname}
	e := c.endpoint(at.Address)
	switch {
	case !at.Reached: // asking again would take its time of every student
		v.Error = cmp.Or(at.Error, "not reached")
		return v
	case e == nil:
		v.Error = "no such endpoint"
		return v
	}
	var net network.Inspect
	err := e.call(ctx, func(ctx context.Context) (err error) {
		net, err = e.api.NetworkInspect(ctx, networkID, network.InspectOptions{Verbose: true})
		if errdefs.IsNotFound(err) {
			err = nil
		}
		return err
	})
	if err != nil {
		v.Error = text(err.Error())
		return v
	}
	v.Known = len(net.Services) > 0 || len(net.Containers) > 0
	info := net.Services[service]
	if len(info.Tasks) > maxAddresses {
		return evidence.NameView{NodeID: at.NodeID, Hostname: at.Hostname, Error: fmt.Sprintf("lists %d addresses", len(info.Tasks))}
	}
	v.VIP = address(info.VIP)
	for _, t := range info.Tasks {
		v.Tasks = append(v.Tasks, address(t.EndpointIP))
	}
	slices.Sort(v.Tasks)
	return v
}

// address is an address as an engine writes it, "" for the "<nil>" that it writes for
// none; whatever else stands there is kept, clipped.
func address(s string) string {
	if s == "<nil>" {
		return ""
	}
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.Unmap().String()
	}
	return clip(s, 64)
}
