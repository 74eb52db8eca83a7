package check

import (
	"slices"
	"strings"
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// proxyParams name the variables that hold the HAProxy's name and port.
type proxyParams struct {
	Name string `yaml:"name"`
	Port string `yaml:"port"`
	// Or are variables with ports that may be published in place of Port.
	Or []string `yaml:"or"`
	// Network is the variable with the network to be joined, "" for none.
	Network string `yaml:"network"`
}

func (p *proxyParams) Validate(vars []string) []rubric.ParamError {
	errs := append(varsExist(vars, "name", p.Name, "port", p.Port), orExist(vars, p.Or)...)
	if p.Network != "" {
		errs = append(errs, varsExist(vars, "network", p.Network)...)
	}
	return errs
}

func orExist(vars, or []string) []rubric.ParamError {
	var errs []rubric.ParamError
	for _, v := range or {
		errs = append(errs, varsExist(vars, "or", v)...)
	}
	return errs
}

// public is the port that counts: the first of the accepted ones that the
// HAProxy publishes, or the one that should be.
func (p *proxyParams) public(in *Input, px *evidence.Proxy) string {
	for _, name := range append([]string{p.Port}, p.Or...) {
		if _, ok := inside(px, in.Vars[name]); ok {
			return in.Vars[name]
		}
	}
	return in.Vars[p.Port]
}

var proxyDefaults = proxyParams{Name: "haproxy", Port: "frontend"}

func (p *proxyParams) needs() []Need {
	return []Need{{What: "snapshot"}, {What: "proxy", Via: p.Port, Or: p.Or}}
}

// proxyNeeds serves the kinds whose parameters hold a proxyParams.
func proxyNeeds(p *proxyParams) []Need { return p.needs() }

// Proxy is the student's HAProxy: the one under the derived name, else the one
// that can only be meant, on the derived port or under a name that is nearly
// right; nil if there is none.
func (v *View) Proxy() *evidence.Proxy {
	var meant *evidence.Proxy
	for i := range v.proxies {
		p := &v.proxies[i]
		if p.Matched == "name" {
			return p
		}
		if meant == nil {
			meant = p
		}
	}
	return meant
}

// settled are the proxies with the state that lasts. A container that restarts
// again and again runs for a moment each time, and may be seen running; the
// list of containers that was read last tells.
func settled(c evidence.Case) []evidence.Proxy {
	out := slices.Clone(c.Bundle.Proxies)
	last := c.After
	if last == nil {
		last = c.Before
	}
	if last == nil {
		return out
	}
	for i := range out {
		for _, ctr := range last.Containers {
			if ctr.ID == out[i].ID && out[i].State == "running" && ctr.State == "restarting" {
				out[i].State = ctr.State
			}
		}
	}
	return out
}

// haproxyFound passes when a container on any node, or a service, has the
// derived name. One under another name counts half.
func haproxyFound() Kind {
	return define("haproxy-found", true, proxyDefaults, proxyNeeds, judgeFound)
}

func judgeFound(in *Input, p *proxyParams) Result {
	name, port := in.Vars[p.Name], in.Vars[p.Port]
	r := Result{Outcome: Fail, Observed: Facts{"haproxy": nil}, Expected: Facts{"haproxy": name}}
	if found := in.View.Proxy(); found != nil && found.Matched == "name" {
		r.Outcome = Pass
		r.Observed = Facts{"haproxy": found.Name, "kind": found.Kind, "id": short(found.ID), "node": found.Hostname}
		r.Message = i18n.M("check.proxy_found", "name", found.Name, "node", found.Hostname)
		if found.Kind == "service" {
			r.Message = i18n.M("check.proxy_found_service", "name", found.Name)
		}
		return r
	}
	if g, ok := in.Case.Bundle.Gap("proxy/" + name); ok {
		return ungraded(g.What, i18n.M("check.config_unread", "name", name, "code", g.Code))
	}
	// A list that could not be read may hold it.
	for _, g := range in.Case.Before.Gaps {
		if strings.HasPrefix(g.What, "containers/") {
			return ungraded(g.What, i18n.M("check.proxy_unread", "name", name))
		}
	}
	if found := in.View.Proxy(); found != nil {
		other := found.Name
		r.Measure = &Measure{Got: 1, Want: 2}
		r.Observed["similar"] = other
		r.Message = i18n.M("check.proxy_misnamed", "name", name, "other", other)
		r.Hint = in.rename(found, name)
		return r
	}
	r.Message = i18n.M("check.proxy_none", "name", name)
	r.Hint = i18n.M("check.mend_later")
	if run, ok := in.firstRun(name, port); ok {
		r.Hint = steps(i18n.M("check.proxy_none_hint", "name", name), run)
	}
	return r
}

// rename is how a HAProxy gets its name.
func (in *Input) rename(px *evidence.Proxy, name string) i18n.Msg {
	if px.Kind != "service" {
		return doAt(px.Hostname, "docker", "rename", px.Name, name)
	}
	svc := in.View.idx.byID[px.ID]
	if svc == nil { // the list of services was cut
		svc = &evidence.Service{Image: px.Image, Mode: "replicated", Replicas: 1, EndpointMode: "vip"}
		for _, p := range px.Publishes {
			svc.Ports = append(svc.Ports, evidence.Port{Protocol: p.Protocol, Target: p.Private, Published: p.Public, Mode: "ingress"})
		}
	}
	again := in.View.serviceAgain(svc, func(s *evidence.Service, _ *[]string) { s.Name = name })
	return steps(i18n.M("check.proxy_misnamed_service_hint", "name", px.Name, "want", name), do("docker service rm", px.Name), do(again))
}

// asHandout runs a HAProxy that is none with the real image.
func (in *Input) asHandout(px *evidence.Proxy) i18n.Msg {
	if px.Kind == "service" {
		return in.View.hintFor(px, "proxy_impostor")
	}
	text, ok := in.freshConfig(px)
	if !ok {
		return i18n.M("check.mend_later")
	}
	return steps(i18n.M("check.proxy_impostor_hint"),
		in.runAgain(px, rerun{name: in.View.renamed(px).Name, image: "haproxy", publish: in.wants().frontend, config: text}))
}

// haproxyRunning passes when the HAProxy runs.
func haproxyRunning() Kind {
	return define("haproxy-running", false, proxyDefaults, proxyNeeds, judgeProxyRunning)
}

func judgeProxyRunning(in *Input, p *proxyParams) Result {
	px := in.View.Proxy()
	if px == nil {
		return judgeFound(in, p)
	}
	r := Result{
		Outcome:  Fail,
		Observed: Facts{"state": px.State, "exit_code": px.ExitCode, "restarts": px.RestartCount},
		Expected: Facts{"state": "running"},
		Hint:     in.start(px),
	}
	log := lastAlert(px.Log)
	if log != "" {
		r.Observed["log"] = log
	}
	what, mend := in.whyStopped(px)
	switch {
	case px.State == "running" && in.View.impostor(px):
		r.Observed["image"] = px.Image
		r.Message = i18n.M("check.proxy_impostor", "name", px.Name, "image", clip(px.Image, 80))
		r.Hint = in.asHandout(px)
	case px.State == "running":
		r.Outcome, r.Hint = Pass, i18n.Msg{}
		r.Message = i18n.M("check.proxy_running", "name", px.Name)
	case !what.Empty() && px.State == "restarting":
		r.Message, r.Hint = i18n.M("check.proxy_restarting_why", "name", px.Name, "what", what), mend
	case !what.Empty() && px.State != "paused":
		r.Message, r.Hint = i18n.M("check.proxy_stopped_why", "name", px.Name, "state", px.State, "code", px.ExitCode, "what", what), mend
	case px.State == "restarting":
		r.Message = i18n.M("check.proxy_restarting", "name", px.Name, "log", log)
	case px.State == "paused":
		r.Message = i18n.M("check.proxy_paused", "name", px.Name)
		r.Hint = doAt(px.Hostname, "docker", "unpause", px.Name)
	case px.State == "created" && log == "" && px.Error == "":
		r.Message = i18n.M("check.proxy_stopped", "name", px.Name, "state", px.State, "code", px.ExitCode)
		r.Hint = in.start(px)
	case log == "" && px.Error != "":
		r.Message = i18n.M("check.proxy_stopped_log", "name", px.Name, "state", px.State, "code", px.ExitCode, "log", px.Error)
	case log == "":
		r.Message = i18n.M("check.proxy_stopped", "name", px.Name, "state", px.State, "code", px.ExitCode)
	default:
		r.Message = i18n.M("check.proxy_stopped_log", "name", px.Name, "state", px.State, "code", px.ExitCode, "log", log)
	}
	// The log names the server; where tasks are wanted, their addresses are the
	// backends' hint.
	if r.Outcome != Pass && what.Empty() && strings.Contains(log, "could not resolve address") && !in.wants().toTasks {
		r.Hint = steps(i18n.M("check.proxy_unresolved_hint"), in.rewrite(px))
	}
	return r
}

// start is how a HAProxy comes to run that does not.
func (in *Input) start(px *evidence.Proxy) i18n.Msg {
	if px.Kind == "service" {
		if px.State == "created" {
			return in.View.hintFor(px, "proxy_created")
		}
		return in.View.hintFor(px, "proxy_stopped")
	}
	now := in.View.renamed(px)
	if strings.Contains(px.Error, "not manually attachable") || strings.Contains(px.Error, "Could not attach") {
		return i18n.M("check.mend_network_first") // which takes this container away
	}
	if other := in.View.holder(px); other != "" {
		return steps(i18n.M("check.proxy_port_held_hint", "name", now.Name, "other", other),
			doAt(px.Hostname, "docker", "rm", "-f", other), doAt(px.Hostname, "docker", "start", now.Name))
	}
	return steps(i18n.M("check.proxy_stopped_hint", "name", now.Name), in.View.logs(px, ""), doAt(px.Hostname, "docker", "start", now.Name))
}

// holder is another stand-alone container of its node that publishes a port
// which a HAProxy that does not run asks for.
func (v *View) holder(px *evidence.Proxy) string {
	c := v.standAlone(func(c *evidence.Container, p evidence.ContainerPort) bool {
		return c.NodeID == px.NodeID && c.ID != px.ID &&
			slices.ContainsFunc(px.Publishes, func(q evidence.ContainerPort) bool { return q.Public == p.Public && q.Protocol == p.Protocol })
	})
	if c == nil {
		return ""
	}
	return c.Names[0]
}

// standAlone is a container of no service that publishes a port which fits; nil
// if there is none.
func (v *View) standAlone(fits func(*evidence.Container, evidence.ContainerPort) bool) *evidence.Container {
	for _, idx := range v.indexes() {
		for i := range idx.Snap.Containers {
			c := &idx.Snap.Containers[i]
			if c.ServiceID == "" && len(c.Names) > 0 && slices.ContainsFunc(c.Ports, func(p evidence.ContainerPort) bool { return p.Public > 0 && fits(c, p) }) {
				return c
			}
		}
	}
	return nil
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

// configParams say which mode the frontends must be in.
type configParams struct {
	proxyParams `yaml:",inline"`
	Mode        string `yaml:"mode"`
}

func (p *configParams) Validate(vars []string) []rubric.ParamError {
	errs := p.proxyParams.Validate(vars)
	if p.Mode != "http" && p.Mode != "tcp" {
		errs = append(errs, paramError("mode", i18n.M("check.param_proxy_mode", "mode", p.Mode)))
	}
	return errs
}

// haproxyConfig passes when the configuration is one that HAProxy accepts and
// the frontend on the student's port is in the wanted mode. It counts two
// units: valid, and in the mode.
func haproxyConfig() Kind {
	return define("haproxy-config", true, configParams{proxyParams: proxyDefaults, Mode: "http"},
		func(p *configParams) []Need { return p.needs() }, judgeConfig)
}

func judgeConfig(in *Input, p *configParams) Result {
	px := in.View.Proxy()
	if px == nil {
		return judgeFound(in, &p.proxyParams)
	}
	name := px.Name
	r := Result{Outcome: Fail, Measure: &Measure{Want: 2}, Observed: Facts{}, Expected: Facts{"mode": p.Mode}}
	file, trouble := mainFile(px)
	r.Observed["file"] = file
	switch trouble {
	case "missing":
		r.Message = i18n.M("check.config_missing", "name", name, "file", file)
		r.Hint = in.placeConfig(px, file, "config_missing")
	case "directory":
		r.Message = i18n.M("check.config_directory", "name", name, "file", file)
		r.Hint = in.placeConfig(px, file, "config_directory")
	case "":
	default:
		return ungraded("proxy/"+name, i18n.M("check.config_unread", "name", name, "code", trouble))
	}
	if trouble != "" {
		r.Observed["error"] = trouble
		return r
	}
	if px.State == "running" && in.View.impostor(px) {
		r.Message = i18n.M("check.proxy_impostor", "name", name, "image", clip(px.Image, 80))
		r.Hint = in.asHandout(px)
		return r
	}
	cfg := in.View.config(px)
	if editedSince(px) {
		r.Observed["edited_after_start"] = true
	}
	if c, differ := in.View.Loaded(px, p.public(in, px)); differ {
		r.Observed["file_says"], r.Observed["page_shows"] = c.File, c.Page
	}
	// HAProxy itself is the judge of what it accepts: a configuration that was
	// loaded is valid, whatever we make of it.
	loaded := px.State == "running" && !in.View.stale(px, p.public(in, px))
	// Alerts come first.
	if found := haproxy.Lint(cfg); haproxy.Refused(found) && !loaded {
		alert := found[0]
		source := sourceLine(px, alert.File, alert.Line)
		r.Observed["line"], r.Observed["alert"], r.Observed["source"] = alert.Line, alert.Text, source
		r.Message = i18n.M("check.config_alert", "file", alert.File, "line", alert.Line, "what", alert.Msg)
		r.Hint = in.mendAlerts(px, cfg, found)
		if alert.Unset != "" {
			r.Hint = steps(i18n.M("check.mend_env", "env", alert.Unset, "line", alert.Line), r.Hint)
		}
		return r
	}
	// What a file names may be missing in the container, which only HAProxy knows.
	if alert := refusal(px); alert != "" && !loaded {
		r.Observed["alert"] = alert
		r.Message = i18n.M("check.config_refused", "name", name, "file", file, "alert", alert)
		r.Hint = in.rewrite(px)
		return r
	}
	route := in.View.route(px, p.public(in, px))
	if len(route.Binds) == 0 {
		r.Message = i18n.M("check.config_no_frontend", "file", file)
		r.Hint = in.rewrite(px)
		return r
	}
	r.Measure.Got = 1
	for _, b := range route.Binds {
		r.Observed["mode"] = b.Proxy.Mode
		if b.Proxy.Mode != p.Mode {
			r.Message = i18n.M("check.config_mode", "frontend", b.Proxy.Name, "mode", b.Proxy.Mode, "want", p.Mode)
			r.Hint = steps(i18n.M("check.config_mode_hint", "want", p.Mode), in.mend(px, modeEdits(cfg, p.Mode)))
			return r
		}
	}
	r.Outcome, r.Measure.Got = Pass, 2
	r.Message = i18n.M("check.config_ok", "file", file, "mode", p.Mode)
	return r
}

// placeConfig puts a configuration where HAProxy looks for it.
func (in *Input) placeConfig(px *evidence.Proxy, file, key string) i18n.Msg {
	text, ok := in.freshConfig(px)
	switch {
	case !ok:
		return i18n.M("check.mend_later")
	case px.Kind == "service" && key == "config_missing":
		name := in.View.renamed(px).Name
		return steps(i18n.M("check.config_missing_service_hint"), writeFile("", localFile, text),
			do("docker config create", name+"-cfg", localFile),
			do("docker service update --config-add", "source="+name+"-cfg,target="+file, name))
	case px.Kind == "service":
		lines := []i18n.Msg{i18n.M("check.config_directory_service_hint", "path", hostPath(px, file))}
		for _, n := range in.View.ReadyNodes() {
			lines = append(lines, doAt(n.Hostname, "rmdir", quote(hostPath(px, file))), writeFile(n.Hostname, hostPath(px, file), text))
		}
		return steps(append(lines, in.View.reload(px, ""))...)
	}
	return steps(i18n.M("check."+key+"_hint", "name", in.View.renamed(px).Name, "file", file),
		in.runAgain(px, rerun{name: in.View.renamed(px).Name, image: px.Image, config: text}))
}

// mendAlerts are the edits that take what HAProxy refuses out of a
// configuration, where they are known for all of it.
func (in *Input) mendAlerts(px *evidence.Proxy, cfg *haproxy.Config, found []haproxy.Finding) i18n.Msg {
	var edits []edit
	newline := false
	for _, f := range found {
		if f.Severity != haproxy.Alert {
			continue
		}
		l, ok := cfg.LineAt(f.File, f.Line)
		near, _ := f.Msg.Args["near"].(string)
		switch {
		case f.Msg.Key == "haproxy.no_newline":
			newline = true
		case ok && f.Msg.Key == "haproxy.unknown_backend_near":
			edits = append(edits, edit{l, "line", withWord(l, f.Msg.Args["name"], near)})
		case ok && (f.Msg.Key == "haproxy.unknown_keyword_near" || f.Msg.Key == "haproxy.outside_near"):
			edits = append(edits, edit{l, "line", withWord(l, f.Msg.Args["word"], near)})
		default:
			return in.rewrite(px)
		}
	}
	if newline && len(edits) == 0 && len(px.Files) == 1 {
		file := px.Files[0].Path
		return steps(i18n.M("check.mend_newline"), fetchFile(in.View.renamed(px), file), doAt(px.Hostname, "echo", ">>", quote(hostPath(px, file))),
			putFile(in.View.renamed(px), file), in.View.reload(px, ""))
	}
	return in.mend(px, edits)
}

// withWord is a line with one word in the place of another.
func withWord(l haproxy.Line, word any, by string) string {
	words := slices.Clone(l.Words)
	for i, w := range words {
		if w == word {
			words[i] = by
		}
	}
	return written(words)
}

// modeEdits have every frontend and backend in a mode.
func modeEdits(cfg *haproxy.Config, mode string) []edit {
	var out []edit
	seen := map[int]bool{}
	for _, p := range cfg.Proxies {
		e := edit{p.ModeLine, "line", "mode " + mode}
		switch {
		case p.Mode == mode:
			continue
		case p.ModeLine.Num == 0 && p.Section.Defaults != nil:
			e = edit{p.Section.Defaults.Head, "add", "mode " + mode}
		case p.ModeLine.Num == 0:
			e = edit{p.Section.Head, "add", "mode " + mode}
		}
		if !seen[e.line.Num] {
			seen[e.line.Num] = true
			out = append(out, e)
		}
	}
	return out
}

// refusal is the first alert of a HAProxy that ended over its configuration as
// it is now, "" if that did not happen.
func refusal(px *evidence.Proxy) string {
	if px.State == "running" || editedSince(px) || !strings.Contains(px.Log, "Fatal errors found in configuration") {
		return ""
	}
	return lastAlert(px.Log)
}

// mainFile is the configuration file to speak of, and what is wrong with
// reading it: "" if nothing is.
func mainFile(px *evidence.Proxy) (path, trouble string) {
	if len(px.Files) == 0 {
		return "haproxy.cfg", "unreadable"
	}
	for _, f := range px.Files {
		if f.Error != "" {
			return f.Path, f.Error
		}
		if f.Truncated {
			return f.Path, "too-large"
		}
	}
	return px.Files[0].Path, ""
}

// editedSince reports whether a configuration file is newer than the start of
// the container, by the engine's own clock. Seconds are compared: an archive
// keeps no more.
func editedSince(px *evidence.Proxy) bool {
	started, err := time.Parse(time.RFC3339Nano, px.Started)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(px.Files, func(f evidence.File) bool {
		if f.Source != "archive" {
			return false
		}
		t, err := time.Parse(time.RFC3339Nano, f.Modified)
		return err == nil && t.Sub(started) > time.Second
	})
}

// sourceLine is a line of a configuration file, clipped.
func sourceLine(px *evidence.Proxy, file string, num int) string {
	for _, f := range px.Files {
		if f.Path != file {
			continue
		}
		n := 0
		for line := range strings.Lines(f.Text) {
			if n++; n == num {
				return clip(strings.TrimSpace(line), 80)
			}
		}
	}
	return ""
}

// config is the parsed configuration, parsed once a student.
func (v *View) config(px *evidence.Proxy) *haproxy.Config {
	if v.parsed == nil {
		v.parsed = map[*evidence.Proxy]*haproxy.Config{}
	}
	c, ok := v.parsed[px]
	if !ok {
		c = haproxy.Read(px)
		v.parsed[px] = c
	}
	return c
}
