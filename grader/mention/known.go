// Package mention finds in an answer what exists in a cluster: containers by
// their ID, tasks by their address, and the host names that services set.
//
// It does not read the page's wording. Whatever language a page is in, and
// whether it is text, HTML or JSON, a container's ID stands in it as twelve
// hexadecimal digits; whoever looks for those that exist need not know what
// stands around them. One pass over headers and body suffices, nothing is
// allocated for an answer, and the time is bounded by the answer's length.
package mention

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
)

// ShortID is how many digits of a container's ID are its default host name, and
// what the engine's own lists show.
const ShortID = 12

// Known is what exists, made once from a snapshot. It is immutable and safe for
// concurrent use; a nil one knows nothing.
type Known struct {
	ids map[uint64]string // by the first twelve digits: the whole ID
	// maybe has a bit for each ID's hash, so that most digits of a page cost no
	// look into the map.
	maybe [maybeBits / 64]uint64
	// addrs are those of one task only, with the first digits of its container's
	// ID: what two tasks have, as Swarm gives out now and then, tells nothing.
	addrs map[netip.Addr]uint64
	six   bool // some are IPv6
	names map[string]bool
	nodes map[string]bool
	// lengths has a bit for each length of a name.
	lengths uint64
}

const (
	maybeBits = 1 << 16
	mask48    = 1<<48 - 1
)

// New knows a snapshot's containers, tasks of any state, the addresses of those
// that are to run, and the host names of services that set them. Names of nodes
// are none of a container's.
func New(s *evidence.Snapshot) *Known {
	k := &Known{ids: map[uint64]string{}, addrs: map[netip.Addr]uint64{}, names: map[string]bool{}, nodes: map[string]bool{}}
	if s == nil {
		return k
	}
	for _, n := range s.Nodes {
		k.nodes[strings.ToLower(n.Hostname)] = true
	}
	for i := range s.Tasks {
		k.addID(s.Tasks[i].ContainerID)
	}
	for i := range s.Containers {
		k.addID(s.Containers[i].ID)
	}
	for ip, t := range Addresses(s) {
		if id, ok := short(t.ContainerID); ok {
			k.addrs[ip] = id
			k.six = k.six || ip.Is6()
		}
	}
	services := map[string]*evidence.Service{}
	for i := range s.Services {
		services[s.Services[i].ID] = &s.Services[i]
	}
	nodes := NodeNames(s)
	for i := range s.Tasks {
		t := &s.Tasks[i]
		svc := services[t.ServiceID]
		if svc == nil || svc.Hostname == "" || t.Desired != "running" {
			continue
		}
		if name, ok := Hostname(svc, t, nodes[t.NodeID]); ok {
			k.addName(name)
		}
	}
	return k
}

func (k *Known) addID(id string) {
	if n, ok := short(id); ok {
		k.ids[n] = strings.ToLower(id)
		h := hash(n)
		k.maybe[h/64] |= 1 << (h % 64)
	}
}

func (k *Known) addName(name string) {
	name = strings.ToLower(name)
	if len(name) < 2 || len(name) >= 64 || k.nodes[name] {
		return
	}
	k.names[name] = true
	k.lengths |= 1 << len(name)
}

// ID reports whether a text is a container's ID: the first twelve digits of one
// that exists, or more of them, in any case.
func (k *Known) ID(text []byte) bool {
	if k == nil || len(text) < ShortID || len(text) > 64 {
		return false
	}
	var n uint64
	for _, c := range text[:ShortID] {
		d := digit[c]
		if d == notHex {
			return false
		}
		n = n<<4 | uint64(d)
	}
	id, ok := k.ids[n]
	if !ok || len(text) > len(id) {
		return false
	}
	for i, c := range text[ShortID:] {
		if c|0x20 != id[ShortID+i] {
			return false
		}
	}
	return true
}

// Node reports whether a text is a node's name.
func (k *Known) Node(text []byte) bool { return k != nil && k.nodes[string(text)] }

