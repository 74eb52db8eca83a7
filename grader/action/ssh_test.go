package action

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// sshNode is a machine that takes scripts and runs none of them.
type sshNode struct {
	conf *ssh.ServerConfig
	spec roster.Fault
	to   evidence.Action
	wg   sync.WaitGroup

	mu      sync.Mutex
	scripts []string // with the command before, as "sh -s: …"
	conns   []net.Conn
	// answer gives the exit status and what is written; it may cut the line by
	// a negative status.
	answer func(script string) (status int, output string)
}

func newKey(t *testing.T) (ssh.Signer, []byte) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKey(key, "")
	require.NoError(t, err)
	return signer, pem.EncodeToMemory(block)
}

func startNode(t *testing.T) *sshNode {
	dir := t.TempDir()
	host, _ := newKey(t)
	user, private := newKey(t)
	n := &sshNode{answer: func(string) (int, string) { return 0, "" }}
	n.conf = &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) == string(user.PublicKey().Marshal()) {
			return nil, nil
		}
		return nil, io.EOF
	}}
	n.conf.AddHostKey(host)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			n.mu.Lock()
			n.conns = append(n.conns, conn)
			n.mu.Unlock()
			n.wg.Go(func() { n.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		n.cut()
		n.wg.Wait()
	})
	address, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	n.spec = roster.Fault{Kind: NodeStop, User: "root", Identity: filepath.Join(dir, "id"), KnownHosts: filepath.Join(dir, "known")}
	n.spec.Port, err = strconv.Atoi(port)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(n.spec.Identity, private, 0o600))
	line := knownhosts.Line([]string{knownhosts.Normalize(l.Addr().String())}, host.PublicKey())
	require.NoError(t, os.WriteFile(n.spec.KnownHosts, []byte(line+"\n"), 0o600))
	n.to = evidence.Action{Kind: NodeStop, NodeID: "id-m2", Hostname: "m2", Address: address}
	return n
}

// cut breaks every connection off.
func (n *sshNode) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		_ = c.Close()
	}
}

func (n *sshNode) serve(raw net.Conn) {
	conn, chans, reqs, err := ssh.NewServerConn(raw, n.conf)
	if err != nil {
		_ = raw.Close()
		return
	}
	defer conn.Close()
	n.wg.Go(func() { ssh.DiscardRequests(reqs) })
	for c := range chans {
		ch, requests, err := c.Accept()
		if err != nil {
			return
		}
		n.wg.Go(func() {
			defer ch.Close()
			for r := range requests {
				if r.Type != "exec" {
					_ = r.Reply(false, nil)
					continue
				}
				_ = r.Reply(true, nil)
				script, _ := io.ReadAll(ch)
				n.mu.Lock()
				n.scripts = append(n.scripts, string(r.Payload[4:])+": "+string(script))
				answer := n.answer
				n.mu.Unlock()
				status, output := answer(string(script))
				if status < 0 {
					_ = conn.Close()
					return
				}
				_, _ = io.WriteString(ch, output)
				_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
				return
			}
		})
	}
}

func TestNodeStopOverSSH(t *testing.T) {
	n := startNode(t)
	inj, err := New(NodeStop, n.spec, nil)
	require.NoError(t, err)
	require.NoError(t, inj.(Armer).Arm(t.Context(), n.to, 90*time.Second))
	require.NoError(t, inj.Inject(t.Context(), n.to))
	require.NoError(t, inj.Restore(t.Context(), n.to))
	require.Len(t, n.scripts, 3)
	require.Contains(t, n.scripts[0], "--on-active=90s")
	require.Contains(t, n.scripts[1], "systemctl stop docker.socket")
	require.Contains(t, n.scripts[1], "systemctl stop docker.service")
	require.Contains(t, n.scripts[2], "systemctl start docker.socket")
	for _, s := range n.scripts {
		require.True(t, strings.HasPrefix(s, "sh -s: {\n"))
	}
	require.Equal(t, []string{
		"ssh -i " + n.spec.Identity + " -o UserKnownHostsFile=" + n.spec.KnownHosts + " -p " + strconv.Itoa(n.spec.Port) +
			" root@127.0.0.1 'systemctl start docker.socket docker.service'",
	}, inj.(Manual).Commands(n.to))

	n.spec.User, n.spec.Stop, n.spec.Start = "teacher", "my stop", "my start"
	inj, err = New(NodeStop, n.spec, nil)
	require.NoError(t, err)
	require.NoError(t, inj.(Armer).Arm(t.Context(), n.to, time.Millisecond))
	require.NoError(t, inj.Inject(t.Context(), n.to))
	require.Contains(t, n.scripts[3], "sudo -n sh -s: ")
	require.Contains(t, n.scripts[3], "start='my start'")
	require.Contains(t, n.scripts[3], "--on-active=1s")
	require.Contains(t, n.scripts[4], "sh -c 'my stop'")
	require.Contains(t, inj.(Manual).Commands(n.to)[0], "teacher@127.0.0.1 'sudo my start'")
}

