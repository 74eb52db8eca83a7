package observe_test

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

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/observe"
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
			text, err := observe.Pages{}.Page(t.Context(), srv.Listener.Addr().String(), "/admin?stats", "admin:a:b")
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
	_, err = observe.Pages{}.Page(t.Context(), l.Addr().String(), "/", "")
	require.EqualError(t, err, "unreachable")
	_, err = observe.Pages{}.Page(t.Context(), "a.name:80", "/", "")
	require.EqualError(t, err, "unreachable", "no name is looked up")

	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hung.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = observe.Pages{}.Page(ctx, hung.Listener.Addr().String(), "/", "")
	require.EqualError(t, err, "timeout")
}

// pageLab is one HAProxy, and a statistics page wherever it is asked for.
type pageLab struct {
	px    evidence.Proxy
	asked []string
	text  string
}

func (*pageLab) Snapshot(context.Context, func() int64) (*evidence.Snapshot, error) { return nil, nil }

func (l *pageLab) Proxy(context.Context, haproxy.Ref, *evidence.Snapshot) (evidence.Proxy, error) {
	return l.px, nil
}

func (l *pageLab) Page(_ context.Context, address, uri, auth string) (string, error) {
	l.asked = append(l.asked, address+uri+" "+auth)
	return l.text, nil
}

// TestPageIsAskedForOnce: at the node's address and the port that is published,
// with the password of the file, and only of a HAProxy that runs.
func TestPageIsAskedForOnce(t *testing.T) {
	const config = "defaults\n    mode http\nfrontend f\n    bind *:9001\n    stats enable\n    stats uri /in?side\n" +
		"listen stats\n    bind *:8404\n    stats uri /st\n    stats auth u:p\n"
	snap := &evidence.Snapshot{
		Nodes:      []evidence.Node{{ID: "node-1", Hostname: "manager-1", State: "ready", Address: "172.30.0.11"}},
		Containers: []evidence.Container{{ID: "c1", NodeID: "node-1", State: "running", Ports: []evidence.ContainerPort{{Private: 8404, Public: 11001, Protocol: "tcp"}}}},
	}
	for _, c := range []struct {
		name   string
		change func(l *pageLab)
		want   []string
		page   *evidence.Page
	}{
		{"published under another port", func(*pageLab) {}, []string{"172.30.0.11:11001/st u:p"},
			&evidence.Page{Address: "172.30.0.11:11001", URI: "/st"}},
		{"no table", func(l *pageLab) { l.text = "Hostname: x" }, []string{"172.30.0.11:11001/st u:p"},
			&evidence.Page{Address: "172.30.0.11:11001", URI: "/st", Error: "malformed"}},
		{"not published", func(l *pageLab) { l.px.Publishes = nil }, nil, nil},
		{"not running", func(l *pageLab) { l.px.State = "exited" }, nil, nil},
		{"no page", func(l *pageLab) { l.px.Files[0].Text = "listen l\n    mode http\n    bind *:8404\n" }, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &pageLab{text: "# pxname,svname,type,\n", px: evidence.Proxy{
				State: "running", ID: "c1", NodeID: "node-1", Files: []evidence.File{{Path: "/haproxy.cfg", Text: config}},
				Publishes: []evidence.ContainerPort{{Private: 8404, Public: 11001, Protocol: "tcp"}},
			}}
			c.change(l)
			r := observe.Runner{Cluster: l, Pager: l}
			s := observe.Student{Proxies: []haproxy.Ref{{Kind: "container", ID: "c1", Name: "haproxy-01"}}}
			b, err := r.Static(t.Context(), &s, snap)
			require.NoError(t, err)
			require.Equal(t, c.want, l.asked)
			require.Equal(t, c.page, b.Proxies[0].Page)
		})
	}
}
