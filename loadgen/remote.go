package loadgen

import (
	"bytes"
	"net/netip"
	"slices"

	"swarmgrade/grader/evidence"
)

// maxClients bounds the client addresses kept of one responder: a balancer has
// one or two, a mesh of many nodes one for each.
const maxClients = 8

// remote takes an address with a port, as of "RemoteAddr: 10.0.1.9:41230".
func (f *found) remote(v []byte) {
	i := bytes.LastIndexByte(v, ':')
	if i <= 0 {
		return
	}
	v = v[:i]
	if v[0] == '[' && v[len(v)-1] == ']' {
		v = v[1 : len(v)-1]
	}
	if a, ok := parseAddr(v); ok {
		f.client = a
	}
}

// noteClient adds a client's address to those of a responder, each once.
func noteClient(r *evidence.Responder, client netip.Addr) {
	if !client.IsValid() || len(r.Clients) >= maxClients {
		return
	}
	// Every answer of a run comes here, nearly always with the address of the
	// one before.
	var buf [64]byte
	text := client.AppendTo(buf[:0])
	if !slices.ContainsFunc(r.Clients, func(c string) bool { return c == string(text) }) {
		r.Clients = append(r.Clients, string(text))
	}
}
