package check

import (
	"regexp"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// causes tell why a HAProxy does not run from what the engine or the log says,
// where the words themselves would not help: the first that is found counts.
// "log" looks at HAProxy's last start, "error" at what the engine could not do.
var causes = []struct{ in, word, key string }{
	{"error", "are you trying to mount a directory onto a file", "mount_directory"},
	{"error", "exec format error", "exec_format"},
	{"log", "exec format error", "exec_format"},
	{"error", "bind source path does not exist", "mount_missing"},
	{"error", "executable file not found", "no_program"},
	{"error", "no such file or directory", "no_program"},
	{"error", "port is already allocated", "port_taken"},
	{"error", "address already in use", "port_taken"},
	{"error", "permission denied", "no_program"},
	{"log", "could not open configuration file", "config_permission"},
	{"log", "cannot bind socket (permission denied)", "low_port"},
	{"log", "cannot bind socket (address already in use)", "port_in_use"},
	{"log", "cannot bind socket (cannot assign requested address)", "no_address"},
	{"log", "usage : haproxy", "usage"},
	{"log", ": not found", "no_program"},
}

// whyStopped is why a HAProxy does not run, in words, with what to do; empty where
// its log says it best.
func (in *Input) whyStopped(px *evidence.Proxy) (what, hint i18n.Msg) {
	file, trouble := mainFile(px)
	if (trouble == "directory" || trouble == "missing") && px.Error == "" {
		return i18n.M("check.config_"+trouble, "name", px.Name, "file", file), i18n.M("check.mend_config_first")
	}
	log := lastStart(px.Log)
	if strings.Contains(log, "Fatal errors found in configuration") || strings.Contains(log, "Error(s) found in configuration file") {
		return i18n.Msg{}, i18n.Msg{} // the alert that HAProxy gives is the cause
	}
	if px.Error == "" && slices.ContainsFunc(px.Command, onlySays) {
		return i18n.M("check.cause_only_checks"), in.mendCause(px, file, "only_checks")
	}
	text := map[string]string{"log": strings.ToLower(log), "error": strings.ToLower(px.Error)}
	for _, c := range causes {
		if strings.Contains(text[c.in], c.word) {
			what, hint = i18n.M("check.cause_"+c.key), in.mendCause(px, file, c.key)
			if h := in.View.Held(px); h != nil && c.key == "port_taken" {
				what = i18n.M("check.cause_port_held", "port", h.Port, "holder", h.Words())
			}
			return what, hint
		}
	}
	return i18n.Msg{}, i18n.Msg{}
}

// onlySays are the options with which HAProxy checks its files or says its version, and ends.
func onlySays(arg string) bool { return arg == "-c" || arg == "-v" || arg == "-vv" }

// simulates is a whole line of the embedded balancer's: what HAProxy quotes of a
// configuration stands within a line of its own.
var simulates = regexp.MustCompile(`^(?:\[ALERT\] +\(\d+\) : )?\S+:\d+: the embedded balancer does not simulate (.+)$`)

// notSimulated is what the embedded cluster's balancer could not do that is in a
// configuration, in its words; "" if it is not that which ended a HAProxy.
func notSimulated(px *evidence.Proxy) string {
	if px.State == "running" {
		return ""
	}
	for line := range strings.Lines(lastStart(px.Log)) {
		if m := simulates.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			return clip(m[1], 80)
		}
	}
	return ""
}

// mendCause is what to do about one of the causes.
func (in *Input) mendCause(px *evidence.Proxy, file, key string) i18n.Msg {
	v, now := in.View, in.renamed(px)
	said := i18n.M("check.cause_"+key+"_hint", "name", now.Name, "path", quote(hostPath(px, file)), "reload", in.reload(px, ""),
		"logs", in.logs(px, ""), "remove", in.remove(px, ""))
	again := rerun{name: now.Name, image: px.Image, publish: in.wants().frontend, plain: true}
	switch {
	case key == "port_taken" && px.Kind != "service" && v.Held(px) != nil:
		return in.start(px)
	case key == "port_taken" && px.Kind != "service":
		return steps(i18n.M("check.port_program_hint", "name", now.Name), doAt(px.Hostname, "ss -ltnp"), doAt(px.Hostname, "docker", "start", now.Name))
	case key == "port_taken" || key == "config_permission":
		return said
	case key == "low_port" || key == "port_in_use" || key == "no_address":
		return in.rewrite(px)
	case px.Kind == "service":
		if key == "mount_missing" || key == "mount_directory" {
			return in.placeConfig(px, file, "config_directory")
		}
		return said
	case key == "mount_missing" || key == "mount_directory":
		return in.placeConfig(px, file, "config_directory")
	case key == "only_checks":
		starts := *px
		starts.Command = slices.DeleteFunc(slices.Clone(px.Command), onlySays)
		again.plain = !slices.Contains(starts.Command, "-f")
		return steps(i18n.M("check.mend_starts"), in.runAgain(&starts, again))
	case key == "exec_format":
		again.image, again.plain = "haproxy", false
		return steps(i18n.M("check.mend_image"), doAt(px.Hostname, "docker pull haproxy"), in.runAgain(px, again))
	}
	return steps(i18n.M("check.mend_plain"), in.runAgain(px, again))
}

// lastStart is the part of a log since HAProxy, or its help, began last. From 3.1
// on the master writes its version once more when its worker has failed.
func lastStart(log string) string {
	if i := strings.LastIndex(log, "Initializing new worker"); i >= 0 {
		return log[strings.LastIndexByte(log[:i], '\n')+1:]
	}
	for _, head := range []string{"haproxy version is ", "HAProxy version "} {
		if i := strings.LastIndex(log, head); i >= 0 {
			log = log[strings.LastIndexByte(log[:i], '\n')+1:]
		}
	}
	return log
}

// startedWell reports whether the last start of a HAProxy, as master with a worker, came
// to its end, and nothing was wrong from there on: somebody has stopped it.
func startedWell(log string) bool {
	last := lastStart(log)
	return strings.Contains(last, "Loading success.") && !strings.Contains(last, "[ALERT]")
}

// lastAlert is the first alert of the last start in HAProxy's log, or its last
// line that is not of its help text, clipped.
func lastAlert(log string) string {
	last := ""
	help := false
	for line := range strings.Lines(lastStart(log)) {
		line = strings.TrimSpace(line)
		help = help && !strings.HasPrefix(line, "[") || strings.HasPrefix(line, "Usage :")
		switch {
		case line == "" || help || strings.HasPrefix(line, "HAProxy version "):
		case strings.Contains(line, "[ALERT]"):
			return clip(line, 200)
		default:
			last = line
		}
	}
	return clip(last, 200)
}
