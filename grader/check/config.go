package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// configParams say which mode the frontends must be in.
type configParams struct {
	proxyParams `yaml:",inline"`
	// Mode is what the frontend on the port must be in.
	Mode string `yaml:"mode"`
}

func (p *configParams) Validate(vars []string) []rubric.ParamError {
	errs := p.proxyParams.Validate(vars)
	if p.Mode != "http" && p.Mode != "tcp" {
		errs = append(errs, paramError("mode", i18n.M("check.param_proxy_mode", "mode", p.Mode)))
	}
	return errs
}

// haproxyConfig passes when the configuration is one that HAProxy accepts and
// the frontend on the student's port is in the wanted mode. Units are two:
// valid, and in the mode.
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
	if px.State == "running" && in.View.Impostor(px) {
		r.Message = i18n.M("check.proxy_impostor", "name", name, "image", clip(px.Image, 80))
		r.Hint = in.asHandout(px)
		return r
	}
	if other, ok := in.standIn(px); ok {
		return other
	}
	cfg := in.View.Config(px)
	if sight.EditedSince(px) {
		r.Observed["edited_after_start"] = true
	}
	if c, differ := in.View.Loaded(px, p.public(in, px)); differ {
		r.Observed["file_says"], r.Observed["page_shows"] = c.File, c.Page
	}
	// HAProxy itself is the judge of what it accepts: a configuration that was
	// loaded is valid, whatever we make of it.
	loaded := px.State == "running" && !in.View.Stale(px, p.public(in, px))
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
	route := in.View.Route(px, p.public(in, px))
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
	if sight.EditedSince(px) {
		started, modified := sight.EditTimes(px)
		r.Message = i18n.M("check.config_ok_edited", "file", file, "mode", p.Mode, "name", name, "started", started, "modified", modified)
	}
	return r
}

// placeConfig puts a configuration where HAProxy looks for it.
func (in *Input) placeConfig(px *evidence.Proxy, file, key string) i18n.Msg {
	text, ok := in.freshConfig(px)
	switch {
	case !ok:
		return i18n.M("check.mend_later")
	case px.Kind == "service" && key == "config_missing":
		name := in.renamed(px).Name
		return steps(i18n.M("check.config_missing_service_hint"), writeFile("", localFile, text),
			do("docker config create", name+"-cfg", localFile),
			do("docker service update --config-add", "source="+name+"-cfg,target="+file, name))
	case px.Kind == "service":
		lines := []i18n.Msg{i18n.M("check.config_directory_service_hint", "path", hostPath(px, file))}
		for _, n := range in.View.ReadyNodes() {
			lines = append(lines, doAt(n.Hostname, "rmdir", quote(hostPath(px, file))), writeFile(n.Hostname, hostPath(px, file), text))
		}
		return steps(append(lines, in.reload(px, ""))...)
	}
	return steps(i18n.M("check."+key+"_hint", "name", in.renamed(px).Name, "file", file),
		in.runAgain(px, rerun{name: in.renamed(px).Name, image: px.Image, config: text}))
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
		return steps(i18n.M("check.mend_newline"), fetchFile(in.renamed(px), file), doAt(px.Hostname, "echo", ">>", quote(hostPath(px, file))),
			putFile(in.renamed(px), file), in.reload(px, ""))
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
	if px.State == "running" || sight.EditedSince(px) || !strings.Contains(px.Log, "Fatal errors found in configuration") {
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
