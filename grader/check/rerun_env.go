package check

import (
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// images are the variables that images of HAProxy, and Docker itself, set; no
// student gives them with -e.
var images = []string{
	"PATH", "HOME", "TERM", "HOSTNAME", "HAPROXY_VERSION", "HAPROXY_URL", "HAPROXY_SHA256", "HAPROXY_UID", "HAPROXY_GID",
	"HAPROXY_BRANCH", "HAPROXY_MINOR", "HAPROXY_SRC_URL",
}

// keptEnv are the flags that give a container the variables again which its
// configuration names: evidence keeps no others. A value that was not kept is
// taken from the shell that the command is typed in.
func keptEnv(px *evidence.Proxy) (flags, hidden []string) {
	for _, name := range haproxy.Variables(px.Files...) {
		if slices.Contains(images, name) {
			continue
		}
		at := slices.IndexFunc(px.Env, func(v evidence.EnvVar) bool { return v.Name == name })
		switch {
		case at < 0 && strings.HasPrefix(name, "HAPROXY_"): // HAProxy's own, as far as is known
		case at < 0:
			flags, hidden = append(flags, "-e", quote(name)), append(hidden, name)
		case !px.Env[at].Unset:
			flags = append(flags, "-e", quote(name+"="+px.Env[at].Value))
		}
	}
	return flags, hidden
}
