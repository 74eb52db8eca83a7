package haproxy

import (
	"slices"
	"strings"
	"time"
)

// Server is a server line, with what default-server adds.
type Server struct {
	Name string
	Addr Addr
	Line Line

	Weight   int // 0 to 256; 1 if no word says so
	Check    bool
	Backup   bool
	Disabled bool
	SSL      bool
	Cookie   string
	MaxConn  int // 0 is no limit
	// Inter, FastInter and DownInter are the times between checks: 2 s, and 0
	// where Inter holds; Rise and Fall how many of them turn it up (2) or down
	// (3).
	Inter, FastInter, DownInter time.Duration
	Rise, Fall                  int
	CheckPort                   int // 0 is the port of the server
	CheckAddr                   string
	Resolvers                   string
	InitAddr                    []string
	Track                       string
	// Options are the words after the address, as written on this line; Inherited
	// those of the default-server lines in force, of the defaults too.
	Options   []string
	Inherited []string
	// verified says how the certificate is to be checked, so that TLS can start.
	verified, checkSSL bool

	bad badAddr
	// wrong are words that are no option, or whose value is missing.
	wrong []wrongWord
}

type wrongWord struct {
	key  string
	word string
	text string // HAProxy's words
}

// Port is the port, 0 if none is given.
func (s Server) Port() int { return s.Addr.Low }

// Option reports whether a word is among the options that hold for the server.
func (s Server) Option(name string) bool {
	for _, ws := range [][]string{s.Inherited, s.Options} {
		for i := 0; i < len(ws); i++ {
			if ws[i] == name {
				return true
			}
			i += WordsAfter("server", ws[i])
		}
	}
	return false
}

// NeedsName reports whether HAProxy refuses to start unless the server's name
// can be resolved at that moment.
func (s Server) NeedsName() bool {
	if !s.Addr.Named() {
		return false
	}
	// With resolvers the default also ends in "none": the server starts down.
	if len(s.InitAddr) == 0 {
		return s.Resolvers == ""
	}
	for _, m := range s.InitAddr {
		if m == "none" || looksLikeIP(m) {
			return false
		}
	}
	return true
}

// Template is a server-template line: Count slots named Prefix+First and so on.
type Template struct {
	Prefix      string
	First, Last int // 0 if the range is not understood
	Server      Server
}

func newServer() Server {
	return Server{Weight: 1, Inter: 2 * time.Second, Rise: 2, Fall: 3}
}

// parseServer reads a line whose name stands at word i and address after it.
func parseServer(l Line, i int, def Server) Server {
	s := def
	s.InitAddr = append([]string(nil), def.InitAddr...)
	s.Inherited = slices.Concat(def.Inherited, def.Options)
	s.Options, s.wrong = nil, nil
	s.Name, s.Line = l.Word(i), l
	s.Addr, s.bad = parseAddr(l.Word(i + 1))
	if s.bad.key == "" && s.Addr.High != s.Addr.Low {
		s.bad = badAddr{"port_range", "port range not permitted here in '" + s.Addr.Text + "'"}
	}
	s.options(l.From(i + 2))
	return s
}

func parseTemplate(l Line, def Server) Template {
	t := Template{Prefix: l.Word(1), Server: parseServer(l, 2, def)}
	t.Server.Name = t.Prefix
	low, high, isRange := strings.Cut(l.Word(2), "-")
	if !isRange {
		low, high = "1", low
	}
	t.First, t.Last = atoi(low), atoi(high)
	if t.First < 1 || t.Last < t.First || strings.Trim(low+high, "0123456789") != "" {
		t.First, t.Last = 0, 0
	}
	return t
}

// Names are the names of the slots, at most 4096 of them.
func (t Template) Count() int {
	if t.First == 0 {
		return 0
	}
	return min(t.Last-t.First+1, 4096)
}

// options reads the words after the address.
func (s *Server) options(ws []string) {
	s.Options = append(s.Options, ws...)
	known := words("server")
	for i := 0; i < len(ws); i++ {
		w := ws[i]
		n, ok := known[known.find(w)]
		if !ok {
			s.wrong = append(s.wrong, unknownServerWord(known, w))
			return // HAProxy stops here
		}
		arg := ""
		if n > 0 && i+1 < len(ws) {
			arg = ws[i+1]
		}
		if n > 0 && i+1 >= len(ws) && !Lookup("server", known.find(w)).Is("lax") {
			s.wrong = append(s.wrong, wrongWord{"missing_value", w, "'" + w + "' expects a value as argument.."})
			return
		}
		s.option(w, arg)
		i += n
		if w == "source" {
			for i+1 < len(ws) && (ws[i+1] == "usesrc" || ws[i+1] == "interface") {
				i += 2
			}
		}
	}
}

