//go:build !race

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"swarmgrade/grader/i18n"
)

// typist does what a student at a terminal does with a hint: types each line
// that is a command into a shell, writes the files that are shown and edits
// those that a hint says how to edit.
type typist struct {
	user    string
	lang    i18n.Lang
	engines map[string]string              // a node's engine, by host name
	path    func(node, file string) string // where a node's file really is
	typed   []string                       // what was typed so far, and how it went
	edits   map[string]map[int]*lineEdit   // by file and line, as it was when the hints were given
}

// lineEdit is what becomes of one line of a file.
type lineEdit struct {
	gone  bool     // it or, with text, what it was
	text  *string  // in its place
	below []string // lines to be added
}

// place is where what follows belongs.
type place struct {
	node, file string
	whole      bool      // the file is written anew
	change     *lineEdit // takes the file lines that follow
	add        bool      // below the line
}

// hint does one hint; it reports whether there was anything to do.
func (ty *typist) hint(ctx context.Context, m i18n.Msg) (something bool, err error) {
	at := place{node: "manager-1"}
	forms := newForms(ty.lang)
	for _, line := range ty.lang.Lines(m) {
		ty.typed = append(ty.typed, "> "+line)
		if command, ok := strings.CutPrefix(line, i18n.CommandMark); ok {
			something = true
			if err := ty.save(); err != nil {
				return true, err
			}
			if err := ty.shell(ctx, at.node, command); err != nil {
				return true, err
			}
			continue
		}
		if text, ok := strings.CutPrefix(line, i18n.FileMark); ok {
			something = true
			if err := ty.line(at, text); err != nil {
				return true, err
			}
			continue
		}
		did, err := ty.words(forms, &at, line)
		if err != nil {
			return something, err
		}
		something = something || did
	}
	return something, ty.save()
}

// words follows a line of prose: a node, a file, a line of it.
func (ty *typist) words(f forms, at *place, line string) (did bool, err error) {
	line = regexp.MustCompile(`^\d+\. `).ReplaceAllString(line, "")
	switch {
	case f.manager.MatchString(line):
		at.node = "manager-1"
	case f.is(f.writeFile, line), f.is(f.writeHere, line):
		at.node, at.file, at.whole = f.value("node", at.node), f.value("file", ""), true
		return true, ty.create(*at)
	case f.is(f.editFile, line), f.is(f.editHere, line):
		at.node, at.file, at.whole = f.value("node", at.node), f.value("file", ""), false
	case f.is(f.editLine, line):
		at.change, at.add = ty.change(*at, f.number()), false
		at.change.gone = false
	case f.is(f.editAdd, line):
		at.change, at.add = ty.change(*at, f.number()), true
	case f.is(f.editDelete, line):
		if c := ty.change(*at, f.number()); c.text == nil {
			c.gone = true
		}
		return true, nil
	case f.is(f.onNode, line), f.is(f.doOnNode, line):
		at.node = f.value("node", at.node)
	}
	return false, nil
}

// forms are the sentences that say where something belongs, as patterns.
type forms struct {
	writeFile, writeHere, editFile, editHere, editLine, editDelete, editAdd, onNode, doOnNode, manager *regexp.Regexp
	found                                                                                              map[string]string
}

func newForms(lang i18n.Lang) forms {
	pattern := func(key string) *regexp.Regexp {
		raw, _ := lang.Raw("check." + key)
		raw, _, _ = strings.Cut(raw, "\n")
		raw = regexp.QuoteMeta(raw)
		raw = strings.ReplaceAll(raw, `\{node\}`, `(?P<node>[\w-]+)`)
		return regexp.MustCompile("^" + regexp.MustCompile(`\\\{(\w+)\\\}`).ReplaceAllString(raw, "(?P<$1>.*?)") + "$")
	}
	return forms{pattern("write_file"), pattern("write_here"), pattern("edit_file"), pattern("edit_here"), pattern("edit_line"),
		pattern("edit_delete"), pattern("edit_add"), pattern("on_node"), pattern("do_on_node"), pattern("on_manager"), map[string]string{}}
}

