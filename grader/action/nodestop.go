package action

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/remote"
	"swarmgrade/grader/roster"
)

// scriptLimit bounds one script on a node. An engine gives its containers 10 s
// before it kills them; a hundred of them on a slow machine take longer.
const scriptLimit = 90 * time.Second

// stopNode stops Docker on a node over SSH.
func stopNode() Kind {
	return Kind{
		Name: NodeStop, Says: "fault.note_injecting", TakesEngine: true, Enters: true,
		New: func(spec roster.Fault, _ Cluster) (Injector, error) { return nodeStop{spec: spec}, nil },
	}
}

// nodeStop stops Docker on a node over SSH, as the handout does by hand.
type nodeStop struct{ spec roster.Fault }

// Arm leaves a timer on the node that starts Docker again after the time,
// whatever becomes of us. It replaces an earlier one.
func (s nodeStop) Arm(ctx context.Context, f evidence.Action, after time.Duration) error {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	seconds := int((after + time.Second - 1) / time.Second)
	return s.run(ctx, f, "arm", armScript(s.startText(), hex.EncodeToString(id[:]), seconds))
}

func (s nodeStop) Inject(ctx context.Context, f evidence.Action) error {
	return s.run(ctx, f, "stop", stopScript(s.spec.Stop))
}

func (s nodeStop) Restore(ctx context.Context, f evidence.Action) error {
	return s.run(ctx, f, "start", startScript(s.startText()))
}

// Try enters a node as the fault will and looks for what it needs there.
func (s nodeStop) Try(ctx context.Context, f evidence.Action) error {
	return s.run(ctx, f, "try", tryScript(s.spec.Stop, s.spec.Start))
}

func (s nodeStop) startText() string {
	if s.spec.Start != "" {
		return s.spec.Start
	}
	return systemdStart
}

func (s nodeStop) port() int {
	if s.spec.Port != 0 {
		return s.spec.Port
	}
	return 22
}

func (s nodeStop) Commands(f evidence.Action) []string {
	start := s.spec.Start
	if start == "" {
		start = "systemctl start docker.socket docker.service"
	}
	if remote.User(s.spec.User) != "root" {
		start = "sudo " + start
	}
	words := []string{"ssh"}
	if s.spec.Identity != "" {
		words = append(words, "-i", quote(s.spec.Identity))
	}
	if s.spec.KnownHosts != "" {
		words = append(words, "-o", quote("UserKnownHostsFile="+s.spec.KnownHosts))
	}
	if s.port() != 22 {
		words = append(words, "-p", strconv.Itoa(s.port()))
	}
	words = append(words, quote(remote.User(s.spec.User)+"@"+f.Address), quote(start))
	return []string{strings.Join(words, " ")}
}

// run has a shell on the node read a script. What it writes is only shown.
func (s nodeStop) run(parent context.Context, f evidence.Action, what, script string) error {
	if f.Address == "" {
		return &diag.Failure{Code: "config", Msg: i18n.M("fault.no_address", "node", f.Hostname), Hint: i18n.M("fault.no_address_hint", "node", f.Hostname)}
	}
	ctx, cancel := context.WithTimeout(parent, scriptLimit)
	defer cancel()
	client, err := remote.Dial(ctx, s.spec.User, net.JoinHostPort(f.Address, strconv.Itoa(s.port())),
		roster.SSH{Identity: s.spec.Identity, KnownHosts: s.spec.KnownHosts})
	if err != nil {
		return s.explain(parent, f, err)
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	session, err := client.NewSession()
	if err != nil {
		return s.explain(parent, f, err)
	}
	out := &tailBuffer{}
	session.Stdin, session.Stdout, session.Stderr = strings.NewReader(script), out, out
	shell := "sh -s"
	if remote.User(s.spec.User) != "root" {
		shell = "sudo -n sh -s"
	}
	err = session.Run(shell)
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return s.refused(f, what, exit.ExitStatus(), out.String())
	}
	return s.explain(parent, f, err)
}

// refused puts what a script on a node came to into words.
func (s nodeStop) refused(f evidence.Action, what string, status int, output string) error {
	key := map[int]string{
		tryNotRoot: "try_root", tryNoSystemd: "try_systemd", tryNoDocker: "try_docker", tryNoTimer: "try_timer",
		tryNoShell: "try_shell", tryNoRun: "try_run", tryBadCommand: "try_command", tryNoProgram: "try_program",
	}[status]
	if (status == 1 || status == 127) && strings.Contains(output, "sudo") && remote.User(s.spec.User) != "root" {
		key = "try_sudo"
	}
	code := "config"
	if key == "" {
		code, key = "failed", "script_failed"
	}
	pairs := []any{
		"node", f.Hostname, "user", remote.User(s.spec.User), "step", i18n.M("fault.step_" + what), "status", status, "output", output,
	}
	return &diag.Failure{Code: code, Msg: i18n.M("fault."+key, pairs...), Hint: i18n.M("fault."+key+"_hint", pairs...)}
}

// explain says why a node could not be entered, or was lost on the way.
func (s nodeStop) explain(parent context.Context, f evidence.Action, err error) error {
	if parent.Err() != nil {
		return parent.Err()
	}
	pairs := []any{"node", f.Hostname, "address", f.Address, "port", s.port(), "user", remote.User(s.spec.User), "file", ""}
	say := func(code, key string, cause error) error {
		return &diag.Failure{Code: code, Msg: i18n.M("fault."+key, pairs...), Hint: i18n.M("fault."+key+"_hint", pairs...), Cause: cause}
	}
	var e *remote.Error
	if !errors.As(err, &e) {
		return say("ssh", "ssh_lost", err)
	}
	pairs[len(pairs)-1] = e.File
	switch e.Code {
	case "known-hosts":
		return say("config", "ssh_known_hosts", e.Cause)
	case "key-open":
		return say("config", "ssh_key_open", nil)
	case "key", "key-locked":
		return say("config", "ssh_key", e.Cause)
	case "host-unknown":
		return say("config", "ssh_host_unknown", nil)
	case "host-changed":
		return say("config", "ssh_host_changed", e.Cause)
	case "auth":
		return say("config", "ssh_auth", e.Cause)
	}
	return say("ssh", "ssh_lost", e.Cause)
}
