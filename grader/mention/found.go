package mention

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
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
