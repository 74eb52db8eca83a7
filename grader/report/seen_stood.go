package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/sight"
)

// deployment tells of the student's services and HAProxy in a view's snapshot.
func (x *seen) deployment(v *sight.View) {
	told := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(x.s.Names.Ports)) {
		called := x.s.Case.Bundle.Student.Vars[name]
		if called == "" || told[called] {
			continue
		}
		told[called] = true
		if svc := v.Service(name); svc != nil {
			x.service(v, svc)
		} else {
			x.line(1, x.say("no_service", "name", word(called)))
		}
	}
	x.proxies(v)
}

func (x *seen) service(v *sight.View, svc *evidence.Service) {
	running := slices.Clone(v.Running(svc))
	asked := x.say("global")
	if svc.Mode == "replicated" {
		asked = x.say("replicas", "n", svc.Replicas)
	} else if svc.Mode != "global" {
		asked = word(svc.Mode)
	}
	x.line(1, x.say("service", "name", word(svc.Name), "image", word(svc.Image), "asked", asked, "running", len(running)))
	var ports, networks, addresses []string
	for _, p := range svc.Ports {
		text := fmt.Sprintf("%d→%d", p.Published, p.Target)
		if p.Protocol != "tcp" {
			text += "/" + p.Protocol
		}
		ports = append(ports, text+" ("+p.Mode+")")
	}
	for _, id := range svc.Networks {
		networks = append(networks, v.NetworkName(id))
	}
	for _, vip := range svc.VIPs {
		addresses = append(addresses, sight.Bare(vip.Address))
	}
	x.parts(2, x.some("ports", ports), x.some("networks", networks), x.endpoint(svc, addresses))
	slices.SortStableFunc(running, func(a, b *evidence.Task) int { return a.Slot - b.Slot })
	var rows [][]string
	for _, t := range running {
		rows = append(rows, x.task(v, svc, t))
	}
	if len(rows) > 0 {
		x.table(2, nil, []string{"task", "node", "state", "address", "container"}, rows)
	}
	if troubles := v.Troubles(svc); len(troubles) > 0 {
		x.line(2, x.say("troubles", "errors", x.list(troubles)))
	}
}

func (x *seen) endpoint(svc *evidence.Service, addresses []string) string {
	if svc.EndpointMode != "vip" {
		return word(svc.EndpointMode)
	}
	return x.some("vips", addresses)
}

// some is a list under its name, "" for none.
func (x *seen) some(key string, words []string) string {
	if len(words) == 0 {
		return ""
	}
	return x.say(key, "list", x.list(words))
}

func (x *seen) task(v *sight.View, svc *evidence.Service, t *evidence.Task) []string {
	var addresses []string
	for _, a := range t.Addresses {
		if !v.IsIngress(a.NetworkID) {
			addresses = append(addresses, sight.Bare(a.Address))
		}
	}
	if len(addresses) == 0 && len(t.Addresses) > 0 {
		addresses = []string{sight.Bare(t.Addresses[0].Address)}
	}
	return []string{taskName(svc, t), nodeName(v, t.NodeID), t.State, x.list(addresses), t.ContainerID[:min(12, len(t.ContainerID))]}
}

// taskName is a task as docker service ps calls it.
func taskName(svc *evidence.Service, t *evidence.Task) string {
	if t.Slot == 0 {
		return svc.Name
	}
	return svc.Name + "." + strconv.Itoa(t.Slot)
}

func nodeName(v *sight.View, id string) string {
	for _, n := range v.Snap().Nodes {
		if n.ID == id {
			return n.Hostname
		}
	}
	return id
}

// proxies tell of the student's HAProxy, and name the others that were taken into
// account.
func (x *seen) proxies(v *sight.View) {
	port := x.s.Case.Bundle.Student.Vars[x.s.Names.Frontend]
	called := x.s.Case.Bundle.Student.Vars[x.s.Names.Balancer]
	px := v.Proxy()
	if px == nil {
		if called != "" {
			x.line(1, x.say("no_proxy", "name", word(called), "port", word(port)))
		}
		return
	}
	node := px.Hostname
	if node == "" {
		node = nodeName(v, px.NodeID)
	}
	x.line(1, x.say("proxy_"+kindOf(px), "name", word(px.Name), "node", word(node), "state", word(px.State), "image", word(px.Image)))
	var networks []string
	for _, n := range px.Networks {
		networks = append(networks, n.Name)
	}
	var ports []string
	for _, p := range sight.PublishedBy(px) {
		ports = append(ports, strings.ReplaceAll(p, "->", "→"))
	}
	published := x.some("ports", ports)
	if px.HostNetwork {
		published = x.say("host_network")
	}
	exit := ""
	if px.State != "running" && px.ExitCode != 0 {
		exit = x.say("exit", "code", px.ExitCode)
	}
	x.parts(2, published, x.some("networks", networks), exit)
	for _, f := range px.Files[:min(len(px.Files), seenRows)] {
		if f.Error != "" {
			x.line(2, x.say("file_error", "path", word(f.Path), "error", word(f.Error)))
		} else {
			x.line(2, x.say("file", "path", word(f.Path), "size", f.Size))
		}
	}
	if sight.EditedSince(px) {
		x.line(2, x.say("edited"))
	}
	if log := logLine(px.Log); log != "" {
		x.line(2, x.say("log", "line", clip(log, 160)))
	}
	for _, be := range v.Backends(px, port) {
		x.backend(px, be)
	}
}

func kindOf(px *evidence.Proxy) string {
	if px.Kind == "service" {
		return "service"
	}
	return "container"
}

// logLine is the line of a log that says most: the first alert, else the last line.
func logLine(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	for _, l := range lines {
		if strings.Contains(l, "[ALERT]") {
			return oneLine(l)
		}
	}
	return oneLine(lines[len(lines)-1])
}

// backend tells of the servers that requests are led to.
func (x *seen) backend(px *evidence.Proxy, be *haproxy.Proxy) {
	balance := strings.TrimSpace(be.Balance.Algorithm + " " + strings.Join(be.Balance.Args, " "))
	if be.Balance.Arg != "" {
		balance = be.Balance.Algorithm + "(" + be.Balance.Arg + ")"
	}
	if balance == "" {
		balance = x.say("balance_none")
	}
	x.line(2, x.say("backend", "name", word(be.Name), "balance", word(balance)))
	var rows [][]string
	for _, s := range sight.ServersOf(be) {
		rows = append(rows, []string{s.Name, s.Addr.Text, strings.Join(s.Options, " "), pageStatus(px, be.Name, s.Name)})
	}
	if len(rows) > 0 {
		x.table(3, nil, []string{"server", "address", "options", "page"}, rows)
	}
}

// pageStatus is what HAProxy's own statistics page said of a server, "" for nothing.
func pageStatus(px *evidence.Proxy, backend, server string) string {
	if px.Page == nil {
		return ""
	}
	for _, b := range px.Page.Backends {
		for _, s := range b.Servers {
			if b.Name == backend && s.Name == server {
				return s.Status
			}
		}
	}
	return ""
}
