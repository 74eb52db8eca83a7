// Package leak finds what a text gives away of the inside of a cluster: addresses
// of tasks, containers and nodes, plain or written in another way, and containers'
// names. It is pure, and linear in the text.
//
// A hash is no leak: whatever is not a plain address counts only where a whole word
// of the text is it, and one that exists.
package leak

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
)

// minID is how many digits of a container's ID name it: as many as engines show.
const minID = 12

// maxText bounds what is looked at of one text.
const maxText = 1 << 10

// Inside is what is inside of a cluster. It is immutable.
type Inside struct {
	addrs map[netip.Addr]string // what has it: "task", "container", "vip", "node"
	ids   map[string][]string   // containers' IDs by their first digits
	hosts map[string]bool       // host names that services give their containers
}

// New reads snapshots; nil ones are skipped.
func New(snaps ...*evidence.Snapshot) *Inside {
	x := &Inside{addrs: map[netip.Addr]string{}, ids: map[string][]string{}, hosts: map[string]bool{}}
	for _, s := range snaps {
		if s == nil {
			continue
		}
		for i := range s.Nodes {
			x.address(s.Nodes[i].Address, "node")
			x.address(s.Nodes[i].SwarmAddress, "node")
		}
		for i := range s.Services {
			for _, v := range s.Services[i].VIPs {
				x.address(v.Address, "vip")
			}
			if h := strings.ToLower(s.Services[i].Hostname); len(h) >= 4 && !strings.Contains(h, "{{") {
				x.hosts[h] = true
			}
		}
		for i := range s.Containers {
			for _, n := range s.Containers[i].Networks {
				x.address(n.Address, "container")
			}
			x.id(s.Containers[i].ID)
		}
		for i := range s.Tasks {
			for _, a := range s.Tasks[i].Addresses {
				x.address(a.Address, "task")
			}
			x.id(s.Tasks[i].ContainerID)
		}
	}
	return x
}

func (x *Inside) address(text, what string) {
	text, _, _ = strings.Cut(text, "/")
	if a, err := netip.ParseAddr(text); err == nil && !a.IsUnspecified() {
		x.addrs[a.Unmap()] = what
	}
}

func (x *Inside) id(id string) {
	if len(id) >= minID {
		x.ids[id[:minID]] = append(x.ids[id[:minID]], id)
	}
}

// Leak is something that a text gives away.
type Leak struct {
	// What is "task", "container", "vip" or "node" for an address that one has,
	// "private" for a plain address of a private network that nobody has (now),
	// "id" for a container's ID, "host" for the host name of containers.
	What string
	// Form is how it is written: "plain", "hex", "hex-reversed", "decimal",
	// "decimal-reversed", "base64", "hex-text" (of its characters).
	Form string
	// Text is what stands there, Means what that is; the same if it is plain.
	Text, Means string
}

// Find gives the first thing that a text, as a cookie's value is one, gives away.
func (x *Inside) Find(text string) (Leak, bool) {
	text = text[:min(len(text), maxText)]
	if l, ok := x.find(text); ok {
		return l, true
	}
	if once, err := url.PathUnescape(text); err == nil && once != text {
		if l, ok := x.find(once); ok {
			return l, true
		}
	}
	return Leak{}, false
}

func (x *Inside) find(text string) (Leak, bool) {
	if l, ok := x.plain(text); ok {
		return l, true
	}
	for _, w := range words(text, isAlnum) {
		if l, ok := x.word(w); ok {
			return l, true
		}
	}
	for _, w := range words(text, isBase64) {
		if l, ok := x.base64(w); ok {
			return l, true
		}
	}
	return Leak{}, false
}

// plain looks for what can be read as it stands.
func (x *Inside) plain(text string) (Leak, bool) {
	for _, w := range words(text, isAddress) {
		w = strings.Trim(w, ".:")
		if a, err := netip.ParseAddr(w); err == nil && strings.Count(w, ":") > 1 {
			if what := x.whose(a); what != "" {
				return Leak{what, "plain", w, a.Unmap().String()}, true
			}
		}
	}
	for _, sep := range []byte{'.', '-', '_'} {
		for _, w := range words(text, func(c byte) bool { return isDigit(c) || c == sep }) {
			a, ok := quad(w, sep)
			if !ok {
				continue
			}
			what := x.addrs[a]
			if what == "" && sep == '.' {
				what = x.whose(a)
			}
			if what != "" {
				return Leak{what, "plain", strings.Trim(w, string(sep)), a.String()}, true
			}
		}
	}
	for _, w := range words(strings.ToLower(text), isName) {
		if x.hosts[w] {
			return Leak{"host", "plain", w, w}, true
		}
	}
	return Leak{}, false
}

// whose is what has an address that stands there plainly; one of a private network
// is an inside one, whoever has it.
func (x *Inside) whose(a netip.Addr) string {
	a = a.Unmap()
	if what := x.addrs[a]; what != "" {
		return what
	}
	if a.IsPrivate() {
		return "private"
	}
	return ""
}

