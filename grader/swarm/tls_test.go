package swarm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/roster"
)

// authority signs certificates for a test.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	ca   string // its PEM file
}

func newAuthority(t *testing.T, name string) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	a := &authority{dir: t.TempDir(), cert: cert, key: key}
	a.ca = a.write(t, name+"-ca.pem", "CERTIFICATE", der)
	return a
}

func (a *authority) write(t *testing.T, name, kind string, der []byte) string {
	file := filepath.Join(a.dir, name)
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return file
}

// issue writes a certificate for an IP and its key.
func (a *authority) issue(t *testing.T, name, ip string, until time.Time, usage x509.ExtKeyUsage) (cert, key string) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.ParseIP(ip)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &k.PublicKey, a.key)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	require.NoError(t, err)
	return a.write(t, name+".pem", "CERTIFICATE", der), a.write(t, name+"-key.pem", "PRIVATE KEY", pkcs8)
}

// serveTLS is an engine with --tlsverify.
func serveTLS(t *testing.T, a *authority, cert, key string) string {
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	srv := httptest.NewUnstartedServer(&fakeEngine{node: "manager-1", calls: map[string]int{}})
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return "tcp://" + srv.Listener.Addr().String()
}

func TestTLS(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	later := time.Now().Add(time.Hour)
	serverCert, serverKey := ours.issue(t, "server", "127.0.0.1", later, x509.ExtKeyUsageServerAuth)
	cert, key := ours.issue(t, "client", "127.0.0.1", later, x509.ExtKeyUsageClientAuth)
	badCert, badKey := theirs.issue(t, "client", "127.0.0.1", later, x509.ExtKeyUsageClientAuth)
	oldCert, oldKey := ours.issue(t, "old", "127.0.0.1", time.Now().Add(-time.Minute), x509.ExtKeyUsageServerAuth)
	otherCert, otherKey := ours.issue(t, "other", "192.0.2.1", later, x509.ExtKeyUsageServerAuth)
	good := roster.TLS{CA: ours.ca, Cert: cert, Key: key}

	secure := serveTLS(t, ours, serverCert, serverKey)
	_, plain := startEngine(t, "manager-1")
	for _, c := range []struct {
		name, address string
		tls           *roster.TLS
		code, problem string
	}{
		{"mutual", secure, &good, "", ""},
		{"no TLS asked for", secure, nil, "config", "tls_needed"},
		{"engine has none", plain, &good, "config", "tls_unneeded"},
		{"no client certificate", secure, &roster.TLS{CA: ours.ca}, "denied", "tls_client"},
		{"client of another authority", secure, &roster.TLS{CA: ours.ca, Cert: badCert, Key: badKey}, "denied", "tls_client"},
		{"server of another authority", secure, &roster.TLS{CA: theirs.ca, Cert: cert, Key: key}, "denied", "tls_authority"},
		{"server expired", serveTLS(t, ours, oldCert, oldKey), &good, "denied", "tls_invalid"},
		{"server of another name", serveTLS(t, ours, otherCert, otherKey), &good, "denied", "tls_name"},
		{"CA missing", secure, &roster.TLS{CA: ours.dir + "/none.pem"}, "config", "tls_file"},
		{"CA is no certificate", secure, &roster.TLS{CA: key}, "config", "tls_file"},
		{"key of another", secure, &roster.TLS{CA: ours.ca, Cert: cert, Key: badKey}, "config", "tls_pair"},
		{"key not given", secure, &roster.TLS{CA: ours.ca, Cert: cert}, "config", "tls_pair"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := roster.Cluster{Endpoints: []string{c.address}, TLS: c.tls}
			if c.code == "" {
				require.NotEmpty(t, snapshot(t, dial(t, conf)).Nodes)
				return
			}
			_, err := Dial(t.Context(), conf)
			require.Equal(t, c.address, failure(t, err, c.code, c.problem).Endpoint)
		})
	}
}