func (f forms) is(p *regexp.Regexp, line string) bool {
	m := p.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	clear(f.found)
	for i, name := range p.SubexpNames() {
		f.found[name] = m[i]
	}
	return true
}

func (f forms) value(name, other string) string {
	if v, ok := f.found[name]; ok {
		return v
	}
	return other
}

func (f forms) number() int {
	n, _ := strconv.Atoi(f.found["line"])
	return n
}

// real is where a file of the place is.
func (ty *typist) real(at place) string {
	if filepath.IsAbs(at.file) {
		return ty.path(at.node, at.file)
	}
	return filepath.Join(ty.home(at.node), at.file)
}

// home is where the student is logged in at a node.
func (ty *typist) home(node string) string { return ty.path(node, "/home/"+ty.user) }

func (ty *typist) create(at place) error {
	delete(ty.edits, ty.real(at))
	return os.WriteFile(ty.real(at), nil, 0o644)
}

// line takes a line that is to be in a file.
func (ty *typist) line(at place, text string) error {
	switch {
	case at.whole:
		f, err := os.OpenFile(ty.real(at), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString(text + "\n")
		return cmpErr(err, f.Close())
	case at.change == nil:
		return fmt.Errorf("a line for no file: %s", text)
	case at.add:
		for _, other := range at.change.below {
			if other == text {
				return nil // another hint said so already
			}
		}
		at.change.below = append(at.change.below, text)
	default:
		at.change.text = &text
	}
	return nil
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// change is what was noted for a line: numbers are those of the file as it was
// checked, whatever was edited since.
func (ty *typist) change(at place, n int) *lineEdit {
	file := ty.real(at)
	if ty.edits[file] == nil {
		ty.edits[file] = map[int]*lineEdit{}
	}
	if ty.edits[file][n] == nil {
		ty.edits[file][n] = &lineEdit{}
	}
	return ty.edits[file][n]
}

// asChecked is the copy of a file from before this round's edits.
const asChecked = ".as-checked"

// save writes the files from what they were, with all edits so far.
func (ty *typist) save() error {
	for file, edits := range ty.edits {
		was, err := os.ReadFile(file + asChecked)
		if os.IsNotExist(err) {
			if was, err = os.ReadFile(file); err == nil {
				err = os.WriteFile(file+asChecked, was, 0o644)
			}
		}
		if err != nil {
			return err
		}
		var b strings.Builder
		for i, line := range strings.Split(strings.TrimSuffix(string(was), "\n"), "\n") {
			c := edits[i+1]
			if c == nil {
				c = &lineEdit{}
			}
			switch {
			case c.text != nil:
				b.WriteString(*c.text + "\n")
			case !c.gone:
				b.WriteString(line + "\n")
			}
			for _, text := range c.below {
				b.WriteString(text + "\n")
			}
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// round begins a new one: line numbers are those of the files as they are now.
func (ty *typist) round() {
	for file := range ty.edits {
		_ = os.Remove(file + asChecked)
	}
	ty.edits = map[string]map[int]*lineEdit{}
}

// The swarm's time passes faster here, and is waited for at the end of a round.
var (
	waits     = regexp.MustCompile(`^sleep 10$`)
	converges = regexp.MustCompile(`^docker service (create|update|scale) `)
)

// shell types a command on a node.
func (ty *typist) shell(ctx context.Context, node, command string) error {
	engine, ok := ty.engines[node]
	if !ok {
		return fmt.Errorf("no node %q to type on: %s", node, command)
	}
	// What a student types under /srv lies in the node's directory.
	real := strings.ReplaceAll(command, " /srv/", " "+ty.path(node, "/srv")+"/")
	real = waits.ReplaceAllString(converges.ReplaceAllString(real, "docker service $1 -d "), "sleep 1")
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", real)
	cmd.Dir = ty.home(node)
	cmd.Env = []string{"DOCKER_HOST=" + engine, "PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir}
	if out, err := cmd.CombinedOutput(); err != nil {
		ty.typed = append(ty.typed, fmt.Sprintf("    %s, %v: %s", node, err, strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", "\n    ")))
	}
	return ctx.Err()
}
