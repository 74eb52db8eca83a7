package sight

import (
	"regexp"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/mention"
)

// claim is what an answer says of its container once what proves nothing is
// left out, and what it only mentions is weighed: the one container whose ID
// stands in it, whatever the wording; else the one task whose host name or
// address does. An answer that mentions several names none of them. Why is
// "torn" if they are not all the student's own.
func (v *View) claim(r evidence.Responder, svc *evidence.Service) (out evidence.Responder, why string) {
	px := v.Proxy()
	r.Addresses = v.withoutShared(v.withoutProxy(px, r.Addresses))
	if v.exists(r.Hostname) {
		if r.Header != "" && px != nil && v.isOf(px, r.Hostname) {
			r.Hostname = "" // the balancer's own name, which it writes there itself
		}
		return r, ""
	}
	tasks, foreign := v.mentioned(px, svc, r.Mentions)
	switch {
	case len(tasks) == 1:
		r.Hostname, r.Header = tasks[0].ContainerID[:ShortID], r.MentionedIn
		return r, ""
	case len(tasks) > 1 && foreign:
		return r, "torn"
	case len(tasks) > 1:
		r.Hostname, r.Addresses = "", nil
		return r, ""
	}
	if v.provesNothing(px, &r) {
		r.Hostname = ""
	}
	if svc.Hostname != "" && v.host(svc, r.Hostname) == nil {
		if names := slices.DeleteFunc(slices.Clone(r.Mentions), func(m string) bool { return v.host(svc, m) == nil }); len(names) == 1 {
			r.Hostname, r.Header = names[0], r.MentionedIn
		}
	}
	if r.Hostname == "" && len(r.Addresses) == 0 {
		r.Addresses, r.Header = v.addressed(v.withoutProxy(px, r.Mentions)), r.MentionedIn
	}
	return r, ""
}

// exists reports whether a name is the ID of a task's container.
func (v *View) exists(name string) bool {
	return slices.ContainsFunc(v.indexes(), func(x *Index) bool { return x.named(name) != nil })
}

// mentioned are the tasks whose containers' IDs an answer holds, but for
// HAProxy's own; foreign reports that some are not the service's.
func (v *View) mentioned(px *evidence.Proxy, svc *evidence.Service, words []string) (tasks []*evidence.Task, foreign bool) {
	for _, m := range words {
		for _, x := range v.indexes() {
			t := x.named(m)
			if t == nil || px != nil && t.ServiceID == px.ID {
				continue
			}
			if !slices.ContainsFunc(tasks, func(o *evidence.Task) bool { return o.ContainerID == t.ContainerID }) {
				tasks = append(tasks, t)
				foreign = foreign || t.ServiceID != svc.ID
			}
			break
		}
	}
	return tasks, foreign
}

// addressed are those of the words that are the address of one task and nobody
// else, if they are all the same task's.
func (v *View) addressed(words []string) []string {
	var out []string
	for _, x := range v.indexes() {
		out = slices.DeleteFunc(slices.Clone(words), func(w string) bool {
			ip, ok := mention.Addr(w)
			return !ok || x.sole[ip] == nil
		})
		if t, _ := x.byAddresses(out); t != nil {
			return out
		}
	}
	return nil
}

// host is the one task for whose container a service sets a host name, before
// the load or after it.
func (v *View) host(svc *evidence.Service, name string) *evidence.Task {
	for _, x := range v.indexes() {
		if t := x.Hosts(svc)[strings.ToLower(name)]; t != nil {
			return t
		}
	}
	return nil
}

// Hosts are the host names that a service sets for its tasks, in lower case: nil where
// several have it, or where it is a node's, as templates may give.
func (x *Index) Hosts(svc *evidence.Service) map[string]*evidence.Task {
	if svc.Hostname == "" {
		return nil
	}
	nodes := mention.NodeNames(x.Snap)
	out := map[string]*evidence.Task{}
	for _, t := range x.tasks[svc.ID] {
		name, ok := mention.Hostname(svc, t, nodes[t.NodeID])
		if !ok || t.Desired != "running" {
			continue
		}
		name = strings.ToLower(name)
		if _, twice := out[name]; twice || x.isNode(name) {
			out[name] = nil
			continue
		}
		out[name] = t
	}
	return out
}

func (x *Index) isNode(name string) bool {
	return slices.ContainsFunc(x.Snap.Nodes, func(n evidence.Node) bool { return strings.EqualFold(n.Hostname, name) })
}

// provesNothing reports whether a claimed name is one that many have to show: a
// node's, or in a header field what HAProxy writes there itself, such as its
// name for a server. One in the form of a container's ID is meant to be taken
// for one.
func (v *View) provesNothing(px *evidence.Proxy, r *evidence.Responder) bool {
	if r.Hostname == "" {
		return false
	}
	if v.idx.isNode(r.Hostname) {
		return true
	}
	if r.Header == "" || px == nil {
		return false
	}
	if v.isOf(px, r.Hostname) {
		return true
	}
	if LikeID(r.Hostname) {
		return false
	}
	for _, p := range v.Config(px).Proxies {
		if slices.ContainsFunc(ServersOf(p), func(s haproxy.Server) bool { return s.Name == r.Hostname }) {
			return true
		}
		for _, l := range p.Lines {
			if w := l.Word(0); (w == "http-response" || w == "http-after-response") && strings.EqualFold(l.Word(2), r.Header) {
				return true
			}
		}
	}
	return false
}

// LikeID reports whether a name has the form of a container's ID, whole or short.
func LikeID(name string) bool { return idForm.MatchString(name) }

var idForm = regexp.MustCompile(`^([0-9a-fA-F]{12}|[0-9a-fA-F]{64})$`)

// isOf reports whether a name is that of a HAProxy's own container.
func (v *View) isOf(px *evidence.Proxy, name string) bool {
	if len(name) < ShortID {
		return false
	}
	name = strings.ToLower(name)
	if px.Kind != "service" {
		return strings.HasPrefix(px.ID, name)
	}
	return slices.ContainsFunc(v.indexes(), func(x *Index) bool {
		t := x.named(name)
		return t != nil && t.ServiceID == px.ID
	})
}

// withoutProxy leaves out the addresses of the student's HAProxy: a page that
// shows whom it answers shows these. What is not surely HAProxy keeps them, as
// it may be what answers.
func (v *View) withoutProxy(px *evidence.Proxy, list []string) []string {
	if len(list) == 0 || px == nil {
		return list
	}
	if v.clientAddrs == nil {
		v.clientAddrs = []string{}
		if !v.oddImage(px) {
			v.clientAddrs = v.AddressesOf(px)
		}
	}
	own := v.clientAddrs
	return slices.DeleteFunc(slices.Clone(list), func(a string) bool { return slices.Contains(own, a) })
}

// withoutShared leaves out the addresses that several containers have.
func (v *View) withoutShared(list []string) []string {
	shared := func(a string) bool {
		ip, ok := mention.Addr(a)
		return ok && slices.ContainsFunc(v.indexes(), func(x *Index) bool { return x.address[ip] != nil && x.sole[ip] == nil })
	}
	if !slices.ContainsFunc(list, shared) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), shared)
}

// Claimed is whom an answer names, for showing: its host name, or else what
// stands for one.
func Claimed(r *evidence.Responder) string {
	switch {
	case r.Hostname != "":
		return r.Hostname
	case len(r.Mentions) > 0:
		return strings.Join(r.Mentions[:min(len(r.Mentions), shownMentions)], ", ")
	}
	return strings.Join(r.Addresses[:min(len(r.Addresses), shownMentions)], ", ")
}

const shownMentions = 3
