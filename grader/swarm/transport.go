package swarm

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/docker/docker/client"
)

// maxResponse bounds one answer of an engine. Tasks of 1,000 students take
// about 10 MB; an answer beyond this is refused, not cut.
const maxResponse = 64 << 20

// maxConns bounds the connections to one engine, however many students are
// looked at side by side.
const maxConns = 8

var errTooLarge = errors.New("the answer is larger than the limit")

// dialFunc opens a connection to one engine.
type dialFunc func(ctx context.Context) (net.Conn, error)

// newTransport speaks HTTP to one engine over the given dialer and nothing
// else: no proxy variables, no other host.
func newTransport(dial dialFunc, conf *tls.Config) *http.Transport {
	return &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		TLSClientConfig:     conf,
		TLSHandshakeTimeout: probeTimeout,
		DisableCompression:  true,
		MaxIdleConnsPerHost: maxConns,
		MaxConnsPerHost:     maxConns,
		IdleConnTimeout:     30 * time.Second,
	}
}

// newClient makes the Docker client of one engine; host is only a name for the
// Host header and the certificate.
func newClient(host string, tr *http.Transport) (*client.Client, error) {
	scheme := "http"
	if tr.TLSClientConfig != nil {
		scheme = "https"
	}
	return client.NewClientWithOpts(
		client.WithHost("tcp://"+host),
		client.WithHTTPClient(&http.Client{
			Transport:     limitTransport{tr},
			CheckRedirect: client.CheckRedirect,
		}),
		client.WithScheme(scheme),
		client.WithUserAgent("swarmgrade"),
	)
}

// limitTransport bounds the size of answers and keeps the cause of failures,
// which the client would otherwise replace by a sentence of its own.
type limitTransport struct{ base http.RoundTripper }

func (t limitTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if body, ok := req.Context().Value(bodyKey{}).([]byte); ok && req.Method == http.MethodPost {
		req = req.Clone(req.Context())
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, &roundTripError{err}
	}
	if resp.ContentLength > maxResponse {
		resp.Body.Close()
		return nil, &roundTripError{errTooLarge}
	}
	resp.Body = &limitBody{ReadCloser: resp.Body, left: maxResponse}
	return resp, nil
}

type bodyKey struct{}

// verbatim has a POST of the client carry a body as it stands, in place of what the
// client makes of the parts that it knows.
func verbatim(ctx context.Context, body []byte) context.Context {
	return context.WithValue(ctx, bodyKey{}, body)
}

type limitBody struct {
	io.ReadCloser
	left int64
}

func (b *limitBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}

// roundTripError carries a transport failure through the Docker client, which
// looks at the text of an error and drops the cause of those it knows.
type roundTripError struct{ cause error }

func (e *roundTripError) Error() string { return "the request failed" }
func (e *roundTripError) Unwrap() error { return e.cause }
