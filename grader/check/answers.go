package check

import (
	"slices"
	"sort"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// answersParams say where requests go and what share of them may fail.
type answersParams struct {
	// Service is the variable with the service's name.
	Service string `yaml:"service"`
	// Via is the way in: mesh is the published port on every node.
	Via string `yaml:"via"`
	// Port is the variable with the port that is driven.
	Port string `yaml:"port"`
	// MaxErrors is the share of requests that may fail.
	MaxErrors float64 `yaml:"max_errors"`
	// Or are variables with ports that may be published in place of Port.
	Or []string `yaml:"or"`
	// Direct says that HAProxy's servers are the containers themselves.
	Direct bool `yaml:"direct"`
	// Name is the variable with the HAProxy's name, for requests via haproxy.
	Name string `yaml:"name"`
	// Host is the Host header of requests via haproxy: none is the address,
	// configured the host name that haproxy.cfg asks for, if it does.
	Host string `yaml:"host"`
}

func (p *answersParams) Validate(vars []string) []rubric.ParamError {
	errs := append(varsExist(vars, "service", p.Service, "port", p.Port), viaKnown(p.Via)...)
	errs = append(errs, nameExists(vars, p.Via, p.Name)...)
	errs = append(append(errs, orExist(vars, p.Or)...), hostKnown(p.Host)...)
	if p.MaxErrors < 0 || p.MaxErrors >= 1 {
		errs = append(errs, paramError("max_errors", i18n.M("check.param_share", "param", "max_errors")))
	}
	return errs
}

func nameExists(vars []string, via, name string) []rubric.ParamError {
	if via != "haproxy" && name == sight.Usual.Balancer {
		return nil // nobody has asked for one
	}
	return varsExist(vars, "name", name)
}

func hostKnown(host string) []rubric.ParamError {
	if host == "" || evidence.PlainHost(host) { // "configured" is one
		return nil
	}
	return []rubric.ParamError{paramError("host", i18n.M("check.param_host", "host", clip(host, 60)))}
}

func viaKnown(via string) []rubric.ParamError {
	if via == "mesh" || via == "haproxy" {
		return nil
	}
	return []rubric.ParamError{paramError("via", i18n.M("check.param_via", "via", via))}
}

// answers passes when requests are answered by the student's own running
// tasks, by all of them, and by nobody else, with few failures: through every
// node of the mesh, or through HAProxy. No more requests are sent once every task and
// nobody else has answered, and none failed, of as many as it takes to tell.
//
// Units are the nodes that lead to all containers. Where there is one target,
// as with HAProxy, the measure is the share of requests that own tasks answered,
// times the share of the tasks that did.
func answers() Kind {
	return define("answers", true,
		answersParams{Service: "service", Via: "mesh", Port: "published", MaxErrors: 0.01, Name: sight.Usual.Balancer},
		func(p *answersParams) []Need {
			load := loadNeed(p.Via, p.Service, p.Name, p.Port, p.Or, p.Direct)
			load.Host, load.MaxErrors = p.Host, p.MaxErrors
			return []Need{{Kind: "snapshot", Service: p.Service}, load}
		}, sparing(func(p *answersParams) string { return p.Service }, judgeAnswers))
}

func judgeAnswers(in *Input, p *answersParams) Result {
	svc := in.View.Service(p.Service)
	if svc == nil {
		return noService(in, p.Service)
	}
	traces, missing := in.View.Traces(p.Via, append([]string{p.Port}, p.Or...)...)
	if missing != nil {
		return in.unsent(missing, p.Via, p.Service, p.Name, p.Port, p.Or)
	}
	expected := in.View.Lasting(svc)
	r := Result{
		Outcome:  Fail,
		Measure:  &Measure{Want: float64(len(traces))},
		Expected: Facts{"containers": len(expected), "max_error_share": p.MaxErrors},
	}
	rows := make([]Facts, 0, len(traces))
	var worst *problem
	for _, tr := range traces {
		t := in.View.Tally(svc, tr)
		bad := in.complain(svc, p, tr, &t, expected)
		if bad == nil {
			r.Measure.Got++
		} else if worst == nil || bad.weight > worst.weight {
			worst = bad
		}
		rows = append(rows, figuresAt(tr, &t, expected))
	}
	r.Observed = Facts{"targets": rows}
	if len(traces) == 1 {
		r.Observed = rows[0]
		t := in.View.Tally(svc, traces[0])
		r.Measure = &Measure{Got: t.Quality(expected), Want: 1}
	}
	if worst == nil {
		if missing := in.unsettled(svc, traces, expected, p.MaxErrors); missing != nil {
			return Lacking(missing)
		}
		r.Outcome = Pass
		key := "check.answers_ok"
		if slices.ContainsFunc(traces, endedEarly) {
			key = "check.answers_ok_early"
		}
		r.Message = i18n.M(key, "via", viaName(p.Via), "sent", sent(traces), "containers", len(expected), "most", atMost(traces))
		return r
	}
	if stable, known := in.View.Stable(svc); known && !stable {
		return unstable(in, r, svc)
	}
	if node := in.lostPath(svc, p, expected); node != "" {
		r.Outcome, r.Measure = Ungraded, nil
		r.Message = i18n.M("check.lost_path", "node", node, "service", svc.Name)
		r.Hint = i18n.M("check.lost_path_hint", "node", node)
		return r
	}
	if p.Direct && worst.weight != foreignWeight {
		if e := in.View.Gone(svc, sight.PortOf(traces[0].Target.Address)); e != nil {
			r.Outcome, r.Measure = Ungraded, nil
			r.Message = i18n.M("check.answers_moved", "service", svc.Name, "server", clip(e.Server.Addr.Text, 60))
			r.Hint = i18n.M("check.answers_moved_hint", "lookup", taskAddresses(svc.Name), "reload", in.reload(in.View.Proxy(), in.Vars[in.View.Names().Balancer]))
			return r
		}
	}
	r.Message, r.Hint = worst.msg, worst.hint
	if px := in.View.Proxy(); p.Via == "haproxy" && px != nil {
		if hint := in.behind(px, svc, in.Vars[p.Port], worst.class); !hint.Empty() {
			r.Hint = hint
		}
		in.blameLoaded(&r, px, sight.PortOf(traces[0].Target.Address))
	}
	return r
}

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

// figuresAt are the figures of one target.
func figuresAt(tr *evidence.Trace, t *sight.Tally, expected []*evidence.Task) Facts {
	counts := make(map[string]int, len(expected))
	for _, task := range expected {
		counts[sight.Short(task.ContainerID)] = t.Own[task.ID]
	}
	f := Facts{
		"target": tr.Target.ID, "address": tr.Target.Address,
		"sent": t.Sent, "failed": t.Failed, "containers": counts,
	}
	if endedEarly(tr) {
		f["at_most"], f["settled_by"] = tr.Target.Requests, tr.By
	}
	if len(t.Errors) > 0 {
		f["errors"] = t.Errors
	}
	if len(t.Foreign) > 0 {
		f["foreign"] = t.Foreign
	}
	for name, n := range map[string]int{"unknown": t.Unknown, "forged": t.Forged, "anonymous": t.Anonymous, "stale": t.Stale} {
		if n > 0 {
			f[name] = n
		}
	}
	return f
}

// mostKey is the key with the highest count, the first by name among equals.
func mostKey(m map[string]int) string {
	best := ""
	for _, k := range sortedKeys(m) {
		if best == "" || m[k] > m[best] {
			best = k
		}
	}
	return best
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func sent(traces []*evidence.Trace) int {
	n := 0
	for _, t := range traces {
		n += t.Sent
	}
	return n
}
