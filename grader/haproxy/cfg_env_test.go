package haproxy

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"os"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

var given = []evidence.EnvVar{{Name: "P", Value: "9001"}, {Name: "A", Value: "a b  c"}, {Name: "S", Value: " x y "}, {Name: "E"}, {Name: "NO", Unset: true}}

func givenText() []string {
	var out []string
	for _, v := range given {
		if !v.Unset {
			out = append(out, v.Name+"="+v.Value)
		}
	}
	return out
}

func TestVariables(t *testing.T) {
	for _, tt := range []struct {
		in    string
		want  []string
		unset string
		open  bool // something is not known
	}{
		{in: `bind "*:$P"`, want: []string{"bind", "*:9001"}},
		{in: `bind "*:${P}"`, want: []string{"bind", "*:9001"}},
		{in: `bind *:"${P}"`, want: []string{"bind", "*:9001"}},
		{in: `bind *:$P`, want: []string{"bind", "*:$P"}},
		{in: `bind '*:${P}'`, want: []string{"bind", "*:${P}"}},
		{in: `bind "*:\$P"`, want: []string{"bind", "*:$P"}},
		{in: `bind "*:${NO}"`, want: []string{"bind", "*:"}, unset: "NO"},
		{in: `bind "$NO" ssl`, want: []string{"bind"}, unset: "NO"},
		{in: `bind "*:${NO-9002}"`, want: []string{"bind", "*:9002"}},
		{in: `bind "*:${E-9002}"`, want: []string{"bind", "*:"}},
		{in: `x "${A}"`, want: []string{"x", "a b  c"}},
		{in: `x "${A[*]}"`, want: []string{"x", "a", "b", "c"}},
		{in: `x y"${A[*]}"z`, want: []string{"x", "ya", "b", "cz"}},
		{in: `x "${NO[*]-q r}" s`, want: []string{"x", "q", "r", "s"}},
		{in: `x "$A[*]"`, want: []string{"x", "a b  c[*]"}},
		{in: `x "$P.x"`, want: []string{"x", "9001.x"}},
		{in: `x "${NO-$P}"`, want: []string{"x", "$P"}},
		{in: `x "${.LINE}" "$.FILE"`, want: []string{"x", "1", "h.cfg"}},
		{in: `x "$WHO" "$HAPROXY_LOCALPEER"`, want: []string{"x", "$WHO", "$HAPROXY_LOCALPEER"}, open: true},
	} {
		e := newEnvironment(given)
		e.file, e.line = "h.cfg", 1
		s := splitWords(tt.in, e)
		require.Empty(t, s.err, tt.in)
		c := Parse(given, evidence.File{Path: "h.cfg", Text: tt.in + "\n"})
		require.Len(t, c.Stray, 1, tt.in)
		require.Equal(t, tt.want, c.Stray[0].Words, tt.in)
		require.Equal(t, tt.open, c.Stray[0].Env, tt.in)
		require.Equal(t, tt.unset, strings.Join(c.Stray[0].Unset, " "), tt.in)
	}
}

