package mention

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// handed is a Known as it is handed to another machine: that machine needs nothing else
// of the snapshot, and is told nothing else.
type handed struct {
	IDs       []string          `json:"ids,omitempty"`
	Addresses map[string]string `json:"addresses,omitempty"` // to the first digits of an ID
	Names     []string          `json:"names,omitempty"`
	Nodes     []string          `json:"nodes,omitempty"`
}

// MarshalJSON gives all that is known.
func (k *Known) MarshalJSON() ([]byte, error) {
	h := handed{
		IDs: slices.Sorted(maps.Values(k.ids)), Names: slices.Sorted(maps.Keys(k.names)), Nodes: slices.Sorted(maps.Keys(k.nodes)),
		Addresses: make(map[string]string, len(k.addrs)),
	}
	for ip, id := range k.addrs {
		h.Addresses[ip.String()] = fmt.Sprintf("%012x", id)
	}
	return json.Marshal(h)
}

// UnmarshalJSON reads what [Known.MarshalJSON] wrote.
func (k *Known) UnmarshalJSON(text []byte) error {
	var h handed
	if err := json.Unmarshal(text, &h); err != nil {
		return err
	}
	*k = *New(nil)
	for _, n := range h.Nodes {
		k.nodes[n] = true
	}
	for _, id := range h.IDs {
		k.addID(id)
	}
	for _, n := range h.Names {
		k.addName(n)
	}
	for text, of := range h.Addresses {
		ip, err := netip.ParseAddr(text)
		id, ok := short(of)
		if err != nil || !ok {
			return fmt.Errorf("no address of a container: %q", text)
		}
		k.addrs[ip] = id
		k.six = k.six || ip.Is6()
	}
	return nil
}
