package sight

import (
	"slices"
	"strconv"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// Holder is who has a port that a HAProxy asks for: a service, or a stand-alone
// container of HAProxy's node.
type Holder struct {
	Port      int
	Service   *evidence.Service
	Published evidence.Port // the service's
	Container string
}

// Words name the holder.
func (h Holder) Words() i18n.Msg {
	if h.Service != nil {
		return i18n.M("check.held_by_service", "name", h.Service.Name)
	}
	return i18n.M("check.held_by_container", "name", h.Container)
}

// HolderOf finds who else has a port; nil if nobody is known to. Without a
// HAProxy, only what holds it on every node.
func (v *View) HolderOf(px *evidence.Proxy, port int, protocol string) *Holder {
	if port == 0 {
		return nil
	}
	for _, s := range v.idx.publishers[port] {
		for _, p := range s.Ports {
			if p.Published != port || p.Protocol != protocol || px != nil && s.ID == px.ID {
				continue
			}
			here := px != nil && px.Kind != "service" && slices.ContainsFunc(v.Running(s), func(t *evidence.Task) bool { return t.NodeID == px.NodeID })
			if p.Mode == "ingress" || here {
				return &Holder{Port: port, Service: s, Published: p}
			}
		}
	}
	if px == nil || px.Kind == "service" {
		return nil
	}
	c := v.StandAlone(port, func(c *evidence.Container, p evidence.ContainerPort) bool {
		return c.NodeID == px.NodeID && c.ID != px.ID && p.Public == port && p.Protocol == protocol
	})
	if c == nil {
		return nil
	}
	return &Holder{Port: port, Container: c.Names[0]}
}

// Held is the first port that a HAProxy asks for and another has.
func (v *View) Held(px *evidence.Proxy) *Holder {
	for _, p := range px.Publishes {
		if h := v.HolderOf(px, p.Public, p.Protocol); h != nil {
			return h
		}
	}
	return nil
}

// StandAlone is a container of no service that publishes a public port in a way which fits; nil
// if there is none.
func (v *View) StandAlone(port int, fits func(*evidence.Container, evidence.ContainerPort) bool) *evidence.Container {
	for _, idx := range v.indexes() {
		for _, c := range idx.found().containerPort[port] {
			if c.ServiceID == "" && len(c.Names) > 0 && slices.ContainsFunc(c.Ports, func(p evidence.ContainerPort) bool { return p.Public == port && port > 0 && fits(c, p) }) {
				return c
			}
		}
	}
	return nil
}

// OwnPublisher is the student's own service that publishes a port, in place of
// the HAProxy; nil if there is none.
func (v *View) OwnPublisher(px *evidence.Proxy, port string) *evidence.Service {
	n, _ := strconv.Atoi(port)
	h, svc := v.HolderOf(px, n, "tcp"), v.Subject()
	if h == nil || svc == nil || h.Service == nil || h.Service.ID != svc.ID {
		return nil
	}
	return svc
}
