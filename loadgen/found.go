package loadgen

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"unsafe"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
)

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
	for i, c := range v {
		if c == '/' || c == '%' {
			v = v[:i]
			break
		}
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

// IsName reports whether a text is made of what names of containers and students are, as
// [Attributor] reads them; "" is.
func IsName(s string) bool {
	for i := range len(s) {
		if !isNameByte(s[i]) {
			return false
		}
	}
	return true
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
