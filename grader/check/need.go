package check

import (
	"slices"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// Need is one piece of evidence that a check asks for. It names, by the rubric's
// variables, all that observing goes by: there is no other source.
type Need struct {
	// Kind is "snapshot", "proxy" (a balancer's state and configuration), "load",
	// or "window": a fault that hits the service, and its observation throughout.
	Kind string
	// From is where a load comes in: "mesh", the published port of every node, or
	// "haproxy".
	From string
	// After is "" for what is seen of a cluster as the student left it, "fault" for
	// what follows a fault that was undone.
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
	// KeepAlive lets one connection carry several requests.
	KeepAlive bool
	// Direct says that a balancer reaches the containers without the mesh, so
	// that its own way of dealing shows: evenness takes more answers then.
	Direct bool
	// Rate is how many probes a second a window sends to the service; 0 is 4.
	Rate float64
}

// Load is the name of a load in gaps and plans: "load/mesh", "load/haproxy",
// "load/later"; of another need it is the kind.
func (n Need) Load() string {
	switch {
	case n.Kind != "load":
		return n.Kind
	case n.After != "":
		return "load/later"
	}
	return "load/" + n.From
}

// loadNeed is the load that answers come from.
func loadNeed(from, service, balancer, port string, or []string, direct bool) Need {
	n := Need{Kind: "load", From: from, Service: service, Port: port, Or: or, Tasks: 1, Direct: direct}
	if from == "haproxy" {
		n.Balancer = balancer
	}
	return n
}

// Names are the variables that hold the names and ports of what a rubric's
// students build: one balancer, the service behind it with its published port,
// the balancer's own port and the network of both.
type Names struct {
	Service, Balancer, Published, Frontend, Network string
	// Services are all that checks are about, Service among them; Ports are the
	// variables with what each publishes.
	Services []string
	Ports    map[string]string
}

// Owned are the variables whose values name what is one student's alone.
func (n Names) Owned() []string { return append([]string{n.Balancer}, n.Services...) }

// usual are the names where a rubric says nothing of them.
var usual = Names{Service: "service", Balancer: "haproxy", Published: "published", Frontend: "frontend", Network: "network", Services: []string{"service"}, Ports: map[string]string{"service": "published"}}

// NeedsOf are what a check of a rubric asks for; nil for a kind that there is not.
func NeedsOf(c *rubric.Check) []Need {
	kind, ok := Find(c.Kind)
	if !ok || c.Params == nil {
		return nil
	}
	return kind.Needs(c.Params)
}

// NamesOf are a rubric's, from what its checks ask for: the service is the one
// that load through the balancer is to reach, or else the first.
func NamesOf(rub *rubric.Rubric) Names {
	var all []Need
	for _, t := range rub.Tasks {
		for _, c := range t.Checks {
			all = append(all, NeedsOf(c)...)
		}
	}
	first := func(otherwise string, of func(Need) string) string {
		for _, n := range all {
			if v := of(n); v != "" {
				return v
			}
		}
		return otherwise
	}
	n := Names{
		Balancer: first(usual.Balancer, func(n Need) string { return n.Balancer }),
		Network:  first(usual.Network, func(n Need) string { return n.Network }),
	}
	n.Frontend = first(usual.Frontend, func(x Need) string { return when(x.Balancer != "", x.Port) })
	n.Service = first(first(usual.Service, func(x Need) string { return x.Service }),
		func(x Need) string { return when(x.From == "haproxy", x.Service) })
	n.Ports = map[string]string{}
	for _, x := range all {
		if x.Service != "" && !slices.Contains(n.Services, x.Service) {
			n.Services = append(n.Services, x.Service)
			n.Ports[x.Service] = first(first("", func(y Need) string { return when(y.Balancer == "" && y.Service == x.Service, y.Port) }),
				func(y Need) string { return when(y.From == "mesh" && y.Service == x.Service, y.Port) })
		}
	}
	if len(n.Services) == 0 {
		n.Services, n.Ports = usual.Services, usual.Ports
	}
	if n.Published = n.Ports[n.Service]; n.Published == "" {
		n.Published = usual.Published
	}
	return n
}

func when(is bool, s string) string {
	if is {
		return s
	}
	return ""
}

// Refuse says which checks ask for what nothing observes: a student has one
// balancer, and a fault watches one service at one port.
func (Set) Refuse(rub *rubric.Rubric) []rubric.Refusal {
	var out []rubric.Refusal
	var balancer, window Need
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
				case n.Kind != "window":
				case window.Kind == "":
					window = n
				case n.Service != window.Service || n.Port != window.Port:
					refuse(c, "two_windows", window.Service+", "+window.Port, n.Service+", "+n.Port)
				}
			}
		}
	}
	return out
}
