package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/regular"
)

// maxPEM bounds a file of a certificate or a key.
const maxPEM = 1 << 20

// certSoon is how long before its end a certificate is told to be renewed.
const certSoon = 14 * 24 * time.Hour

// pair reads the certificate and its key. What is wrong with them is said before anything is begun, as browsers
// would say it to everybody else; notes are what works and should be known.
func (f *serveFlags) pair(ctx context.Context, now time.Time) (pair tls.Certificate, notes []i18n.Msg, err error) {
	cert, err := f.pem(ctx, f.cert, "no_cert")
	if err != nil {
		return pair, nil, err
	}
	key, err := f.pem(ctx, f.key, "no_key")
	if err != nil {
		return pair, nil, err
	}
	switch {
	case !hasBlock(cert, "CERTIFICATE"):
		return pair, nil, f.tlsFailure("not_cert", "file", f.cert, "cert", f.key, "key", f.cert)
	case hasBlock(key, "ENCRYPTED PRIVATE KEY") || strings.Contains(string(key), "Proc-Type: 4,ENCRYPTED"):
		return pair, nil, f.tlsFailure("key_locked", "file", f.key, "cert", f.cert)
	case !hasBlock(key, "PRIVATE KEY"):
		return pair, nil, f.tlsFailure("not_key", "file", f.key, "cert", f.cert)
	}
	pair, err = tls.X509KeyPair(cert, key)
	if err != nil {
		failure := f.tlsFailure("bad_cert", "cert", f.cert, "key", f.key)
		failure.Cause = err
		return pair, nil, failure
	}
	leaf := pair.Leaf
	switch day := "2006-01-02 15:04"; {
	case !now.Before(leaf.NotAfter):
		return pair, nil, f.tlsFailure("cert_expired", "file", f.cert, "day", leaf.NotAfter.Local().Format(day), "host", f.host())
	case now.Before(leaf.NotBefore):
		return pair, nil, f.tlsFailure("cert_early", "file", f.cert, "day", leaf.NotBefore.Local().Format(day), "now", now.Local().Format(day))
	case leaf.NotAfter.Sub(now) < certSoon:
		notes = append(notes, i18n.M("serve.cert_soon", "file", f.cert, "day", leaf.NotAfter.Local().Format(day)))
	}
	if host := f.host(); host != "" && leaf.VerifyHostname(host) != nil {
		notes = append(notes, i18n.M("serve.cert_other", "file", f.cert, "host", host, "names", certNames(leaf)))
	}
	return pair, notes, nil
}

func (f *serveFlags) tlsFailure(key string, pairs ...any) *diag.Failure {
	return &diag.Failure{Code: diag.Usage, Msg: i18n.M("serve."+key, pairs...), Hint: i18n.M("serve."+key+"_hint", pairs...)}
}

// pem reads a file of the two.
func (f *serveFlags) pem(ctx context.Context, file, none string) ([]byte, error) {
	data, err := regular.Read(ctx, file, maxPEM)
	if err == nil {
		return data, nil
	}
	key := "cert_unread"
	if errors.Is(err, fs.ErrNotExist) {
		key = none
	}
	failure := f.tlsFailure(key, "file", file, "cert", f.cert, "key", f.key, "host", cmp.Or(f.host(), "grade.example.edu"))
	failure.Cause = err
	return nil, failure
}

// hasBlock reports whether a file has a block of a kind; those of keys have more before it, as in "EC PRIVATE KEY".
func hasBlock(data []byte, kind string) bool {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return false
		}
		if block.Type == kind || kind == "PRIVATE KEY" && strings.HasSuffix(block.Type, " "+kind) {
			return true
		}
		data = rest
	}
}

// host is what readers call the machine, "" if nobody said.
func (f *serveFlags) host() string {
	if u, err := url.Parse(f.url); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	host, _, _ := net.SplitHostPort(f.listen)
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsUnspecified() {
		return ""
	}
	return host
}

// certNames are the hosts that a certificate is for.
func certNames(leaf *x509.Certificate) (all []string) {
	all = append(all, leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		all = []string{"-"}
	}
	return all[:min(len(all), 5)]
}

// reached is where the pages are found that listen on an address: one that means all of the machine's is none,
// and what the certificate is for is, or else what the machine is called.
func reached(listening string, leaf *x509.Certificate) string {
	host, port, err := net.SplitHostPort(listening)
	if err != nil {
		return listening
	}
	if addr, err := netip.ParseAddr(host); err != nil || !addr.IsUnspecified() {
		return listening
	}
	name, err := os.Hostname()
	if err != nil {
		name = host
	}
	if leaf != nil {
		for _, n := range certNames(leaf) {
			if n != "-" && !strings.HasPrefix(n, "*") {
				name = n
				break
			}
		}
	}
	return net.JoinHostPort(name, port)
}
