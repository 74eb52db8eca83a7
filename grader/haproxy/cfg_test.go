package haproxy

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

func TestWords(t *testing.T) {
	tests := []struct {
		in   string
		want []string
		env  bool
		err  string
	}{
		{in: "", want: nil},
		{in: "  # only a comment", want: nil},
		{in: "\tbind\v*:80 \r", want: []string{"bind", "*:80"}},
		{in: "server a 10.0.0.1:80#tail", want: []string{"server", "a", "10.0.0.1:80"}},
		{in: `log-format "%ci \"x\" # $$"`, err: "bad_var"},
		{in: `a "b c"d 'e "f' g\ h`, want: []string{"a", "b cd", `e "f`, "g h"}},
		{in: `a 'b\'c`, want: []string{"a", `b\c`}},
		{in: `a \x41\t\q \\`, want: []string{"a", "A\t\\q", `\`}},
		{in: `a \`, want: []string{"a", `\`}},
		{in: `a "\x4"`, err: "bad_hex"},
		{in: `a "$HOST:80" ""`, want: []string{"a", "$HOST:80", ""}, env: true},
		{in: `a "${HOST}:80"`, want: []string{"a", "${HOST}:80"}, env: true},
		{in: `a "\$HOST"`, want: []string{"a", "$HOST"}},
		{in: `a $HOST '$HOST'`, want: []string{"a", "$HOST", "$HOST"}},
		{in: `a "${HOST"`, err: "open_brace"},
		{in: `a "${1}"`, err: "bad_var"},
		{in: `a "open`, err: "open_quote"},
		{in: `a 'open`, err: "open_quote"},
		{in: strings.Repeat("w ", 65), err: "too_many_words"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			s := splitWords(tt.in, newEnvironment(nil))
			require.Equal(t, tt.err, s.err)
			if tt.err == "" {
				require.Equal(t, tt.want, s.words)
				require.Equal(t, tt.env, s.env)
			}
		})
	}
}

func TestAddr(t *testing.T) {
	tests := []struct {
		in        string
		host      string
		low, high int
		unix, bad string
	}{
		{in: "*:9001", host: "*", low: 9001, high: 9001},
		{in: ":9001", low: 9001, high: 9001},
		{in: "10.0.0.1:8000-8010", host: "10.0.0.1", low: 8000, high: 8010},
		{in: "[::1]:80", host: "::1", low: 80, high: 80},
		{in: ":::80", host: "::", low: 80, high: 80},
		{in: "[::1]", host: "::1"},
		{in: "ipv4@tasks.s01:80", host: "tasks.s01", low: 80, high: 80},
		{in: "*:9000+01", host: "*", low: 9000, high: 9000},
		{in: "/run/x.sock", unix: "/run/x.sock"},
		{in: "abns@x", unix: "abns@x"},
		{in: "a:99999", host: "a", low: 99999, high: 99999, bad: "bad_port"},
		{in: "a:90-80", host: "a", low: 90, high: 80, bad: "bad_port_range"},
		{in: "a:http", host: "a", bad: "bad_port"},
		{in: "*:[9000+1]", host: "*:[9000+1"},
	}
	for _, tt := range tests {
		a, bad := parseAddr(tt.in)
		require.Equal(t, tt.bad, bad.key, tt.in)
		require.Equal(t, tt.unix, a.Unix, tt.in)
		require.Equal(t, tt.host, a.Host, tt.in)
		require.Equal(t, []int{tt.low, tt.high}, []int{a.Low, a.High}, tt.in)
	}
}

func TestDefaultsAreInheritedAsInHAProxy(t *testing.T) {
	c := ParseText("h.cfg", `
defaults
    mode http
    balance leastconn
    option forwardfor
    timeout connect 3s
    default-server check inter 5s weight 7
backend one
    server a 10.0.0.1:80
    server b 10.0.0.2:80 no-check weight 3 backup
    default-server fall 9
    server c tasks.c:80 disabled init-addr last,none
    no option forwardfor
defaults
    timeout connect 1s
backend two
    server a 10.0.0.1:80
defaults named from base
    mode http
frontend f from named
    bind *:80-82,127.0.0.1:90 ssl crt x
`)
	one := c.BackendNamed("one")
	require.Equal(t, "http", one.Mode)
	require.Equal(t, "leastconn", one.Balance.Algorithm)
	require.False(t, one.HasOption("forwardfor"))
	require.Equal(t, 3*time.Second, one.Timeouts["connect"])
	require.Len(t, one.Servers, 3)
	a, b, s := one.Servers[0], one.Servers[1], one.Servers[2]
	require.True(t, a.Check)
	require.Equal(t, []any{5 * time.Second, 7, 3}, []any{a.Inter, a.Weight, a.Fall})
	require.Equal(t, []any{false, true, 3}, []any{b.Check, b.Backup, b.Weight})
	require.Equal(t, []any{true, 9, false, 11}, []any{s.Disabled, s.Fall, s.NeedsName(), s.Line.Num - 1})
	two := c.BackendNamed("two")
	require.Equal(t, "tcp", two.Mode, "a later anonymous defaults replaces the former")
	require.Equal(t, "", two.Balance.Algorithm)
	require.Equal(t, time.Second, two.Timeouts["connect"])
	f := c.proxy("f", (*Proxy).Frontend)
	require.Equal(t, "http", f.Mode)
	require.Len(t, f.Binds, 2)
	require.True(t, f.Binds[0].Covers(82) && f.Binds[0].SSL && !f.Binds[0].Covers(90))
	require.Equal(t, []int{80, 81, 82, 90}, c.Ports())
}

func TestTheStickyExample(t *testing.T) {
	raw, err := os.ReadFile("testdata/good/sticky-template.cfg")
	require.NoError(t, err)
	c := ParseText("h.cfg", string(raw))
	be := c.BackendNamed("be_whoami_service")
	require.Len(t, be.Templates, 1)
	tm := be.Templates[0]
	require.Equal(t, []any{"whoami", 1, 5, "tasks.whoami", 80, "docker", false, true},
		[]any{tm.Prefix, tm.First, tm.Last, tm.Server.Addr.Host, tm.Server.Port(), tm.Server.Resolvers, tm.Server.NeedsName(), tm.Server.Check})
	require.True(t, be.Cookie.Insert && be.Cookie.Dynamic && !be.Cookie.Indirect)
	require.Equal(t, "njqWdVKWfG", be.DynamicCookieKey)
	require.Equal(t, time.Second, c.Resolvers[0].Resolve)
	require.Equal(t, 10*time.Second, c.Resolvers[0].Hold["valid"])
	r := c.RouteFor(80)
	require.Len(t, r.Binds, 1)
	require.Empty(t, r.Always)
	require.Len(t, r.Sometimes, 2)
	require.Equal(t, "/my-stats", c.BackendNamed("stat").Stats.URI)
}

func TestRouteFor(t *testing.T) {
	c := ParseText("h.cfg", `
defaults
    mode http
frontend a
    bind *:9001
    acl host hdr(host) -i x
    use_backend one if host
    use_backend two
    default_backend three
frontend b
    bind *:9002
    http-request return status 200 if { path /ping }
    http-request deny
    default_backend three
listen c
    bind *:9003
    server s 10.0.0.1:80
frontend d
    bind *:9004
    use_backend %[req.hdr(host)]
backend one
backend two
    redirect location /x
backend three
`)
	names := func(ps []*Proxy) (out []string) {
		for _, p := range ps {
			out = append(out, p.Name)
		}
		return
	}
	r := c.RouteFor(9001)
	require.Equal(t, []string{"two"}, names(r.Always))
	require.Equal(t, []string{"one"}, names(r.Sometimes))
	require.Len(t, r.Answers, 1)
	require.Equal(t, "redirect", r.Answers[0].Action)
	r = c.RouteFor(9002)
	require.Equal(t, []string{"three"}, names(r.Always))
	require.Equal(t, "deny", r.Answers[0].Action)
	require.Equal(t, []string{"c"}, names(c.RouteFor(9003).Always))
	require.True(t, c.RouteFor(9004).Dynamic)
	require.Empty(t, c.RouteFor(9005).Binds)
}

func TestConditionalBlocksAreMarked(t *testing.T) {
	c := ParseText("h.cfg", "frontend f\n.if feature(OPENSSL)\n bind *:80 foo\n.endif\n bind *:81\n")
	require.True(t, c.Unsupported())
	require.Len(t, c.Preproc, 2)
	require.True(t, c.Proxies[0].Binds[0].Line.InIf)
	require.False(t, c.Proxies[0].Binds[1].Line.InIf)
	require.False(t, Refused(Lint(c)), "what .if may hide only warns")
}

func TestFilesAreReadInOrder(t *testing.T) {
	c := Parse(nil, evidence.File{Path: "00.cfg", Text: "defaults\n mode http\n"}, evidence.File{Path: "01.cfg", Text: " timeout client 3s\nfrontend f\n bind *:80\n default_backend b\n"},
		evidence.File{Path: "02.cfg", Text: "backend b\n server a 10.0.0.1:80\n"})
	require.Equal(t, "http", c.Proxies[0].Mode)
	require.Equal(t, 3*time.Second, c.Proxies[0].Timeouts["client"])
	require.Equal(t, "02.cfg", c.Proxies[1].File)
	require.False(t, Refused(Lint(c)))
}

func FuzzParse(f *testing.F) {
	for _, c := range corpus(f) {
		f.Add(c.text)
	}
	f.Add("global\n setenv A \"${P-x}\"\n resetenv P\nfrontend f\n bind \"*:${P}\" \"${A[*]}\" \"$E\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		file := evidence.File{Path: "x.cfg", Text: text}
		c := Parse(Environ([]string{"A=a b", "P=9001", "E="}, file), file)
		lines := strings.Count(text, "\n") + 1
		if n := len(c.Suspects(c.Proxies, 20)); n > 20 {
			t.Fatalf("%d suspects", n)
		}
		for _, s := range c.Sections {
			for _, l := range s.Lines {
				if l.Num < 1 || l.Num > lines || len(l.Words) == 0 || len(l.Words) > MaxWords {
					t.Fatalf("line %d of %d with %d words", l.Num, lines, len(l.Words))
				}
			}
		}
		found := Lint(c)
		Log(c, found, 1, "2.6")
		for _, p := range c.Ports() {
			c.RouteFor(p)
			break
		}
		if len(found) > maxFindings+1 {
			t.Fatalf("%d findings", len(found))
		}
	})
}

