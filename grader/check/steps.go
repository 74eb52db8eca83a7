package check

import (
	"regexp"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// A hint is read, and typed, line by line: see [i18n.Lang.Lines]. A line that
// names a node is for what follows it; edits count a file's lines as they were
// checked.

// steps are lines one below the other, each command below its node; empty ones
// are left out.
func steps(lines ...i18n.Msg) i18n.Msg {
	var flat []i18n.Msg
	for _, l := range lines {
		for ; l.Key == "check.then"; l = l.Args["then"].(i18n.Msg) {
			flat = append(flat, l.Args["first"].(i18n.Msg))
		}
		flat = append(flat, l)
	}
	var out []i18n.Msg
	at := ""
	for _, l := range flat {
		node, _ := l.Args["node"].(string)
		switch l.Key {
		case "", "check.on_node", "check.on_manager": // said anew
			continue
		case "check.do", "check.do_at":
			if node != "" && node != at {
				out = append(out, i18n.M("check.on_node", "node", node))
			} else if node == "" && at != "" {
				out = append(out, i18n.M("check.on_manager"))
			}
			l.Key, at = "check.do", node
		case "check.edit_file", "check.write_file", "check.do_on_node":
			at = node
		}
		out = append(out, l)
	}
	var all i18n.Msg
	for _, l := range slices.Backward(out) {
		if all.Empty() {
			all = l
		} else {
			all = i18n.M("check.then", "first", l, "then", all)
		}
	}
	return all
}

// do is a command for any manager.
func do(words ...string) i18n.Msg { return i18n.M("check.do", "command", strings.Join(words, " ")) }

// doAt is a command for one node; "" is any manager.
func doAt(node string, words ...string) i18n.Msg {
	if node == "" {
		return do(words...)
	}
	return i18n.M("check.do_at", "command", strings.Join(words, " "), "node", node)
}

// writeFile makes a file with its directory on a node; "" is where the student
// is.
func writeFile(node, name, text string) i18n.Msg {
	var lines []i18n.Msg
	if dir := dirOf(name); dir != "" {
		lines = append(lines, doAt(node, "mkdir", "-p", quote(dir)))
	}
	if node == "" {
		lines = append(lines, i18n.M("check.write_here", "file", name))
	} else {
		lines = append(lines, i18n.M("check.write_file", "file", name, "node", node))
	}
	for line := range strings.Lines(text) {
		lines = append(lines, i18n.M("check.file_line", "text", strings.TrimSuffix(line, "\n")))
	}
	return steps(lines...)
}

func dirOf(name string) string {
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		return name[:i]
	}
	return ""
}

var harmless = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// quote makes a word that a shell takes as it is, on one line.
func quote(s string) string {
	if harmless.MatchString(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// imageLike is the name under which most services run one of the images: the
// class's own, with its registry; of none what most run that is neither balancer nor store.
// Without any it is the first of the names.
func (in *Input) imageLike(images []string) string {
	count := map[string]int{}
	for image, n := range in.View.Images() {
		if len(images) == 0 && !strings.Contains(image, "haproxy") && !strings.Contains(image, "redis") ||
			slices.ContainsFunc(images, func(want string) bool { return sight.ImageMatches(image, want) }) {
			count[image] = n
		}
	}
	switch {
	case len(count) > 0:
		return mostKey(count)
	case len(images) > 0:
		return images[0]
	}
	return "IMAGE"
}

// createService is the command that makes the student's service as the task
// wants it.
func (in *Input) createService(name string) string {
	w := in.wants()
	if w.image == "" { // the task asks for none
		w.image = in.imageLike(nil)
	}
	s := &evidence.Service{Name: name, Image: w.image, Mode: "replicated", Replicas: w.replicas, EndpointMode: "vip"}
	if w.env != "" {
		s.Env = []string{w.env + "=" + w.value}
	}
	if w.port != "" {
		s.Ports = []evidence.Port{{Protocol: "tcp", Target: w.inner, Published: atoi(w.port), Mode: "ingress"}}
	}
	if w.dnsrr {
		s.EndpointMode = "dnsrr"
	}
	if w.global {
		s.Mode, s.Replicas = "global", 0
	}
	var nets []string
	if w.network != "" {
		nets = []string{w.network}
	}
	return serviceCommand(s, nets)
}

// serviceAgain is the command that makes a service anew, with what is known of
// it and a change.
func (in *Input) serviceAgain(svc *evidence.Service, change func(s *evidence.Service, networks *[]string)) string {
	s := *svc
	var nets []string
	for _, id := range svc.Networks {
		if n := in.View.NetworkName(id); !in.View.IsIngress(id) {
			nets = append(nets, n)
		}
	}
	if change != nil {
		change(&s, &nets)
	}
	return serviceCommand(&s, nets)
}

// serviceCommand is the command that makes such a service.
func serviceCommand(s *evidence.Service, networks []string) string {
	words := []string{"docker", "service", "create", "--name", s.Name}
	add := func(flag string, values ...string) {
		for _, v := range values {
			words = append(words, flag, quote(v))
		}
	}
	if strings.HasPrefix(s.Mode, "global") {
		add("--mode", s.Mode)
	} else {
		add("--replicas", itoa(s.Replicas))
	}
	for _, p := range s.Ports {
		if p.Mode == "ingress" && p.Protocol == "tcp" {
			add("-p", itoa(p.Published)+":"+itoa(p.Target))
		} else {
			add("--publish", "published="+itoa(p.Published)+",target="+itoa(p.Target)+",mode="+p.Mode+",protocol="+p.Protocol)
		}
	}
	for _, kv := range s.Env {
		name, value, _ := strings.Cut(kv, "=")
		if value == evidence.Hidden {
			kv = name // docker takes it from the shell that the command is typed in
		}
		add("-e", kv)
	}
	add("--network", networks...)
	if s.EndpointMode == "dnsrr" {
		add("--endpoint-mode", "dnsrr")
	}
	add("--constraint", s.Constraints...)
	policyFlags(s, add)
	for _, c := range s.Configs {
		add("--config", "source="+c.Name+",target="+c.File)
	}
	for _, m := range s.Mounts {
		mount := "type=" + m.Type + ",source=" + m.Source + ",target=" + m.Target
		if m.ReadOnly {
			mount += ",readonly"
		}
		add("--mount", mount)
	}
	words = append(words, quote(s.Image))
	for _, a := range s.Args {
		words = append(words, quote(a))
	}
	return strings.Join(words, " ")
}
