package swarm

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"swarmgrade/grader/roster"
)

// sshServer lets one key in and forwards unix sockets, as sshd does.
type sshServer struct {
	address string
	conf    *ssh.ServerConfig
	wg      sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
	open  int // sessions so far
}

func startSSH(t *testing.T, allowed ssh.PublicKey, hostKeys ...ssh.Signer) *sshServer {
	s := &sshServer{conf: &ssh.ServerConfig{
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if c.User() == "grader" && string(key.Marshal()) == string(allowed.Marshal()) {
				return nil, nil
			}
			return nil, io.EOF
		},
	}}
	for _, k := range hostKeys {
		s.conf.AddHostKey(k)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = l.Addr().String()
	s.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.open++
			s.mu.Unlock()
			s.wg.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.cut()
		s.wg.Wait()
	})
	return s
}

// cut breaks every session off.
func (s *sshServer) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

func (s *sshServer) sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

func (s *sshServer) serve(raw net.Conn) {
	defer raw.Close()
	conn, chans, reqs, err := ssh.NewServerConn(raw, s.conf)
	if err != nil {
		return
	}
	defer conn.Close()
	s.wg.Go(func() { ssh.DiscardRequests(reqs) })
	for nc := range chans {
		var msg struct {
			Path string
			A    string
			B    uint32
		}
		if nc.ChannelType() != "direct-streamlocal@openssh.com" || ssh.Unmarshal(nc.ExtraData(), &msg) != nil {
			nc.Reject(ssh.UnknownChannelType, "no")
			continue
		}
		far, err := net.Dial("unix", msg.Path)
		if err != nil {
			nc.Reject(ssh.ConnectionFailed, "open failed")
			continue
		}
		ch, r, err := nc.Accept()
		if err != nil {
			far.Close()
			continue
		}
		s.wg.Go(func() { ssh.DiscardRequests(r) })
		s.wg.Go(func() { io.Copy(far, ch); far.Close() })
		s.wg.Go(func() { io.Copy(ch, far); ch.Close() })
	}
}

// serveSocket puts a recorded engine on a unix socket.
func serveSocket(t *testing.T, node string) string {
	dir, err := os.MkdirTemp("", "sg") // a short path: sockets allow 107 bytes
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "docker.sock")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	srv := &http.Server{Handler: &fakeEngine{node: node, calls: map[string]int{}}}
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	t.Cleanup(func() { srv.Close(); <-done })
	return socket
}

func newKey(t *testing.T, passphrase string) (ssh.Signer, string) {
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(priv)
	require.NoError(t, err)
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(priv, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(priv, "", []byte(passphrase))
	}
	require.NoError(t, err)
	return signer, tempFile(t, string(pem.EncodeToMemory(block)))
}

func tempFile(t *testing.T, content string) string {
	file := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

func TestUnixSocket(t *testing.T) {
	c := dial(t, roster.Cluster{Endpoints: []string{"unix://" + serveSocket(t, "manager-2")}})
	require.NotEmpty(t, snapshot(t, c).Containers)
}

func TestSSH(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "")
	t.Setenv("HOME", t.TempDir())
	user, identity := newKey(t, "")
	_, stranger := newKey(t, "")
	_, locked := newKey(t, "secret")
	host, _ := newKey(t, "")
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	second, err := ssh.NewSignerFromKey(ec)
	require.NoError(t, err)
	srv := startSSH(t, user.PublicKey(), host, second)
	socket := serveSocket(t, "manager-1")
	line := func(k ssh.PublicKey) string { return knownhosts.Line([]string{srv.address}, k) + "\n" }
	// Only one of the host's two keys is known, and not the one it prefers.
	known := tempFile(t, line(second.PublicKey()))
	only := tempFile(t, line(host.PublicKey()))
	at := "ssh://grader@" + srv.address

	for _, c := range []struct {
		name, address, identity, known string
		code, problem                  string
	}{
		{"in", at + socket, identity, known, "", ""},
		{"in by the other host key", at + socket, identity, only, "", ""},
		{"unknown host", at + socket, identity, tempFile(t, ""), "denied", "ssh_host_unknown"},
		{"changed host", at + socket, identity, tempFile(t, line(user.PublicKey())), "denied", "ssh_host_changed"},
		{"wrong key", at + socket, stranger, known, "denied", "ssh_auth"},
		{"wrong user", "ssh://other@" + srv.address + socket, identity, known, "denied", "ssh_auth"},
		{"no key at all", at + socket, "", known, "denied", "ssh_auth"},
		{"locked key", at + socket, locked, known, "config", "ssh_key_locked"},
		{"no such key", at + socket, locked + "x", known, "config", "ssh_key"},
		{"known_hosts broken", at + socket, identity, tempFile(t, "what is this\n"), "config", "ssh_known_hosts"},
		{"known_hosts missing", at + socket, identity, known + "x", "config", "ssh_known_hosts"},
		{"no socket there", at + "/nowhere.sock", identity, known, "unreachable", "ssh_socket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := roster.Cluster{Endpoints: []string{c.address}, SSH: &roster.SSH{Identity: c.identity, KnownHosts: c.known}}
			if c.code == "" {
				require.NotEmpty(t, snapshot(t, dial(t, conf)).Containers)
				return
			}
			_, err := Dial(t.Context(), conf)
			require.Equal(t, c.address, failure(t, err, c.code, c.problem).Endpoint)
		})
	}

	t.Run("one session for all, a new one after a break", func(t *testing.T) {
		before := srv.sessions()
		c := dial(t, roster.Cluster{Endpoints: []string{at + socket}, SSH: &roster.SSH{Identity: identity, KnownHosts: known}})
		snapshot(t, c)
		require.Equal(t, before+1, srv.sessions())
		srv.cut()
		// Connections may notice the break only when used.
		_, err := c.Snapshot(t.Context(), func() int64 { return 0 })
		if err != nil {
			require.ErrorAs(t, err, new(*Error))
		}
		require.Empty(t, snapshot(t, c).Gaps)
	})

	t.Run("agent", func(t *testing.T) {
		t.Setenv("SSH_AUTH_SOCK", serveAgent(t, identity))
		c := dial(t, roster.Cluster{Endpoints: []string{at + socket}, SSH: &roster.SSH{KnownHosts: known}})
		require.NotEmpty(t, snapshot(t, c).Containers)
	})

	t.Run("own key and known hosts", func(t *testing.T) {
		home := t.TempDir()
		t.Setenv("HOME", home)
		require.NoError(t, os.Mkdir(filepath.Join(home, ".ssh"), 0o700))
		for from, to := range map[string]string{identity: "id_ed25519", known: "known_hosts"} {
			raw, err := os.ReadFile(from)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(home, ".ssh", to), raw, 0o600))
		}
		require.NotEmpty(t, snapshot(t, dial(t, roster.Cluster{Endpoints: []string{at + socket}})).Containers)
	})
}

// serveAgent is an ssh-agent with one key.
func serveAgent(t *testing.T, file string) string {
	pem, err := os.ReadFile(file)
	require.NoError(t, err)
	key, err := ssh.ParseRawPrivateKey(pem)
	require.NoError(t, err)
	ring := agent.NewKeyring()
	require.NoError(t, ring.Add(agent.AddedKey{PrivateKey: key}))
	dir, err := os.MkdirTemp("", "sg")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "agent"))
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { agent.ServeAgent(ring, conn); conn.Close() })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}
