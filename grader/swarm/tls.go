package swarm

import (
	"crypto/tls"
	"crypto/x509"
	"os"
)

// tlsMaterial are the PEM files of one endpoint. With no CA the system's
// authorities are trusted; with no certificate none is shown.
type tlsMaterial struct {
	ca, cert, key string
	skipVerify    bool // a Docker context may ask for it
}

func (m *tlsMaterial) config(endpoint, host string) (*tls.Config, error) {
	conf := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: m.skipVerify}
	if m.ca != "" {
		pem, err := os.ReadFile(m.ca)
		if err != nil {
			return nil, fail(endpoint, "config", "tls_file", err, "file", m.ca)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fail(endpoint, "config", "tls_file", nil, "file", m.ca)
		}
	}
	if m.cert != "" || m.key != "" {
		pair, err := tls.LoadX509KeyPair(m.cert, m.key)
		if err != nil {
			return nil, fail(endpoint, "config", "tls_pair", err, "cert", m.cert, "key", m.key)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}
