package swarm

import (
	"path"
	"strings"

	"swarmgrade/grader/evidence"
)

// Where the official image, and Debian's package, keep the configuration.
const (
	imageConfig   = "/usr/local/etc/haproxy/haproxy.cfg"
	packageConfig = "/etc/haproxy/haproxy.cfg"
)

// maxFiles bounds the configuration files of one HAProxy.
const maxFiles = 16

// configArgs finds the files and directories that a command line hands to
// HAProxy: every -f, and what follows --. Relative ones are taken from -C or
// the working directory. Nil means that the command line names none, as when a
// script starts HAProxy.
func configArgs(argv []string, workdir string) []string {
	words := make([]string, 0, len(argv))
	for _, arg := range argv {
		if !strings.ContainsAny(arg, " \t\n") {
			words = append(words, arg)
			continue
		}
		for _, w := range strings.Fields(arg) { // sh -c "haproxy -f …"
			words = append(words, strings.Trim(w, `"';&`))
		}
	}
	dir := path.Join("/", workdir)
	var files []string
	for i := 0; i < len(words); i++ {
		next := func() string {
			if i++; i < len(words) {
				return words[i]
			}
			return ""
		}
		switch words[i] {
		case "-f":
			files = append(files, next())
		case "-C":
			dir = path.Join(dir, next())
			if p := words[min(i, len(words)-1)]; path.IsAbs(p) {
				dir = path.Clean(p)
			}
		case "--":
			for i+1 < len(words) {
				files = append(files, next())
			}
		}
	}
	var out []string
	for _, f := range files {
		if f == "" {
			continue
		}
		if !path.IsAbs(f) {
			f = path.Join(dir, f)
		}
		if len(out) < maxFiles {
			out = append(out, path.Clean(f))
		}
	}
	return out
}

// likelyConfigs are the places to look at, in turn, when the command line names
// none.
func likelyConfigs(mounts []evidence.Mount) []string {
	out := []string{imageConfig, packageConfig}
	for _, m := range mounts {
		if t := path.Clean(m.Target); path.Ext(t) == ".cfg" && t != imageConfig && t != packageConfig && len(out) < maxFiles {
			out = append(out, t)
		}
	}
	return out
}
