package loadgen

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// swarmPort is the port of swarm's gossip between nodes: a node that is up
// accepts or refuses it, and a student cannot publish it.
const swarmPort = "7946"

const reachTimeout = 3 * time.Second

// Reach reports whether a host can be reached at all. A refused connection
// shows that it can; silence for 3 s, or no route, is an error.
func (l Loader) Reach(ctx context.Context, host string) error {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(host, swarmPort))
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil
	}
	if err != nil {
		return err
	}
	return conn.Close()
}
