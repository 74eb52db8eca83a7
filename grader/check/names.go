package check

import (
	"cmp"
	"maps"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// namesParams name a service and the network on which its name counts.
type namesParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Network is the variable with the name of the overlay network; where the service is
	// on another one alone, its name counts there.
	Network string `yaml:"network"`
	// Inside asks from inside of the network too: in a class's run a helper of the
	// grader's own runs there for a moment, in one container on every node, and asks
	// the DNS server that containers ask. Where it can't run, and in a student's
	// self-check, the engines' views alone count.
	Inside bool `yaml:"inside"`
}

func (p *namesParams) Validate(vars []string) []rubric.ParamError {
	return varsExist(vars, "service", p.Service, "network", p.Network)
}

func (p *namesParams) needs() []Need {
	needs := []Need{{Kind: "snapshot", Service: p.Service, Network: p.Network}, {Kind: "names", Service: p.Service, Network: p.Network}}
	if p.Inside {
		needs = append(needs, Need{Kind: "inside", Service: p.Service, Network: p.Network})
	}
	return needs
}

var namesDefaults = namesParams{Service: "service", Network: "network"}

// nameVIP passes when, on every engine that has the service's overlay network at work,
// the service's name leads to the virtual address that the managers gave the service
// there: what a container on the network would be told by Docker's own DNS. Each engine
// is asked for its verbose view of the network and, with inside, a container on each node.
// A service that is on no overlay network, or in dnsrr mode, fails. An engine that says
// something else than the managers, or can't be asked, is no student's doing and leaves
// the check open.
func nameVIP() Kind {
	return define("name-vip", false, namesDefaults, func(p *namesParams) []Need { return p.needs() },
		sparing(func(p *namesParams) string { return p.Service }, judgeNameVIP))
}

// nameTasks passes when every engine that has the service's overlay network at work
// lists under tasks.NAME exactly the addresses of the service's running tasks there,
// each once. Tasks that came or went while the engines were asked may be listed or not.
// Units are the running tasks, of which those that are on the network are earned; none
// are with a service that is not. An engine that says something else than the managers,
// or can't be asked, is no student's doing and leaves the check open.
func nameTasks() Kind {
	return define("name-tasks", true, namesDefaults, func(p *namesParams) []Need { return p.needs() },
		sparing(func(p *namesParams) string { return p.Service }, judgeNameTasks))
}

func judgeNameVIP(in *Input, p *namesParams) Result {
	svc, net, lost := in.named(p)
	if lost != nil {
		return *lost
	}
	vip := sight.VIP(svc, net)
	r := Result{
		Outcome:  Fail,
		Observed: Facts{"endpoint_mode": svc.EndpointMode},
		Expected: Facts{"network": net.Name, "vip": vip},
	}
	switch {
	case svc.EndpointMode == "dnsrr":
		r.Message = i18n.M("check.names_dnsrr", "service", svc.Name)
		r.Hint = do("docker service update --endpoint-mode vip", svc.Name)
		return r
	case len(in.View.Running(svc)) == 0:
		return in.nobody(r, svc)
	case in.View.Changed(svc):
		return changing(r, svc)
	case vip == "":
		r = ungraded("vip", i18n.M("check.names_no_vip", "service", svc.Name, "network", net.Name))
		return r
	}
	a := in.askNames(svc, net, func(v *evidence.NameView) i18n.Msg {
		switch v.VIP {
		case vip:
			return i18n.Msg{}
		case "":
			return i18n.M("check.names_vip_none")
		}
		if other := in.View.Holder(svc, net, v.VIP); other != "" {
			return i18n.M("check.names_vip_neighbour", "address", v.VIP, "other", clip(other, 60), "want", vip)
		}
		return i18n.M("check.names_vip_other", "address", v.VIP, "want", vip)
	})
	if p.Inside {
		in.askInside(&a, svc, net, func(l *evidence.Lookup) i18n.Msg { return in.ledTo(svc, net, l.Name, vip) })
	}
	return a.judged(r, svc, net, a.passed("check.names_vip_ok", "service", svc.Name, "vip", vip))
}

