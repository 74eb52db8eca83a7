package swarm

import (
	"path"
	"slices"
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
// none: where a swarm config is mounted, the usual places, and where a .cfg
// file is.
func likelyConfigs(mounts []evidence.Mount, configs map[string]evidence.File) []string {
	usual := []string{imageConfig, packageConfig}
	var out []string
	for _, p := range usual {
		if _, ok := configs[p]; ok {
			out = append(out, p)
		}
	}
	for _, p := range sortedKeys(configs) {
		if path.Ext(p) == ".cfg" {
			out = append(out, p)
		}
	}
	out = append(out, usual...)
	for _, m := range mounts {
		if t := path.Clean(m.Target); path.Ext(t) == ".cfg" {
			out = append(out, t)
		}
	}
	seen := make(map[string]bool)
	out = slices.DeleteFunc(out, func(p string) bool {
		again := seen[p]
		seen[p] = true
		return again
	})
	return out[:min(len(out), maxFiles)]
}
