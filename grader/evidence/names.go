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
