package swarm

import (
	"context"
	"errors"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

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
	conf, done, err := d.config()
	if err != nil {
		return nil, false, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", d.at.hostPort())
	if err != nil {
		return nil, false, err
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	conn, chans, reqs, err := ssh.NewClientConn(raw, d.at.hostPort(), conf)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		raw.Close()
		return nil, false, d.explain(ctx, err)
	}
	d.client = ssh.NewClient(conn, chans, reqs)
	return d.client, true, nil
}

// explain names what went wrong in the handshake.
func (d *sshDialer) explain(ctx context.Context, err error) error {
	var (
		key     *knownhosts.KeyError
		revoked *knownhosts.RevokedError
		pairs   = []any{"host", d.at.host, "port", d.at.port, "user", d.user()}
	)
	switch {
	case errors.As(err, &key) && len(key.Want) == 0:
		return fail(d.at.text, "denied", "ssh_host_unknown", nil, pairs...)
	case errors.As(err, &key), errors.As(err, &revoked):
		return fail(d.at.text, "denied", "ssh_host_changed", err, pairs...)
	case strings.Contains(err.Error(), "unable to authenticate"):
		return fail(d.at.text, "denied", "ssh_auth", err, pairs...)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fail(d.at.text, "unreachable", "ssh_handshake", err, pairs...)
}

func (d *sshDialer) user() string {
	if d.at.user != "" {
		return d.at.user
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "root"
}

// config gathers keys and known hosts; done closes the agent's connection once
// the handshake is over.
func (d *sshDialer) config() (conf *ssh.ClientConfig, done func(), err error) {
	check, err := d.knownHosts()
	if err != nil {
		return nil, nil, err
	}
	signers, done, err := d.signers()
	if err != nil {
		return nil, nil, err
	}
	return &ssh.ClientConfig{
		User:              d.user(),
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(signers...)},
		HostKeyCallback:   check,
		HostKeyAlgorithms: keyTypes(check, d.at.hostPort()),
	}, done, nil
}

func (d *sshDialer) knownHosts() (ssh.HostKeyCallback, error) {
	files := []string{d.conf.KnownHosts}
	if d.conf.KnownHosts == "" {
		files = files[:0]
		home, _ := os.UserHomeDir()
		for _, f := range []string{filepath.Join(home, ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"} {
			if _, err := os.Stat(f); err == nil {
				files = append(files, f)
			}
		}
	}
	check, err := knownhosts.New(files...)
	if err != nil {
		return nil, fail(d.at.text, "config", "ssh_known_hosts", err, "file", strings.Join(files, " "))
	}
	return check, nil
}

// keyTypes lists the key types that are known of a host, so that it is not
// asked for another one and then called an impostor. Nil means any.
func keyTypes(check ssh.HostKeyCallback, hostPort string) []string {
	var want *knownhosts.KeyError
	if err := check(hostPort, &net.TCPAddr{}, noKey{}); !errors.As(err, &want) {
		return nil
	}
	var types []string
	for _, k := range want.Want {
		t := k.Key.Type()
		if t == ssh.KeyAlgoRSA {
			types = append(types, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		}
		types = append(types, t)
	}
	return types
}

// noKey is a key that no file knows.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return nil }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }

// signers are the keys to show: the class's identity file alone, or else the
// agent's keys and the user's own unencrypted ones.
func (d *sshDialer) signers() ([]ssh.Signer, func(), error) {
	nothing := func() {}
	if d.conf.Identity != "" {
		s, err := readKey(d.conf.Identity)
		var locked *ssh.PassphraseMissingError
		if errors.As(err, &locked) {
			return nil, nil, fail(d.at.text, "config", "ssh_key_locked", nil, "file", d.conf.Identity)
		}
		if err != nil {
			return nil, nil, fail(d.at.text, "config", "ssh_key", err, "file", d.conf.Identity)
		}
		return []ssh.Signer{s}, nothing, nil
	}
	var signers []ssh.Signer
	done := nothing
	if socket := os.Getenv("SSH_AUTH_SOCK"); socket != "" {
		if conn, err := net.DialTimeout("unix", socket, probeTimeout); err == nil {
			done = func() { conn.Close() }
			if keys, err := agent.NewClient(conn).Signers(); err == nil {
				signers = append(signers, keys...)
			}
		}
	}
	home, _ := os.UserHomeDir()
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		if s, err := readKey(filepath.Join(home, ".ssh", name)); err == nil {
			signers = append(signers, s)
		}
	}
	return signers, done, nil
}

func readKey(file string) (ssh.Signer, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return ssh.ParsePrivateKey(pem)
}
