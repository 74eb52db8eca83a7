package observe

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	helper "swarmgrade/grader/lookup"
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

// inside plans that a name is looked up within the network that the rubric gives it, or
// within all that it is on where that is not one of them.
func (x *lookup) inside(s *Student, need check.Need) {
	x.names(s, need)
	svc := x.service[s.Vars[need.Service]]
	var named, all []Name
	for _, n := range s.Names {
		if n.Service != svc {
			continue
		}
		if all = append(all, n); n.Network == s.Vars[need.Network] {
			named = append(named, n)
		}
	}
	if len(named) == 0 {
		named = all
	}
	for _, n := range named {
		if !slices.Contains(s.Inside, n) {
			s.Inside = append(s.Inside, n)
		}
	}
}

// Inside looks names up within a network, from every node; an [action.Helper] is one.
type Inside interface {
	Look(ctx context.Context, of helper.Service) []action.Seen
}

// lookups adds to a bundle what helpers within the networks are told of the planned names.
func (r *Runner) lookups(ctx context.Context, s *Student, b *evidence.Bundle, x *lookup) error {
	if len(s.Inside) == 0 {
		return nil
	}
	if r.Inside == nil {
		b.Gaps = append(b.Gaps, evidence.Gap{What: "inside", Code: cmp.Or(r.NoInside.Code, "left-out"), Detail: r.NoInside.Detail})
		return nil
	}
	for _, n := range s.Inside {
		if !x.room(n) {
			b.Gaps = append(b.Gaps, evidence.Gap{What: "inside", Code: "network-full", Detail: n.Network})
			continue
		}
		vip, tasks, _ := x.expected(n)
		name := n.Service.Name
		at := r.At()
		asked := helper.Service{Student: s.Who.ID, NetworkID: n.NetworkID, Names: []helper.Name{{Name: name, Want: tasks}, {Name: "tasks." + name, Want: tasks}}}
		if vip != "" {
			asked.Names[0].Want = []string{vip}
		}
		for _, got := range r.Inside.Look(ctx, asked) {
			l := evidence.Lookup{At: at, Service: name, Network: n.Network, NetworkID: n.NetworkID, NodeID: got.NodeID, Hostname: x.hostname(got.NodeID)}
			switch {
			case got.Err != nil:
				l.Error = got.Err.Error()
			default:
				l.Name, l.Tasks = answered(got.Report, name), answered(got.Report, "tasks."+name)
				if l.Name.Failure == "" && len(l.Name.Addresses) == 0 || l.Tasks.Failure == "" && len(l.Tasks.Addresses) == 0 {
					l.Name, l.Tasks, l.Error = evidence.Answer{}, evidence.Answer{}, "it did not report on both names"
				}
			}
			b.Lookups = append(b.Lookups, l)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	slices.SortStableFunc(b.Lookups, func(p, q evidence.Lookup) int {
		return cmp.Or(cmp.Compare(p.Service, q.Service), cmp.Compare(p.NetworkID, q.NetworkID), cmp.Compare(p.Hostname, q.Hostname), cmp.Compare(p.NodeID, q.NodeID))
	})
	return nil
}

func answered(r *helper.Report, name string) evidence.Answer {
	a := r.Answer(name)
	if a == nil {
		return evidence.Answer{}
	}
	return evidence.Answer{Addresses: a.Addresses, Failure: a.Failure}
}

func (x *lookup) hostname(id string) string {
	for i := range x.snap.Nodes {
		if n := &x.snap.Nodes[i]; n.ID == id {
			return n.Hostname
		}
	}
	return ""
}

// room reports whether a network has addresses for a helper on every node, of which each
// may take two, its engine's own included, and some are left to the student.
func (x *lookup) room(n Name) bool {
	i := slices.IndexFunc(x.snap.Networks, func(o evidence.Network) bool { return o.ID == n.NetworkID })
	if i < 0 {
		return false
	}
	free := 0
	for _, text := range x.snap.Networks[i].Subnets {
		if p, err := netip.ParsePrefix(text); err == nil && p.Addr().Is4() {
			free += 1 << min(32-p.Bits(), 20)
		}
	}
	if free == 0 {
		return true // the engine does not say
	}
	const spare = 8
	free -= 3 + spare + 3*len(x.snap.Nodes)
	for _, t := range x.snap.Tasks {
		free -= count(t.Addresses, func(a evidence.TaskAddress) bool { return a.NetworkID == n.NetworkID })
	}
	for _, s := range x.snap.Services {
		free -= count(s.VIPs, func(a evidence.VIP) bool { return a.NetworkID == n.NetworkID })
	}
	for _, c := range x.snap.Containers {
		free -= count(c.Networks, func(a evidence.ContainerNetwork) bool { return c.ServiceID == "" && a.NetworkID == n.NetworkID })
	}
	return free > 0
}

func count[T any](list []T, is func(T) bool) int {
	n := 0
	for _, e := range list {
		if is(e) {
			n++
		}
	}
	return n
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
			if err := pause(ctx, time.Duration(float64(nameLag)/x.snap.Swarm.Speed())); err != nil {
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
	vip, want, here := x.expected(n)
	return slices.ContainsFunc(views, func(v evidence.NameView) bool {
		return v.Error == "" && (v.Known || here[v.NodeID]) && (v.VIP != vip || !slices.Equal(v.Tasks, want))
	})
}

// expected is what the managers said in the snapshot: the virtual address, the tasks'
// addresses, sorted, and the nodes that must know the network.
func (x *lookup) expected(n Name) (vip string, want []string, here map[string]bool) {
	for _, v := range n.Service.VIPs {
		if v.NetworkID == n.NetworkID {
			vip = sight.Bare(v.Address)
		}
	}
	here = map[string]bool{}
	for _, t := range x.index.Running(n.Service) {
		for _, a := range t.Addresses {
			if a.NetworkID == n.NetworkID {
				want, here[t.NodeID] = append(want, sight.Bare(a.Address)), true
			}
		}
	}
	slices.Sort(want)
	return vip, want, here
}
