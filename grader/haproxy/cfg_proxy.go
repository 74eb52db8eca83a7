package haproxy

import (
	"slices"
	"time"
)

// Proxy is a frontend, backend or listen with what it inherits.
type Proxy struct {
	Kind string // frontend, backend, listen
	Name string
	File string
	Line int
	// Section is where it is written.
	Section *Section

	Mode     string // "tcp" is HAProxy's default; "http", "log", …
	ModeLine Line   // zero if no line says so
	Disabled bool

	Binds     []Bind
	Servers   []Server
	Templates []Template
	Balance   Balance

	DefaultBackend     string
	DefaultBackendLine Line
	UseBackends        []Switch
	ACLs               []ACL

	Cookie           *Cookie
	DynamicCookieKey string
	// HTTPReuse is never, safe, aggressive or always; "" if no line says so
	// (safe is HAProxy's default).
	HTTPReuse string
	// Options are those in force, by name, such as "httpclose" or "forwardfor".
	Options  map[string]Option
	Stats    Stats
	Timeouts map[string]time.Duration // client, server, connect, check, …
	Retries  int                      // 3 if no line says so
	// Rules are the http-request and redirect lines, in order.
	Rules []Rule
	// Monitor is the path of monitor-uri, "" if none.
	Monitor string
	// Sticky are the stick and stick-table lines.
	Sticky []Line
	// Lines are all lines in force: those of the defaults that apply, then its
	// own.
	Lines []Line
}

// Frontend reports whether it takes connections; Backend whether it has
// servers. A listen does both.
func (p *Proxy) Frontend() bool { return p.Kind != "backend" }
func (p *Proxy) Backend() bool  { return p.Kind != "frontend" }

// HasOption reports whether an option is on.
func (p *Proxy) HasOption(name string) bool {
	_, ok := p.Options[name]
	return ok
}

// Idle reports whether a server of the backend's gets no request while all are up:
// one that is disabled or has no weight, and a backup, unless there are only backups
// and "option allbackups" has all of them stand in.
func (p *Proxy) Idle(s Server) bool {
	return s.Disabled || s.Weight == 0 || s.Backup && !p.allStandIn()
}

func (p *Proxy) allStandIn() bool {
	works := func(s Server) bool { return !s.Backup && !s.Disabled && s.Weight != 0 }
	return p.HasOption("allbackups") && !slices.ContainsFunc(p.Servers, works) &&
		!slices.ContainsFunc(p.Templates, func(t Template) bool { return works(t.Server) })
}

// Balance is the algorithm and what follows it.
type Balance struct {
	// Algorithm is the bare name, such as "roundrobin" or "hdr"; "" if no line
	// says so: roundrobin up to HAProxy 3.2, random from 3.3.
	Algorithm string
	// Arg is what stands in parentheses, as in random(2); Args are the words
	// after it.
	Arg  string
	Args []string
	Line Line
}

// Bind is one address of a bind line (a line may hold several, with commas).
type Bind struct {
	Addr   Addr
	SSL    bool
	V4V6   bool
	V6Only bool
	Words  []string // the options as written
	Line   Line
	bad    badAddr
}

// Covers reports whether a TCP port is among those it listens on.
func (b Bind) Covers(port int) bool {
	return b.Addr.Unix == "" && b.Addr.Low > 0 && b.Addr.Low <= port && port <= b.Addr.High
}

// Switch is a use_backend line.
type Switch struct {
	Backend string
	Cond    Cond
	Line    Line
	// Dynamic says that the name is computed from the request.
	Dynamic bool
}

// ACL is an acl line: Words are the criterion and what follows.
type ACL struct {
	Name  string
	Words []string
	Line  Line
}

// Cond is what follows "if" or "unless"; Kind is "" if there is no condition.
type Cond struct {
	Kind  string
	Words []string
}

// Always reports whether the condition can only hold: none at all, or TRUE.
func (c Cond) Always() bool {
	switch c.Kind {
	case "":
		return true
	case "if":
		return len(c.Words) == 0 || (len(c.Words) == 1 && c.Words[0] == "TRUE")
	}
	return len(c.Words) == 1 && c.Words[0] == "FALSE"
}

// Option is an "option" line that is in force.
type Option struct {
	Args []string
	Line Line
}

// Stats is what the stats lines say.
type Stats struct {
	Enabled bool // any stats line but "scope" turns the page on
	URI     string
	Refresh time.Duration
	Auth    []string // user:password
	Legends bool     // addresses and the algorithm are shown
	Line    Line
}

// Rule is an http-request or redirect line. Action is return, deny, redirect,
// set-header, …; Args are the words between it and the condition.
type Rule struct {
	Keyword string // http-request or redirect
	Action  string
	Args    []string
	Cond    Cond
	Line    Line
}

// OwnPage reports whether the answer of the rule has content of the
// configuration's: anything but HAProxy's plain page for a status.
func (r Rule) OwnPage() bool {
	switch r.Action {
	case "use-service":
		return true
	case "return", "deny", "tarpit":
		plain := len(r.Args) == 0 || len(r.Args) == 2 && (r.Args[0] == "status" || r.Args[0] == "deny_status")
		return !plain
	}
	return false
}

// Answers reports whether the rule ends the request with an answer of
// HAProxy's own.
func (r Rule) Answers() bool {
	switch r.Action {
	case "deny", "reject", "return", "redirect", "tarpit", "auth", "silent-drop", "use-service":
		return true
	}
	return false
}

// Cookie is the cookie line.
type Cookie struct {
	Name                                string
	Rewrite, Insert, Prefix             bool
	Indirect, Nocache, Postonly         bool
	Preserve, Dynamic, HTTPOnly, Secure bool
	Domains                             []string
	MaxIdle, MaxLife                    time.Duration
	Attrs                               []string
	Line                                Line
}

// Resolvers is a resolvers section.
type Resolvers struct {
	Name        string
	Line        Line
	Nameservers []Line
	Obsolete    *Line // hold obsolete, if it is there
	ParseConf   bool
	Retries     int           // 3
	Resolve     time.Duration // timeout resolve, 1 s
	Retry       time.Duration // timeout retry, 1 s
	Hold        map[string]time.Duration
}

// Proxy finds a proxy by name; want selects by what it can do.
func (c *Config) proxy(name string, want func(*Proxy) bool) *Proxy {
	for _, p := range c.byName[name] {
		if want(p) {
			return p
		}
	}
	return nil
}

// BackendNamed finds the backend or listen of a name, nil if none.
func (c *Config) BackendNamed(name string) *Proxy { return c.proxy(name, (*Proxy).Backend) }