// Addresses are those of the tasks that are to run, without those that several
// containers have: Swarm has been seen to give one address to two tasks, and
// then it tells nothing.
func Addresses(s *evidence.Snapshot) map[netip.Addr]*evidence.Task {
	out := map[netip.Addr]*evidence.Task{}
	if s == nil {
		return out
	}
	shared := map[netip.Addr]bool{}
	for i := range s.Tasks {
		t := &s.Tasks[i]
		if t.Desired != "running" {
			continue // its address may have been given to another
		}
		for _, a := range t.Addresses {
			ip, ok := Addr(a.Address)
			if !ok {
				continue
			}
			if other := out[ip]; other != nil && other.ID != t.ID {
				shared[ip] = true
			}
			out[ip] = t
		}
	}
	swarm := map[string]bool{}
	for _, n := range s.Networks {
		swarm[n.ID] = n.Scope == "swarm"
	}
	for i := range s.Containers {
		c := &s.Containers[i]
		for _, n := range c.Networks {
			if ip, ok := Addr(n.Address); ok && c.ServiceID == "" && c.State == "running" && swarm[n.NetworkID] && out[ip] != nil {
				shared[ip] = true
			}
		}
	}
	for ip := range shared {
		delete(out, ip)
	}
	return out
}

// Addr parses an address with or without a prefix length.
func Addr(s string) (netip.Addr, bool) {
	s, _, _ = strings.Cut(s, "/")
	ip, err := netip.ParseAddr(s)
	return ip.Unmap(), err == nil
}

// NodeNames are the nodes' host names by ID.
func NodeNames(s *evidence.Snapshot) map[string]string {
	out := make(map[string]string, len(s.Nodes))
	for _, n := range s.Nodes {
		out[n.ID] = n.Hostname
	}
	return out
}

// Place is the place of who calls itself by a name among those that are named in lower case, by
// host names or by the first digits of their containers' IDs; -1 for somebody else.
func Place(among []string, name string) int {
	name = strings.ToLower(name)
	at := slices.Index(among, name)
	if at < 0 && len(name) > ShortID && strings.Trim(name, "0123456789abcdef") == "" {
		at = slices.Index(among, name[:ShortID])
	}
	return at
}

// Hostname is the host name that a service sets for the container of a task:
// its template with the placeholders that the engine knows (docker service
// create, "Create services using templates"). It is none if the service sets
// none, or with a placeholder that is not known here.
func Hostname(svc *evidence.Service, t *evidence.Task, node string) (name string, ok bool) {
	slot := strconv.Itoa(t.Slot)
	if t.Slot == 0 {
		slot = t.NodeID // of a global service's task
	}
	name = svc.Hostname
	for len(name) > 0 {
		at := strings.Index(name, "{{")
		if at < 0 {
			break
		}
		end := strings.Index(name[at:], "}}")
		if end < 0 {
			return "", false
		}
		var value string
		switch strings.TrimSpace(name[at+2 : at+end]) {
		case ".Node.Hostname":
			value = node
		case ".Node.ID":
			value = t.NodeID
		case ".Service.Name":
			value = svc.Name
		case ".Service.ID":
			value = svc.ID
		case ".Task.ID":
			value = t.ID
		case ".Task.Slot":
			value = slot
		case ".Task.Name":
			value = svc.Name + "." + slot + "." + t.ID
		}
		if value == "" || strings.Contains(value, "{{") {
			return "", false
		}
		name = name[:at] + value + name[at+end+2:]
	}
	return name, name != ""
}

// short is the number that the first twelve digits of an ID are.
func short(id string) (n uint64, ok bool) {
	if len(id) < ShortID {
		return 0, false
	}
	for i := range ShortID {
		d := digit[id[i]]
		if d == notHex {
			return 0, false
		}
		n = n<<4 | uint64(d)
	}
	return n, true
}

// hash spreads numbers over the bits of maybe (Fibonacci hashing; Knuth, The
// Art of Computer Programming 3, 6.4).
func hash(n uint64) uint64 { return n * 0x9e3779b97f4a7c15 >> 48 }

const notHex = 0xff

// digit is a hexadecimal digit's value, in either case.
var digit = func() (t [256]byte) {
	for i := range t {
		t[i] = notHex
	}
	for i := range 10 {
		t['0'+i] = byte(i)
	}
	for i := range 6 {
		t['a'+i], t['A'+i] = byte(10+i), byte(10+i)
	}
	return t
}()
