package observe

import (
	"cmp"
	"context"
	"slices"
	"time"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/sight"
)

// Name is one that engines are asked about: a service's on one of its networks.
type Name struct {
	Service            *evidence.Service
	NetworkID, Network string
}

const (
	// maxNameNetworks bounds on how many networks one service's name is asked about.
	maxNameNetworks = 4
	// What managers decide reaches the engines by gossip, within a second or two. A
	// view that is not what the managers say is read again, so many times after so long;
	// on an embedded cluster that runs faster than the clock sooner.
	nameTries = 3
	nameLag   = 2 * time.Second
)

// names plans what engines are asked about a service's name: on the network that the
// rubric gives it, and on the others that it is on.
func (x *lookup) names(s *Student, need check.Need) {
	svc := x.service[s.Vars[need.Service]]
	if svc == nil {
		return
	}
	var on []Name
	for _, n := range x.snap.Networks {
		if !n.Ingress && n.Driver == "overlay" && slices.Contains(svc.Networks, n.ID) {
			on = append(on, Name{Service: svc, NetworkID: n.ID, Network: n.Name})
		}
	}
	wanted := func(n Name) int {
		if n.Network == s.Vars[need.Network] {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(on, func(a, b Name) int { return cmp.Compare(wanted(a), wanted(b)) })
	for _, n := range on[:min(len(on), maxNameNetworks)] {
		if !slices.Contains(s.Names, n) {
			s.Names = append(s.Names, n)
		}
	}
}

// names adds to a bundle what engines say of the planned names.
func (r *Runner) names(ctx context.Context, s *Student, b *evidence.Bundle, x *lookup) error {
	for _, n := range s.Names {
		var views []evidence.NameView
		for try := 0; ; try++ {
			at := r.At()
			views = r.Cluster.Names(ctx, n.Service.Name, n.NetworkID, x.snap)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			for i := range views {
				views[i].At, views[i].Service, views[i].Network, views[i].NetworkID = at, n.Service.Name, n.Network, n.NetworkID
			}
			if try == nameTries || !x.lags(n, views) {
				break
			}
			if err := pause(ctx, time.Duration(float64(nameLag)/Speed(x.snap.Swarm.HeartbeatMS))); err != nil {
				return err
			}
		}
		b.Names = append(b.Names, views...)
	}
	return nil
}

// lags reports whether an engine's view is not what the managers said in the
// snapshot. It decides only whether to look again.
func (x *lookup) lags(n Name, views []evidence.NameView) bool {
	vip := ""
	for _, v := range n.Service.VIPs {
		if v.NetworkID == n.NetworkID {
			vip = sight.Bare(v.Address)
		}
	}
	var want []string
	here := map[string]bool{} // nodes that must know the network
	for _, t := range x.index.Running(n.Service) {
		for _, a := range t.Addresses {
			if a.NetworkID == n.NetworkID {
				want, here[t.NodeID] = append(want, sight.Bare(a.Address)), true
			}
		}
	}
	slices.Sort(want)
	return slices.ContainsFunc(views, func(v evidence.NameView) bool {
		return v.Error == "" && (v.Known || here[v.NodeID]) && (v.VIP != vip || !slices.Equal(v.Tasks, want))
	})
}