// The worst files of 64 KiB stay cheap.
func TestHostileFilesAreBounded(t *testing.T) {
	const size = 64 << 10
	var acls strings.Builder
	acls.WriteString("frontend f\n bind *:80\n")
	for i := 0; acls.Len() < size; i++ {
		fmt.Fprintf(&acls, " use_backend b if a%d\n", i)
	}
	for name, text := range map[string]string{
		"proxies":   strings.Repeat("listen a\n", size/9),
		"defaults":  strings.Repeat("defaults a from a\n", size/18),
		"templates": "backend b\n" + strings.Repeat("server-template a 1-99999999 h:80\n", size/36),
		"servers":   "backend b\n" + strings.Repeat("server a h:80\n", size/15),
		"acls":      acls.String(),
		"inherit":   "defaults\n" + strings.Repeat("acl a path /\n", size/26) + strings.Repeat("backend a\n", size/20),
		"chain":     strings.Repeat("defaults a from a\nmode tcp\nfrontend b from a\n", size/45),
		"words":     "global\n" + strings.Repeat("aaaaaaaaaaaa\n", size/13),
		"ports":     strings.Repeat("listen a\nbind :1-65535\n", size/23),
	} {
		t.Run(name, func(t *testing.T) {
			c := ParseText("x.cfg", text)
			require.LessOrEqual(t, len(Lint(c)), maxFindings+1)
		})
	}
}

