package web

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// Server is an HTTP server for the site with its bounds; streams end as it is shut down.
func (s *Site) Server() *http.Server {
	srv := &http.Server{
		Handler: s, MaxHeaderBytes: s.limits.Header,
		ReadHeaderTimeout: s.limits.Read, ReadTimeout: s.limits.Read, IdleTimeout: s.limits.Idle,
		// How long an answer may take is told by each write, see [answer].
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	srv.RegisterOnShutdown(s.Close)
	return srv
}

// Listener bounds the connections that l accepts: those beyond the bounds are closed at
// once. Behind a proxy all come from one address, so that only their sum counts.
func (s *Site) Listener(l net.Listener) net.Listener {
	mostOf := s.limits.PerAddress
	if s.o.BehindProxy {
		mostOf = s.limits.Connections
	}
	return &bounded{Listener: l, conns: newCounts[netip.Addr](s.limits.Connections, mostOf)}
}

type bounded struct {
	net.Listener
	conns *counts[netip.Addr]
}

func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		release, ok := b.conns.take(addressOf(c.RemoteAddr().String()))
		if !ok {
			_ = c.Close() // there is no room to say why
			continue
		}
		return &counted{Conn: c, release: sync.OnceFunc(release)}, nil
	}
}

// counted is a connection that is counted until it is closed.
type counted struct {
	net.Conn
	release func()
}

func (c *counted) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// addressOf is the place that "host:port" is at; what is no address is all one place.
func addressOf(hostPort string) netip.Addr {
	if p, err := netip.ParseAddrPort(hostPort); err == nil {
		return place(p.Addr())
	}
	if a, err := netip.ParseAddr(hostPort); err == nil {
		return place(a)
	}
	return netip.Addr{}
}
