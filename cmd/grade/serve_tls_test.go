package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// certified writes a certificate that is good for a time, and its key.
func certified(t *testing.T, dir, name string, from, to time.Time, hosts ...string) (cert, key string, leaf *x509.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	x := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			x.IPAddresses = append(x.IPAddresses, ip)
		} else {
			x.DNSNames = append(x.DNSNames, h)
		}
	}
	raw, err := x509.CreateCertificate(rand.Reader, x, x, &private.PublicKey, private)
	require.NoError(t, err)
	leaf, err = x509.ParseCertificate(raw)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	cert, key = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return cert, key, leaf
}

// TestCertificates: what browsers would refuse is refused at the start, with what to type.
func TestCertificates(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	year := now.AddDate(1, 0, 0)
	cert, key, _ := certified(t, dir, "good", now.Add(-time.Hour), year, "grade.example.edu", "127.0.0.2")
	other, otherKey, _ := certified(t, dir, "other", now.Add(-time.Hour), now.Add(3*24*time.Hour), "*.example.edu")
	old, oldKey, _ := certified(t, dir, "old", now.AddDate(-1, 0, 0), now.Add(-time.Second), "grade.example.edu")
	early, earlyKey, _ := certified(t, dir, "early", now.Add(time.Hour), year, "grade.example.edu")
	locked, cut := filepath.Join(dir, "locked.key"), filepath.Join(dir, "cut.pem")
	require.NoError(t, os.WriteFile(locked, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}), 0o600))
	require.NoError(t, os.WriteFile(cut, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), 0o600))
	for name, c := range map[string]struct {
		cert, key, want, hint string
	}{
		"none":           {filepath.Join(dir, "none.pem"), key, "there is no certificate file " + dir + "/none.pem", "openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=grade.example.edu"},
		"no key":         {cert, filepath.Join(dir, "none.key"), "there is no key file " + dir + "/none.key", "that the certificate " + cert + " was made with"},
		"a directory":    {dir, key, dir + " cannot be read", "ls -l " + dir},
		"wrong way":      {key, cert, "there is no certificate in " + key, "--tls-cert " + cert + " --tls-key " + key},
		"no private key": {cert, cert, "there is no private key in " + cert, "-----BEGIN PRIVATE KEY-----"},
		"another's key":  {cert, otherKey, "cannot be used", "openssl pkey -in " + otherKey + " -pubout"},
		"cut":            {cut, key, "cannot be used", "openssl x509 -in " + cut},
		"a pass phrase":  {cert, locked, "has a pass phrase", "openssl pkey -in " + locked + " -out " + locked + ".open"},
		"expired":        {old, oldKey, "the certificate " + old + " ended on", "certbot renew"},
		"not yet good":   {early, earlyKey, "is good from", "timedatectl"},
	} {
		t.Run(name, func(t *testing.T) {
			f := serveFlags{cert: c.cert, key: c.key, listen: "0.0.0.0:8443"}
			_, _, err := f.pair(t.Context(), now)
			require.Equal(t, diag.Usage, diag.Code(err))
			failure := diag.Failures(err)[0]
			require.Contains(t, i18n.EN.Text(failure.Msg), c.want)
			require.Contains(t, i18n.EN.Text(failure.Hint), c.hint)
			for _, text := range []string{i18n.ZH.Text(failure.Msg), i18n.ZH.Text(failure.Hint)} {
				require.NotContains(t, text, "{")
			}
		})
	}
	notes := func(f serveFlags) (said []string) {
		_, all, err := f.pair(t.Context(), now)
		require.NoError(t, err)
		for _, n := range all {
			said = append(said, i18n.EN.Text(n))
		}
		return said
	}
	require.Empty(t, notes(serveFlags{cert: cert, key: key, listen: "127.0.0.2:8443"}))
	require.Empty(t, notes(serveFlags{cert: cert, key: key, listen: "0.0.0.0:8443"}), "nobody said what it is called")
	require.Empty(t, notes(serveFlags{cert: cert, key: key, listen: "0.0.0.0:8443", url: "https://grade.example.edu:8443"}))
	said := notes(serveFlags{cert: other, key: otherKey, listen: "0.0.0.0:8443", url: "https://grade.example.org"})
	require.Len(t, said, 2)
	require.Contains(t, said[0], "renew it before")
	require.Contains(t, said[1], "is for *.example.edu; browsers will warn of pages at grade.example.org")
}

// TestWithoutACertificate only this machine is served, by whichever of its addresses.
func TestWithoutACertificate(t *testing.T) {
	for listen, ok := range map[string]bool{
		"127.0.0.1:0": true, "127.0.0.2:0": true, "[::1]:0": true, "localhost:0": true, "0.0.0.0:0": false, ":0": false, "[::]:0": false, "192.0.2.1:0": false,
		"127.0.0.1.example.edu:0": false,
	} {
		f := serveFlags{listen: listen, atOnce: 1}
		require.Equal(t, ok, f.check() == nil, listen)
		f.cert = "cert.pem"
		require.NoError(t, f.check(), listen)
	}
}