func judgeNameTasks(in *Input, p *namesParams) Result {
	svc, net, lost := in.named(p)
	if lost != nil {
		return *lost
	}
	tasks := in.View.Lasting(svc)
	want, off := []string{}, 0
	for _, t := range tasks {
		if a := sight.AddressOn(t, net); a != "" {
			want = append(want, a)
		} else {
			off++
		}
	}
	slices.Sort(want)
	r := Result{
		Outcome:  Fail,
		Measure:  &Measure{Got: float64(len(want)), Want: float64(max(1, len(tasks)))},
		Observed: Facts{"running": len(tasks)},
		Expected: Facts{"network": net.Name, "addresses": want},
	}
	switch {
	case len(in.View.Running(svc)) == 0:
		return in.nobody(r, svc)
	case len(tasks) == 0:
		return unstable(in, r, svc)
	case in.View.Changed(svc):
		return changing(r, svc)
	case off > 0:
		// They run by what the service was before it came to the network, as after an
		// update that stopped half way.
		r.Message = i18n.M("check.names_tasks_off", "n", off, "of", len(tasks), "service", svc.Name, "network", net.Name)
		r.Hint = do("docker service update --force", svc.Name)
		return r
	}
	may := append(in.View.Listable(svc, net), want...)
	a := in.askNames(svc, net, func(v *evidence.NameView) i18n.Msg { return in.listed(svc, net, v.Tasks, want, may) })
	if p.Inside {
		in.askInside(&a, svc, net, func(l *evidence.Lookup) i18n.Msg {
			if says := unanswered(l.Tasks); !says.Empty() {
				return says
			}
			return in.listed(svc, net, l.Tasks.Addresses, want, may)
		})
	}
	return a.judged(r, svc, net, a.passed("check.names_tasks_ok", "service", svc.Name, "k", len(want)))
}

// named are the service and the overlay network that its name counts on, or what a
// student without either is told.
func (in *Input) named(p *namesParams) (*evidence.Service, *evidence.Network, *Result) {
	svc := in.View.Service(p.Service)
	if svc == nil {
		r := noService(in, p.Service)
		return nil, nil, &r
	}
	name := in.Vars[p.Network]
	net := in.View.Network(svc, name)
	r := Result{
		Outcome: Fail, Measure: &Measure{Want: 1},
		Observed: Facts{"network": nil},
		Expected: Facts{"network": name, "driver": "overlay", "service_on_it": true},
	}
	switch {
	case net == nil:
		r.Message = i18n.M("check.names_no_network", "service", svc.Name, "network", name)
		r.Hint = steps(in.makeNetwork(name), do("docker service update --network-add", name, svc.Name))
	case net.Driver != "overlay":
		r.Observed["network"], r.Observed["driver"] = net.Name, net.Driver
		r.Message = i18n.M("check.names_driver", "service", svc.Name, "network", net.Name, "driver", net.Driver)
		r.Hint = in.networkAgain(svc, name, false)
	case !slices.Contains(svc.Networks, net.ID):
		r.Observed["network"], r.Observed["service_on_it"] = net.Name, false
		r.Message = i18n.M("check.names_off", "service", svc.Name, "network", net.Name)
		r.Hint = do("docker service update --network-add", net.Name, svc.Name)
	default:
		return svc, net, nil
	}
	return svc, net, &r
}

// nobody answers for a service of which nothing runs, so that its name leads nowhere.
func (in *Input) nobody(r Result, svc *evidence.Service) Result {
	r.Message = i18n.M("check.names_nothing", "service", svc.Name)
	r.Hint = in.runningHint(svc, in.View.Troubles(svc))
	return r
}

// changing answers for a service that was changed while engines were asked.
func changing(r Result, svc *evidence.Service) Result {
	r.Outcome, r.Measure = Ungraded, nil
	r.Message = i18n.M("check.names_changed", "service", svc.Name)
	r.Hint = i18n.M("check.ungraded_hint")
	return r
}

// listed says what is wrong with the addresses that an engine lists: want must be
// among them, may can, and none of them twice.
func (in *Input) listed(svc *evidence.Service, net *evidence.Network, got, want, may []string) i18n.Msg {
	count := map[string]int{}
	for _, a := range got {
		count[a]++
	}
	strange := slices.DeleteFunc(slices.Clone(got), func(a string) bool { return slices.Contains(may, a) })
	for _, a := range strange[:min(len(strange), 16)] {
		if other := in.View.Holder(svc, net, a); other != "" {
			return i18n.M("check.names_tasks_neighbour", "address", a, "other", clip(other, 60))
		}
	}
	if len(strange) > 0 {
		return i18n.M("check.names_tasks_stale", "address", strange[0])
	}
	for _, a := range got {
		if count[a] > 1 {
			return i18n.M("check.names_tasks_twice", "address", a, "n", count[a])
		}
	}
	var missing []string
	for _, a := range want {
		if count[a] == 0 {
			missing = append(missing, a)
		}
	}
	if len(missing) > 0 {
		return i18n.M("check.names_tasks_missing", "missing", missing)
	}
	return i18n.Msg{}
}

