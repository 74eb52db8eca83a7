package loadgen

import (
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unsafe"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
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

// found is what one answer says, in memory that is used again for the next.
// Slices point into the answer or into text.
type found struct {
	host, student []byte
	addrs         [maxAddresses]netip.Addr
	n             int    // addresses
	text          []byte // a page without its tags
	key           []byte
	torn          bool       // it claims to be more than one
	field         string     // the header field that it was read in
	rawField      []byte     // the same as the answer writes it, for a field that no rule has
	client        netip.Addr // whom it answered, as it says

	known  *mention.Known
	asked  string // the host that was asked for, without a port: no container's name
	m      mention.Found
	looked bool   // m is this answer's, and what it holds is to be kept
	id     []byte // where host is made of a number
	steps  int    // bytes looked at, for tests of how the work grows
}

func (f *found) clear() {
	f.host, f.student, f.n, f.torn, f.field, f.rawField, f.client = nil, nil, 0, false, "", nil, netip.Addr{}
}

func (f *found) named() bool { return len(f.host) > 0 || f.n > 0 }

// name takes the word at the start of v as the host name.
func (f *found) name(v []byte) bool {
	w := f.word(v)
	if w == nil || isAddress(w) || f.isAsked(w) || f.known.Node(w) {
		return false
	}
	f.host = w
	return true
}

// isAsked reports whether a value is the request's own host, with or without
// its port.
func (f *found) isAsked(v []byte) bool {
	if f.asked == "" || len(v) < len(f.asked) || !strings.EqualFold(unsafe.String(&v[0], len(f.asked)), f.asked) {
		return false
	}
	return len(v) == len(f.asked) || v[len(f.asked)] == ':'
}

func (f *found) studentID(v []byte) {
	if w := f.word(v); w != nil {
		f.student = w
	}
}

func (f *found) word(v []byte) []byte {
	w, n := word(v)
	f.steps += n
	return w
}

// address adds an address, with or without prefix length or zone; loopback and
// unspecified ones and repeats are left out.
func (f *found) address(v []byte) {
	f.steps += len(v)
	v = trim(v)
	if i := bytes.IndexAny(v, "/%"); i >= 0 {
		v = v[:i]
	}
	if a, ok := parseAddr(v); ok && !a.IsLoopback() && !a.IsUnspecified() {
		f.addAddress(a)
	}
}

func (f *found) addAddress(a netip.Addr) {
	if f.n < maxAddresses && !slices.Contains(f.addrs[:f.n], a) {
		f.addrs[f.n] = a
		f.n++
	}
}

// makeKey joins the fields to a string that differs exactly if the identities
// do. Addresses are sorted: their order is no part of who somebody is.
func (f *found) makeKey() {
	slices.SortFunc(f.addrs[:f.n], netip.Addr.Compare)
	f.key = append(f.key[:0], f.host...)
	f.key = append(f.key, ' ')
	f.key = append(f.key, f.student...)
	for _, a := range f.addrs[:f.n] {
		f.key = append(f.key, ' ')
		f.key = a.AppendTo(f.key)
	}
	if f.torn {
		f.key = append(f.key, " \x00"...)
	}
	if f.field != "" || f.rawField != nil {
		// What stands in a header field a balancer may have written.
		f.key = append(append(append(f.key, " \x01"...), f.field...), f.rawField...)
	}
	if f.looked {
		f.key = f.m.AppendKey(append(append(f.key, " \x01"...), f.m.Field()...), f.host)
	}
}

// mentions are what an answer holds beside its identity that may tell who gave
// it, nil for most, and the header field that it stands in.
func (f *found) mentions() (words []string, field string) {
	if !f.looked {
		return nil, ""
	}
	return f.m.Texts(string(f.host)), lower(f.m.Field())
}

// header is the field that the identity was read in, lower case.
func (f *found) header() string {
	if f.rawField != nil {
		return lower(f.rawField)
	}
	return f.field
}

func lower(field []byte) string { return strings.ToLower(string(field[:min(len(field), maxName)])) }

func (f *found) identity() evidence.Identity {
	id := evidence.Identity{Hostname: string(f.host), StudentID: string(f.student)}
	for _, a := range f.addrs[:f.n] {
		id.Addresses = append(id.Addresses, a.String())
	}
	return id
}

// word is the run of name characters at the start of v, quotes and spaces
// skipped; nil if there is none, or it is too long, or goes on with a character
// that shows it is something else (such as the colon of a port). It looked at so
// many bytes.
func word(v []byte) (w []byte, looked int) {
	all := len(v)
	for len(v) > 0 && (v[0] == ' ' || v[0] == '\t' || v[0] == '"' || v[0] == '\'' || v[0] == tagMark) {
		v = v[1:]
	}
	n := 0
	for n < len(v) && isNameByte(v[n]) {
		n++
	}
	looked = all - len(v) + n + 1
	if n < len(v) && (v[n] == ':' || v[n] == '@' || v[n] == '/' || v[n] == '{') {
		return nil, looked
	}
	for n > 0 && (v[n-1] == '.' || v[n-1] == '-') { // the end of a sentence
		n--
	}
	if n == 0 || n > maxName {
		return nil, looked
	}
	return v[:n], looked
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}

func isAddress(w []byte) bool {
	if w[len(w)-1] < '0' || w[len(w)-1] > '9' || bytes.IndexByte(w, '.') < 0 {
		return false
	}
	_, ok := parseAddr(w)
	return ok
}

// parseAddr parses without a copy: netip keeps no part of a text without a
// zone, and none is let in.
func parseAddr(v []byte) (netip.Addr, bool) {
	if len(v) < 2 || len(v) > 45 {
		return netip.Addr{}, false
	}
	for _, c := range v {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') && c != ':' && c != '.' {
			return netip.Addr{}, false
		}
	}
	a, err := netip.ParseAddr(unsafe.String(&v[0], len(v)))
	return a.Unmap(), err == nil
}
