package check

import (
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// foreignWeight is the weight of answers that are another service's.
const foreignWeight = 8

// problem is what is wrong with one target; the heaviest is told first.
type problem struct {
	weight    int
	msg, hint i18n.Msg
	class     string // of the failures; "" if there were answers
}

// complain names the first thing that is wrong with a target's answers, or
// nil.
func (in *Input) complain(svc *evidence.Service, p *answersParams, tr *evidence.Trace, t *sight.Tally, expected []*evidence.Task) *problem {
	where := i18n.M("check.at_haproxy", "address", tr.Target.Address)
	if p.Via == "mesh" {
		where = i18n.M("check.at_node", "node", sight.MeshNode(tr), "address", tr.Target.Address)
	}
	curl := "curl http://" + tr.Target.Address + tr.Target.Path
	failed := float64(t.Failed) / float64(t.Sent)
	silent := 0
	for _, task := range expected {
		if t.Own[task.ID] == 0 {
			silent++
		}
	}
	class := mostKey(t.Errors)
	switch {
	case t.Failed == t.Sent:
		return &problem{9, i18n.M("check.answers_dead", "where", where, "sent", t.Sent, "error", errorName(class)),
			in.errorHint(svc, p, curl, class), class}
	case len(t.Foreign) > 0:
		name := mostKey(t.Foreign)
		hint := "check.answers_foreign_" + p.Via + "_hint"
		if p.Direct {
			hint = "check.answers_foreign_direct_hint"
		}
		return &problem{foreignWeight, i18n.M("check.answers_foreign", "where", where, "n", t.Foreign[name], "sent", t.Sent, "other", name),
			i18n.M(hint, "service", svc.Name, "port", in.Vars[p.Port], "other", name, "published", in.View.SubjectPort(),
				"lookup", taskAddresses(svc.Name), "reload", in.reload(in.View.Proxy(), in.Vars[in.View.Names().Balancer])), ""}
	case t.Forged > 0:
		return &problem{7, i18n.M("check.answers_forged", "where", where, "n", t.Forged, "sent", t.Sent, "claimed", clip(t.Sample, 60),
			"why", t.Why.Reason()), i18n.M("check.answers_forged_hint", "service", svc.Name, "curl", curl), ""}
	case t.Unknown > 0:
		if c := in.View.StandAlone(atoi(in.Vars[p.Port]), func(c *evidence.Container, at evidence.ContainerPort) bool {
			return p.Via == "mesh" && len(t.Sample) >= sight.ShortID && strings.HasPrefix(c.ID, t.Sample) && itoa(at.Public) == in.Vars[p.Port]
		}); c != nil {
			node := in.View.NodeName(c.NodeID)
			return &problem{7, i18n.M("check.answers_held", "where", where, "n", t.Unknown, "sent", t.Sent, "name", c.Names[0], "node", node, "port", in.Vars[p.Port]),
				steps(i18n.M("check.answers_held_hint", "name", c.Names[0]), doAt(node, "docker", "rm", "-f", c.Names[0])), ""}
		}
		return &problem{7, i18n.M("check.answers_unknown", "where", where, "n", t.Unknown, "sent", t.Sent, "claimed", t.Sample),
			i18n.M("check.answers_unknown_hint", "service", svc.Name, "curl", curl), ""}
	case t.Anonymous > 0:
		return &problem{7, i18n.M("check.answers_anonymous", "where", where, "n", t.Anonymous, "sent", t.Sent),
			i18n.M("check.answers_anonymous_hint", "service", svc.Name, "curl", curl), ""}
	case failed > p.MaxErrors:
		return &problem{6, i18n.M("check.answers_errors", "where", where, "n", t.Failed, "sent", t.Sent,
			"percent", percent(failed), "allowed", percent(p.MaxErrors), "error", errorName(class)),
			in.errorHint(svc, p, curl, class), class}
	case len(expected) == 0:
		return &problem{6, i18n.M("check.answers_no_tasks", "service", svc.Name), i18n.M("check.running_hint", "service", svc.Name), ""}
	case silent > 0:
		return &problem{5, i18n.M("check.answers_silent", "where", where, "silent", silent, "containers", len(expected), "sent", t.Sent),
			i18n.M(silentHint(p), "service", svc.Name, "curl", curl, "lookup", taskAddresses(svc.Name),
				"reload", in.reload(in.View.Proxy(), in.Vars[in.View.Names().Balancer])), ""}
	}
	return nil
}

func silentHint(p *answersParams) string {
	if p.Direct {
		return "check.answers_silent_direct_hint"
	}
	return "check.answers_silent_" + p.Via + "_hint"
}