// namesSeen is what came of asking engines: the nodes that know the network, those
// whose engines could not be asked though tasks may be there, and those that say
// something else than the managers, with what the first of them says.
type namesSeen struct {
	asked, unasked, wrong []string
	says                  i18n.Msg
	// inside is the same of containers on the network, nil if none were to be asked.
	inside *insideSeen
	// namesake is another service that goes by the same name on the network, "" if none does; own says
	// that the network is the student's by its name, so that they may change who is on it.
	namesake string
	own      bool
}

// askNames compares engines' views with what the managers say; wrong gives words for
// a view that differs, none for one that does not.
func (in *Input) askNames(svc *evidence.Service, net *evidence.Network, wrong func(v *evidence.NameView) i18n.Msg) namesSeen {
	var a namesSeen
	for _, other := range in.View.Answering([]string{net.ID}, svc.Name) {
		if other.ID != svc.ID {
			a.namesake, a.own = other.Name, slices.Contains(slices.Collect(maps.Values(in.Vars)), net.Name)
		}
	}
	views := in.View.NameViews(svc, net)
	seen := map[string]bool{} // by node
	for i := range views {
		seen[views[i].NodeID] = seen[views[i].NodeID] || views[i].Error == ""
	}
	here := map[string]bool{} // nodes where a task that lasts is on the network
	for _, t := range in.View.Lasting(svc) {
		here[t.NodeID] = here[t.NodeID] || sight.AddressOn(t, net) != ""
	}
	for i := range views {
		v := &views[i]
		node := clip(cmp.Or(v.Hostname, v.NodeID, "?"), 60)
		switch {
		case v.Error != "":
			// Who was never reached may be any node that nothing is known of.
			blank := v.NodeID == "" && slices.ContainsFunc(in.View.Lasting(svc), func(t *evidence.Task) bool { return here[t.NodeID] && !seen[t.NodeID] })
			if blank || here[v.NodeID] && !seen[v.NodeID] {
				a.unasked = append(a.unasked, node)
			}
			continue
		case !v.Known && !here[v.NodeID]:
			continue
		}
		a.asked = append(a.asked, node)
		says := i18n.M("check.names_unknown")
		if v.VIP != "" || len(v.Tasks) > 0 {
			says = wrong(v)
		}
		if !says.Empty() {
			a.wrong = append(a.wrong, node)
			if a.says.Empty() {
				a.says = says
			}
		}
	}
	return a
}

// judged is the result: a pass where all who told anything agree with the managers, else
// open.
func (a namesSeen) judged(r Result, svc *evidence.Service, net *evidence.Network, ok i18n.Msg) Result {
	r.Observed["engines"] = len(a.asked)
	if a.inside != nil {
		a.inside.facts(r.Observed)
	}
	r.Observed["differ"], r.Observed["not_asked"] = nonNil(a.wrong), nonNil(a.unasked)
	switch {
	case a.namesake != "" && (len(a.wrong) > 0 || a.inside != nil && len(a.inside.wrong) > 0):
		r.Message = i18n.M("check.names_namesake", "other", a.namesake, "service", svc.Name, "network", net.Name)
		if r.Hint = i18n.M("check.ungraded_hint"); a.own {
			r.Hint = steps(do("docker service update --network-rm", net.Name, a.namesake), do("docker service update --network-add", net.Name, a.namesake))
		}
	case len(a.wrong) > 0:
		r.Message = i18n.M("check.names_differ", "node", a.wrong[0], "service", svc.Name, "network", net.Name, "says", a.says)
		r.Hint = i18n.M("check.names_differ_hint", "nodes", a.wrong)
	case a.inside != nil && len(a.inside.wrong) > 0:
		r.Message = i18n.M("check.names_inside_differ", "node", a.inside.wrong[0], "service", svc.Name, "network", net.Name, "says", a.inside.says)
		r.Hint = i18n.M("check.names_differ_hint", "nodes", a.inside.wrong)
	case len(a.unasked) > 0:
		r.Message = i18n.M("check.names_unasked", "node", a.unasked[0], "service", svc.Name)
		r.Hint = i18n.M("check.ungraded_hint")
	case len(a.asked) == 0:
		r.Message = i18n.M("check.names_unseen", "service", svc.Name, "network", net.Name)
		r.Hint = i18n.M("check.ungraded_hint")
	default:
		r.Outcome, r.Message = Pass, ok
		return r
	}
	r.Outcome, r.Measure = Ungraded, nil
	return r
}
