package evidence

// NameView is what one engine says of a service's name on one overlay network: what
// its own DNS server answers to containers there. It is the engine's copy of what
// gossip brought it, read from the network's verbose form, with nothing run in a
// container.
type NameView struct {
	// At is when it was asked.
	At int64 `json:"at_ms"`
	// Service is the name, Network the network's and NetworkID its ID.
	Service   string `json:"service"`
	Network   string `json:"network"`
	NetworkID string `json:"network_id"`
	// NodeID and Hostname are the swarm node that the engine is; empty for one that
	// was never reached.
	NodeID   string `json:"node_id,omitempty"`
	Hostname string `json:"hostname,omitempty"`
	// Error says why the engine could not be asked; all that follows is empty then.
	Error string `json:"error,omitempty"`
	// Known says that the engine has the network at work, as it does while a container
	// of its own is on it; without one it knows no names there.
	Known bool `json:"known,omitempty"`
	// VIP is the virtual address that the name leads to, "" for none; no prefix length.
	VIP string `json:"vip,omitempty"`
	// Tasks are the addresses under tasks.NAME, sorted, each as often as it is listed.
	// Of a name that the engine does not know there are neither these nor a VIP.
	Tasks []string `json:"tasks,omitempty"`
}

// Lookup is what a helper in a container of one node was told of a service's name and of
// tasks.NAME on one overlay network, by the DNS server that containers ask.
type Lookup struct {
	// At is when it was begun; the rest says what was asked about and where, as in
	// [NameView].
	At        int64  `json:"at_ms"`
	Service   string `json:"service"`
	Network   string `json:"network"`
	NetworkID string `json:"network_id"`
	NodeID    string `json:"node_id"`
	Hostname  string `json:"hostname"`
	// Error says why the helper told nothing there; all that follows is empty then.
	Error string `json:"error,omitempty"`
	// Name and Tasks are what the name and tasks.NAME led to.
	Name  Answer `json:"name,omitzero"`
	Tasks Answer `json:"tasks,omitzero"`
}

// Answer is what a name led to.
type Answer struct {
	// Addresses are IPv4, sorted, each as often as it was given.
	Addresses []string `json:"addresses,omitempty"`
	// Failure says why there are none: "unknown" (no such name), "timeout" (no answer),
	// "failed" (the server said that it failed).
	Failure string `json:"failure,omitempty"`
}
