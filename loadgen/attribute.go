package loadgen

import (
	"fmt"
	"regexp"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

// Bounds of an identity's fields. A container's host name is at most 63
// characters, a container ID 64.
const (
	maxName      = 128
	maxAddresses = 16
)

// defaultAttribution is used by a rubric that says nothing.
var defaultAttribution = rubric.Attribution{Rules: []rubric.Rule{
	{Name: "whoami", Builtin: "whoami"},
	{Name: "json", Builtin: "json"},
	{Name: "processed-by", Builtin: "processed-by"},
	{Name: "headers", Builtin: "headers"},
}}

// Attributor finds what an answer says of the container that gave it. It is
// immutable and safe for concurrent use.
//
// What exists goes first: an answer in which one container's ID stands names
// that container, however it is worded. The rules read the wording: they say
// which one is meant where there are several, and which name is claimed where
// there is none.
type Attributor struct {
	naming  []rule // those that can name a container, in order
	student []rule // those that only tell a student ID
}

// rule is one compiled rule. find fills f and reports whether it found
// anything.
type rule struct {
	name string
	find func(f *found, head, body []byte) bool
}

// Compile prepares a rubric's rules, or the built-in ones in the order whoami,
// json, processed-by, headers if there are none.
//
// The first rule that finds a host name or an address names the container.
// Rules whose pattern has only a group for the student ID add it to whatever
// names the container. Names are taken only if they consist of letters,
// digits, dots, hyphens and underscores, as host names, container and student
// IDs do. An error names the rule that is wrong.
func Compile(a rubric.Attribution) (*Attributor, error) {
	if len(a.Rules) == 0 {
		a = defaultAttribution
	}
	out := &Attributor{}
	for i, r := range a.Rules {
		compiled, studentOnly, err := compileRule(r)
		if err != nil {
			return nil, fmt.Errorf("attribution rule %d (%q): %w", i+1, r.Name, err)
		}
		if studentOnly {
			out.student = append(out.student, compiled)
		} else {
			out.naming = append(out.naming, compiled)
		}
	}
	return out, nil
}

func compileRule(r rubric.Rule) (out rule, studentOnly bool, err error) {
	out.name = r.Name
	if out.name == "" {
		out.name = r.Builtin
	}
	switch {
	case r.Builtin != "" && (r.Header != "" || r.Pattern != ""):
		return out, false, fmt.Errorf("a built-in rule takes no header and no pattern")
	case r.Builtin != "":
		find, ok := builtins[r.Builtin]
		if !ok {
			return out, false, fmt.Errorf("there is no built-in rule %q; there are headers, json, processed-by, whoami", r.Builtin)
		}
		out.find = find
		return out, false, nil
	case r.Pattern != "":
		out.find, studentOnly, err = patternRule(strings.ToLower(r.Header), r.Pattern)
		return out, studentOnly, err
	case r.Header != "":
		name := strings.ToLower(r.Header)
		out.find = func(f *found, head, _ []byte) bool {
			f.field = name
			return f.name(header(head, name))
		}
		return out, false, nil
	}
	return out, false, fmt.Errorf("it has neither a built-in, nor a header, nor a pattern")
}

// builtins are the rules that the loader knows.
var builtins = map[string]func(f *found, head, body []byte) bool{
	"whoami":       findWhoami,
	"json":         findJSON,
	"processed-by": findProcessedBy,
	"headers":      findHeaders,
}

// patternRule looks for an expression in the body, or in one header's value.
func patternRule(field, pattern string) (func(f *found, head, body []byte) bool, bool, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, false, err
	}
	host, addr, student := re.SubexpIndex("hostname"), re.SubexpIndex("address"), re.SubexpIndex("student")
	if host < 0 && addr < 0 && student < 0 {
		return nil, false, fmt.Errorf("the pattern has no group named hostname, address or student")
	}
	find := func(f *found, head, body []byte) bool {
		text := body
		if field != "" {
			text = header(head, field)
			f.field = field
		}
		// Package regexp allocates the positions it returns: 32 bytes or so.
		at := re.FindSubmatchIndex(text)
		group := func(i int) []byte {
			if i < 0 || at[2*i] < 0 {
				return nil
			}
			return text[at[2*i]:at[2*i+1]]
		}
		if at == nil {
			return false
		}
		f.name(group(host))
		f.address(group(addr))
		f.studentID(group(student))
		return true
	}
	return find, host < 0 && addr < 0, nil
}

// Identify tells who gave an answer, from its header lines and body, and which
// rule found it; ok is false if none did.
func (a *Attributor) Identify(head, body []byte) (id evidence.Identity, rule string, ok bool) {
	var f found
	r := a.find(&f, head, body)
	if r == nil {
		return id, "", false
	}
	return f.identity(), r.name, true
}

// Rules that no rubric lists: what exists was found, or, where nobody can say
// what does, something that looks like a container's ID.
var (
	existing  = &rule{name: "exists"}
	idPerhaps = &rule{name: "id"}
)

// find leaves what it found in f, with the key, and gives the rule that named
// the container or nil; then f may still mention something. It allocates
// nothing.
func (a *Attributor) find(f *found, head, body []byte) *rule {
	r := a.wording(f, head, body)
	f.looked = false
	switch {
	case f.known == nil && r != nil: // nobody can say what exists
	case f.field != "" || !f.known.ID(f.host):
		r = f.look(r, head, body)
	}
	for j := range a.student {
		if len(f.student) > 0 || r == nil {
			break
		}
		field := f.field
		a.student[j].find(f, head, body)
		f.field = field
	}
	f.makeKey()
	return r
}

// wording is what the rules say. A student's ID that one of them read stays,
// although another names the container.
func (a *Attributor) wording(f *found, head, body []byte) *rule {
	f.steps = 0
	var student []byte
	for i := range a.naming {
		f.clear()
		found := a.naming[i].find(f, head, body)
		if f.student != nil {
			student = f.student
		}
		if found && f.named() {
			f.student = student
			return &a.naming[i]
		}
	}
	f.clear()
	f.student = student
	return nil
}

// look looks for what exists in an answer whose wording names no container that
// does, or does so in a header field only.
func (f *found) look(r *rule, head, body []byte) *rule {
	f.known.Scan(&f.m, head, body)
	f.steps += f.m.Steps
	switch {
	case f.m.IDs() == 1:
		f.id = f.m.AppendID(f.id[:0], 0)
		f.host, f.field, f.rawField = f.id, "", f.m.Field()
		for _, a := range f.m.Addresses() {
			f.addAddress(a)
		}
		f.looked = false
		return existing
	case f.m.IDs() > 1 && f.known.ID(f.host):
		f.looked = false
		return r
	case f.m.IDs() == 0 && !f.named() && len(f.m.Addresses()) == 1:
		f.addAddress(f.m.Addresses()[0])
		f.rawField = f.m.Field()
		r = existing
	case f.known == nil && !f.named() && len(f.m.Maybe()) == 1 && !isNumber(f.m.Maybe()[0]):
		f.host, f.looked = f.m.Maybe()[0], false
		return idPerhaps
	}
	f.m.Sort()
	f.looked = f.m.Any()
	return r
}

func isNumber(w []byte) bool {
	for _, c := range w {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