// A computed name leads to the backend that it can be, else to all that it may be.
func TestRouteForComputedNames(t *testing.T) {
	for _, tt := range []struct {
		lines            string
		always, computed []string
	}{
		{"use_backend %[req.hdr(host)]", nil, []string{"web-a", "web-b", "other"}},
		{"use_backend web-%[src]", nil, []string{"web-a", "web-b"}},
		{"use_backend %[src]-a", []string{"web-a"}, nil},
		{"use_backend %[src]-a\ndefault_backend web-a", []string{"web-a"}, nil},
		{"use_backend %[src]-a\ndefault_backend other", nil, []string{"web-a", "other"}},
		{"use_backend none-%[src]\ndefault_backend other", []string{"other"}, nil},
		{"use_backend none-%[src]", nil, nil},
		{"use_backend %[src] if METH_POST\ndefault_backend other", []string{"other"}, nil},
		{"use_backend %[src] if { req.hdr(x) y }\ndefault_backend other", []string{"other"}, nil},
		{"use_backend web-%[src] if METH_GET\nuse_backend other", nil, []string{"web-a", "web-b"}},
		{"use_backend web-a%[src]-b", nil, nil},
	} {
		c := ParseText("h.cfg", "frontend f\nbind *:80\n"+tt.lines+"\nbackend web-a\nserver a 10.0.0.1:80\nbackend web-b\nserver b 10.0.0.2:80\n"+
			"backend other\nserver c 10.0.0.3:80\nlisten stats\nbind *:81\nstats enable\n")
		names := func(ps []*Proxy) (out []string) {
			for _, p := range ps {
				out = append(out, p.Name)
			}
			return out
		}
		r := c.RouteFor(80)
		require.True(t, r.Dynamic, tt.lines)
		require.Equal(t, tt.always, names(r.Always), tt.lines)
		if tt.computed == nil {
			require.Empty(t, r.Computed, tt.lines)
			continue
		}
		require.Equal(t, tt.computed, names(r.Sometimes), tt.lines)
		require.Len(t, r.Computed, 1)
	}
}
