package finding

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// maxHosts bounds the words of one service that are taken for names of hosts.
const maxHosts = 200

// anothers tells of a student's service that is told, by its environment or its
// command, to use a classmate's service which it can reach; and of one that has a
// classmate's beside it in a network where the student's own of that kind is not,
// whatever name its program has built in.
func (c *class) anothers(s *student) {
	if c.addresses[s.Before] == nil {
		c.addresses[s.Before] = addressesOf(s.Before)
	}
	for _, v := range slices.Sorted(maps.Keys(c.names.Ports)) {
		svc := s.view.Service(v)
		if svc == nil {
			continue
		}
		nets := s.made(svc)
		where := "snapshot/services/" + svc.Name
		if h, to := c.calls(s, svc, nets); to != nil {
			o := c.owner[to.Name]
			c.out = append(c.out, Finding{
				Kind: UsesAnothers, Students: sorted(s.id, o.id), Task: s.Bundle.Task,
				Message:  text(UsesAnothers, "service", svc.Name, "word", clip(h.seen, 80), "other", to.Name, "student", o.id),
				Evidence: []Ref{s.ref(where, h.seen)},
			})
			continue
		}
		if o, other, own := c.neighbour(s, v, svc, nets); o != nil {
			c.out = append(c.out, Finding{
				Kind: UsesAnothers, Students: sorted(s.id, o.id), Task: s.Bundle.Task,
				Message:  i18n.M("finding.beside_anothers", "service", svc.Name, "other", other, "student", o.id, "own", own),
				Evidence: []Ref{s.ref(where, other)},
			})
		}
	}
}

// neighbour is the one classmate among whose services a service of the student's is
// and no other of the student's own; with one of theirs, and what the student's of that
// kind should be called; nil in a network that many share. V is the service's own variable, nets are where
// they may be.
func (c *class) neighbour(s *student, v string, svc *evidence.Service, nets []string) (o *student, other, own string) {
	for n := range s.view.EachOn(nets) { // many share a network at the second of them
		if n.ID == svc.ID {
			continue
		}
		is := c.owner[n.Name]
		if is == s || o != nil && is != nil && is != o {
			return nil, "", ""
		}
		if is != nil {
			o = is
		}
	}
	if o == nil {
		return nil, "", ""
	}
	for _, n := range s.view.ServicesOn(nets) {
		for _, w := range slices.Sorted(maps.Keys(c.names.Ports)) {
			if n.ID != svc.ID && c.owner[n.Name] == o && w != v && o.vars[w] == n.Name && other == "" {
				other, own = n.Name, s.vars[w]
			}
		}
	}
	if other == "" {
		return nil, "", ""
	}
	return o, other, own
}

// made are the networks of a service that somebody made.
func (s *student) made(svc *evidence.Service) []string {
	return slices.DeleteFunc(slices.Clone(svc.Networks), s.view.IsIngress)
}

// host is a word that may name a host, and where it stands.
type host struct{ host, seen string }

// calls is the first word of a service that leads to a classmate's beside it in some networks, and to
// none of the student's own.
func (c *class) calls(s *student, svc *evidence.Service, nets []string) (host, *evidence.Service) {
	for _, h := range hosts(svc) {
		led := s.view.Answering(nets, h.host)
		if ip, err := netip.ParseAddr(h.host); err == nil {
			n := s.view.ServiceByID(c.addresses[s.Before][ip])
			if n != nil && slices.ContainsFunc(n.Networks, func(id string) bool { return slices.Contains(nets, id) }) {
				led = append(led, n)
			}
		}
		var to *evidence.Service
		own := false
		for _, n := range led {
			if n.ID == svc.ID {
				continue
			}
			if o := c.owner[n.Name]; o == nil || o == s {
				own = true
			} else if to == nil {
				to = n
			}
		}
		if to != nil && !own {
			return h, to
		}
	}
	return host{}, nil
}

// addressesOf are the addresses of a snapshot's services and their tasks, with the
// service's ID.
func addressesOf(snap *evidence.Snapshot) map[netip.Addr]string {
	out := map[netip.Addr]string{}
	add := func(address, service string) {
		if p, err := netip.ParsePrefix(address); err == nil {
			out[p.Addr()] = service
		}
	}
	for i := range snap.Services {
		for _, v := range snap.Services[i].VIPs {
			add(v.Address, snap.Services[i].ID)
		}
	}
	for i := range snap.Tasks {
		if t := &snap.Tasks[i]; t.State == "running" {
			for _, a := range t.Addresses {
				add(a.Address, t.ServiceID)
			}
		}
	}
	return out
}

// hosts are the words in a service's environment and command that may name a host: a
// value as it stands, and what stands in it between the marks of an address.
func hosts(svc *evidence.Service) (out []host) {
	for _, list := range [][]string{svc.Env, svc.Command, svc.Args} {
		for _, text := range list {
			value := text
			if _, v, ok := strings.Cut(text, "="); ok {
				value = v
			}
			if len(value) > 300 { // a page, not an address
				continue
			}
			for _, w := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t,;/@:=\"'[]()", r) }) {
				if len(out) == maxHosts {
					return out
				}
				out = append(out, host{w, text})
			}
		}
	}
	return out
}
