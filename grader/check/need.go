package check

import (
	"cmp"
	"maps"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/recovery"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
	"swarmgrade/grader/stats"
)

// Need is one piece of evidence that a check asks for. It names, by the rubric's
// variables, all that observing goes by: there is no other source.
type Need struct {
	// Kind is "snapshot", "proxy" (a balancer's state and configuration), "load",
	// "names" (what engines say of the service's name on its networks), "inside" (what a
	// container on each node is told of it), or "window": a fault that hits the service, and its observation throughout; in
	// an action's episode, what the action takes away, from before it on.
	Kind string
	// From is where a load comes in: "mesh", the published port of every node,
	// "haproxy", or the same as "cookies", with clients that keep cookies, as
	// "returning", with such clients that come again in an action's episode with the
	// cookies of before, and as "held", with requests that are held open while others come.
	From string
	// After is "" for what is seen of a cluster as the student left it, else the name
	// of the episode that it is seen in: "fault" for what follows a fault that was
	// undone, or the ID of a rubric's action for what is seen while that is in force.
	After string
	// Service is the variable with the service's name, Balancer that with the
	// balancer's, Network that with the network both are to be on; "" for none.
	Service, Balancer, Network string
	// Port is the variable whose port is driven or probed; Or are those of ports
	// that may be published in its place.
	Port string
	Or   []string
	// Tasks is how many distinct containers a load must be able to tell apart;
	// the planner raises it to the number that really run. Spread asks for
	// enough requests to judge evenness, not only to see every container.
	Tasks  int
	Spread bool
	// Direct says that a balancer reaches the containers without the mesh, so
	// that its own way of dealing shows: evenness takes more answers then.
	Direct bool
	// Host is the Host header of requests to the balancer: "" is the address,
	// [HostConfigured] what its configuration asks for, if it does.
	Host string
	// Numbers asks for the numbers that the answers show.
	Numbers bool
	// MaxErrors is the share of a load's requests that may fail; 1 where no check asks.
	MaxErrors float64
	// Whole has all requests sent, where what is judged takes all of them; see [Need.Early].
	Whole bool
	// Rate is how many probes a second a window sends to the service; 0 is 4.
	Rate float64
}

// HostConfigured stands for the host name that a HAProxy's configuration asks for.
const HostConfigured = "configured"

// Load is the name of a need in plans: "load/mesh", "load/haproxy" of a load,
// "load/cookies", "load/held", "load/later" of the one that follows a fault, "episode/<ID>" of whatever is seen
// while an action is in force; of another need it is the kind.
func (n Need) Load() string {
	switch {
	case n.After != "" && n.After != evidence.FaultEpisode:
		return "episode/" + n.After
	case n.Kind != "load":
		return n.Kind
	case n.After != "":
		return "load/later"
	}
	return "load/" + n.From
}

// Early reports whether the load may end before all its requests are sent, once it is
// found out who answers, how evenly, and how many fail.
func (n Need) Early() bool {
	return n.Kind == "load" && (n.From == "mesh" || n.From == "haproxy") && !n.Whole && !n.Numbers
}

// UsualRate is how many probes a second a window sends to a service that asks for no
// other rate.
const UsualRate = 4.0

// Requests is how many each target of a load gets, where so many containers run and
// the answers of so many targets are judged together.
func (n Need) Requests(containers, targets int) int {
	if n.From == "cookies" || n.From == "returning" {
		return n.Cookies(containers).Requests()
	}
	if n.From == "held" {
		return n.Holds(containers).Requests()
	}
	k := max(n.Tasks, containers)
	requests := stats.Cover(k)
	if n.Spread {
		targets = max(targets, 1)
		requests = max(requests, (stats.Plan(k).Requests+targets-1)/targets)
	}
	if n.Spread && n.Direct && n.From == "haproxy" {
		requests = max(requests, stats.PlanRing(k).Requests)
	}
	return requests
}

// Clients that keep cookies, and how often each comes again: a balancer that knows
// none would send one client to one of two containers so often once in a million.
// Were clients with invented values all to come to one container that others without
// a cookie come to three times out of five or less, that would be as rare.
const (
	cookieClients  = 6
	cookieReplays  = 20
	cookieInvented = 32
)

// Cookies is who asks in a load of clients that keep cookies, where so many containers
// run.
func (n Need) Cookies(containers int) evidence.Cookies {
	if n.From == "returning" {
		return evidence.Cookies{Clients: cookieClients, Replays: cookieReplays}
	}
	return evidence.Cookies{
		Clients: cookieClients, Replays: cookieReplays, Plain: stats.Cover(max(n.Tasks, containers)), Invented: cookieInvented,
	}
}

// Holds is how a load goes that holds requests open, where so many containers run.
func (n Need) Holds(containers int) evidence.Holds {
	return evidence.Holds{Rounds: stats.HeldRounds, Fresh: stats.HeldFresh(max(n.Tasks, containers))}
}

// Balanced reports whether it is load through the student's balancer.
func (n Need) Balanced() bool {
	return n.Kind == "load" && slices.Contains([]string{"haproxy", "cookies", "returning", "held"}, n.From)
}

// loadNeed is the load that answers come from.
func loadNeed(from, service, balancer, port string, or []string, direct bool) Need {
	n := Need{Kind: "load", From: from, Service: service, Port: port, Or: or, Tasks: 1, Direct: direct, MaxErrors: 1}
	if from != "mesh" {
		n.Balancer = balancer
	}
	return n
}

