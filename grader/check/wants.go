package check

import (
	"cmp"
	"slices"
)

// wants is what a task asks of a student, gathered from its checks: what hints
// build that build something anew.
type wants struct {
	image      string
	env, value string
	port       string // published by the service; "" for none
	replicas   int
	global     bool
	dnsrr      bool
	network    string // "" for none
	joins      bool   // another service, which is to come too, brings the network
	client     string // the service whose program asks for this one by its name; "" for none
	haproxy    string // "" for none
	frontend   string
	toTasks    bool // HAProxy leads to the tasks and not to the nodes
	inner      int  // the port that the containers listen on
	mode       string
	balance    string // an algorithm that is accepted
	sticky     bool   // a cookie keeps clients
	service    bool   // HAProxy is a service with a swarm config
	stats      bool   // HAProxy shows its statistics page
	follows    bool   // HAProxy goes on leading to the tasks while they come and go
}

func (in *Input) wants() wants {
	w := wants{replicas: 1, inner: 80, mode: "http", balance: "roundrobin"}
	if in.Task == nil {
		return w
	}
	// A student may have another service, which the hint is not about.
	about := in.View.SubjectName()
	mine := func(service string) bool { return in.Vars[service] == about }
	shown := false
	for _, c := range in.Task.Checks {
		switch p := c.Params.(type) {
		case *imageParams:
			if mine(p.Service) {
				w.image = in.imageLike(p.Images)
			}
		case *envParams:
			if mine(p.Service) && !p.Optional {
				w.env, w.value = p.Env, in.Vars[p.Value]
			}
		case *portParams:
			if mine(p.Service) {
				w.port = in.Vars[p.Port]
			}
		case *countParams:
			if mine(p.Service) && c.Kind == "service-replicas" {
				w.replicas = p.AtLeast
			}
		case *answersParams:
			w.follows = w.follows || mine(p.Service) && p.Via == "haproxy" && c.After != ""
			if mine(p.Service) && p.Via == "mesh" && w.port == "" {
				w.port = in.Vars[p.Port]
			}
		case *dnsrrParams:
			w.dnsrr = w.dnsrr || mine(p.Service)
		case *networkParams:
			if mine(p.Service) {
				w.network = in.Vars[p.Network]
			}
		case *joinParams:
			if mine(p.Service) {
				w.network = in.Vars[p.Network]
			}
		case *namesParams:
			if mine(p.Service) {
				w.network = in.Vars[p.Network]
			}
		case *sharedParams:
			if mine(p.Service) || mine(p.With) {
				w.network = in.Vars[p.Network]
				w.joins = !mine(p.Service) && in.View.Service(p.Service) == nil
			}
		case *counterParams:
			if p.Store != "" && mine(p.Store) {
				w.image, w.client = storeImage, in.Vars[p.Service]
			}
		case *proxyParams:
			w.haproxy, w.frontend = in.Vars[p.Name], in.Vars[p.Port]
			w.service = w.service || c.Kind == "haproxy-service"
			w.stats = w.stats || c.Kind == "haproxy-stats"
		case *configParams:
			w.mode = p.Mode
		case *balanceParams:
			if !slices.Contains(p.Algorithms, w.balance) {
				w.balance = p.Algorithms[0]
			}
		case *stickyParams:
			w.sticky = true
		case *backendsParams:
			w.toTasks, w.inner = true, p.Target
		case *globalParams:
			w.global = w.global || mine(p.Service)
		case *shownParams:
			shown, w.inner = true, p.Target
			if mine(p.Service) {
				w.network = cmp.Or(w.network, in.Vars[p.Network])
			}
			if !slices.Contains(p.Algorithms, w.balance) {
				w.balance = p.Algorithms[0]
			}
		case *coverParams:
			w.toTasks, w.inner, w.follows = true, p.Target, w.follows || p.Follow
		}
	}
	// The order that shows is the one of HAProxy's own servers.
	w.toTasks = w.toTasks || shown && w.port == ""
	return w
}
