package mention

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"unsafe"
)

// Bounds of what is kept of one answer.
const (
	maxIDs   = 8
	maxAddrs = 8
	maxNames = 4
	maxMaybe = 4
	maxName  = 63
	// maxClients bounds how often the words before an address are looked at, and
	// how many words are tried as an IPv6 address.
	maxClients = 64
)

// Found is what one answer mentions, in memory that is used again for the next.
// Slices point into the answer.
type Found struct {
	ids  [maxIDs]uint64
	nIDs int

	addrs  [maxAddrs]netip.Addr
	owners [maxAddrs]uint64
	nAddrs int

	names  [maxNames][]byte
	nNames int

	maybe      [maxMaybe][]byte
	nMaybe     int
	maybeAddrs [maxMaybe]netip.Addr
	nMaybeAddr int

	// field is the header field that is being read, nil in the body; the others
	// are those that the first of each kind stands in.
	field, idField, addrField, nameField []byte

	clients, tried int
	// Steps counts the bytes looked at, for tests of how the work grows.
	Steps int
}

// IDs are how many containers the answer names.
func (f *Found) IDs() int { return f.nIDs }

// Field is the header field that the answer's first container, or else its first
// address, or else its first name stands in; nil if that is the body.
func (f *Found) Field() []byte {
	switch {
	case f.nIDs > 0:
		return f.idField
	case f.nAddrs > 0:
		return f.addrField
	}
	return f.nameField
}

// AppendID adds the first twelve digits of the i-th container's ID.
func (f *Found) AppendID(dst []byte, i int) []byte {
	for shift := 44; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[f.ids[i]>>shift&0xf])
	}
	return dst
}

// Addresses are those of tasks that the answer mentions; with IDs, only those
// of the first one's task. The slice is Found's own.
func (f *Found) Addresses() []netip.Addr {
	if f.nIDs == 0 {
		return f.addrs[:f.nAddrs]
	}
	n := 0
	for i := range f.nAddrs {
		if f.owners[i] == f.ids[0] {
			f.addrs[n], f.owners[n] = f.addrs[i], f.owners[i]
			n++
		}
	}
	f.nAddrs = n
	return f.addrs[:n]
}

// Names are host names that services set.
func (f *Found) Names() [][]byte { return f.names[:f.nNames] }

// Maybe are words that could be the ID of a container which is not known yet:
// exactly 12 or 64 digits that nothing shows to be something else.
func (f *Found) Maybe() [][]byte { return f.maybe[:f.nMaybe] }

// MaybeAddresses are IPv4 addresses of nobody known.
func (f *Found) MaybeAddresses() []netip.Addr { return f.maybeAddrs[:f.nMaybeAddr] }

// Scan looks for what exists in an answer: in its body, and then in its header
// fields for the kinds that the body has none of. What shows the request as it
// arrived is left out, and so are cookies, which balancers set.
func (k *Known) Scan(f *Found, head, body []byte) {
	*f = Found{}
	if k == nil {
		k = &nobody
	}
	k.text(f, body)
	ids, addrs, names := f.nIDs, f.nAddrs, f.nNames
	for len(head) > 0 {
		line := head
		if i := bytes.IndexByte(head, '\n'); i >= 0 {
			line, head = head[:i], head[i+1:]
		} else {
			head = nil
		}
		i := bytes.IndexByte(line, ':')
		if i <= 0 || foldEqual(line[:i], "set-cookie") {
			f.Steps += len(line)
			continue
		}
		f.field = line[:i]
		k.text(f, line)
	}
	// The body goes first.
	if ids > 0 {
		f.nIDs, f.idField = ids, nil
	}
	if addrs > 0 {
		f.nAddrs, f.addrField = addrs, nil
	}
	if names > 0 {
		f.nNames, f.nameField = names, nil
	}
}

var nobody Known

