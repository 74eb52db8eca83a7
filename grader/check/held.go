package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// free is how a port becomes free for the HAProxy of that name. Ours says that
// it is the student's to take: another's is not, and there it ends.
func (in *Input) free(px *evidence.Proxy, name string, h *sight.Holder) (hint i18n.Msg, ours bool) {
	at := ""
	if px != nil {
		at = px.Hostname
	}
	own := in.View.Subject()
	switch s := h.Service; {
	case s == nil:
		return steps(i18n.M("check.proxy_port_held_hint", "name", name, "other", h.Container), doAt(at, "docker", "rm", "-f", h.Container)), true
	case own != nil && own.ID == s.ID:
		return steps(append([]i18n.Msg{i18n.M("check.port_own_hint", "service", s.Name, "port", h.Port, "name", name)}, in.givesUp(s, h.Published, in.wants().port)...)...), true
	case in.View.IsAnothers(s):
		return i18n.M("check.port_taken_other_hint", "port", h.Port, "owner", s.Name), false
	default:
		return steps(append([]i18n.Msg{i18n.M("check.port_service_hint", "owner", s.Name, "port", h.Port)}, in.givesUp(s, h.Published, "")...)...), true
	}
}

// freed are the steps before those that publish a port, and whether these can be
// done.
func (in *Input) freed(px *evidence.Proxy, name, port string) (first i18n.Msg, ours bool) {
	h := in.View.HolderOf(px, atoi(port), "tcp")
	if h == nil {
		return i18n.Msg{}, true
	}
	return in.free(px, name, h)
}

// givesUp takes one published port back. Docker's client goes by the container's
// port, so that others that lead there go as well, and it adds none in the same
// command that was there before: they are published anew by another one, and so
// is the port that the service should have.
func (in *Input) givesUp(s *evidence.Service, p evidence.Port, wanted string) []i18n.Msg {
	lines := []i18n.Msg{do("docker service update", unpublish(p), s.Name)}
	var again []string
	add := func(q evidence.Port) {
		if flag := "--publish-add " + published(q); !slices.Contains(again, flag) {
			again = append(again, flag)
		}
	}
	for _, q := range s.Ports {
		if q != p && q.Published > 0 && q.Target == p.Target && q.Protocol == p.Protocol && q.Mode == p.Mode {
			add(q)
		}
	}
	if n := atoi(wanted); n > 0 && n != p.Published && p.Mode == "ingress" {
		add(evidence.Port{Published: n, Target: p.Target, Protocol: "tcp", Mode: "ingress"})
	}
	if len(again) > 0 {
		lines = append(lines, do("docker service update", strings.Join(again, " "), s.Name))
	}
	return lines
}

// published is a port as --publish-add takes it.
func published(p evidence.Port) string {
	out := "published=" + itoa(p.Published) + ",target=" + itoa(p.Target)
	if p.Mode == "host" {
		out += ",mode=host"
	}
	if p.Protocol != "tcp" {
		out += ",protocol=" + p.Protocol
	}
	return out
}
