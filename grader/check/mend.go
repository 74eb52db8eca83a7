package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
)

// edit is what is to become of one line of a configuration file.
type edit struct {
	line haproxy.Line
	how  string // line (in its place), delete, add (below it)
	text string // without indentation
}

func (e edit) msg() i18n.Msg {
	text := e.text
	if e.how == "delete" {
		text = clip(strings.TrimSpace(e.line.Text), 120)
	}
	return i18n.M("check.edit_"+e.how, "line", e.line.Num, "text", text)
}

// maxEdits is how many edits a hint lists; who has more to do is shown the
// whole file.
const maxEdits = 12

// mend says how a configuration is edited, and how HAProxy gets to read it. With
// too much to edit, or nothing that can be, it gives the file as it should be.
func (in *Input) mend(px *evidence.Proxy, edits []edit) i18n.Msg {
	px = in.View.renamed(px)
	if len(edits) == 0 || len(edits) > maxEdits {
		return in.rewrite(px)
	}
	file := edits[0].line.File
	edits = slices.DeleteFunc(slices.Clone(edits), func(e edit) bool { return e.line.File != file })
	slices.SortStableFunc(edits, func(a, b edit) int { return a.line.Num - b.line.Num })
	at, name := px.Hostname, hostPath(px, file)
	head := i18n.M("check.edit_file", "file", name, "node", at)
	if at == "" {
		head = i18n.M("check.edit_here", "file", name)
	}
	lines := []i18n.Msg{fetchFile(px, file), head}
	for _, e := range edits {
		lines = append(lines, e.msg())
	}
	return steps(append(lines, putFile(px, file), in.View.reload(px, ""))...)
}

// rewrite gives the whole file as the handout has it; empty if its servers can't
// be known yet.
func (in *Input) rewrite(px *evidence.Proxy) i18n.Msg {
	px = in.View.renamed(px)
	text, ok := in.freshConfig(px)
	if !ok || len(px.Files) == 0 {
		return i18n.M("check.mend_later")
	}
	file := px.Files[0].Path
	name := hostPath(px, file)
	return steps(writeFile(px.Hostname, name, text), putFile(px, file), in.View.reload(px, ""))
}

// localFile is where a student edits a file that is mounted from nowhere.
const localFile = "haproxy.cfg"

// fetchFile gets a file that no bind mount shows out of the container or the
// swarm config; empty where there is one.
func fetchFile(px *evidence.Proxy, file string) i18n.Msg {
	if hostPath(px, file) != localFile {
		return i18n.Msg{}
	}
	if px.Kind == "service" {
		if old, _ := swarmConfig(px); old != "" {
			return do(`docker config inspect -f '{{printf "%s" .Spec.Data}}'`, old, ">", localFile)
		}
		return i18n.Msg{}
	}
	return doAt(px.Hostname, "docker", "cp", px.Name+":"+quote(file), localFile)
}

// putFile is the way back; a swarm config's is part of the reload.
func putFile(px *evidence.Proxy, file string) i18n.Msg {
	if hostPath(px, file) != localFile || px.Kind == "service" {
		return i18n.Msg{}
	}
	return doAt(px.Hostname, "docker", "cp", localFile, px.Name+":"+quote(file))
}

// freshConfig is a configuration as the handout has it, for a HAProxy that may
// not exist yet; false if its servers can't be known.
func (in *Input) freshConfig(px *evidence.Proxy) (string, bool) {
	w := in.wants()
	rights := in.rights(px, w)
	if len(rights) == 0 || w.frontend == "" {
		return "", false
	}
	port := w.frontend
	if px != nil {
		if private, ok := inside(px, port); ok {
			port = itoa(private)
		}
	}
	var b strings.Builder
	b.WriteString("defaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n\n")
	b.WriteString("frontend http-in\n    bind *:" + port + "\n    default_backend servers\n\nbackend servers\n    balance roundrobin\n")
	for _, r := range rights {
		b.WriteString("    " + r.text(r.name) + "\n")
	}
	return b.String(), true
}

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
	svc := in.View.Service("service")
	if svc == nil || !in.View.settledNetwork(svc, w) {
		return nil
	}
	for _, t := range in.View.Running(svc) {
		at := in.View.addressFor(px, svc, t, w.network)
		if at == "" {
			continue
		}
		out = append(out, right{t.ID, "container" + itoa(len(out)+1), at + ":" + itoa(w.inner)})
	}
	return out
}

