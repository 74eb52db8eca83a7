package check

import (
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// stickyMoved passes when clients who come back with the cookies that they have got
// before an action are answered, and each is kept by one container again: it is for a
// check with `after:` an action that takes a container away, such as container-kill. HAProxy may
// take some seconds to hear of the loss, so that clients who are not answered come once
// more after these; a few failures are not held against it.
//
// Units are the clients.
func stickyMoved() Kind {
	return define("sticky-moved", true, stickyDefaults, func(p *stickyParams) []Need {
		needs := p.needs()
		needs[len(needs)-1].From = "returning"
		return needs
	}, sparing(func(p *stickyParams) string { return p.Service }, judgeMoved))
}

func judgeMoved(in *Input, p *stickyParams) Result {
	svc, tr, open := cookieLoad(in, p, "returning")
	if open != nil {
		return *open
	}
	if tr.Target.Cookies.Jars == "" {
		return ungraded("load/"+tr.Target.ID, i18n.M("check.moved_no_jar"))
	}
	lasting := in.View.Lasting(svc)
	clients, kept, lost := 0, 0, 0
	var away *stray
	for _, v := range in.View.Visitors(svc, tr) {
		if v.Who != evidence.VisitKept {
			continue
		}
		clients++
		switch to, answers := follow(v.Tasks, lasting); {
		case to != nil:
			if away == nil {
				to.client = clients
				away = to
			}
		case answers < minAnswers:
			lost++
		default:
			kept++
		}
	}
	r := Result{
		Outcome:  Fail,
		Measure:  &Measure{Got: float64(kept), Want: float64(max(clients, 1))},
		Observed: Facts{"clients": clients, "kept": kept, "lost": lost, "retried": tr.Retried},
		Expected: Facts{"kept": clients},
	}
	m := in.methodOf(sight.PortOf(tr.Target.Address))
	switch {
	case clients == 0:
		return ungraded("load/"+tr.Target.ID, i18n.M("check.moved_no_jar"))
	case kept == clients:
		r.Outcome = Pass
		r.Message = i18n.M("check.moved_ok", "clients", clients)
		return r
	case lost > 0:
		r.Message = i18n.M("check.moved_lost", "lost", lost, "clients", clients)
		r.Hint = in.stick(m)
		if m.px != nil {
			if edits := in.checked(m.px, m.port); len(edits) > 0 {
				r.Hint = in.mend(m.px, edits)
			}
		}
	default:
		r.Message = i18n.M("check.moved_strays", "client", away.client, "kept", kept, "clients", clients, "from", short(away.from), "to", short(away.to))
		r.Hint = in.stick(m)
	}
	if stable, known := in.View.Stable(svc); known && !stable {
		return unstable(in, r, svc)
	}
	if m.px != nil {
		in.blameLoaded(&r, m.px, m.port)
	}
	return r
}