// text is the one pass. It goes forward only; what it looks at again is bounded
// by constants.
func (k *Known) text(f *Found, b []byte) {
	f.Steps += len(b)
	var acc uint64
	run, word := 0, 0      // lengths of the digits, and of the name, that end here
	request := IsMethod(b) // the line begins as a request does
	for i := 0; i < len(b); i++ {
		c := b[i]
		class := classes[c]
		if class&isHex != 0 {
			acc = (acc<<4 | uint64(digit[c])) & mask48
			run++
			if run >= ShortID {
				if h := hash(acc); k.maybe[h/64]>>(h%64)&1 != 0 {
					f.id(k, acc)
				}
			}
			if class&isDigit != 0 && (i == 0 || classes[b[i-1]]&(isDigit|isDot) == 0) {
				f.address(k, b, i)
			}
			word++
			continue
		}
		if run == ShortID || run == 64 {
			f.perhaps(b, i, run)
		}
		run = 0
		if class&isName != 0 {
			word++
			continue
		}
		if word > 0 {
			f.name(k, b[i-word:i])
			word = 0
		}
		switch {
		case class&isLine != 0:
			request = IsMethod(b[i+1:])
		case c == ' ' && request && isProtocol(b[i+1:]):
			i = echoEnd(b, i) - 1
			request = false
		case c == ':' && k.six:
			f.six(k, b, i)
		}
	}
	if run == ShortID || run == 64 {
		f.perhaps(b, len(b), run)
	}
	if word > 0 {
		f.name(k, b[len(b)-word:])
	}
}

func (f *Found) id(k *Known, n uint64) {
	if _, ok := k.ids[n]; !ok || f.nIDs == maxIDs {
		return
	}
	for _, have := range f.ids[:f.nIDs] {
		if have == n {
			return
		}
	}
	if f.nIDs == 0 {
		f.idField = f.field
	}
	f.ids[f.nIDs] = n
	f.nIDs++
}

// perhaps keeps a run of digits that ends at end. The last part of a UUID is
// none, nor is what is glued to another word.
func (f *Found) perhaps(b []byte, end, run int) {
	start := end - run
	if f.field != nil || f.nMaybe == maxMaybe || start > 0 && classes[b[start-1]]&isLetter != 0 ||
		end < len(b) && classes[b[end]]&isLetter != 0 {
		return
	}
	if run == ShortID && start >= 6 && b[start-1] == '-' && b[start-6] == '-' && isHexes(b[start-5:start-1]) {
		return
	}
	w := b[start:end]
	for _, have := range f.maybe[:f.nMaybe] {
		if bytes.Equal(have, w) {
			return
		}
	}
	f.maybe[f.nMaybe] = w
	f.nMaybe++
}

func isHexes(w []byte) bool {
	for _, c := range w {
		if classes[c]&isHex == 0 {
			return false
		}
	}
	return true
}

// address reads an IPv4 address that begins at i.
func (f *Found) address(k *Known, b []byte, i int) {
	ip, ok := ipv4(b[i:])
	if ok {
		f.addr(k, ip, b, i)
	}
}

// six reads an IPv6 address around its first colon at i.
func (f *Found) six(k *Known, b []byte, i int) {
	start := i
	for start > 0 && i-start < 4 && classes[b[start-1]]&isHex != 0 {
		start--
	}
	if start > 0 && (b[start-1] == ':' || classes[b[start-1]]&isHex != 0) {
		return // not its first
	}
	end := i
	for end < len(b) && end-start < 46 && (classes[b[end]]&isHex != 0 || b[end] == ':' || b[end] == '.') {
		end++
	}
	f.Steps += end - start
	for end > start && b[end-1] == '.' {
		end--
	}
	// What is no address costs an error, so that not everything is tried.
	if bytes.Count(b[start:end], []byte(":")) < 2 || f.tried == maxClients {
		return
	}
	f.tried++
	if ip, err := netip.ParseAddr(unsafe.String(&b[start], end-start)); err == nil && ip.Is6() {
		f.addr(k, ip.Unmap(), b, start)
	}
}