// word looks at one word of letters and digits.
func (x *Inside) word(w string) (Leak, bool) {
	if n, err := strconv.ParseUint(w, 10, 32); err == nil && len(w) >= 8 && len(w) <= 10 {
		if l, ok := x.number(uint32(n), "decimal", w); ok {
			return l, true
		}
	}
	digits := strings.TrimPrefix(strings.ToLower(w), "0x")
	if !isHex(digits) {
		return Leak{}, false
	}
	if len(digits) >= minID && len(digits) <= 64 {
		for _, id := range x.ids[digits[:minID]] {
			if strings.HasPrefix(id, digits) {
				return Leak{"id", "plain", w, digits[:minID]}, true
			}
		}
	}
	if len(digits) == 8 || len(digits) == 12 { // an address, or one with a port
		if n, err := strconv.ParseUint(digits[:8], 16, 32); err == nil {
			if l, ok := x.number(uint32(n), "hex", w); ok {
				return l, true
			}
		}
	}
	if raw, err := hex.DecodeString(digits); err == nil && len(raw) >= 7 {
		if l, ok := x.within(raw); ok {
			return Leak{l.What, "hex-text", w, l.Means}, true
		}
	}
	return Leak{}, false
}

// number looks at 32 bits that may be an address in either order.
func (x *Inside) number(n uint32, form, text string) (Leak, bool) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	if what := x.addrs[netip.AddrFrom4(b)]; what != "" {
		return Leak{what, form, text, netip.AddrFrom4(b).String()}, true
	}
	binary.LittleEndian.PutUint32(b[:], n)
	if what := x.addrs[netip.AddrFrom4(b)]; what != "" {
		return Leak{what, form + "-reversed", text, netip.AddrFrom4(b).String()}, true
	}
	return Leak{}, false
}

// base64 looks at what a word is the encoding of.
func (x *Inside) base64(w string) (Leak, bool) {
	bare := strings.TrimRight(w, "=")
	enc := base64.RawStdEncoding
	if strings.ContainsAny(bare, "-_") {
		enc = base64.RawURLEncoding
	}
	raw, err := enc.DecodeString(bare)
	if err != nil {
		return Leak{}, false
	}
	if len(raw) == 4 || len(raw) == 6 { // an address, or one with a port
		if l, ok := x.number(binary.BigEndian.Uint32(raw), "base64", w); ok {
			return Leak{l.What, "base64", w, l.Means}, true
		}
	}
	if a, ok := netip.AddrFromSlice(raw); ok && len(raw) == 16 && x.addrs[a.Unmap()] != "" {
		return Leak{x.addrs[a.Unmap()], "base64", w, a.Unmap().String()}, true
	}
	if l, ok := x.within(raw); ok {
		return Leak{l.What, "base64", w, l.Means}, true
	}
	return Leak{}, false
}

// within looks into decoded bytes, if they are text.
func (x *Inside) within(raw []byte) (Leak, bool) {
	for _, c := range raw {
		if c < ' ' || c >= 0x7f {
			return Leak{}, false
		}
	}
	text := string(raw)
	if l, ok := x.plain(text); ok {
		return l, true
	}
	for _, w := range words(text, isAlnum) {
		if len(w) >= minID && isHex(w) {
			for _, id := range x.ids[strings.ToLower(w[:minID])] {
				if strings.HasPrefix(id, strings.ToLower(w)) {
					return Leak{"id", "plain", w, id[:minID]}, true
				}
			}
		}
	}
	return Leak{}, false
}

// quad reads four numbers with a sign between them, no more and no fewer.
func quad(w string, sep byte) (netip.Addr, bool) {
	w = strings.Trim(w, string(sep))
	var b [4]byte
	n := 0
	for part := range strings.SplitSeq(w, string(sep)) {
		v, err := strconv.ParseUint(part, 10, 8)
		if err != nil || len(part) > 3 || n == 4 {
			return netip.Addr{}, false
		}
		b[n] = byte(v)
		n++
	}
	return netip.AddrFrom4(b), n == 4
}

// words are the runs of characters of a kind.
func words(s string, is func(byte) bool) []string {
	var out []string
	for i := 0; i < len(s); {
		if !is(s[i]) {
			i++
			continue
		}
		from := i
		for i < len(s) && is(s[i]) {
			i++
		}
		out = append(out, s[from:i])
	}
	return out
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlnum(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isName(c byte) bool  { return isAlnum(c) || c == '-' || c == '_' || c == '.' }
func isBase64(c byte) bool {
	return isAlnum(c) || c == '+' || c == '/' || c == '-' || c == '_' || c == '='
}

func isAddress(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == ':' || c == '.'
}

func isHex(s string) bool {
	for _, c := range []byte(s) {
		if !isDigit(c) && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return len(s) > 0
}