// TestProxyFrom: the proxy's addresses are addresses or networks, and go with a proxy.
func TestProxyFrom(t *testing.T) {
	for text, ok := range map[string]bool{"127.0.0.1": true, "::ffff:10.0.0.1": true, "10.0.3.0/24": true, "2001:db8::/32": true, "proxy.example.edu": false, "10.0.3.0/99": false, "": false} {
		f := serveFlags{listen: "0.0.0.0:8080", atOnce: 1, behindProxy: true, proxyFrom: []string{text}}
		require.Equal(t, ok, f.check() == nil, text)
		f.behindProxy = false
		require.Error(t, f.check())
	}
}

// TestReached: links are to where readers find the page, which 0.0.0.0 is not.
func TestReached(t *testing.T) {
	now := time.Now()
	_, _, leaf := certified(t, t.TempDir(), "x", now, now.Add(time.Hour), "*.example.edu", "grade.example.edu")
	self, err := os.Hostname()
	require.NoError(t, err)
	require.Equal(t, "grade.example.edu:8443", reached("0.0.0.0:8443", leaf))
	require.Equal(t, "grade.example.edu:8443", reached("[::]:8443", leaf))
	require.Equal(t, net.JoinHostPort(self, "8443"), reached("[::]:8443", nil))
	require.Equal(t, "127.0.0.2:8443", reached("127.0.0.2:8443", leaf))
}

var printedSecure = regexp.MustCompile(`https://127\.0\.0\.2:\d+/k/[0-9a-z]{26}`)

// TestServeEncrypted: with a certificate the cookie is for HTTPS and this host alone; who comes without it is told.
// HSTS is not sent: it would bind every other port of the machine as well, on which a lab has pages of its own.
func TestServeEncrypted(t *testing.T) {
	if testing.Short() {
		t.Skip("brings up an embedded cluster")
	}
	w := newWorld(t)
	w.class(t, "mini", "cluster: {sim: gen-2}\nstudents: [{id: \"2024000001\", name: 张三}]\n")
	now := time.Now()
	cert, key, leaf := certified(t, w.dir, "own", now.Add(-time.Hour), now.AddDate(0, 2, 0), "127.0.0.2")
	r := w.start(t, "serve", "--class", "mini", "--listen", "127.0.0.2:0", "--tls-cert", cert, "--tls-key", key)
	link := r.says(t, printedSecure)
	trusted := x509.NewCertPool()
	trusted.AddCert(leaf)
	client := func(c *tls.Config) *http.Client {
		transport := &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true}
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	get := func(c *http.Client, url string, cookies ...*http.Cookie) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		for _, k := range cookies {
			req.AddCookie(k)
		}
		res, err := c.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res, string(text)
	}
	trusting := client(&tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12})
	res, _ := get(trusting, link)
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	require.Equal(t, 2, res.ProtoMajor)
	require.Empty(t, res.Header.Get("Strict-Transport-Security"))
	require.Len(t, res.Cookies(), 1)
	cookie := res.Cookies()[0]
	require.Regexp(t, "^__Host-grade-[0-9a-f]{12}$", cookie.Name)
	require.True(t, cookie.Secure && cookie.HttpOnly && cookie.Path == "/" && cookie.Domain == "")
	base := link[:strings.Index(link, "/k/")]
	res, page := get(trusting, base+"/class", &http.Cookie{Name: cookie.Name, Value: cookie.Value})
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Contains(t, page, "2024000001")
	res, _ = get(trusting, base+"/class", &http.Cookie{Name: strings.TrimPrefix(cookie.Name, "__Host-"), Value: cookie.Value})
	require.NotEqual(t, http.StatusOK, res.StatusCode, "a name that any host of the domain may set lets nobody in")

	// Without HTTPS on the same port.
	plain := "http" + strings.TrimPrefix(base, "https")
	res, text := get(client(nil), plain+"/class")
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	require.Contains(t, text, "HTTP request to an HTTPS server")
	require.Empty(t, res.Cookies())
	_, err := client(&tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}).Get(base + "/") //nolint:noctx // it fails at once
	require.ErrorContains(t, err, "tls")
	_, err = client(&tls.Config{MinVersion: tls.VersionTLS12}).Get(base + "/") //nolint:noctx // as above
	require.ErrorContains(t, err, "certificate", "who does not trust it is warned")
	require.Zero(t, r.end(t, syscall.SIGTERM), r.out.String())
	w.requireNothing(t, r, nil)
}