// TestVariablesOfTheRealHAProxy lets HAProxy print words made at random and
// compares each.
func TestVariablesOfTheRealHAProxy(t *testing.T) {
	bin, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("haproxy is not installed")
	}
	pieces := []string{"$P", "${P}", "$NO", "${NO}", "${NO-d}", "${E-d}", "${A[*]}", "${S[*]}", "${S}", "${NO[*]}", "${NO[*]-k l}", "x", "_", `\$P`, `"`, `'`, " ", "$.LINE", "-", "[*]", "{", "}", "#", `\`, `\"`, "$T", "$U", "$V", "$W"}
	rng := rand.New(rand.NewPCG(1, 2))
	text := "global\n setenv T one\n setenv U \"$T-two\"\n presetenv P other\n presetenv V new\n setenv W gone\n unsetenv W\n"
	for range 400 {
		line := ` .notice "`
		for range 1 + rng.IntN(6) {
			line += pieces[rng.IntN(len(pieces))]
		}
		text += line + "\"\n"
	}
	file := filepath.Join(t.TempDir(), "h.cfg")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	cmd := exec.CommandContext(t.Context(), bin, "-c", "-f", file)
	cmd.Env = append(givenText(), "PATH=/usr/bin:/bin")
	out, _ := cmd.CombinedOutput()
	said := map[int]string{}
	for _, m := range regexp.MustCompile(`(?s)parsing \[[^\]]*:(\d+)\] ?: (.*?)\n(?:\[|Error|Config|$)`).FindAllStringSubmatch(string(out)+"\n", -1) {
		n, _ := strconv.Atoi(m[1])
		said[n] = m[2]
	}
	whole := evidence.File{Path: file, Text: text}
	c := Parse(Environ(givenText(), whole), whole)
	bad := map[int]string{}
	for _, e := range c.textErrs {
		bad[e.line] = e.text
	}
	compared := 0
	for n := range strings.Count(text, "\n") + 1 {
		got, ok := said[n]
		if !ok {
			continue
		}
		if strings.HasPrefix(got, "too many fatal errors") {
			break
		}
		source := strings.Split(text, "\n")[n-1]
		if want, isBad := bad[n]; isBad {
			_, what, _ := strings.Cut(want, "]: ")
			require.Contains(t, got, what, "%d: %s", n, source)
			compared++
			continue
		}
		for _, l := range c.Preproc {
			if l.Num == n && l.Word(1) != "" {
				want := fmt.Sprintf("'%s'.", l.Word(1))
				if l.Word(2) != "" {
					want = fmt.Sprintf("Unexpected argument '%s' for '.notice'. Use quotes if the message should contain spaces.", l.Word(2))
				}
				require.Equal(t, want, got, "%d: %s", n, source)
				compared++
			}
		}
	}
	require.Greater(t, compared, 150, "%s", out)
}

func TestUnsetVariablesAreTheErrorsCause(t *testing.T) {
	text := "defaults\n mode http\nfrontend f\n bind \"*:${PORT}\"\n default_backend b\nbackend b\n server a 10.0.0.1:80 \"$OPTIONS\"\n"
	found := Lint(Parse([]evidence.EnvVar{{Name: "PORT", Unset: true}, {Name: "OPTIONS", Unset: true}}, evidence.File{Path: "h.cfg", Text: text}))
	require.True(t, Refused(found))
	require.Equal(t, "haproxy.env_unset", found[0].Msg.Key)
	require.Equal(t, "PORT", found[0].Unset)
	require.Contains(t, found[0].Text, "missing port specification in '*:'")
	// Of which nothing is known is not called wrong.
	require.False(t, Refused(Lint(Parse(nil, evidence.File{Path: "h.cfg", Text: text}))))
	ok := Parse([]evidence.EnvVar{{Name: "PORT", Value: "9001"}, {Name: "OPTIONS", Value: "check"}}, evidence.File{Path: "h.cfg", Text: text})
	require.False(t, Refused(Lint(ok)))
	require.True(t, ok.BackendNamed("b").Servers[0].Check)
	require.Equal(t, "    server a", "   "+ok.BackendNamed("b").Servers[0].Line.Text[:9], "the line stays as the student wrote it")
}

func TestOnlyWhatIsNamedIsKept(t *testing.T) {
	file := evidence.File{Text: "global\n setenv OWN 1\nfrontend f\n bind \"*:$PORT\" name \"${NAME-x}\" # $COMMENT\n server a '$SINGLE' $BARE \"$LONG\" \"$HOME\"\n"}
	got := Environ([]string{"SECRET=x", "PORT=1", "PORT=9001", "LD_PRELOAD=/x.so", "COMMENT=c", "LONG=" + strings.Repeat("x", MaxVarValue+1)}, file)
	require.Equal(t, []evidence.EnvVar{{Name: "PORT", Value: "9001"}, {Name: "NAME", Unset: true}, {Name: "LD_PRELOAD", Value: "/x.so"}}, got)
	// A shell may set what the container does not.
	px := evidence.Proxy{Files: []evidence.File{file}, Env: got, Command: []string{"sh", "-c", "NAME=y haproxy -f x"}}
	require.True(t, Read(&px).Proxies[0].Binds[0].Line.Env)
	px.Command = []string{"docker-entrypoint.sh", "haproxy", "-f", "x"}
	require.False(t, Read(&px).Proxies[0].Binds[0].Line.Env)
}

