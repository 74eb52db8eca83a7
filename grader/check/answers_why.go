package check

import (
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// blameLoaded says that what runs is not what the file says, where something
// shows it: that comes first to be mended.
func (in *Input) blameLoaded(r *Result, px *evidence.Proxy, port string) {
	if servers := in.View.PageServers(px, port); servers != nil {
		r.Observed["statistics_page"] = servers
	}
	c, differ := in.View.Loaded(px, port)
	switch {
	case differ:
		r.Observed["file_says"], r.Observed["page_shows"] = c.File, c.Page
		r.Hint = i18n.M("check.config_loaded_hint", "name", px.Name, "page", c.Page, "file", c.File, "reload", in.reload(px, ""))
	case sight.EditedSince(px):
		started, modified := sight.EditTimes(px)
		r.Observed["haproxy_started"], r.Observed["config_modified"] = started, modified
		r.Hint = i18n.M("check.config_edited_hint", "name", px.Name, "started", started, "modified", modified, "reload", in.reload(px, ""))
	}
}

// lostPath names a node from which connections to containers are lost that
// answer well through another node. That is the overlay network's trouble, as
// after a gossip between nodes that timed out, and no student can cause it;
// what HAProxy then answers through that node is not the student's either.
func (in *Input) lostPath(svc *evidence.Service, p *answersParams, expected []*evidence.Task) string {
	mesh := *p
	mesh.Via = "mesh"
	good, lost := false, ""
	for i := range in.View.Bundle().Traces {
		tr := &in.View.Bundle().Traces[i]
		if tr.Target.Kind != "mesh" || tr.Sent == 0 || p.Via == "mesh" && sight.PortOf(tr.Target.Address) != in.Vars[p.Port] {
			continue
		}
		t := in.View.Tally(svc, tr)
		switch {
		case in.complain(svc, &mesh, tr, &t, expected) == nil:
			good = len(expected) > 0
		case t.OnlyLost():
			lost = sight.MeshNode(tr)
		case p.Via == "mesh":
			return "" // something else is wrong as well
		}
	}
	if !good {
		return ""
	}
	if p.Via == "haproxy" {
		through, _ := in.View.Traces("haproxy", append([]string{p.Port}, p.Or...)...)
		if t := in.View.Tally(svc, through...); !t.MayBeLost() {
			return ""
		}
	}
	return lost
}
