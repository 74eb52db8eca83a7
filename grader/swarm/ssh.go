package swarm

import (
	"context"
	"errors"
	"net"
	"sync"

	"golang.org/x/crypto/ssh"

	"swarmgrade/grader/remote"
	"swarmgrade/grader/roster"
)

// sshDialer opens connections to an engine's unix socket through SSH, all over
// one session with the far host.
type sshDialer struct {
	at   location
	conf roster.SSH

	mu     sync.Mutex
	client *ssh.Client
}

// dial opens one more connection to the engine's socket. A session that no
// longer answers is replaced once.
func (d *sshDialer) dial(ctx context.Context) (net.Conn, error) {
	client, fresh, err := d.session(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := client.DialContext(ctx, "unix", d.at.socket)
	var refused *ssh.OpenChannelError
	if err == nil || errors.As(err, &refused) {
		if err != nil {
			err = fail(d.at.text, "unreachable", "ssh_socket", err, "socket", d.at.socket)
		}
		return conn, err
	}
	d.drop(client)
	if fresh || ctx.Err() != nil {
		return nil, err
	}
	return d.dial(ctx)
}

// close ends the session; the next dial makes a new one.
func (d *sshDialer) close() {
	d.mu.Lock()
	client := d.client
	d.mu.Unlock()
	if client != nil {
		d.drop(client)
	}
}

func (d *sshDialer) drop(client *ssh.Client) {
	d.mu.Lock()
	if d.client == client {
		d.client = nil
	}
	d.mu.Unlock()
	client.Close()
}

// session gives the open session or makes one; fresh says that it is new.
func (d *sshDialer) session(ctx context.Context) (client *ssh.Client, fresh bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.client != nil {
		return d.client, false, nil
	}
	if d.client, err = remote.Dial(ctx, d.at.user, d.at.hostPort(), d.conf); err != nil {
		return nil, false, d.explain(err)
	}
	return d.client, true, nil
}

// explain puts a failure to enter the host into words.
func (d *sshDialer) explain(err error) error {
	var e *remote.Error
	if !errors.As(err, &e) {
		return err
	}
	pairs := []any{"host", d.at.host, "port", d.at.port, "user", remote.User(d.at.user)}
	switch e.Code {
	case "known-hosts":
		return fail(d.at.text, "config", "ssh_known_hosts", e.Cause, "file", e.File)
	case "key":
		return fail(d.at.text, "config", "ssh_key", e.Cause, "file", e.File)
	case "key-open":
		return fail(d.at.text, "config", "ssh_key_open", nil, "file", e.File)
	case "key-locked":
		return fail(d.at.text, "config", "ssh_key_locked", nil, "file", e.File)
	case "host-unknown":
		return fail(d.at.text, "denied", "ssh_host_unknown", nil, pairs...)
	case "host-changed":
		return fail(d.at.text, "denied", "ssh_host_changed", e.Cause, pairs...)
	case "auth":
		return fail(d.at.text, "denied", "ssh_auth", e.Cause, pairs...)
	}
	return fail(d.at.text, "unreachable", "ssh_handshake", e.Cause, pairs...)
}