func TestWhatGoesWrongOverSSHIsNamed(t *testing.T) {
	other := startNode(t)
	for name, tt := range map[string]struct {
		change    func(n *sshNode)
		code, key string
	}{
		"the script fails": {func(n *sshNode) {
			n.answer = func(string) (int, string) { return 5, strings.Repeat("x", 2000) + "\x1b[31mUnit not found" }
		}, "failed", "script_failed"},
		"the line is cut": {func(n *sshNode) { n.answer = func(string) (int, string) { return -1, "" } }, "ssh", "ssh_lost"},
		"nobody listens":  {func(n *sshNode) { n.spec.Port = 1 }, "ssh", "ssh_lost"},
		"no address":      {func(n *sshNode) { n.to.Address = "" }, "config", "no_address"},
		"an open key": {func(n *sshNode) {
			require.NoError(t, os.Chmod(n.spec.Identity, 0o644))
		}, "config", "ssh_key_open"},
		"a key for a group": {func(n *sshNode) {
			require.NoError(t, os.Chmod(n.spec.Identity, 0o640))
		}, "config", "ssh_key_open"},
		"a pipe for a key": {func(n *sshNode) {
			require.NoError(t, os.Remove(n.spec.Identity))
			require.NoError(t, exec.Command("mkfifo", "-m", "600", n.spec.Identity).Run())
		}, "config", "ssh_key"},
		"a pipe for known hosts": {func(n *sshNode) {
			require.NoError(t, os.Remove(n.spec.KnownHosts))
			require.NoError(t, exec.Command("mkfifo", n.spec.KnownHosts).Run())
		}, "config", "ssh_known_hosts"},
		"no such key":    {func(n *sshNode) { n.spec.Identity += "x" }, "config", "ssh_key"},
		"another's key":  {func(n *sshNode) { n.spec.Identity = other.spec.Identity }, "config", "ssh_auth"},
		"a stranger":     {func(n *sshNode) { n.spec.KnownHosts = other.spec.KnownHosts }, "config", "ssh_host_unknown"},
		"no known hosts": {func(n *sshNode) { n.spec.KnownHosts += "x" }, "config", "ssh_known_hosts"},
		"an impostor": {func(n *sshNode) {
			raw, err := os.ReadFile(other.spec.KnownHosts)
			require.NoError(t, err)
			_, key, _ := strings.Cut(string(raw), " ")
			name := knownhosts.Normalize(net.JoinHostPort(n.to.Address, strconv.Itoa(n.spec.Port)))
			require.NoError(t, os.WriteFile(n.spec.KnownHosts, []byte(name+" "+key), 0o600))
		}, "config", "ssh_host_changed"},
	} {
		t.Run(name, func(t *testing.T) {
			n := startNode(t)
			tt.change(n)
			err := nodeStop{spec: n.spec}.Inject(t.Context(), n.to)
			var p *diag.Failure
			require.ErrorAs(t, err, &p)
			require.Equal(t, "fault."+tt.key, p.Msg.Key, "%v", err)
			require.Equal(t, tt.code, p.Code)
			require.Less(t, len(err.Error()), 1000)
		})
	}
}

