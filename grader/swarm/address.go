package swarm

import (
	"net"
	"net/url"
	"path"
	"strings"

	"swarmgrade/grader/roster"
)

const (
	defaultSocket = "/var/run/docker.sock"
	portPlain     = "2375"
	portTLS       = "2376"
	portSSH       = "22"
)

// location is an endpoint's address, taken apart.
type location struct {
	// text is the address as given; it names the endpoint everywhere.
	text   string
	scheme string // unix, tcp, ssh
	user   string // of ssh
	host   string // of tcp and ssh, without port or brackets
	port   string
	socket string // of unix, and of ssh on the far side
}

func (l location) hostPort() string { return net.JoinHostPort(l.host, l.port) }

// parseAddress takes an endpoint's address apart: unix:///path,
// tcp://host[:port], ssh://[user@]host[:port][/path/of/docker.sock].
func parseAddress(text string, secure bool) (location, error) {
	bad := func(cause error) (location, error) {
		return location{}, fail(text, "config", "bad_address", cause)
	}
	u, err := url.Parse(text)
	if err != nil {
		return bad(err)
	}
	l := location{text: text, scheme: u.Scheme}
	switch u.Scheme {
	case "unix":
		l.socket = path.Join("/", u.Host, u.Path)
		if l.socket == "/" {
			return bad(nil)
		}
		return l, nil
	case "tcp":
		if u.Path != "" && u.Path != "/" {
			return bad(nil)
		}
		l.port = portPlain
		if secure {
			l.port = portTLS
		}
	case "ssh":
		l.port = portSSH
		l.socket = defaultSocket
		if strings.Trim(u.Path, "/") != "" {
			l.socket = path.Clean(u.Path)
		}
		l.user = u.User.Username()
	default:
		return location{}, fail(text, "config", "bad_scheme", nil)
	}
	l.host = u.Hostname()
	if u.Port() != "" {
		l.port = u.Port()
	}
	if _, password := u.User.Password(); l.host == "" || password || u.RawQuery != "" {
		return bad(nil)
	}
	return l, nil
}

// source is an endpoint to open: where it is and what it takes to get in.
type source struct {
	address string
	tls     *tlsMaterial // nil for none
	ssh     roster.SSH
}

// sources lists the endpoints of a class: its own list, or what its Docker
// context (or, with neither, the default one) says.
func sources(conf roster.Cluster) ([]source, error) {
	var ssh roster.SSH
	if conf.SSH != nil {
		ssh = *conf.SSH
	}
	if len(conf.Endpoints) == 0 {
		if conf.Sim != "" {
			return nil, fail("", "config", "sim_not_up", nil, "sim", conf.Sim)
		}
		s, err := contextSource(conf.Context)
		s.ssh = ssh
		return []source{s}, err
	}
	var material *tlsMaterial
	if conf.TLS != nil {
		material = &tlsMaterial{ca: conf.TLS.CA, cert: conf.TLS.Cert, key: conf.TLS.Key}
	}
	seen := make(map[string]bool)
	var out []source
	for _, address := range conf.Endpoints {
		if seen[address] {
			continue
		}
		seen[address] = true
		out = append(out, source{address: address, tls: material, ssh: ssh})
	}
	return out, nil
}
