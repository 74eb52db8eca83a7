package roster

import (
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/i18n"
)

var (
	hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$`)
	simName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)
	// contextName is what docker context create accepts.
	contextName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$`)
)

func (l *loader) cluster(n *yaml.Node) Cluster {
	d := l.doc
	o := d.Object(n, "endpoints", "context", "sim", "tls", "ssh", "nodes")
	var c Cluster
	ways := 0
	for _, key := range []string{"endpoints", "context", "sim"} {
		if o.Get(key) != nil {
			ways++
		}
	}
	if ways != 1 && n.Kind == yaml.MappingNode {
		d.Report(n, i18n.M("roster.cluster_ways", "n", ways), i18n.M("roster.cluster_ways_hint"))
	}
	schemes := l.endpoints(o.Get("endpoints"), &c)
	if x := o.Get("context"); x != nil {
		c.Context = l.context(x)
	}
	if x := o.Get("sim"); x != nil {
		if c.Sim = d.Text(x); c.Sim != "" && !simName.MatchString(c.Sim) {
			d.Report(x, i18n.M("roster.bad_sim", "name", c.Sim), i18n.M("roster.bad_sim_hint"))
		}
	}
	if x := o.Get("tls"); x != nil {
		c.TLS = l.tls(x)
		if ways == 1 && !schemes["tcp"] {
			d.Report(o.Key("tls"), i18n.M("roster.needless", "key", "tls", "scheme", "tcp://"), i18n.M("roster.needless_hint"))
		}
	}
	if x := o.Get("ssh"); x != nil {
		s := d.Object(x, "identity", "known_hosts")
		c.SSH = &SSH{Identity: l.path(d.Text(s.Get("identity"))), KnownHosts: l.path(d.Text(s.Get("known_hosts")))}
		if ways == 1 && !schemes["ssh"] {
			d.Report(o.Key("ssh"), i18n.M("roster.needless", "key", "ssh", "scheme", "ssh://"), i18n.M("roster.needless_hint"))
		}
	}
	if x := o.Get("nodes"); x != nil {
		c.Nodes = l.nodes(x)
	}
	return c
}

// ContextName reports whether a Docker context can be called so.
func ContextName(name string) bool { return contextName.MatchString(name) }

// context reads the name of one.
func (l *loader) context(n *yaml.Node) string {
	name := l.doc.Text(n)
	if name != "" && !ContextName(name) {
		l.doc.Report(n, i18n.M("roster.bad_context", "name", name), i18n.M("roster.bad_context_hint"))
	}
	return name
}

// endpoints reads the list and gives the schemes that occur.
func (l *loader) endpoints(n *yaml.Node, c *Cluster) map[string]bool {
	schemes := map[string]bool{}
	items := l.doc.List(n)
	if n != nil && n.Kind == yaml.SequenceNode && len(items) == 0 {
		l.doc.Report(n, i18n.M("roster.no_endpoints"), i18n.M("roster.endpoint_hint"))
	}
	seen := map[string]int{}
	for _, item := range items {
		s := l.doc.Text(item)
		if s == "" {
			continue
		}
		scheme, _, _ := strings.Cut(s, "://")
		schemes[scheme] = true
		if msg := endpoint(s); !msg.Empty() {
			l.doc.Report(item, msg, i18n.M("roster.endpoint_hint"))
		} else if seen[s] > 0 {
			l.doc.Report(item, i18n.M("roster.endpoint_twice", "endpoint", s, "line", seen[s]), i18n.Msg{})
		}
		seen[s] = item.Line
		c.Endpoints = append(c.Endpoints, s)
	}
	return schemes
}

// endpoint says what is wrong with an engine's address.
func endpoint(s string) i18n.Msg {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return i18n.M("roster.endpoint_scheme", "endpoint", clip(s))
	}
	switch scheme {
	case "unix":
		if !path.IsAbs(rest) || strings.ContainsAny(rest, "?#") {
			return i18n.M("roster.endpoint_unix", "endpoint", clip(s))
		}
		return i18n.Msg{}
	case "tcp", "ssh":
	case "http", "https":
		return i18n.M("roster.endpoint_http", "endpoint", clip(s))
	default:
		return i18n.M("roster.endpoint_scheme", "endpoint", clip(s))
	}
	u, err := url.Parse(s)
	if err != nil || !isHost(u.Hostname()) || u.RawQuery != "" || u.Fragment != "" {
		return i18n.M("roster.endpoint_host", "endpoint", clip(s))
	}
	_, password := u.User.Password()
	switch port, err := strconv.Atoi(u.Port()); {
	case password:
		return i18n.M("roster.endpoint_password", "endpoint", clip(u.Redacted()))
	case scheme == "tcp" && (u.User != nil || u.Path != ""):
		return i18n.M("roster.endpoint_host", "endpoint", clip(s))
	case scheme == "tcp" && u.Port() == "":
		return i18n.M("roster.endpoint_port", "endpoint", clip(s))
	case u.Port() != "" && (err != nil || port < 1 || port > 65535):
		return i18n.M("roster.endpoint_port", "endpoint", clip(s))
	}
	return i18n.Msg{}
}

// isHost accepts an IP address or a host name. What looks like an IPv4 address
// must be one.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return len(s) <= 253 && hostName.MatchString(s) && strings.Trim(s, "0123456789.") != ""
}

func (l *loader) tls(n *yaml.Node) *TLS {
	d := l.doc
	o := d.Object(n, "ca", "cert", "key")
	t := &TLS{CA: l.path(d.Text(o.Get("ca"))), Cert: l.path(d.Text(o.Get("cert"))), Key: l.path(d.Text(o.Get("key")))}
	if (o.Get("cert") == nil) != (o.Get("key") == nil) {
		d.Report(n, i18n.M("roster.tls_pair"), i18n.M("roster.tls_pair_hint"))
	}
	return t
}

func (l *loader) nodes(n *yaml.Node) map[string]string {
	nodes := map[string]string{}
	for k, v := range l.doc.Object(n).Entries {
		addr := l.doc.Text(v)
		if addr != "" && !isHost(addr) {
			l.doc.Report(v, i18n.M("roster.bad_address", "node", clip(k.Value), "addr", clip(addr)), i18n.M("roster.bad_address_hint"))
		}
		nodes[k.Value] = addr
	}
	return nodes
}
