package swarm

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
)

const (
	// probeTimeout bounds getting to know an endpoint, and opening a connection.
	probeTimeout = 5 * time.Second
	// callTimeout bounds one reading. A swarm without a leader keeps a request
	// for up to 20 s; another manager is asked before that.
	callTimeout = 15 * time.Second
	// minAPI is Docker Engine 20.10's.
	minAPI = "1.41"
)

// endpoint is one Docker engine.
type endpoint struct {
	at  location
	api *client.Client
	tr  *http.Transport
	ssh *sshDialer // nil unless by ssh

	probeTimeout, callTimeout time.Duration

	mu    sync.Mutex
	known *facts // nil until it was reached once
}

// facts are what an engine says of itself.
type facts struct {
	nodeID, hostname, nodeAddr string
	manager                    bool
	cluster                    string // the swarm's ID, known to managers
	apiVersion, engineVersion  string
	// skew is the engine's clock minus ours, measured against the middle of
	// the call; half is half the call's length, the uncertainty.
	skew, half time.Duration
	clock      bool // whether the engine told its time
}

func openEndpoint(s source) (*endpoint, error) {
	at, err := parseAddress(s.address, s.tls != nil)
	if err != nil {
		return nil, err
	}
	e := &endpoint{at: at, probeTimeout: probeTimeout, callTimeout: callTimeout}
	dialer := &net.Dialer{Timeout: probeTimeout}
	host := "localhost"
	switch at.scheme {
	case "unix":
		e.tr = newTransport(func(ctx context.Context) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", at.socket)
		}, nil)
	case "ssh":
		e.ssh = &sshDialer{at: at, conf: s.ssh}
		e.tr = newTransport(e.ssh.dial, nil)
	case "tcp":
		host = at.hostPort()
		e.tr = newTransport(func(ctx context.Context) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", at.hostPort())
		}, nil)
		if s.tls != nil {
			if e.tr.TLSClientConfig, err = s.tls.config(at.text, at.host); err != nil {
				return nil, err
			}
		}
	}
	if e.api, err = newClient(host, e.tr); err != nil {
		return nil, fail(at.text, "config", "bad_address", err)
	}
	return e, nil
}

// close gives back connections and the SSH session.
func (e *endpoint) close() {
	e.tr.CloseIdleConnections()
	if e.ssh != nil {
		e.ssh.close()
	}
}

// facts gives what the engine said of itself when it was first reached, and
// asks it until then.
func (e *endpoint) facts(ctx context.Context) (*facts, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known != nil {
		return e.known, nil
	}
	f, err := e.probe(ctx)
	if err != nil {
		return nil, err
	}
	e.known = f
	return f, nil
}

// knownFacts gives what is known without asking; nil if it was never reached.
func (e *endpoint) knownFacts() *facts {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.known
}

// probe settles the API version and asks the engine who it is.
func (e *endpoint) probe(parent context.Context) (*facts, error) {
	ctx, cancel := context.WithTimeout(parent, e.probeTimeout)
	defer cancel()
	ping, err := e.api.Ping(ctx)
	if err != nil {
		return nil, e.failed(parent, err)
	}
	if ping.APIVersion == "" || versions.LessThan(ping.APIVersion, minAPI) {
		return nil, fail(e.at.text, "config", "too_old", nil, "version", clip(ping.APIVersion, 20), "min", minAPI)
	}
	e.api.NegotiateAPIVersionPing(ping)
	info, f, err := e.info(ctx)
	if errors.Is(err, context.DeadlineExceeded) && parent.Err() == nil {
		// While the managers have no leader, an engine that answers a ping
		// keeps this question for 20 s.
		return nil, fail(e.at.text, "timeout", "stalled", nil)
	}
	if err != nil {
		return nil, e.failed(parent, err)
	}
	f.apiVersion = clip(e.api.ClientVersion(), 20)
	f.engineVersion = clip(info.ServerVersion, maxWord)
	return f, nil
}

// info asks the engine for its state; the API version must be settled.
func (e *endpoint) info(ctx context.Context) (system.Info, *facts, error) {
	sent := time.Now()
	info, err := e.api.Info(ctx)
	took := time.Since(sent)
	if err != nil {
		return info, nil, err
	}
	f := &facts{
		nodeID:   clip(info.Swarm.NodeID, maxWord),
		hostname: clip(info.Name, maxWord),
		nodeAddr: clip(info.Swarm.NodeAddr, maxWord),
		manager:  info.Swarm.ControlAvailable,
		half:     took / 2,
	}
	if info.Swarm.Cluster != nil {
		f.cluster = info.Swarm.Cluster.ID
	}
	if t, err := time.Parse(time.RFC3339Nano, info.SystemTime); err == nil {
		f.clock = true
		f.skew = t.Sub(sent.Add(took / 2))
	}
	return info, f, nil
}

// call runs one reading with a time limit of its own.
func (e *endpoint) call(parent context.Context, f func(ctx context.Context) error) error {
	return e.callWithin(parent, 0, f)
}

// callWithin is call with a shorter limit; 0 is the usual one.
func (e *endpoint) callWithin(parent context.Context, limit time.Duration, f func(ctx context.Context) error) error {
	if limit == 0 || limit > e.callTimeout {
		limit = e.callTimeout
	}
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	if err := f(ctx); err != nil {
		return e.failed(parent, err)
	}
	return nil
}

// failed explains an error and lets go of connections that may hang, so that
// the next call dials anew.
func (e *endpoint) failed(parent context.Context, err error) *Error {
	out := explain(parent, e.at.text, err)
	if out.Code == "timeout" || out.Code == "unreachable" {
		e.close()
	}
	return out
}
