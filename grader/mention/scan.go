package mention

import (
	"bytes"
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
