package haproxy

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
)

// Limits on what variables of the environment may add to a configuration.
const (
	MaxVars     = 64      // names that are looked up
	MaxVarValue = 4 << 10 // bytes of one value
	maxExpanded = 1 << 20 // bytes of all values put in place
)

// state says what is known of a variable.
type state int

const (
	unknown state = iota
	unset
	set
)

// environment is what the variables stand for at the line that is being read:
// what the process was given, and what the global section has changed since.
type environment struct {
	vars map[string]variableValue
	// rest is the state of all names that are not in vars.
	rest state
	// spent counts the bytes of values put in place, of maxExpanded.
	spent int
	// Where the line stands, for the names that begin with a dot.
	file, section string
	line          int
}

type variableValue struct {
	state state
	value string
}

func newEnvironment(vars []evidence.EnvVar) *environment {
	e := &environment{vars: map[string]variableValue{}}
	for _, v := range vars {
		if v.Unset {
			e.vars[v.Name] = variableValue{state: unset}
		} else {
			e.vars[v.Name] = variableValue{set, v.Value}
		}
	}
	return e
}

// value looks a name up. HAProxy sets some of those that begin with its own
// name by itself.
func (e *environment) value(name string) (string, state) {
	switch name {
	case ".LINE":
		return strconv.Itoa(e.line), set
	case ".FILE":
		return e.file, set
	case ".SECTION":
		return e.section, set
	}
	v, ok := e.vars[name]
	switch {
	case !ok && strings.HasPrefix(name, "HAPROXY_"), v.state == unset && strings.HasPrefix(name, "HAPROXY_"):
		return "", unknown
	case !ok:
		return "", e.rest
	}
	return v.value, v.state
}

// global follows the lines of the global section that change the environment.
// What a condition may skip leaves the name unknown.
func (e *environment) global(l Line) {
	put := func(name string, v variableValue) {
		if l.InIf || l.Env {
			v = variableValue{}
		}
		e.vars[name] = v
	}
	switch name := l.Word(1); l.Words[0] {
	case "setenv":
		if len(l.Words) == 3 {
			put(name, variableValue{set, l.Words[2]})
		}
	case "presetenv":
		if len(l.Words) == 3 {
			switch _, st := e.value(name); st {
			case unset:
				put(name, variableValue{set, l.Words[2]})
			case unknown:
				put(name, variableValue{})
			}
		}
	case "unsetenv":
		for _, name := range l.From(1) {
			put(name, variableValue{state: unset})
		}
	case "resetenv":
		if l.InIf || l.Env {
			e.vars, e.rest = map[string]variableValue{}, unknown
			return
		}
		for name := range e.vars {
			if !slices.Contains(l.From(1), name) {
				delete(e.vars, name)
			}
		}
		for _, name := range l.From(1) {
			if _, ok := e.vars[name]; !ok {
				e.vars[name] = variableValue{state: e.rest}
			}
		}
		e.rest = unset
	}
}

// Variables are the names of the environment that configuration files refer to,
// in the order of the text, at most [MaxVars]. Those that the files set for
// themselves are among them.
func Variables(files ...evidence.File) []string {
	c := Parse(nil, files...)
	return c.vars
}

// named notes a name that a line refers to.
func (c *Config) named(names []string) {
	for _, n := range names {
		if len(c.vars) < MaxVars && !strings.HasPrefix(n, ".") && !slices.Contains(c.vars, n) {
			c.vars = append(c.vars, n)
		}
	}
}

// Environ picks, out of a process's whole environment ("NAME=value", the last
// one counts), what its configuration names, and nothing else but what loads
// code into a program. A value that is too long is left out, and so is a name
// that is missing but may be set by what starts the process.
func Environ(env []string, files ...evidence.File) []evidence.EnvVar {
	var out []evidence.EnvVar
	names := Variables(files...)
	for _, kv := range slices.Backward(env) {
		// One is enough, whatever else a configuration names.
		if name, value, _ := strings.Cut(kv, "="); LoadsCode(name, value) && !slices.Contains(names, name) && len(names) < MaxVars+2 {
			names = append(names, name)
		}
	}
	for _, name := range names {
		v := evidence.EnvVar{Name: name, Unset: true}
		for _, kv := range env {
			if value, ok := strings.CutPrefix(kv, name+"="); ok {
				v = evidence.EnvVar{Name: name, Value: value}
			}
		}
		if len(v.Value) > MaxVarValue && LoadsCode(name, v.Value) {
			v.Value = strings.ToValidUTF8(v.Value[:MaxVarValue], "")
		}
		byRuntime := v.Unset && (name == "HOME" || name == "TERM" || name == "HOSTNAME")
		if len(name) <= maxVarName && len(v.Value) <= MaxVarValue && !byRuntime {
			out = append(out, v)
		}
	}
	return out
}

const maxVarName = 128

// LoadsCode reports whether a variable may make a program run foreign code: by the loader, or
// since the program is looked for elsewhere than images have theirs. Elsewhere is harmless
// where nothing of the kind is mounted, see [Search].
func LoadsCode(name, value string) bool {
	return len(name) <= maxVarName && (strings.HasPrefix(name, "LD_") || name == "PATH" && slices.ContainsFunc(strings.Split(value, ":"), func(dir string) bool {
		return !slices.Contains(ownPrograms, dir)
	}))
}

// ownPrograms are where an image's programs are.
var ownPrograms = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// Search reports whether a program that is looked for in the directories of a PATH may be one
// that is mounted at a target.
func Search(value, target string) bool {
	target = strings.TrimSuffix(path.Clean("/"+target), "/") + "/"
	return slices.ContainsFunc(strings.Split(value, ":"), func(dir string) bool {
		dir = strings.TrimSuffix(path.Clean("/"+dir), "/") + "/" // without a root it is the working directory's, which is the root as a rule
		return strings.HasPrefix(dir, target) || strings.HasPrefix(target, dir)
	})
}
