package haproxy

import (
	_ "embed"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed innocent.txt
var innocentText string

// pattern is a kind of line of innocent.txt.
type pattern struct {
	words  []string
	except bool
}

// innocents are the patterns of a list by what a line's first word may be; ""
// holds those that begin with a word cut short.
type innocents map[string][]pattern

var innocentLists = sync.OnceValue(func() map[string]innocents {
	all := map[string]innocents{}
	var cur innocents
	for line := range strings.Lines(innocentText) {
		ws := strings.Fields(strings.ToLower(line))
		if len(ws) == 0 || ws[0] == "#" {
			continue
		}
		if name, ok := strings.CutPrefix(ws[0], "["); ok {
			cur = innocents{}
			all[strings.TrimSuffix(name, "]")] = cur
			continue
		}
		p := pattern{words: ws}
		if ws[0] == "!" {
			p = pattern{ws[1:], true}
		}
		for first := range strings.SplitSeq(p.words[0], "|") {
			if strings.HasSuffix(first, "*") {
				first = ""
			}
			cur[first] = append(cur[first], p)
		}
	}
	return all
})

// innocentWords are the single words of a list; one may end in *.
var innocentWords = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	name := ""
	for line := range strings.Lines(innocentText) {
		ws := strings.Fields(line)
		switch {
		case len(ws) == 0 || ws[0] == "#":
		case ws[0][0] == '[':
			name = strings.Trim(ws[0], "[]")
		default:
			all[name] = append(all[name], ws...)
		}
	}
	return all
})

// matches reports whether a line is of the kind.
func (p pattern) matches(l Line) bool {
	ws := l.Words
	for i, want := range p.words {
		rest := ws[min(i, len(ws)):]
		switch want {
		case "...":
			return true
		case "<if>":
			return len(rest) == 0 || rest[0] == "if" || rest[0] == "unless"
		case "<server>":
			return onlyOptions("server", rest)
		case "<bind>":
			return onlyOptions("bind", rest)
		case "<socket>":
			return onlySocket(rest)
		}
		if len(rest) == 0 || !wordIs(want, rest[0]) {
			return false
		}
	}
	return len(ws) == len(p.words)
}

// wordIs matches one word against a|b*.
func wordIs(want, w string) bool {
	for alt := range strings.SplitSeq(want, "|") {
		if head, ok := strings.CutSuffix(alt, "*"); ok && len(w) >= len(head) && strings.EqualFold(w[:len(head)], head) || strings.EqualFold(alt, w) {
			return true
		}
	}
	return false
}

// onlyOptions reports whether words are innocent options, with their values, of
// a server or bind line.
func onlyOptions(list string, ws []string) bool {
	for i := 0; i < len(ws); i++ {
		if !slices.ContainsFunc(innocentWords()[list], func(known string) bool { return wordIs(known, ws[i]) }) {
			return false
		}
		if ws[i] != "interface" || list != "server" { // behind a source
			i += WordsAfter(list, ws[i])
		} else {
			i++
		}
	}
	return true
}

func onlySocket(ws []string) bool {
	for i := 0; i < len(ws); i += 2 {
		arg := ""
		if i+1 < len(ws) {
			arg = ws[i+1]
		}
		if known := innocentWords()["socket"]; !slices.Contains(known, ws[i]) && !slices.Contains(known, ws[i]+"="+arg) {
			return false
		}
	}
	return true
}

func (set innocents) has(l Line) bool {
	found := false
	for _, key := range []string{strings.ToLower(l.Words[0]), ""} {
		for _, p := range set[key] {
			if p.matches(l) {
				if p.except {
					return false
				}
				found = true
			}
		}
	}
	return found
}

// Innocent reports whether a line of a kind of section can do nothing but lead
// requests to the servers that are listed, or turn them away. One that depends
// on what is not known here, or that HAProxy may skip, is not.
func Innocent(section string, l Line) bool {
	if l.Env || l.InIf || len(l.Words) == 0 {
		return false
	}
	switch section {
	case "defaults", "frontend", "backend", "listen":
		section = "proxy"
	case "global", "resolvers":
	default:
		return slices.ContainsFunc(innocentWords()["sections"], func(known string) bool { return wordIs(known, section) })
	}
	return innocentLists()[section].has(l)
}

// Suspects are the lines that bear on the given proxies and are not innocent,
// in the order of the files, each once, at most most of them.
func (c *Config) Suspects(proxies []*Proxy, most int) []Line {
	var out []Line
	type key struct {
		file string
		num  int
	}
	seen := map[key]bool{}
	look := func(section string, l Line) {
		k := key{l.File, l.Num}
		if len(out) < most && !seen[k] {
			seen[k] = true
			if !Innocent(section, l) {
				out = append(out, l)
			}
		}
	}
	for _, l := range slices.Concat(c.Stray, c.Preproc) {
		look("", l)
	}
	for _, s := range c.Sections {
		switch s.Kind {
		case "defaults", "frontend", "backend", "listen":
		case "global", "resolvers":
			for _, l := range s.Lines {
				look(s.Kind, l)
			}
		default:
			look(s.Kind, s.Head)
		}
	}
	for _, p := range proxies {
		for _, l := range p.Lines {
			look(p.Kind, l)
		}
	}
	return out
}

// PlainCommand reports whether a command line runs HAProxy and nothing else, as
// the image's own does; a service that names none runs that.
func PlainCommand(argv []string) bool {
	if len(argv) == 0 {
		return true
	}
	if path.Base(argv[0]) == "docker-entrypoint.sh" {
		argv = argv[1:]
	}
	if len(argv) > 0 && path.Base(argv[0]) == "haproxy" {
		argv = argv[1:]
	}
	known := innocentWords()["command"]
	for i := 0; i < len(argv); i++ {
		if argv[i] == "--" {
			return true
		}
		at := slices.IndexFunc(known, func(k string) bool {
			name, _, _ := strings.Cut(k, "+")
			head, open := strings.CutSuffix(name, "*")
			return argv[i] == name || open && strings.HasPrefix(argv[i], head)
		})
		if at < 0 {
			return false
		}
		if strings.HasSuffix(known[at], "+1") {
			i++
		}
	}
	return true
}

// PlainMount reports whether what is mounted at a path hides no part of the
// program.
func PlainMount(target string) bool {
	target = path.Clean("/" + target)
	return slices.ContainsFunc(innocentWords()["mount"], func(dir string) bool {
		return target == dir || strings.HasPrefix(target, dir+"/")
	})
}

// Starts reports whether a command line names HAProxy as a program, by itself or
// within a shell's line: a word whose path has an element haproxy, but for the
// configuration's. A script that starts it is not seen through.
func Starts(argv []string) bool {
	for _, word := range strings.FieldsFunc(strings.Join(argv, " "), func(r rune) bool { return strings.ContainsRune(" \t\n;&|()<>\"'`$", r) }) {
		if strings.Contains(word, "/etc/") || strings.HasSuffix(word, ".cfg") {
			continue
		}
		if slices.ContainsFunc(strings.Split(word, "/"), func(dir string) bool {
			return dir == "haproxy" || dir == "hapee-lb" || strings.HasPrefix(dir, "haproxy-systemd")
		}) {
			return true
		}
	}
	return false
}