// NeedsOf are what a check of a rubric asks for; nil for a kind that there is not.
func NeedsOf(c *rubric.Check) []Need {
	kind, ok := Find(c.Kind)
	if !ok || c.Params == nil {
		return nil
	}
	needs := kind.Needs(c.Params)
	if c.After == "" {
		return needs
	}
	needs = slices.Clone(needs)
	for i := range needs {
		needs[i].After = cmp.Or(needs[i].After, c.After)
	}
	return needs
}

// TakesFault reports whether a check of a task asks for a fault.
func TakesFault(t *rubric.Task) bool {
	return slices.ContainsFunc(t.Checks, func(c *rubric.Check) bool {
		return slices.ContainsFunc(NeedsOf(c), func(n Need) bool { return n.Kind == "window" && n.After == "" })
	})
}

// TakesAction reports whether a check of a task asks for what a rubric's action does.
func TakesAction(t *rubric.Task) bool {
	return slices.ContainsFunc(t.Checks, func(c *rubric.Check) bool { return c.After != "" })
}

// NamesOf are a rubric's, from what its checks ask for: the service is the one
// that load through the balancer is to reach, or else the first; what it publishes
// is the port of its load through the mesh, or else the first that is named with it.
func NamesOf(rub *rubric.Rubric) sight.Names {
	n := sight.Names{Ports: map[string]string{}}
	mesh := map[string]string{}
	first := "" // service
	for _, t := range rub.Tasks {
		for _, c := range t.Checks {
			for _, x := range NeedsOf(c) {
				take(&n.Balancer, x.Balancer)
				take(&n.Network, x.Network)
				take(&first, x.Service)
				if x.Balancer != "" {
					take(&n.Frontend, x.Port)
				}
				if x.Balanced() {
					take(&n.Service, x.Service)
				}
				if x.Service == "" {
					continue
				}
				if x.Balancer == "" {
					n.Ports[x.Service] = cmp.Or(n.Ports[x.Service], x.Port)
				}
				if x.From == "mesh" {
					mesh[x.Service] = cmp.Or(mesh[x.Service], x.Port)
				}
			}
		}
	}
	maps.Copy(n.Ports, mesh)
	take(&n.Service, cmp.Or(first, sight.Usual.Service))
	take(&n.Balancer, sight.Usual.Balancer)
	take(&n.Frontend, sight.Usual.Frontend)
	take(&n.Network, sight.Usual.Network)
	if len(n.Ports) == 0 {
		n.Ports = sight.Usual.Ports
	}
	return n
}

// takesTasks reports whether an action of a rubric takes running tasks away, so that
// there is something to see come back.
func takesTasks(rub *rubric.Rubric, id string) bool {
	return slices.ContainsFunc(rub.Actions, func(a rubric.Action) bool {
		return a.ID == id && recovery.Takes(a.Kind)
	})
}

// take gives a variable's name a place that is still empty.
func take(place *string, name string) { *place = cmp.Or(*place, name) }

// Refuse says which checks ask for what nothing observes: a student has one
// balancer, a fault watches one service at one port, an action is done to one
// service, and no fault is made while it is in force. An action that no check is about is
// refused too.
func (Set) Refuse(rub *rubric.Rubric) []rubric.Refusal {
	var out []rubric.Refusal
	var balancer, window Need
	subject := map[string]string{} // the service that an action is done to
	refuse := func(c *rubric.Check, key, one, other string) {
		if !slices.ContainsFunc(out, func(r rubric.Refusal) bool { return r.Check == c.ID }) {
			out = append(out, rubric.Refusal{Check: c.ID, Msg: i18n.M("check."+key, "check", c.ID, "other", other, "one", one), Hint: i18n.M("check."+key+"_hint", "one", one)})
		}
	}
	for _, t := range rub.Tasks {
		for _, c := range t.Checks {
			for _, n := range NeedsOf(c) {
				switch {
				case n.Balancer != "" && balancer.Balancer == "":
					balancer = n
				case n.Balancer != "" && n.Balancer != balancer.Balancer:
					refuse(c, "two_balancers", balancer.Balancer, n.Balancer)
				}
				switch {
				case n.From == "returning" && c.After == "":
					refuse(c, "returning_before", "", c.Kind)
				case n.Kind != "window" || c.After != "":
				case window.Kind == "":
					window = n
				case n.Service != window.Service || n.Port != window.Port:
					refuse(c, "two_windows", window.Service+", "+window.Port, n.Service+", "+n.Port)
				}
				if c.After == "" {
					continue
				}
				one, known := subject[c.After]
				switch {
				case n.Kind == "window" && !takesTasks(rub, c.After), n.After != c.After:
					refuse(c, "fault_after", c.After, c.Kind)
				case n.Service == "":
				case !known || one == "":
					subject[c.After] = n.Service
				case one != n.Service:
					refuse(c, "two_subjects", one, n.Service)
				}
			}
		}
	}
	for _, a := range rub.Actions {
		if subject[a.ID] == "" {
			out = append(out, rubric.Refusal{Action: a.ID, Msg: i18n.M("check.idle_action", "action", a.ID), Hint: i18n.M("check.idle_action_hint", "action", a.ID)})
		}
	}
	return out
}