// settledNetwork reports whether a service keeps its tasks' addresses: other
// hints do not make it anew, or change its network or mode.
func (v *View) settledNetwork(svc *evidence.Service, w wants) bool {
	n := v.network(svc, w.network)
	return n != nil && n.Name == w.network && n.Driver == "overlay" && n.Attachable && slices.Contains(svc.Networks, n.ID) &&
		(!w.dnsrr || svc.EndpointMode == "dnsrr")
}

// addressFor is a task's address in the network that HAProxy shares with it, or
// will: the task's own.
func (v *View) addressFor(px *evidence.Proxy, svc *evidence.Service, t *evidence.Task, network string) string {
	own := ""
	for _, a := range t.Addresses {
		name := v.networkName(a.NetworkID)
		if !slices.Contains(svc.Networks, a.NetworkID) {
			continue
		}
		if name == network {
			return bare(a.Address)
		}
		own = bare(a.Address)
	}
	return own
}

// serverEdits makes a backend's servers the right ones: covers says which of
// them a line leads to ("" for none, it is wrong) and whether the line is in use.
func serverEdits(be *haproxy.Proxy, rights []right, covers func(haproxy.Server) (key string, used bool)) []edit {
	missing := slices.Clone(rights)
	var bad []haproxy.Server
	names := map[string]bool{}
	last := be.Section.Head
	for _, s := range serversOf(be) {
		if s.Line.Num > last.Num {
			last = s.Line
		}
		key, used := covers(s)
		if key == "" || !used {
			bad = append(bad, s)
			continue
		}
		names[s.Name] = true
		missing = slices.DeleteFunc(missing, func(r right) bool { return r.key == key })
	}
	name := func(r right) string {
		n := r.name
		for i := 2; names[n]; i++ {
			n = r.name + "-" + itoa(i)
		}
		names[n] = true
		return n
	}
	var out []edit
	for _, s := range bad {
		key, used := covers(s)
		switch {
		case len(missing) > 0:
			// A line that stands for one of them stays that one's.
			i := max(0, slices.IndexFunc(missing, func(r right) bool { return r.key == key }))
			out = append(out, edit{s.Line, "line", missing[i].text(name(missing[i]))})
			missing = slices.Delete(missing, i, i+1)
		case used:
			out = append(out, edit{s.Line, "delete", ""})
		}
	}
	for _, r := range missing {
		out = append(out, edit{last, "add", r.text(name(r))})
	}
	return out
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

// nodeEdits are [serverEdits] for servers that are to be the nodes.
func (in *Input) nodeEdits(px *evidence.Proxy, public, port string) []edit {
	backends := in.View.backends(px, public)
	if len(backends) == 0 {
		return nil
	}
	var rights []right
	for _, n := range in.View.ReadyNodes() {
		rights = append(rights, right{n.Hostname, n.Hostname, n.SwarmAddress + ":" + port})
	}
	var out []edit
	for _, be := range backends {
		out = append(out, serverEdits(be, rights, func(s haproxy.Server) (string, bool) {
			node, why := in.View.serverNode(px, s, port)
			if !why.Empty() {
				node = ""
			}
			return node, !s.Disabled && !s.Backup && s.Weight != 0
		})...)
	}
	return out
}

// taskEdits are [serverEdits] for servers that are to be the tasks.
func (in *Input) taskEdits(px *evidence.Proxy, svc *evidence.Service, public string, port int) []edit {
	rights := in.rights(px, in.wants())
	var out []edit
	if got := in.View.reach(px, svc, public, port); len(rights) == 0 || got.slots > 0 && len(got.wrong)+len(got.moved)+len(in.View.cover(&got, svc)) == 0 {
		return nil // nothing to lead to, or names lead to all there is
	}
	for _, be := range in.View.backends(px, public) {
		out = append(out, serverEdits(be, rights, func(s haproxy.Server) (string, bool) {
			key := ""
			if e := in.View.end(px, svc, s, port); e.why == "" && e.task != nil {
				key = e.task.ID
			}
			return key, !s.Disabled && !s.Backup && s.Weight != 0
		})...)
	}
	return out
}

// withoutWord takes a word, and so many after it, out of a line.
func withoutWord(l haproxy.Line, word string, after int) string {
	words := slices.Clone(l.Words)
	for i := 3; i < len(words); i++ {
		if words[i] == word {
			words = slices.Delete(words, i, min(i+1+after, len(words)))
			i--
		}
	}
	return written(words)
}

// written are words as a line of a configuration holds them.
func written(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if w == "" || strings.ContainsAny(w, " \t\"'\\#") {
			w = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(w) + `"`
		}
		out[i] = w
	}
	return strings.Join(out, " ")
}
