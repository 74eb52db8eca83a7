package sight

import (
	"slices"

	"swarmgrade/grader/evidence"
)

// NameViews are what engines said of a service's name on a network.
func (v *View) NameViews(svc *evidence.Service, net *evidence.Network) []evidence.NameView {
	var out []evidence.NameView
	for _, n := range v.c.Bundle.Names {
		if n.Service == svc.Name && n.NetworkID == net.ID {
			out = append(out, n)
		}
	}
	return out
}

// Lookups are what helpers within a network were told of a service's name.
func (v *View) Lookups(svc *evidence.Service, net *evidence.Network) []evidence.Lookup {
	var out []evidence.Lookup
	for _, l := range v.c.Bundle.Lookups {
		if l.Service == svc.Name && l.NetworkID == net.ID {
			out = append(out, l)
		}
	}
	return out
}

// NotInside is the code of the gap where lookups are missing, "" for none.
func (v *View) NotInside() string {
	g, _ := v.c.Bundle.Gap("inside")
	return g.Code
}

// VIP is a service's virtual address on a network, "" for none.
func VIP(svc *evidence.Service, net *evidence.Network) string {
	i := slices.IndexFunc(svc.VIPs, func(a evidence.VIP) bool { return a.NetworkID == net.ID })
	if i < 0 {
		return ""
	}
	return Bare(svc.VIPs[i].Address)
}

// AddressOn is a task's address on a network, "" for none.
func AddressOn(t *evidence.Task, net *evidence.Network) string {
	i := slices.IndexFunc(t.Addresses, func(a evidence.TaskAddress) bool { return a.NetworkID == net.ID })
	if i < 0 {
		return ""
	}
	return Bare(t.Addresses[i].Address)
}

// over are the states of tasks that hold no address any more.
var over = []string{"complete", "shutdown", "failed", "rejected", "remove", "orphaned"}

// Listable are the addresses on a network that tasks of a service held before the load or
// after it, running or not: what an engine may have listed in between.
func (v *View) Listable(svc *evidence.Service, net *evidence.Network) []string {
	var out []string
	for _, x := range v.indexes() {
		for _, t := range x.tasks[svc.ID] {
			if a := AddressOn(t, net); a != "" && !slices.Contains(over, t.State) {
				out = append(out, a)
			}
		}
	}
	return out
}

// Holder is the name of another service that has an address on a network, its own or
// a task's, "" for none.
func (v *View) Holder(svc *evidence.Service, net *evidence.Network, address string) string {
	for _, x := range v.indexes() {
		for _, o := range x.found().holders[address] {
			if o.ID != svc.ID && (VIP(o, net) == address || slices.ContainsFunc(x.Running(o), func(t *evidence.Task) bool { return AddressOn(t, net) == address })) {
				return o.Name
			}
		}
	}
	return ""
}

// Changed reports whether a service was made anew, removed, or given another mode,
// network or virtual address between the two snapshots.
func (v *View) Changed(svc *evidence.Service) bool {
	if v.after == nil {
		return false
	}
	now := v.after.byID[svc.ID]
	return now == nil || now.EndpointMode != svc.EndpointMode || !slices.Equal(now.Networks, svc.Networks) || !slices.Equal(now.VIPs, svc.VIPs)
}