func unknownServerWord(known wordSet, w string) wrongWord {
	text := "unknown keyword '" + w + "'"
	if near := known.nearest(w); near != "" {
		text += "; did you mean '" + near + "' maybe ?"
	} else {
		text += "."
	}
	return wrongWord{key: "unknown_server_word", word: w, text: text}
}

func (s *Server) option(w, arg string) {
	duration := func(d *time.Duration) {
		v, ok := sloppyTime(arg, time.Millisecond)
		if !ok || v <= 0 {
			s.wrong = append(s.wrong, wrongWord{"bad_time", arg,
				"unexpected character in '" + w + "' argument of server " + s.Name + ".."})
			return
		}
		*d = v
	}
	count := func(n *int) {
		if *n = atoi(arg); *n == 0 {
			s.wrong = append(s.wrong, wrongWord{"not_positive", w, "'" + w + "' has to be > 0.."})
		}
	}
	switch w {
	case "weight":
		s.Weight = atoi(arg)
		if s.Weight > 256 || strings.HasPrefix(arg, "-") {
			s.wrong = append(s.wrong, wrongWord{"bad_weight", arg,
				"weight of server " + s.Name + " is not within 0 and 256 (" + arg + ").."})
			s.Weight = 1
		}
	case "check":
		s.Check = true
	case "no-check":
		s.Check = false
	case "backup":
		s.Backup = true
	case "no-backup":
		s.Backup = false
	case "disabled":
		s.Disabled = true
	case "enabled":
		s.Disabled = false
	case "ssl":
		s.SSL = true
	case "no-ssl":
		s.SSL = false
	case "cookie":
		if arg == "" {
			s.wrong = append(s.wrong, wrongWord{"missing_value", w, "'cookie' expects <value> as argument.."})
		}
		s.Cookie = arg
	case "maxconn":
		s.MaxConn = atoi(arg)
	case "inter":
		duration(&s.Inter)
	case "fastinter":
		duration(&s.FastInter)
	case "downinter":
		duration(&s.DownInter)
	case "rise":
		count(&s.Rise)
	case "fall":
		count(&s.Fall)
	case "port":
		s.CheckPort = atoi(arg)
	case "addr":
		s.CheckAddr = arg
	case "resolvers":
		s.Resolvers = arg
	case "track":
		s.Track = arg
	case "verify":
		s.verified = s.verified || arg == "none"
	case "ca-file":
		s.verified = true
	case "check-ssl":
		s.checkSSL = true
	case "id":
		if atoi(arg) == 0 {
			s.wrong = append(s.wrong, wrongWord{"not_positive", w, "'id' : custom id has to be > 0.."})
		}
	case "on-error":
		if !slices.Contains([]string{"fastinter", "fail-check", "sudden-death", "mark-down"}, arg) {
			s.wrong = append(s.wrong, wrongWord{"bad_server_value", arg, "'on-error' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got '" + arg + "'."})
		}
	case "init-addr":
		s.InitAddr = nil
		for _, m := range strings.Split(arg, ",") {
			if m == "" {
				continue
			}
			s.InitAddr = append(s.InitAddr, m)
			if m != "libc" && m != "last" && m != "none" && !looksLikeIP(m) {
				s.wrong = append(s.wrong, wrongWord{"bad_init_addr", m, "'init-addr' : unknown init-addr method '" + m +
					"', supported methods are 'libc', 'last', 'none'.."})
			}
		}
	}
}

func looksLikeIP(s string) bool {
	a, bad := parseAddr("[" + s + "]")
	_, ok := a.IP()
	return bad.key == "" && ok
}

// parseTime reads HAProxy's times: a number and us, ms, s, m, h or d.
func parseTime(s string, unit time.Duration) (time.Duration, bool) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i == 0 || i > 12 {
		return 0, false
	}
	n := time.Duration(atoi64(s[:i]))
	switch s[i:] {
	case "":
	case "us":
		unit = time.Microsecond
	case "ms":
		unit = time.Millisecond
	case "s":
		unit = time.Second
	case "m":
		unit = time.Minute
	case "h":
		unit = time.Hour
	case "d":
		unit = 24 * time.Hour
	default:
		return 0, false
	}
	const most = (1<<31 - 1) * time.Millisecond
	if n > most/unit {
		return most, false
	}
	return n * unit, true
}

func atoi64(s string) int64 {
	var n int64
	for i := 0; i < len(s); i++ {
		n = n*10 + int64(s[i]-'0')
	}
	return n
}

// sloppyTime also takes a known unit with letters after it, as HAProxy 2.6
// does, with a warning.
func sloppyTime(s string, unit time.Duration) (time.Duration, bool) {
	if d, ok := parseTime(s, unit); ok {
		return d, true
	}
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	if tail := s[digits:]; digits > 0 && len(tail) > 1 {
		for _, u := range []string{"us", "ms", "s", "m", "h", "d"} {
			if strings.HasPrefix(tail, u) {
				return parseTime(s[:digits]+u, unit)
			}
		}
	}
	return 0, false
}
