package sight

import (
	"path"
	"slices"
	"strings"
	"unicode"

	"swarmgrade/grader/evidence"
)

// Plain reports whether a service's containers do what their image does and nothing else, as
// far as its settings tell: no command of its own, nothing mounted where a program may look
// for its code, no variable that may be more than a word or says where to look, and no health
// check that does more than ask. What isn't known to be harmless is not plain: nobody loses by that but time.
func Plain(svc *evidence.Service) bool {
	// A program or a module without a path is looked for where the container works.
	if len(svc.Command)+len(svc.Args)+len(svc.Dir) > 0 || !plainHealth(svc.Health) {
		return false
	}
	if max(len(svc.Env), len(svc.Mounts), len(svc.Configs), len(svc.Secrets)) >= maxPlainList {
		return false // a reading keeps so many entries, and leaves out what comes behind
	}
	if slices.ContainsFunc(svc.Env, func(kv string) bool { return !plainVariable(kv) }) {
		return false
	}
	for _, m := range svc.Mounts {
		if !plainPlace(m.Target) {
			return false
		}
	}
	for _, c := range svc.Configs {
		if !plainPlace("/" + c.File) { // without a path of its own a config is below the root, where whoami is
			return false
		}
	}
	return plainSecrets(svc)
}

// plainSecrets reports whether no secret stands where a program may look for its code. Without
// a path of its own it is below /run/secrets.
func plainSecrets(svc *evidence.Service) bool {
	return len(svc.Secrets) < maxPlainList && !slices.ContainsFunc(svc.Secrets, func(s evidence.ConfigRef) bool {
		return strings.Contains(s.File, "/") && !plainPlace(s.File)
	})
}

// leading are ends of names of variables by which programs and their runtimes are told where
// code, settings and others are: a word is enough for that, as in PATH=tmp.
var leading = []string{
	"PATH", "LIB", "HOME", "PRELOAD", "OPT", "OPTS", "OPTIONS", "RC", "STARTUP", "PROXY", "DIR", "FILE", "CONF", "CONFIG", "BASH_ENV",
}

// plainVariable reports whether the value of a variable is words, of any script: no address,
// path, option or code, of which a program or its runtime may make something.
func plainVariable(kv string) bool {
	name, value, _ := strings.Cut(kv, "=")
	upper := strings.ToUpper(name)
	if value != "" && (upper == "ENV" || strings.HasPrefix(upper, "LD_") || slices.ContainsFunc(leading, func(end string) bool { return strings.HasSuffix(upper, end) })) {
		return false
	}
	if name == "TZ" || name == "LANG" || strings.HasPrefix(name, "LC_") {
		return len(value) <= maxPlainValue
	}
	return len(value) <= maxPlainValue && !strings.HasPrefix(strings.TrimSpace(value), "-") &&
		!strings.ContainsFunc(value, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune(" -_.", r)
		})
}

const (
	maxPlainValue = 256 // bytes
	maxPlainList  = 100
)

// plainPlaces are where no program has its code, and none that is no shell looks for any.
var plainPlaces = []string{"/etc/localtime", "/etc/timezone", "/run/secrets", "/tmp", "/var/log", "/var/tmp", "/mnt"}

func plainPlace(target string) bool {
	target = path.Clean("/" + target)
	return slices.ContainsFunc(plainPlaces, func(dir string) bool { return target == dir || strings.HasPrefix(target, dir+"/") })
}

// programs are where those of an image are; elsewhere a program may be one that is mounted.
var programs = []string{"/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin"}

// askers are the programs of a health check that ask the container and do nothing to it, with
// the options that leave it so; +1 takes a word.
var askers = map[string][]string{
	"curl": {"-f", "-s", "-S", "-I", "-L", "-sf", "-fs", "-fsS", "-sS", "-sSf", "-fsSL", "--fail", "--silent", "--show-error", "--head", "-m+1", "--max-time+1"},
	"wget": {"-q", "--quiet", "-nv", "--spider", "-T+1", "-t+1", "--tries=1", "-qO-", "-O-"},
	"nc":   {"-z", "-v", "-vz", "-zv", "-w+1"},
}

// plainHealth reports whether a health check only asks the container itself over the network,
// or whether its program runs, or is the image's own.
func plainHealth(h *evidence.HealthCheck) bool {
	if h == nil || len(h.Test) == 0 {
		return true
	}
	words := h.Test[1:]
	switch h.Test[0] {
	case "NONE":
		return true
	case "CMD":
	case "CMD-SHELL":
		line := strings.Join(words, " ")
		for _, end := range []string{"|| exit 1", "|| false", ">/dev/null", "> /dev/null", "2>&1"} {
			line = strings.Replace(line, end, " ", 1)
		}
		if words = strings.Fields(line); strings.ContainsAny(line, "\"'`\\$&|;<>(){}#!*?~\n") {
			return false
		}
	default:
		return false
	}
	if len(words) == 0 {
		return true
	}
	options, known := askers[path.Base(words[0])]
	if dir, base := path.Split(words[0]); dir != "" && (base == "" || !path.IsAbs(dir) || !slices.Contains(programs, path.Clean(dir))) {
		return false
	}
	if !known {
		return slices.Equal(words, []string{"true"}) || slices.Equal(words, []string{"false"})
	}
	for i := 1; i < len(words); i++ {
		switch w := words[i]; {
		case slices.Contains(options, w):
		case slices.Contains(options, w+"+1"):
			i++
		case strings.HasPrefix(w, "-"), !ownAddress(w):
			return false
		}
	}
	return true
}

// ownAddress reports whether a word is an address of the container that asks, or a port of it.
// What stands before an @ is a name to log in by, and a large number an address.
func ownAddress(w string) bool {
	w = strings.TrimPrefix(strings.TrimPrefix(w, "http://"), "https://")
	host, _, _ := strings.Cut(w, "/")
	if strings.ContainsAny(host, "@\\?#") {
		return false
	}
	host, _, _ = strings.Cut(host, ":")
	port := len(host) <= 5 && strings.Trim(host, "0123456789") == ""
	return host == "localhost" || host == "127.0.0.1" || host == "0.0.0.0" || host != "" && port
}
