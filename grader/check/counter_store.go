package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// storeImage is what hints make a store of.
const storeImage = "redis:alpine"

// store is the service that keeps the count, nil where none is known.
func (in *Input) store(p *counterParams) *evidence.Service {
	if p.Store == "" {
		return nil
	}
	return in.View.Service(p.Store)
}

// storeHint is how containers come to share a count: what is wrong with the store or
// with the way to it, where that is seen, and else where to look.
func (in *Input) storeHint(svc *evidence.Service, p *counterParams) i18n.Msg {
	name := in.Vars[p.Store]
	if p.Store == "" || name == "" {
		return i18n.M("check.counter_logs_hint", "service", svc.Name)
	}
	store := in.View.Service(p.Store)
	network, on := in.countNetwork(svc, store)
	var make, join i18n.Msg
	if !on && !in.View.HasNetwork(network) {
		make = do("docker network create -d overlay", quote(network))
	}
	if !in.isOn(svc, network) {
		join = do("docker service update --network-add", quote(network), svc.Name)
	}
	switch {
	case store == nil:
		return steps(i18n.M("check.counter_missing_hint", "store", name, "service", svc.Name), make,
			do("docker service create --name", quote(name), "--network", quote(network), storeImage), join)
	case !in.share(svc, store):
		lines := []i18n.Msg{i18n.M("check.counter_apart_hint", "store", name, "service", svc.Name), make, join}
		if !in.isOn(store, network) {
			lines = append(lines, do("docker service update --network-add", quote(network), store.Name))
		}
		return steps(lines...)
	case len(in.View.Running(store)) == 0:
		return i18n.M("check.running_hint", "service", store.Name)
	case len(in.View.Running(store)) > 1 && global(store):
		return i18n.M("check.counter_global_store_hint", "store", store.Name)
	case len(in.View.Running(store)) > 1:
		return i18n.M("check.counter_scale_hint", "store", store.Name)
	}
	return i18n.M("check.counter_use_hint", "store", store.Name, "service", svc.Name)
}

// countNetwork is the network for a service and its store to meet in: the one that the
// task asks for, or else one that either is on, the service's first, and whether there
// is such a one.
func (in *Input) countNetwork(svc, store *evidence.Service) (name string, on bool) {
	if n := in.wants().network; n != "" {
		return n, false
	}
	for _, s := range []*evidence.Service{svc, store} {
		if s == nil {
			continue
		}
		for _, id := range s.Networks {
			if !in.View.IsIngress(id) {
				return in.View.NetworkName(id), true
			}
		}
	}
	if n := in.Vars[in.View.Names().Network]; n != "" {
		return n, false
	}
	return svc.Name + "-net", false
}

func (in *Input) isOn(svc *evidence.Service, network string) bool {
	return svc != nil && slices.ContainsFunc(svc.Networks, func(id string) bool { return in.View.NetworkName(id) == network })
}

// share reports whether two services are on one network, by which each finds the
// other's name.
func (in *Input) share(a, b *evidence.Service) bool {
	return slices.ContainsFunc(a.Networks, func(id string) bool { return !in.View.IsIngress(id) && slices.Contains(b.Networks, id) })
}
