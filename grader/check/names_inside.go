package check

import (
	"cmp"
	"slices"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// insideSeen is what helpers within a network came to: the nodes where one was told
// anything, those where none was, with the first reason, and those where it was something
// else than the managers say, with what the first of them was told.
type insideSeen struct {
	told, silent, wrong []string
	why                 string
	says                i18n.Msg
}

// facts tell it with -v. Helpers that could not run change nothing else.
func (s *insideSeen) facts(f Facts) {
	f["inside"], f["inside_differ"], f["inside_not_run"] = len(s.told), nonNil(s.wrong), nonNil(s.silent)
	if s.why != "" {
		f["inside_why"] = s.why
	}
}

// askInside adds what helpers were told; wrong gives words for an answer that differs.
func (in *Input) askInside(a *namesSeen, svc *evidence.Service, net *evidence.Network, wrong func(l *evidence.Lookup) i18n.Msg) {
	s := &insideSeen{}
	a.inside = s
	s.why = clip(in.View.NotInside(), 60)
	list := in.View.Lookups(svc, net)
	for i := range list {
		l := &list[i]
		node := clip(cmp.Or(l.Hostname, l.NodeID, "?"), 60)
		if l.Error != "" {
			s.silent, s.why = append(s.silent, node), cmp.Or(s.why, clip(l.Error, 120))
			continue
		}
		s.told = append(s.told, node)
		says := wrong(l)
		if says.Empty() {
			continue
		}
		s.wrong = append(s.wrong, node)
		if s.says.Empty() {
			s.says = says
		}
	}
}

// passed says what all agree on.
func (a *namesSeen) passed(key string, pairs ...any) i18n.Msg {
	pairs = append(pairs, "n", len(a.asked))
	if a.inside == nil || len(a.inside.told) == 0 {
		return i18n.M(key, pairs...)
	}
	return i18n.M(key+"_inside", append(pairs, "m", len(a.inside.told))...)
}

// unanswered says why a name led nowhere, nothing if it led somewhere.
func unanswered(a evidence.Answer) i18n.Msg {
	switch {
	case a.Failure == "timeout":
		return i18n.M("check.names_inside_timeout")
	case a.Failure != "" || len(a.Addresses) == 0:
		return i18n.M("check.names_unknown")
	}
	return i18n.Msg{}
}

// ledTo says what is wrong with where a service's name led, which is to be one address,
// once.
func (in *Input) ledTo(svc *evidence.Service, net *evidence.Network, a evidence.Answer, vip string) i18n.Msg {
	if says := unanswered(a); !says.Empty() {
		return says
	}
	i := slices.IndexFunc(a.Addresses, func(ip string) bool { return ip != vip })
	switch {
	case i < 0 && len(a.Addresses) == 1:
		return i18n.Msg{}
	case i < 0:
		return i18n.M("check.names_tasks_twice", "address", vip, "n", len(a.Addresses))
	}
	if other := in.View.Holder(svc, net, a.Addresses[i]); other != "" {
		return i18n.M("check.names_vip_neighbour", "address", a.Addresses[i], "other", clip(other, 60), "want", vip)
	}
	return i18n.M("check.names_vip_other", "address", a.Addresses[i], "want", vip)
}
