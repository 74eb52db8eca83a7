package loadgen

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPages: the page is in a student's hands, and nothing that it does makes
// the grader follow, wait or swallow more than it should.
func TestPages(t *testing.T) {
	const table = "# pxname,svname,type,\n"
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	for _, c := range []struct {
		name  string
		serve http.HandlerFunc
		want  string // the error, "" for none
	}{
		{"a table", func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			if r.RequestURI != "/admin?stats;csv" || user != "admin" || password != "a:b" {
				w.WriteHeader(http.StatusTeapot)
			}
			_, _ = io.WriteString(w, table)
		}, ""},
		{"a password that is another", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "denied"},
		{"no server", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "http-503"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "http-302"},
		{"no end", func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := io.WriteString(w, strings.Repeat("b,a,UP,2,\n", 4096)); err != nil {
					return
				}
			}
		}, "too-large"},
		{"a header without end", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 64<<10))
			_, _ = io.WriteString(w, table)
		}, "malformed"},
		{"no HTTP", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, table)
				_ = conn.Close()
			}
		}, "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := httptest.NewServer(c.serve)
			defer srv.Close()
			_, err := Loader{}.Shown(t.Context(), srv.Listener.Addr().String(), "/admin?stats;csv", "admin:a:b")
			require.Equal(t, c.want == "", err == nil, "the page as people see it")
			text, err := Loader{}.Page(t.Context(), srv.Listener.Addr().String(), "/admin?stats", "admin:a:b")
			if c.want != "" {
				require.EqualError(t, err, c.want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, table, text)
		})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = Loader{}.Page(t.Context(), l.Addr().String(), "/", "")
	require.EqualError(t, err, "unreachable")
	_, err = Loader{}.Page(t.Context(), "a.name:80", "/", "")
	require.EqualError(t, err, "unreachable", "no name is looked up")

	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hung.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = Loader{}.Page(ctx, hung.Listener.Addr().String(), "/", "")
	require.EqualError(t, err, "timeout")
}
