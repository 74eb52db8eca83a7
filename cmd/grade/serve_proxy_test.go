package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var listened = regexp.MustCompile(`https://grade\.example\.edu/k/[0-9a-z]{26}`)

// freePort is a port of loopback that nobody has at the moment.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}

// proxied starts the installed HAProxy with HTTPS in front of a port.
func proxied(t *testing.T, program, dir, cert, key, server string) (address string) {
	t.Helper()
	address = "127.0.0.1:" + freePort(t)
	both := filepath.Join(dir, "both.pem")
	var text []byte
	for _, file := range []string{cert, key} {
		part, err := os.ReadFile(file)
		require.NoError(t, err)
		text = append(text, part...)
	}
	require.NoError(t, os.WriteFile(both, text, 0o600))
	config := filepath.Join(dir, "haproxy.cfg")
	require.NoError(t, os.WriteFile(config, []byte(fmt.Sprintf(`defaults
  mode http
  timeout connect 5s
  timeout client 1m
  timeout server 1m
  option forwardfor
frontend pages
  bind %s ssl crt %s alpn h2,http/1.1
  default_backend grade
backend grade
  server grade %s
`, address, both, server)), 0o600))
	cmd := exec.Command(program, "-db", "-f", config) //nolint:gosec,noctx // ended below, the installed program
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // by a signal
	})
	require.Eventually(t, func() bool {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, 20*time.Second, 50*time.Millisecond)
	return address
}

// TestServeBehindAProxy: HAProxy with HTTPS in front of the pages. Links name where readers come, the cookie is for HTTPS and
// this host alone, forms are taken, events come at once, and who tries tokens is counted by the address that the proxy
// saw, whatever they write into the header themselves.
func TestServeBehindAProxy(t *testing.T) {
	if testing.Short() {
		t.Skip("brings up an embedded cluster")
	}
	program, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("there is no haproxy here")
	}
	w := newWorld(t)
	w.class(t, "mini", "cluster: {sim: gen-2}\nstudents: [{id: \"2024000001\", name: 张三}]\n")
	server := "127.0.0.1:" + freePort(t)
	r := w.start(t, "serve", "--class", "mini", "--listen", server, "--behind-proxy", "--proxy-from", "127.0.0.1", "--url", "https://grade.example.edu")
	link := r.says(t, listened)
	r.says(t, upNow)
	now := time.Now()
	cert, key, leaf := certified(t, w.dir, "proxy", now.Add(-time.Hour), now.AddDate(0, 2, 0), "grade.example.edu")
	address := proxied(t, program, w.dir, cert, key, server)
	trusted := x509.NewCertPool()
	trusted.AddCert(leaf)
	browser := func(from string) *http.Client {
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		transport := &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return d.DialContext(ctx, network, address)
			},
		}
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	const base = "https://grade.example.edu"
	do := func(c *http.Client, method, path string, form url.Values, head ...string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(form.Encode()))
		require.NoError(t, err)
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for i := 0; i < len(head); i += 2 {
			req.Header.Set(head[i], head[i+1])
		}
		res, err := c.Do(req)
		require.NoError(t, err)
		return res
	}
	code := func(res *http.Response) int {
		t.Helper()
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	teacher := browser("127.0.0.2")
	res := do(teacher, http.MethodGet, strings.TrimPrefix(link, base), nil)
	require.Equal(t, http.StatusSeeOther, code(res))
	require.Equal(t, "/class", res.Header.Get("Location"), "without a host of its own, which could be the server's")
	require.Len(t, res.Cookies(), 1)
	cookie := res.Cookies()[0]
	require.Regexp(t, "^__Host-grade-[0-9a-f]{12}$", cookie.Name)
	require.True(t, cookie.Secure && cookie.HttpOnly && cookie.Path == "/" && cookie.Domain == "")
	reads := &reader{t, base, teacher}
	page := reads.get("/class")
	require.Contains(t, page, "2024000001")

	// Events come through at once, and forms of the page's own origin are taken, of no other.
	events := do(teacher, http.MethodGet, "/class/events?after="+field(t, afterField, page), nil)
	defer events.Body.Close()
	require.Equal(t, http.StatusOK, events.StatusCode)
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(events.Body); s.Scan(); {
			lines <- s.Text()
		}
	}()
	hears := func(what string) {
		t.Helper()
		for patience := time.After(10 * time.Second); ; {
			select {
			case line, open := <-lines:
				require.True(t, open, "the stream ended")
				if strings.Contains(line, what) {
					return
				}
			case <-patience:
				t.Fatalf("%q never came", what)
			}
		}
	}
	hears("hello")
	form := url.Values{"form": {field(t, formField, page)}, "what": {"all"}, "do": {"points"}, "points": {"12.5"}, "reason": {"oral"}}
	const hand = "/class/student/2024000001/hand"
	require.Equal(t, http.StatusForbidden, code(do(teacher, http.MethodPost, hand, form, "Origin", "https://evil.example")))
	require.Equal(t, http.StatusForbidden, code(do(teacher, http.MethodPost, hand, form, "Sec-Fetch-Site", "cross-site")))
	form.Set("lang", "en")
	require.Equal(t, http.StatusSeeOther, code(do(teacher, http.MethodPost, "/lang", form, "Origin", base)), "as a browser sends it")
	made := url.Values{"form": form["form"], "do": {"chosen"}, "student": {"2024000001"}, "days": {"30"}}
	res = do(teacher, http.MethodPost, "/class/links/new", made, "Origin", base, "Sec-Fetch-Site", "same-origin")
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	links := listened.FindString(reads.text(res))
	require.NotEmpty(t, links, "links are to where readers come")

	student := browser("127.0.0.5")
	require.Equal(t, http.StatusSeeOther, code(do(student, http.MethodGet, strings.TrimPrefix(links, base), nil)))
	check := url.Values{"form": {field(t, formField, (&reader{t, base, student}).get("/me"))}, "task": {"1"}}
	require.Equal(t, http.StatusSeeOther, code(do(student, http.MethodPost, "/me/check", check, "Origin", base, "Sec-Fetch-Site", "same-origin")))
	hears("2024000001")

	// Who tries tokens is counted by the address that the proxy saw.
	guess := func(c *http.Client, n int, head ...string) int {
		t.Helper()
		return code(do(c, http.MethodGet, fmt.Sprintf("/k/guess%021d", n), nil, head...))
	}
	thief, other := browser("127.0.0.3"), browser("127.0.0.4")
	refused := 0
	for n := range 90 {
		if guess(thief, n, "X-Forwarded-For", fmt.Sprintf("192.0.2.%d", n)) == http.StatusTooManyRequests {
			refused++
		}
	}
	require.Greater(t, refused, 10, "an address of their own for each try helps nothing")
	require.Equal(t, http.StatusForbidden, guess(other, 0), "nobody else is shut out")
	require.Contains(t, reads.get("/class"), "2024000001")
	require.Zero(t, r.end(t, syscall.SIGTERM), r.out.String())
	w.requireNothing(t, r, nil)
}