// What a node lacks is found out before anything is done to it, in words of its
// own.
func TestTryFindsOutWhatIsMissing(t *testing.T) {
	for name, tt := range map[string]struct {
		user   string
		status int
		output string
		key    string
	}{
		"all is there":       {"root", 0, "", ""},
		"no root":            {"root", tryNotRoot, "", "try_root"},
		"no systemctl":       {"root", tryNoSystemd, "", "try_systemd"},
		"no docker.service":  {"root", tryNoDocker, "", "try_docker"},
		"no systemd-run":     {"root", tryNoTimer, "", "try_timer"},
		"no setsid":          {"root", tryNoShell, "", "try_shell"},
		"no /run":            {"root", tryNoRun, "", "try_run"},
		"a broken command":   {"root", tryBadCommand, "", "try_command"},
		"a missing program":  {"root", tryNoProgram, "", "try_program"},
		"sudo asks":          {"li", 1, "sudo: a password is required", "try_sudo"},
		"no sudo":            {"li", 127, "sh: 1: sudo: not found", "try_sudo"},
		"something else":     {"li", 3, "odd", "script_failed"},
		"root's own failure": {"root", 1, "sudo: odd", "script_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			n := startNode(t)
			n.spec.User = tt.user
			n.answer = func(string) (int, string) { return tt.status, tt.output }
			inj, err := New(NodeStop, n.spec, nil)
			require.NoError(t, err)
			err = Try(t.Context(), inj, []evidence.Action{n.to})[0]
			if tt.key == "" {
				require.NoError(t, err)
			} else {
				p := diag.Failures(err)
				require.Len(t, p, 1)
				require.Equal(t, "fault."+tt.key, p[0].Msg.Key)
				for _, lang := range i18n.Langs {
					require.NotContains(t, lang.Text(p[0].Msg)+lang.Text(p[0].Hint), "{")
				}
			}
			require.Len(t, n.scripts, 1)
			for _, deed := range []string{"systemctl stop", "systemctl start", "--on-active", "rm -f", ">" + timerFile} {
				require.NotContains(t, n.scripts[0], deed, "nothing is changed")
			}
		})
	}
}

// Each of several nodes has a reason of its own.
func TestTryOfSeveralNodes(t *testing.T) {
	good := startNode(t)
	inj, err := New(NodeStop, good.spec, nil)
	require.NoError(t, err)
	nowhere := good.to
	nowhere.Hostname, nowhere.Address = "m3", ""
	stranger := good.to
	stranger.Hostname, stranger.Address = "m4", "127.0.0.2"
	errs := Try(t.Context(), inj, []evidence.Action{good.to, nowhere, stranger})
	require.NoError(t, errs[0])
	found := diag.Failures(errors.Join(errs...))
	require.Len(t, found, 2)
	require.Equal(t, "fault.no_address", found[0].Msg.Key)
	require.Equal(t, "fault.ssh_lost", found[1].Msg.Key)

	require.Equal(t, []error{nil}, Try(t.Context(), nodeDrain{}, []evidence.Action{good.to}), "needs nothing but the API")
}

func TestAnEndedContextEndsASession(t *testing.T) {
	n := startNode(t)
	ctx, cancel := context.WithCancel(t.Context())
	n.answer = func(string) (int, string) { cancel(); return -1, "" }
	require.ErrorIs(t, nodeStop{spec: n.spec}.Inject(ctx, n.to), context.Canceled)
}

// The whole of a fault, with the line cut while Docker is being stopped: nobody
// knows whether it was, so it is started.
func TestALostConnectionInTheMiddleIsMadeGood(t *testing.T) {
	n := startNode(t)
	b := newBench(t)
	inj, err := New(NodeStop, n.spec, nil)
	require.NoError(t, err)
	b.opt.Injector = inj
	n.answer = func(script string) (int, string) {
		switch {
		case strings.Contains(script, "systemctl stop docker.service") && !strings.Contains(script, "start="):
			b.swarm.down("id-m2", true)
			return -1, ""
		case strings.Contains(script, "rm -f "+timerFile) && !strings.Contains(script, "start="):
			b.swarm.down("id-m2", false)
		}
		return 0, ""
	}
	_, err = Run(t.Context(), b.opt, n.to, nil)
	require.Equal(t, "ssh", diag.Code(err))
	b.requireUndone(t)
}
