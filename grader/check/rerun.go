package check

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// rerun is how a stand-alone HAProxy is run anew.
type rerun struct {
	name     string
	image    string
	publish  string   // to be published in any case, at the port that the configuration binds
	networks []string // to be joined
	plain    bool     // with no command of its own
	config   string   // text of a file to be written first; "" keeps what is there
}

// runAgain takes a HAProxy away and runs it with what is known of it and what
// r changes.
func (in *Input) runAgain(px *evidence.Proxy, r rerun) i18n.Msg {
	px = in.renamed(px)
	at := px.Hostname
	file := "/usr/local/etc/haproxy/haproxy.cfg"
	if len(px.Files) > 0 {
		file = px.Files[0].Path
	}
	source := hostPath(px, file)
	words := []string{"docker", "run", "-d", "--name", r.name}
	for _, m := range px.Mounts {
		if m.Type == "bind" {
			volume := m.Source + ":" + m.Target
			if m.ReadOnly {
				volume += ":ro"
			}
			words = append(words, "-v", quote(volume))
		}
	}
	var lines []i18n.Msg
	if r.config == "" { // a new one names no variables
		env, hidden := keptEnv(px)
		words = append(words, env...)
		if len(hidden) > 0 {
			lines = append(lines, i18n.M("check.env_from_shell", "envs", hidden))
		}
	}
	if source == localFile { // nothing outside the container holds it
		source = "/srv/" + r.name + "/haproxy.cfg"
		words = append(words, "-v", source+":"+file)
		if r.config == "" {
			lines = append(lines, doAt(at, "mkdir", "-p", dirOf(source)), doAt(at, "docker", "cp", px.Name+":"+quote(file), source))
		}
	}
	lines = append(lines, doAt(at, "docker", "rm", "-f", px.Name))
	if r.config != "" {
		if len(px.Files) > 0 && px.Files[0].Error == "directory" && hostPath(px, file) != localFile {
			lines = append(lines, doAt(at, "rmdir", quote(source)))
		}
		lines = append(lines, writeFile(at, source, r.config))
	}
	words = append(words, in.publishFlags(px, r.publish)...)
	nets := slices.Clone(r.networks)
	for _, n := range px.Networks {
		if n.Name != "bridge" && n.Name != "host" && n.Name != "none" && !slices.Contains(nets, n.Name) && in.attachable(n.Name) {
			nets = append(nets, n.Name)
		}
	}
	if len(nets) > 0 {
		words = append(words, "--network", quote(nets[0]))
	}
	for _, h := range px.ExtraHosts {
		words = append(words, "--add-host", quote(h))
	}
	if px.Restart != "" && px.Restart != "no" {
		words = append(words, "--restart", quote(px.Restart))
	}
	words = append(words, quote(r.image))
	if !r.plain {
		words = append(words, ownArgs(px.Command)...)
	}
	lines = append(lines, doAt(at, words...))
	for _, n := range nets[min(1, len(nets)):] {
		lines = append(lines, doAt(at, "docker", "network", "connect", quote(n), r.name))
	}
	return steps(lines...)
}

// attachable reports whether a stand-alone container can join a network.
func (in *Input) attachable(name string) bool {
	n := in.View.NetworkNamed(name)
	return n == nil || n.Scope != "swarm" || n.Attachable
}

// publishFlags publish what a HAProxy does already, and one port besides.
func (in *Input) publishFlags(px *evidence.Proxy, public string) []string {
	var out []string
	add := func(p string) {
		if !slices.Contains(out, p) {
			out = append(out, "-p", p)
		}
	}
	for _, p := range px.Publishes {
		if p.Public == 0 || itoa(p.Public) == public || in.View.HolderOf(px, p.Public, p.Protocol) != nil {
			continue
		}
		port := itoa(p.Public) + ":" + itoa(p.Private)
		if ip, err := netip.ParseAddr(p.IP); err == nil && !ip.IsUnspecified() {
			port = p.IP + ":" + port
		}
		if p.Protocol != "tcp" {
			port += "/" + p.Protocol
		}
		add(port)
	}
	if public == "" {
		return out
	}
	inner := public
	// A configuration that listens on other ports only is followed.
	if ports := in.View.Config(px).Ports(); len(ports) > 0 && !slices.Contains(ports, atoi(public)) {
		inner = itoa(ports[0])
	}
	if private, ok := sight.Inside(px, public); ok {
		inner = itoa(private)
	}
	add(public + ":" + inner)
	return out
}

// ownArgs are the arguments of a container's command line that its image does
// not give by itself.
func ownArgs(argv []string) []string {
	if len(argv) > 0 && strings.HasSuffix(argv[0], "docker-entrypoint.sh") {
		argv = argv[1:]
	}
	if slices.Equal(argv, []string{"haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"}) {
		return nil
	}
	out := make([]string, len(argv))
	for i, a := range argv {
		out[i] = quote(a)
	}
	return out
}

// firstRun writes the configuration and runs a HAProxy that does not exist yet;
// false while the servers can't be known.
func (in *Input) firstRun(name, port string) (i18n.Msg, bool) {
	text, ok := in.freshConfig(nil)
	if !ok {
		return i18n.Msg{}, false
	}
	w := in.wants()
	if w.service {
		return in.asService(name, text, "/usr/local/etc/haproxy/haproxy.cfg", atoi(port), atoi(port)), true
	}
	source := "/srv/" + name + "/haproxy.cfg"
	words := []string{"docker", "run", "-d", "--name", name, "-v", source + ":/usr/local/etc/haproxy/haproxy.cfg", "-p", port + ":" + port}
	if w.network != "" {
		words = append(words, "--network", w.network)
	}
	return steps(writeFile("", source, text), do(append(words, "haproxy")...)), true
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
