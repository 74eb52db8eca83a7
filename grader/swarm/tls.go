package swarm

import (
	"crypto/tls"
	"crypto/x509"

	"swarmgrade/grader/remote"
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
		pem, err := remote.ReadFile(m.ca)
		if err != nil {
			return nil, fail(endpoint, "config", "tls_file", err, "file", m.ca)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fail(endpoint, "config", "tls_file", nil, "file", m.ca)
		}
	}
	if m.cert != "" || m.key != "" {
		pair, err := keyPair(m.cert, m.key)
		if err != nil {
			return nil, fail(endpoint, "config", "tls_pair", err, "cert", m.cert, "key", m.key)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}

// keyPair is tls.LoadX509KeyPair for regular files.
func keyPair(cert, key string) (tls.Certificate, error) {
	certPEM, err := remote.ReadFile(cert)
	if err != nil {
		return tls.Certificate{}, err
	}
	keyPEM, err := remote.ReadFile(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certPEM, keyPEM)
}
