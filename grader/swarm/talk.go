package swarm

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// maxRefusal bounds what is read of an engine's reason for not attaching.
const maxRefusal = 4 << 10

// Talk is a stream to a container's standard input and of what it writes to its standard output
// from now on. It is not bound to ctx once it is there.
func (c *Cluster) Talk(ctx context.Context, nodeID, containerID string) (stream io.ReadWriteCloser, err error) {
	e, err := c.on(ctx, nodeID)
	switch {
	case err != nil:
		return nil, err
	case e == nil:
		return nil, fail("", "config", "no_node_endpoint", nil, "node", nodeID)
	}
	err = e.call(ctx, func(ctx context.Context) error {
		stream, err = e.attach(ctx, containerID)
		return err
	})
	return stream, err
}

// attach takes a connection over. Docker's own client dials an address by itself for it, which
// leads through no SSH.
func (e *endpoint) attach(ctx context.Context, containerID string) (io.ReadWriteCloser, error) {
	host, scheme := "localhost", "http"
	if e.at.scheme == "tcp" {
		host = e.at.hostPort()
	}
	tr := e.tr.Clone() // of its own: a stream must not take a place among calls
	defer tr.CloseIdleConnections()
	if tr.TLSClientConfig != nil {
		scheme = "https"
	}
	at := fmt.Sprintf("%s://%s/v%s/containers/%s/attach?stream=1&stdin=1&stdout=1", scheme, host, e.api.ClientVersion(), url.PathEscape(containerID))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "tcp")
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return nil, &roundTripError{err}
	}
	if both, ok := resp.Body.(io.ReadWriteCloser); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		return &talk{ReadWriteCloser: both}, nil
	}
	defer resp.Body.Close()
	var why struct{ Message string }
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	_ = json.Unmarshal(raw, &why)
	return nil, fmt.Errorf("attach: %s: %s", clip(resp.Status, 80), text(why.Message))
}

// talk takes what a container writes out of its pieces, each with a head of eight bytes: which of
// its outputs it is, and how long the piece is. Nothing is kept of a piece, however long it says
// that it is.
type talk struct {
	io.ReadWriteCloser
	left uint32 // of a piece of standard output
}

var errNoPiece = errors.New("no stream of a container's")

func (t *talk) Read(b []byte) (int, error) {
	for t.left == 0 {
		var head [8]byte
		if _, err := io.ReadFull(t.ReadWriteCloser, head[:]); err != nil {
			return 0, err
		}
		n := binary.BigEndian.Uint32(head[4:])
		switch head[0] {
		case 1:
			t.left = n
		case 0, 2:
			if _, err := io.CopyN(io.Discard, t.ReadWriteCloser, int64(n)); err != nil {
				return 0, err
			}
		default:
			return 0, errNoPiece
		}
	}
	n, err := t.ReadWriteCloser.Read(b[:min(int64(len(b)), int64(t.left))])
	t.left -= uint32(n)
	return n, err
}
