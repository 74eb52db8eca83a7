package check

import (
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/sight"
)

// right is a server that should be there.
type right struct {
	key     string // node or task
	name    string
	address string // with its port
}

func (r right) text(name string) string { return "server " + name + " " + r.address + " check" }

// rights are the servers that a task wants: the nodes at the published port, or
// the running tasks at their own. None are known while the tasks' addresses are
// still going to change.
func (in *Input) rights(px *evidence.Proxy, w wants) []right {
	var out []right
	if !w.toTasks {
		for _, n := range in.View.ReadyNodes() {
			out = append(out, right{n.Hostname, n.Hostname, n.SwarmAddress + ":" + w.port})
		}
		return out
	}
	svc := in.View.Subject()
	if svc == nil || !in.settledNetwork(svc, w) {
		return nil
	}
	for _, t := range in.View.Running(svc) {
		at := in.addressFor(px, svc, t, w.network)
		if at == "" {
			continue
		}
		out = append(out, right{t.ID, "container" + itoa(len(out)+1), at + ":" + itoa(w.inner)})
	}
	return out
}

// settledNetwork reports whether a service keeps its tasks' addresses: other
// hints do not make it anew, or change its network or mode.
func (in *Input) settledNetwork(svc *evidence.Service, w wants) bool {
	n := in.View.Network(svc, w.network)
	return n != nil && n.Name == w.network && n.Driver == "overlay" && n.Attachable && slices.Contains(svc.Networks, n.ID) &&
		(!w.dnsrr || svc.EndpointMode == "dnsrr")
}

// addressFor is a task's address in the network that HAProxy shares with it, or
// will: the task's own.
func (in *Input) addressFor(px *evidence.Proxy, svc *evidence.Service, t *evidence.Task, network string) string {
	own := ""
	for _, a := range t.Addresses {
		name := in.View.NetworkName(a.NetworkID)
		if !slices.Contains(svc.Networks, a.NetworkID) {
			continue
		}
		if name == network {
			return sight.Bare(a.Address)
		}
		own = sight.Bare(a.Address)
	}
	return own
}

// fits says what a server line is good for: which of the rights it leads to, ""
// for none, and whether it is in use.
type fits func(haproxy.Server) (key string, used bool)

// standing is a line of a backend that may become another.
type standing struct {
	server haproxy.Server
	key    string // the right that it leads to, "" for none
	used   bool
	again  bool // a line above leads there
	many   bool // it is several servers in one
}

// turn says which lines become those of missing servers first: one that leads
// there already and is not used, or is several servers; one that is wrong, one
// that is there twice, one that is not used anyway.
func (s standing) turn(missing []right) int {
	switch {
	case slices.ContainsFunc(missing, func(r right) bool { return r.key == s.key }):
		return 0
	case s.used && !s.again:
		return 1
	case s.used:
		return 2
	}
	return 3
}

// serverEdits makes a backend's servers the right ones. Lines for what has a
// line already do no harm to coverage: they go where something else is wrong,
// or, where tidy says so, in any case.
func serverEdits(be *haproxy.Proxy, rights []right, covers fits, tidy bool) []edit {
	missing := slices.Clone(rights)
	var lines []standing
	names, taken := map[string]bool{}, map[string]bool{}
	last := be.Section.Head
	absent, wrong := len(missing), false
	for i, s := range sight.ServersOf(be) {
		if s.Line.Num > last.Num {
			last = s.Line
		}
		key, used := covers(s)
		if key == "" || !used {
			lines = append(lines, standing{server: s, key: key, used: used})
			wrong = wrong || used
			continue
		}
		if !taken[key] && slices.ContainsFunc(rights, func(r right) bool { return r.key == key }) {
			absent--
		}
		if taken[key] || sight.Several(be, i) {
			lines = append(lines, standing{s, key, used, taken[key], sight.Several(be, i)})
		} else {
			names[s.Name] = true
			missing = slices.DeleteFunc(missing, func(r right) bool { return r.key == key })
		}
		taken[key] = true
	}
	if !wrong && absent == 0 && !tidy {
		return nil
	}
	first := slices.Clone(missing)
	slices.SortStableFunc(lines, func(a, b standing) int { return a.turn(first) - b.turn(first) })
	var out []edit
	for _, l := range lines {
		switch {
		case len(missing) > 0:
			i := l.choose(missing)
			out = append(out, edit{l.server.Line, "line", missing[i].text(l.name(missing[i], rights, names))})
			missing = slices.Delete(missing, i, i+1)
		case l.used:
			out = append(out, edit{l.server.Line, "delete", ""})
		}
	}
	for _, r := range missing {
		out = append(out, edit{last, "add", r.text(free(r.name, names))})
	}
	return out
}

// choose is which of the missing servers a line becomes: the one that it leads
// to, or is called like.
func (s standing) choose(missing []right) int {
	i := slices.IndexFunc(missing, func(r right) bool { return r.key == s.key })
	if i < 0 {
		i = slices.IndexFunc(missing, func(r right) bool { return r.name == s.server.Name })
	}
	return max(i, 0)
}