func (f *Found) addr(k *Known, ip netip.Addr, b []byte, at int) {
	owner, known := k.addrs[ip]
	if !known {
		if f.field != nil || f.nMaybeAddr == maxMaybe || ip.IsLoopback() || ip.IsUnspecified() {
			return
		}
		for _, have := range f.maybeAddrs[:f.nMaybeAddr] {
			if have == ip {
				return
			}
		}
	} else {
		for _, have := range f.addrs[:f.nAddrs] {
			if have == ip {
				return
			}
		}
		if f.nAddrs == maxAddrs {
			return
		}
	}
	if f.clients == maxClients {
		return
	}
	f.clients++
	if f.client(b[max(0, at-clientReach):at]) {
		return
	}
	if known {
		if f.nAddrs == 0 {
			f.addrField = f.field
		}
		f.addrs[f.nAddrs], f.owners[f.nAddrs] = ip, owner
		f.nAddrs++
		return
	}
	f.maybeAddrs[f.nMaybeAddr] = ip
	f.nMaybeAddr++
}

// clientReach is how far before an address a word is looked for that says whose
// it is.
const clientReach = 32

// clientWords stand before the address of whoever asked.
var clientWords = []string{
	"remote", "client", "forwarded", "real-ip", "real_ip", "realip", "your ip", "your address", "visitor", "peer",
	"客户", "访客", "访问者", "来访", "对端", "您的ip", "您的 ip", "您的地址", "你的ip", "你的 ip", "你的地址", "来源",
}

// client looks for such a word in what stands before an address on its line,
// and behind any other address.
func (f *Found) client(before []byte) bool {
	f.Steps += len(before)
	for i := len(before) - 1; i >= 0; i-- {
		c := before[i]
		if c == '\n' || c == '\r' || c == ',' || c == ';' || c == '|' || c == '.' && i+1 < len(before) && classes[before[i+1]]&isDigit != 0 {
			before = before[i+1:]
			break
		}
	}
	for i, c := range before {
		if classes[c]&isClient == 0 {
			continue
		}
		for _, w := range clientWords {
			if HasPrefixFold(before[i:], w) {
				return true
			}
		}
	}
	return false
}

// name keeps a word that is a host name which a service sets, alone or before
// its first dot.
func (f *Found) name(k *Known, w []byte) {
	if len(k.names) == 0 || len(w) > 4*maxName {
		return
	}
	for len(w) > 0 && (w[len(w)-1] == '.' || w[len(w)-1] == '-') { // the end of a sentence
		w = w[:len(w)-1]
	}
	if f.named(k, w) {
		return
	}
	if i := bytes.IndexByte(w, '.'); i > 0 {
		f.named(k, w[:i])
	}
}

