package check

import (
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// The commands in hints differ with how a HAProxy runs: "docker restart" does
// nothing for a service, and a stand-alone container is known on its own node
// only.

// reload is how a HAProxy gets to read its edited configuration; without one,
// how the container of that name does.
func (in *Input) reload(px *evidence.Proxy, name string) i18n.Msg {
	px = in.renamed(px)
	switch {
	case px == nil:
		return i18n.M("check.do_restart", "name", name)
	case px.Kind == "service":
		if old, file := swarmConfig(px); old != "" {
			return i18n.M("check.do_new_config", "name", px.Name, "old", old, "new", old+"-new", "file", file)
		}
		return i18n.M("check.do_force", "name", px.Name)
	}
	return onNode(px, i18n.M("check.do_restart", "name", px.Name))
}

// renamed is a HAProxy as it is called once the first of the hints about it was
// followed: by the derived name.
func (in *Input) renamed(px *evidence.Proxy) *evidence.Proxy {
	name := in.Vars[in.View.Names().Balancer]
	if px == nil || px.Matched == "name" || px.Name == name || name == "" {
		return px
	}
	now := *px
	now.Name, now.Matched = name, "name"
	return &now
}

// swarmConfig is the swarm config that is a service's configuration, and where
// it is mounted; "" if that is a file.
func swarmConfig(px *evidence.Proxy) (name, file string) {
	for _, f := range px.Files {
		if name, ok := strings.CutPrefix(f.Source, "config:"); ok {
			return name, f.Path
		}
	}
	return "", ""
}

// hostPath is where the student edits a configuration file: the source of its
// mount, on the HAProxy's node; [localFile] if it has none.
func hostPath(px *evidence.Proxy, file string) string {
	for _, m := range px.Mounts {
		rest, ok := strings.CutPrefix(file, m.Target)
		if m.Type == "bind" && ok && (rest == "" || rest[0] == '/') {
			return m.Source + rest
		}
	}
	return localFile
}

// logs shows what a HAProxy wrote.
func (in *Input) logs(px *evidence.Proxy, name string) i18n.Msg {
	px = in.renamed(px)
	switch {
	case px == nil:
		return i18n.M("check.do_logs", "name", name)
	case px.Kind == "service":
		return i18n.M("check.do_service_logs", "name", px.Name)
	}
	return onNode(px, i18n.M("check.do_logs", "name", px.Name))
}

// remove takes a HAProxy away, to be run anew.
func (in *Input) remove(px *evidence.Proxy, name string) i18n.Msg {
	px = in.renamed(px)
	switch {
	case px == nil:
		return i18n.M("check.do_remove", "name", name)
	case px.Kind == "service":
		return i18n.M("check.do_remove_service", "name", px.Name)
	}
	return onNode(px, i18n.M("check.do_remove", "name", px.Name))
}

// join puts a HAProxy on a network.
func (in *Input) join(px *evidence.Proxy, name, network string) i18n.Msg {
	px = in.renamed(px)
	switch {
	case px == nil:
		return i18n.M("check.do_join", "name", name, "network", network)
	case px.Kind == "service":
		return i18n.M("check.do_join_service", "name", px.Name, "network", network)
	}
	return onNode(px, i18n.M("check.do_join", "name", px.Name, "network", network))
}

// toDNSRR puts a service into dnsrr mode, in which it cannot publish through
// the mesh.
func toDNSRR(svc *evidence.Service) string {
	flags := ""
	for _, port := range svc.Ports {
		if flag := " " + unpublish(port); port.Mode == "ingress" && !strings.Contains(flags+" ", flag+" ") {
			flags += flag
		}
	}
	return "docker service update" + flags + " --endpoint-mode dnsrr " + svc.Name
}

// onNode says where a command about a stand-alone container belongs.
func onNode(px *evidence.Proxy, command i18n.Msg) i18n.Msg {
	if px.Hostname == "" {
		return command
	}
	return i18n.M("check.do_on_node", "node", px.Hostname, "command", command)
}

// hintFor is a hint about a HAProxy; key_service is used in place of key for
// one that runs as a service. Besides the pairs it may use {name}, {reload},
// {logs} and {remove}.
func (in *Input) hintFor(px *evidence.Proxy, key string, pairs ...any) i18n.Msg {
	px = in.renamed(px)
	if px.Kind == "service" {
		key += "_service"
	}
	return i18n.M("check."+key+"_hint", append(pairs, "name", px.Name, "reload", in.reload(px, ""), "logs", in.logs(px, ""), "remove", in.remove(px, ""))...)
}

// unpublish is the flag of "docker service update" that takes a published port
// back: it names the container's port, not the published one.
func unpublish(p evidence.Port) string {
	switch {
	case p.Mode == "host":
		flag := "--publish-rm published=" + itoa(p.Published) + ",target=" + itoa(p.Target) + ",mode=host"
		if p.Protocol != "tcp" {
			flag += ",protocol=" + p.Protocol
		}
		return flag
	case p.Protocol != "tcp":
		return "--publish-rm " + itoa(p.Target) + "/" + p.Protocol
	}
	return "--publish-rm " + itoa(p.Target)
}

// unconstrain are the flags that drop constraints, quoted for a shell.
func unconstrain(constraints []string) string {
	flags := make([]string, 0, len(constraints))
	for _, c := range constraints {
		flags = append(flags, "--constraint-rm "+quote(c))
	}
	return strings.Join(flags, " ")
}

// taskAddresses lists the addresses of a service's tasks.
func taskAddresses(service string) string {
	return "docker inspect $(docker service ps -q -f desired-state=running " + service + ") | grep -A1 Addresses"
}