// name is what a line is called that becomes another server's. One that is
// there twice keeps its name, unless that is another node's.
func (s standing) name(r right, rights []right, names map[string]bool) string {
	name := s.server.Name
	others := slices.ContainsFunc(rights, func(o right) bool { return o.key != r.key && o.key == name })
	if !s.again || s.many || others || names[name] {
		name = r.name
	}
	return free(name, names)
}

// free is a name that no server has, and is one's from now on.
func free(name string, names map[string]bool) string {
	n := name
	for i := 2; names[n]; i++ {
		n = name + "-" + itoa(i)
	}
	names[n] = true
	return n
}

// rewritten are the lines that edits replace or delete.
func rewritten(edits []edit) map[int]bool {
	out := map[int]bool{}
	for _, e := range edits {
		if e.how != "add" {
			out[e.line.Num] = true
		}
	}
	return out
}

// numbers are the numbers of the lines that edits are about.
func numbers(edits []edit) []string {
	out := []string{}
	for _, e := range edits {
		out = append(out, itoa(e.line.Num))
	}
	return out
}

// nodeEdits are [serverEdits] for servers that are to be the nodes.
func (in *Input) nodeEdits(px *evidence.Proxy, public, port string, tidy bool) []edit {
	backends := in.View.Backends(px, public)
	if len(backends) == 0 {
		return nil
	}
	rights := in.rights(px, wants{port: port})
	var out []edit
	for _, be := range backends {
		out = append(out, serverEdits(be, rights, func(s haproxy.Server) (string, bool) {
			node, why := in.View.ServerNode(px, s, port)
			if !why.Empty() {
				node = ""
			}
			return node, !be.Idle(s)
		}, tidy)...)
	}
	return out
}

// taskEdits are [serverEdits] for servers that are to be the tasks.
func (in *Input) taskEdits(px *evidence.Proxy, svc *evidence.Service, public string, port int, tidy bool) []edit {
	w := in.wants()
	if w.follows {
		return in.templateEdits(px, svc, public, port)
	}
	rights := in.rights(px, w)
	var out []edit
	if got := in.View.Reach(px, svc, public, port); len(rights) == 0 || got.Slots > 0 && len(got.Wrong)+len(got.Moved)+len(in.View.Uncovered(&got, svc)) == 0 {
		return nil // nothing to lead to, or names lead to all there is
	}
	for _, be := range in.View.Backends(px, public) {
		out = append(out, serverEdits(be, rights, func(s haproxy.Server) (string, bool) {
			key := ""
			if e := in.View.Destination(px, svc, s, port); e.Why == "" && e.Task != nil {
				key = e.Task.ID
			}
			return key, !be.Idle(s)
		}, tidy)...)
	}
	return out
}

// dockersDNS is what hints call the section that asks Docker's own DNS server.
const dockersDNS = "docker"

// spareSlots is how many servers a template of hints has room for.
const spareSlots = 10

// template is a line whose servers are a service's tasks, however many.
func template(prefix, service string, port int, resolvers string) string {
	return written([]string{
		"server-template", prefix, itoa(spareSlots), "tasks." + service + ":" + itoa(port), "check", "resolvers", resolvers, "init-addr", "none",
	})
}

// templateEdits make each backend's servers one template that follows the tasks; nil
// where all of them do already, with room enough, or where no section tells how to
// ask: then the whole file is written anew.
func (in *Input) templateEdits(px *evidence.Proxy, svc *evidence.Service, public string, port int) []edit {
	resolvers := ""
	for _, r := range in.View.Config(px).Resolvers {
		for _, n := range r.Nameservers {
			if resolvers == "" && n.Word(2) == "127.0.0.11:53" {
				resolvers = r.Name
			}
		}
	}
	if resolvers == "" {
		return nil
	}
	var out []edit
	for _, be := range in.View.Backends(px, public) {
		lines := sight.ServersOf(be)
		follow, slots := len(lines) > 0, len(be.Servers)
		for _, s := range lines {
			e := in.View.Destination(px, svc, s, port)
			follow = follow && s.Resolvers != "" && e.Why == "" && !s.Disabled && !s.Backup
		}
		for _, t := range be.Templates {
			slots += t.Count()
		}
		if follow && slots >= len(in.View.Running(svc)) || len(lines) == 0 && be.Stats.Enabled {
			continue
		}
		prefix := "container"
		if len(be.Templates) > 0 {
			prefix = be.Templates[0].Prefix
		}
		text := template(prefix, svc.Name, port, resolvers)
		if len(lines) == 0 {
			out = append(out, edit{be.Section.Head, "add", text})
			continue
		}
		for i, s := range lines {
			if i == 0 {
				out = append(out, edit{s.Line, "line", text})
			} else {
				out = append(out, edit{s.Line, "delete", ""})
			}
		}
	}
	return out
}