// TestWhatLoadsCodeIsAlwaysKept: neither a long value nor many other names hide it, and a PATH is
// kept if a program may be looked for where images have none.
func TestWhatLoadsCodeIsAlwaysKept(t *testing.T) {
	many := "global\n"
	for i := range 2 * MaxVars {
		many += fmt.Sprintf(" description \"$V%d\"\n", i)
	}
	for _, c := range []struct {
		kv   string
		kept bool
	}{
		{"LD_PRELOAD=/x.so" + strings.Repeat(":/y.so", MaxVarValue), true},
		{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", false},
		{"PATH=/usr/local/etc/haproxy:/usr/bin", true},
		{"PATH=tmp", true},
		{"PATH=/usr/bin:", true},
	} {
		name, _, _ := strings.Cut(c.kv, "=")
		kept := slices.ContainsFunc(Environ([]string{c.kv}, evidence.File{Text: many}), func(v evidence.EnvVar) bool {
			return v.Name == name && !v.Unset && len(v.Value) <= MaxVarValue
		})
		require.Equal(t, c.kept, kept, "%.60s", c.kv)
	}
	for _, c := range []struct {
		path, target string
		found        bool
	}{
		{"/opt/bitnami/haproxy/sbin:/usr/bin", "/opt/bitnami/haproxy/conf/haproxy.cfg", false},
		{"/opt/bitnami/haproxy/sbin:/usr/bin", "/usr/local/etc/haproxy", false},
		{"/usr/local/etc/haproxy/bin:/usr/bin", "/usr/local/etc/haproxy", true},
		{"/tmp:/usr/bin", "/tmp/docker-entrypoint.sh", true},
		{"tmp", "tmp/haproxy", true},
	} {
		require.Equal(t, c.found, Search(c.path, c.target), "%s %s", c.path, c.target)
	}
}

// Many references to a long value cost no more than the bound.
func TestValuesAreBounded(t *testing.T) {
	text := strings.Repeat(`x "`+strings.Repeat("$A", 1000)+"\"\n", 500)
	c := Parse([]evidence.EnvVar{{Name: "A", Value: strings.Repeat("v", MaxVarValue)}}, evidence.File{Text: text})
	total := 0
	for _, l := range c.Stray {
		for _, w := range l.Words {
			total += len(w)
		}
	}
	require.Less(t, total, 3<<20)
	require.True(t, c.Stray[499].Env)
}

func TestVersion(t *testing.T) {
	for _, tt := range []struct {
		px   evidence.Proxy
		want string
	}{
		{evidence.Proxy{Version: "2.6.12"}, "2.6.12"},
		{evidence.Proxy{Image: "haproxy:2.8-alpine"}, "2.8"},
		{evidence.Proxy{Image: "docker.io/library/haproxy:3.2.1@sha256:00"}, "3.2.1"},
		{evidence.Proxy{Image: "haproxy:latest"}, ""},
		{evidence.Proxy{Image: "reg:5000/haproxy"}, ""},
		{evidence.Proxy{Image: "whoami:2.6"}, ""},
		{evidence.Proxy{Image: "haproxy", Log: "[NOTICE]   (1) : haproxy version is 2.6.12-1+deb12u4\n"}, "2.6.12"},
		{evidence.Proxy{Image: "haproxy", Log: "HAProxy version 3.0.11 2025/01/01 - https://haproxy.org/\nUsage : haproxy"}, "3.0.11"},
	} {
		require.Equal(t, tt.want, Version(&tt.px), "%+v", tt.px)
	}
}

func TestWordsOfLaterVersions(t *testing.T) {
	text := baseDefaults + baseFrontend + "    http-request pause 1s\n" + baseBackend + "    http-request set-fc-mark 1\n    hash-preserve-affinity always\ntraces\n    trace h1\n"
	for version, refused := range map[string]bool{"2.6.12": true, "3.0": true, "3.1": false, "3.2.1": false, "3.4": false, "": false} {
		px := evidence.Proxy{Version: version, Files: []evidence.File{{Path: "h.cfg", Text: text}}}
		found := Lint(Read(&px))
		require.Equal(t, refused, Refused(found), version)
		if refused {
			require.Equal(t, "haproxy.newer_keyword", found[0].Msg.Key)
		}
	}
	// A version newer than those tried may know any word.
	odd := evidence.Proxy{Version: "3.9", Files: []evidence.File{{Path: "h.cfg", Text: baseDefaults + baseFrontend + baseBackend + "    brand-new-word 1\n"}}}
	require.False(t, Refused(Lint(Read(&odd))))
	odd.Version = "3.2"
	require.True(t, Refused(Lint(Read(&odd))))
}
