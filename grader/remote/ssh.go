// Package remote enters machines by SSH as a person at this one would: with the
// key and the known hosts that the class file names, or else the user's own and
// those of the agent.
package remote

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"swarmgrade/grader/regular"
	"swarmgrade/grader/roster"
)

// Timeout bounds opening a session.
const Timeout = 5 * time.Second

// Error is why a machine could not be entered.
type Error struct {
	// Code is a stable word: "known-hosts" and "key" (File can't be used),
	// "key-locked" (File has a passphrase), "key-open" (others than its owner may
	// read File, which ssh refuses), "host-unknown", "host-changed", "auth",
	// "handshake".
	Code  string
	File  string
	Cause error
}

func (e *Error) Error() string {
	text := "ssh: " + e.Code
	if e.File != "" {
		text += ": " + e.File
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Cause }

// User is the name to log in under: the given one, or else this user's.
func User(name string) string {
	if name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "root"
}

// Dial opens a session with hostPort. The error is an [*Error], one of the
// network's, or the context's.
func Dial(ctx context.Context, name, hostPort string, conf roster.SSH) (*ssh.Client, error) {
	check, err := knownHosts(conf.KnownHosts)
	if err != nil {
		return nil, err
	}
	signers, done, err := signers(conf.Identity)
	if err != nil {
		return nil, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", hostPort)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	conn, chans, reqs, err := ssh.NewClientConn(raw, hostPort, &ssh.ClientConfig{
		User:              User(name),
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(signers...)},
		HostKeyCallback:   check,
		HostKeyAlgorithms: keyTypes(check, hostPort),
	})
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		raw.Close()
		return nil, explain(ctx, err)
	}
	return ssh.NewClient(conn, chans, reqs), nil
}

// explain names what went wrong in the handshake.
func explain(ctx context.Context, err error) error {
	var (
		key     *knownhosts.KeyError
		revoked *knownhosts.RevokedError
	)
	switch {
	case errors.As(err, &key) && len(key.Want) == 0:
		return &Error{Code: "host-unknown"}
	case errors.As(err, &key), errors.As(err, &revoked):
		return &Error{Code: "host-changed", Cause: err}
	case strings.Contains(err.Error(), "unable to authenticate"):
		return &Error{Code: "auth", Cause: err}
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &Error{Code: "handshake", Cause: err}
}

func knownHosts(file string) (ssh.HostKeyCallback, error) {
	files := []string{file}
	if file == "" {
		files = files[:0]
		home, _ := os.UserHomeDir()
		for _, f := range []string{filepath.Join(home, ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"} {
			if _, err := os.Stat(f); err == nil {
				files = append(files, f)
			}
		}
	}
	for _, f := range files {
		if _, err := ReadFile(f); err != nil {
			return nil, &Error{Code: "known-hosts", File: f, Cause: err}
		}
	}
	check, err := knownhosts.New(files...)
	if err != nil {
		return nil, &Error{Code: "known-hosts", File: strings.Join(files, " "), Cause: err}
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

// signers are the keys to show: the given file alone, or else the agent's keys
// and the user's own unencrypted ones. done closes the agent's connection once
// the handshake is over.
func signers(identity string) (list []ssh.Signer, done func(), err error) {
	done = func() {}
	if identity != "" {
		s, err := readKey(identity)
		if err != nil {
			return nil, nil, err
		}
		return []ssh.Signer{s}, done, nil
	}
	if socket := os.Getenv("SSH_AUTH_SOCK"); socket != "" {
		if conn, err := net.DialTimeout("unix", socket, Timeout); err == nil {
			done = func() { conn.Close() }
			if keys, err := agent.NewClient(conn).Signers(); err == nil {
				list = append(list, keys...)
			}
		}
	}
	home, _ := os.UserHomeDir()
	var open *Error
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		s, err := readKey(filepath.Join(home, ".ssh", name))
		if err == nil {
			list = append(list, s)
		} else if e := new(Error); errors.As(err, &e) && e.Code == "key-open" {
			open = e
		}
	}
	if len(list) == 0 && open != nil { // else it would be said that no key fits
		done()
		return nil, nil, open
	}
	return list, done, nil
}

// readKey reads a private key that nobody else may read. The error is an
// [*Error].
func readKey(file string) (ssh.Signer, error) {
	if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && exposed(info) {
		return nil, &Error{Code: "key-open", File: file}
	}
	pem, err := ReadFile(file)
	if err != nil {
		return nil, &Error{Code: "key", File: file, Cause: err}
	}
	s, err := ssh.ParsePrivateKey(pem)
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return nil, &Error{Code: "key-locked", File: file}
	case err != nil:
		return nil, &Error{Code: "key", File: file, Cause: err}
	}
	return s, nil
}

// exposed reports whether others than the owner may use a file, as ssh sees it:
// on Windows the mode says nothing.
func exposed(info os.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}

// maxFile bounds a file of keys or of certificates.
const maxFile = 16 << 20

// ReadFile reads a file of keys, certificates or known hosts, a regular one.
func ReadFile(file string) ([]byte, error) {
	data, err := regular.Read(context.Background(), file, maxFile)
	if errors.Is(err, regular.ErrNotRegular) || errors.Is(err, regular.ErrTooBig) {
		err = &fs.PathError{Op: "read", Path: file, Err: err}
	}
	return data, err
}
