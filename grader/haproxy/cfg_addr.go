package haproxy

import (
	"net/netip"
	"strings"
)

// Addr is an address as HAProxy reads it on a bind or server line.
type Addr struct {
	Text string // as written
	// Unix is the path of a unix socket, abstract name or inherited descriptor;
	// the rest is empty then.
	Unix string
	Host string // "" and "*" are any address
	// Port is 0 if none is given; Low to High is the range of ports.
	Low, High int
	// HasPort says that something stands after the last colon; Offset that it
	// is a +N or -N relative to the client's port.
	HasPort  bool
	Offset   int
	portText string
}

// badAddr says what is wrong: the name of a message, and HAProxy's words.
type badAddr struct{ key, text string }

// What may stand before an address: the family of one with a port, or a socket
// without any.
var (
	families = []string{"ipv4@", "ipv6@", "udp@", "udp4@", "udp6@", "tcp@", "tcp4@", "tcp6@", "quic4@", "quic6@", "mptcp@", "mptcp4@", "mptcp6@", "stream+ipv4@", "stream+ipv6@"}
	sockets  = []string{"unix@", "abns@", "abnsz@", "fd@", "sockpair@", "uxst@", "uxdg@", "rhttp@"}
)

// parseAddr cuts an address apart. HAProxy is lenient: digits after the colon
// end at the first other character.
func parseAddr(s string) (Addr, badAddr) {
	a := Addr{Text: s}
	rest := s
	if strings.IndexByte(rest, '@') >= 0 {
		for _, prefix := range families {
			if r, ok := strings.CutPrefix(rest, prefix); ok {
				rest = r
				break
			}
		}
		for _, prefix := range sockets {
			if strings.HasPrefix(rest, prefix) {
				a.Unix = rest
				return a, badAddr{}
			}
		}
	}
	if strings.HasPrefix(rest, "/") {
		a.Unix = rest
		return a, badAddr{}
	}
	i := len(rest) - 1
	for i > 0 && rest[i] != ':' && rest[i] != ']' {
		i--
	}
	port := ""
	if i >= 0 && rest[i] == ':' {
		port, rest = rest[i+1:], rest[:i]
	}
	a.Host = strings.TrimSuffix(strings.TrimPrefix(rest, "["), "]")
	a.portText = port
	switch {
	case port == "":
	case isDigit(port[0]):
		a.HasPort = true
		low, high, isRange := strings.Cut(port, "-")
		a.Low, a.High = atoi(low), atoi(low)
		if isRange {
			a.High = atoi(high)
		}
		switch {
		case a.Low > 65535:
			return a, badAddr{"bad_port", "invalid port '" + low + "'"}
		case a.High > 65535:
			return a, badAddr{"bad_port", "invalid port '" + high + "'"}
		case a.Low > a.High:
			return a, badAddr{"bad_port_range", "invalid port range '" + port + "'"}
		}
	case port[0] == '+' || port[0] == '-':
		a.HasPort = true
		a.Offset = atoi(port[1:])
		if port[0] == '-' {
			a.Offset = -a.Offset
		}
	default:
		return a, badAddr{"bad_port", "invalid character '" + port[:1] + "' in port number '" + port + "' in '" + s + "'"}
	}
	return a, badAddr{}
}

// atoi reads leading digits as C does; what is too big stays too big.
func atoi(s string) int {
	n := 0
	for i := 0; i < len(s) && isDigit(s[i]) && n < 1<<30; i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// IP is the address if Host is one, or any address.
func (a Addr) IP() (netip.Addr, bool) {
	if a.Host == "" || a.Host == "*" {
		return netip.IPv4Unspecified(), true
	}
	ip, err := netip.ParseAddr(a.Host)
	return ip, err == nil
}

// Named reports whether Host is a name to be resolved.
func (a Addr) Named() bool {
	if a.Unix != "" || strings.Contains(a.Host, "$") { // a variable expands here too
		return false
	}
	_, ok := a.IP()
	return !ok && !shortIPv4(a.Host)
}

// shortIPv4 accepts the old forms such as 10.1 that the C library reads as
// addresses.
func shortIPv4(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return false
	}
	for i, p := range parts {
		if p == "" || len(p) > 10 || strings.Trim(p, "0123456789") != "" {
			return false
		}
		if i < len(parts)-1 && atoi(p) > 255 {
			return false
		}
	}
	last := atoi(parts[len(parts)-1])
	return len(parts) < 4 || last <= 255
}

// NeverResolves reports whether no resolver can know the host: it has
// characters that no host name has, or it is a mistyped address.
func (a Addr) NeverResolves() bool {
	if !a.Named() {
		return false
	}
	numeric := true
	for i := 0; i < len(a.Host); i++ {
		c := a.Host[i]
		if !isAlpha(c) && !isDigit(c) && c != '-' && c != '.' && c != '_' {
			return true
		}
		if !isDigit(c) && c != '.' {
			numeric = false
		}
	}
	return numeric || len(a.Host) > 253 || strings.Contains(a.Host, "..") ||
		strings.HasPrefix(a.Host, ".") || strings.HasSuffix(strings.ToLower(a.Host), ".invalid")
}

// Initial is the address that init-addr gives a name outright. Resolvers, where
// there are any, correct it later.
func (s Server) Initial() (ip netip.Addr, ok bool) {
	if !s.Addr.Named() || s.Resolvers != "" {
		return ip, false
	}
	for _, m := range s.InitAddr {
		if m == "libc" || m == "none" {
			return ip, false // the name is asked for first, or nothing is known
		}
		if a, err := netip.ParseAddr(m); err == nil {
			return a, true
		}
	}
	return ip, false
}
