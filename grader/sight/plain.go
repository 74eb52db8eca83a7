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
// for its code, no variable that may be more than a word, and no health check that does more
// than ask. What isn't known to be harmless is not plain: nobody loses by that but time.
func Plain(svc *evidence.Service) bool {
	if len(svc.Command)+len(svc.Args) > 0 || !plainHealth(svc.Health) {
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
	for _, c := range slices.Concat(svc.Configs, svc.Secrets) {
		if !plainPlace(c.File) {
			return false
		}
	}
	return true
}

// plainVariable reports whether the value of a variable is words, of any script: no address,
// path, option or code, of which a program or its runtime may make something.
func plainVariable(kv string) bool {
	name, value, _ := strings.Cut(kv, "=")
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
	if !path.IsAbs(target) {
		return !strings.Contains(target, "/") // a secret's, which is below /run/secrets
	}
	target = path.Clean(target)
	return slices.ContainsFunc(plainPlaces, func(dir string) bool { return target == dir || strings.HasPrefix(target, dir+"/") })
}

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
func ownAddress(w string) bool {
	w = strings.TrimPrefix(strings.TrimPrefix(w, "http://"), "https://")
	host, _, _ := strings.Cut(w, "/")
	host, _, _ = strings.Cut(host, ":")
	digits := strings.Trim(host, "0123456789") == ""
	return host == "localhost" || host == "127.0.0.1" || host == "0.0.0.0" || host != "" && digits
}
