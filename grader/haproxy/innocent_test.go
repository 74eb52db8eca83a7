package haproxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// placed reads a file of lines with the section each stands in.
func placed(t testing.TB, name string) map[string][]string {
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	out := map[string][]string{}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		where, text, _ := strings.Cut(line, " ")
		out[where] = append(out[where], strings.ReplaceAll(text, `\n`, "\n"))
	}
	return out
}

// whole puts lines into a configuration that works: gl, df, fe, be are lines of
// its sections, se is a section.
func whole(in map[string][]string, front, one, two string) string {
	lines := func(key string) string {
		out := ""
		for _, l := range in[key] {
			out += "    " + l + "\n"
		}
		return out
	}
	return "global\n" + lines("gl") + "defaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n    timeout connect 5s\n" + lines("df") +
		"frontend f\n    bind " + front + "\n" + lines("fe") + "    default_backend b\nbackend b\n" + lines("be") +
		"    server s1 " + one + "\n    server s2 " + two + "\n" + strings.Join(in["se"], "\n") + "\n"
}

func suspects(text string) []string {
	c := Parse([]evidence.EnvVar{}, evidence.File{Path: "h.cfg", Text: text})
	var out []string
	for _, l := range c.Suspects(c.Proxies, 1000) {
		out = append(out, l.Text)
	}
	return out
}

func TestInnocentLines(t *testing.T) {
	require.Empty(t, suspects(whole(placed(t, "testdata/innocent.txt"), "*:9001", "10.0.0.1:80", "10.0.0.2:80")))
	require.Empty(t, suspects(whole(map[string][]string{"df": {"default-server check inter 2s"}, "se": {"resolvers d\n    nameserver n 127.0.0.11:53\n"}}, "*:9001", "10.0.0.1:80 check weight 3 maxconn 5 cookie a", "10.0.0.2:80 backup")))
}

func TestSuspectLines(t *testing.T) {
	for where, lines := range placed(t, "testdata/suspect.txt") {
		for _, l := range lines {
			text := whole(map[string][]string{where: {l}}, "*:9001", "10.0.0.1:80", "10.0.0.2:80")
			require.NotEmpty(t, suspects(text), l)
		}
	}
	for _, server := range []string{"10.0.0.1:80 socks4 10.0.0.9:1080", "10.0.0.1:80 agent-check agent-port 1", "10.0.0.1:80 source 0.0.0.0 usesrc clientip", "10.0.0.1:80 send-proxy", "10.0.0.1:80 redir http://x"} {
		require.NotEmpty(t, suspects(whole(nil, "*:9001", server, "10.0.0.2:80")), server)
	}
	// What HAProxy may skip, or what nobody knows, is not innocent.
	require.NotEmpty(t, suspects("frontend f\n    bind *:1\n.if feature(LUA)\n    maxconn 5\n.endif\n"))
	require.NotEmpty(t, suspects("frontend f\n    bind \"*:$WHO\"\n"))
}

// TestInnocentLinesOfTheRealHAProxy runs all innocent lines at once: whatever is
// answered with 200 is word for word what a server said to that very request.
func TestInnocentLinesOfTheRealHAProxy(t *testing.T) {
	bin, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("haproxy is not installed")
	}
	server := func(name string) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s saw %s", name, r.Header.Get("X-Nonce"))
		}))
		t.Cleanup(s.Close)
		return s
	}
	one, two := server("one"), server("two")
	front := freeAddress(t)
	run(t, bin, whole(placed(t, "testdata/innocent.txt"), front, one.Listener.Addr().String(), two.Listener.Addr().String()), front)
	from := map[string]int{}
	for i := range 60 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+front+"/", nil)
		require.NoError(t, err)
		req.Header.Set("X-Nonce", strconv.Itoa(i))
		resp, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode, "%s", body)
		name, nonce, _ := strings.Cut(string(body), " saw ")
		require.Equal(t, strconv.Itoa(i), nonce)
		from[name]++
	}
	require.Len(t, from, 2, "%v", from)
}

// A refusal may have the status and the page of any answer.
func TestRefusalsOfTheRealHAProxyMayLookLikeAnswers(t *testing.T) {
	bin, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("haproxy is not installed")
	}
	front := freeAddress(t)
	run(t, bin, whole(map[string][]string{"fe": {`http-request deny deny_status 200 content-type text/plain lf-string "Hostname: %[path]"`}}, front, "127.0.0.1:1", "127.0.0.1:1"), front)
	resp, err := http.Get("http://" + front + "/c0ffee")
	require.NoError(t, err)
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	require.Equal(t, "200 Hostname: /c0ffee", fmt.Sprint(resp.StatusCode, " ", string(body)))
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// run runs HAProxy until the test ends, and waits until it listens.
func run(t *testing.T, bin, text, front string) {
	file := filepath.Join(t.TempDir(), "h.cfg")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, bin, "-db", "-f", file)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cancel(); <-ended })
	for {
		if conn, err := net.Dial("tcp", front); err == nil {
			conn.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("haproxy ended: %v\n%s", err, out.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// What was put in the place of a HAProxy, and what starts one.
func TestStarts(t *testing.T) {
	for line, want := range map[string]bool{
		"docker-entrypoint.sh haproxy -f /usr/local/etc/haproxy/haproxy.cfg":     true,
		"/usr/local/sbin/haproxy -W -db -f /usr/local/etc/haproxy/haproxy.cfg":   true,
		"sh -c exec haproxy -f /etc/haproxy.cfg":                                 true,
		"/bin/sh -c 'cp /x /y;haproxy -db -f /y'":                                true,
		"/opt/bitnami/scripts/haproxy/entrypoint.sh /opt/bitnami/scripts/run.sh": true,
		"/usr/sbin/hapee-lb -f x":                                                true,
		"docker-entrypoint.sh sleep 10000":                                       false,
		"sh":                                                                     false,
		"sleep 10000":                                                            false,
		"/whoami":                                                                false,
		"/docker-entrypoint.sh nginx -g daemon off;":                             false,
		"tail -f /usr/local/etc/haproxy/haproxy.cfg":                             false,
		"ls /usr/local/etc/haproxy":                                              false,
		"/start.sh":                                                              false,
	} {
		require.Equal(t, want, Starts(strings.Split(line, " ")), line)
	}
}