func (f *Found) named(k *Known, w []byte) bool {
	if len(w) > maxName || k.lengths>>len(w)&1 == 0 || f.nNames == maxNames {
		return false
	}
	var lower [maxName]byte
	n := copy(lower[:], w)
	for i, c := range lower[:n] {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	if !k.names[string(lower[:n])] {
		return false
	}
	for _, have := range f.names[:f.nNames] {
		if bytes.EqualFold(have, w) {
			return true
		}
	}
	if f.nNames == 0 {
		f.nameField = f.field
	}
	f.names[f.nNames] = w
	f.nNames++
	return true
}

// ipv4 reads four numbers with dots between at the start of b.
func ipv4(b []byte) (netip.Addr, bool) {
	var out [4]byte
	at := 0
	for part := range 4 {
		n, digits := 0, 0
		for at < len(b) && digits < 3 && b[at] >= '0' && b[at] <= '9' {
			n = n*10 + int(b[at]-'0')
			at++
			digits++
		}
		if digits == 0 || n > 255 || part < 3 && (at == len(b) || b[at] != '.') {
			return netip.Addr{}, false
		}
		out[part] = byte(n)
		if part < 3 {
			at++
		}
	}
	if at < len(b) && b[at] >= '0' && b[at] <= '9' || at+1 < len(b) && b[at] == '.' && b[at+1] >= '0' && b[at+1] <= '9' {
		return netip.Addr{}, false // a longer number, or a version with five parts
	}
	return netip.AddrFrom4(out), true
}

// IsMethod reports whether a line begins with what a request's method may be,
// and a space.
func IsMethod(line []byte) bool {
	for i, c := range line[:min(len(line), 9)] {
		if c == ' ' {
			return i > 0
		}
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return false
}

// Any reports whether anything was found.
func (f *Found) Any() bool { return f.nIDs+f.nAddrs+f.nNames+f.nMaybe+f.nMaybeAddr > 0 }

// Sort puts what was found in an order that does not depend on where it stood.
func (f *Found) Sort() {
	slices.Sort(f.ids[:f.nIDs])
	slices.SortFunc(f.addrs[:f.nAddrs], netip.Addr.Compare)
	slices.SortFunc(f.maybeAddrs[:f.nMaybeAddr], netip.Addr.Compare)
	slices.SortFunc(f.names[:f.nNames], bytes.Compare)
	slices.SortFunc(f.maybe[:f.nMaybe], bytes.Compare)
}

// AppendKey adds all that was found, but for one word, so that two answers add
// the same if they mention the same in the same order.
func (f *Found) AppendKey(dst, but []byte) []byte {
	for i := range f.nIDs {
		dst = f.AppendID(append(dst, " \x02"...), i)
	}
	for _, list := range [][]netip.Addr{f.addrs[:f.nAddrs], f.maybeAddrs[:f.nMaybeAddr]} {
		for _, a := range list {
			dst = a.AppendTo(append(dst, " \x02"...))
		}
	}
	for _, list := range [][][]byte{f.names[:f.nNames], f.maybe[:f.nMaybe]} {
		for _, w := range list {
			if !bytes.EqualFold(w, but) {
				dst = append(append(dst, " \x02"...), w...)
			}
		}
	}
	return dst
}

// Texts are all that was found, but for one word, in lower case: IDs by their
// first twelve digits.
func (f *Found) Texts(but string) []string {
	var out []string
	for i := range f.nIDs {
		out = append(out, string(f.AppendID(nil, i)))
	}
	for _, list := range [][]netip.Addr{f.addrs[:f.nAddrs], f.maybeAddrs[:f.nMaybeAddr]} {
		for _, a := range list {
			out = append(out, a.String())
		}
	}
	for _, list := range [][][]byte{f.names[:f.nNames], f.maybe[:f.nMaybe]} {
		for _, w := range list {
			if !strings.EqualFold(string(w), but) {
				out = append(out, strings.ToLower(string(w)))
			}
		}
	}
	return out
}

func isProtocol(b []byte) bool { return bytes.HasPrefix(b, []byte("HTTP/")) }

// echoEnd is where the echo of a request ends whose first line goes through at:
// behind an empty line, or where the element ends that it stands in.
func echoEnd(b []byte, at int) int {
	for i := at; i+1 < len(b); i++ {
		if b[i] == '<' && b[i+1] == '/' {
			return i
		}
		if b[i] == '\n' && (b[i+1] == '\n' || b[i+1] == '\r') {
			return i + 1
		}
	}
	return len(b)
}

func foldEqual(b []byte, lower string) bool { return len(b) == len(lower) && HasPrefixFold(b, lower) }

// HasPrefixFold reports whether b begins with a word that has no capitals, in
// any case.
func HasPrefixFold(b []byte, lower string) bool {
	if len(b) < len(lower) {
		return false
	}
	for i := range len(lower) {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// Classes of bytes.
const (
	isHex = 1 << iota
	isDigit
	isLetter
	isDot
	isName   // what host names consist of
	isLine   // behind it a line can begin
	isClient // a word of clientWords begins with it
)

var classes = func() (t [256]byte) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9':
			t[c] = isHex | isDigit | isName
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			t[c] = isHex | isLetter | isName
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			t[c] = isLetter | isName
		case c == '.':
			t[c] = isDot | isName
		case c == '-', c == '_':
			t[c] = isName
		case c == '\n', c == '\r', c == '>':
			t[c] = isLine
		}
	}
	for _, w := range clientWords {
		t[w[0]] |= isClient
		if w[0] < 0x80 {
			t[w[0]+'A'-'a'] |= isClient
		}
	}
	return t
}()
