package observe_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
	"swarmgrade/grader/observe"
)

// pageLab is one HAProxy, and a statistics page wherever it is asked for.
type pageLab struct {
	px    evidence.Proxy
	asked []string
	text  string
	shown string // "" for what can't show it
}

// shower is one that shows the page too.
type shower struct{ *pageLab }

func (l shower) Shown(_ context.Context, address, uri, auth string) (string, error) {
	l.asked = append(l.asked, address+uri+" as shown "+auth)
	return l.shown, nil
}

func (*pageLab) Snapshot(context.Context, func() int64) (*evidence.Snapshot, error) { return nil, nil }

func (l *pageLab) Proxy(context.Context, haproxy.Ref, *evidence.Snapshot) (evidence.Proxy, error) {
	return l.px, nil
}

func (*pageLab) Load(context.Context, evidence.Target) (evidence.Trace, error) {
	return evidence.Trace{}, nil
}

func (*pageLab) Reach(context.Context, string) error { return nil }

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
		{"no table, but the page itself", func(l *pageLab) {
			l.text, l.shown = "Hostname: x", "<html><title>Statistics Report for HAProxy on lb</title>"
		},
			[]string{"172.30.0.11:11001/st u:p", "172.30.0.11:11001/st as shown u:p"}, &evidence.Page{Address: "172.30.0.11:11001", URI: "/st", Error: "malformed", Shown: true}},
		{"another page", func(l *pageLab) { l.text, l.shown = "Hostname: x", "<html>Hostname: x" },
			[]string{"172.30.0.11:11001/st u:p", "172.30.0.11:11001/st as shown u:p"}, &evidence.Page{Address: "172.30.0.11:11001", URI: "/st", Error: "malformed"}},
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
			r := observe.Runner{Cluster: l, Loader: l}
			if l.shown != "" {
				r.Loader = shower{l}
			}
			s := observe.Student{Proxies: []haproxy.Ref{{Kind: "container", ID: "c1", Name: "haproxy-01"}}}
			b, err := r.Static(t.Context(), &s, snap)
			require.NoError(t, err)
			require.Equal(t, c.want, l.asked)
			require.Equal(t, c.page, b.Proxies[0].Page)
		})
	}
}

func (*pageLab) Names(context.Context, string, string, *evidence.Snapshot) []evidence.NameView {
	return nil
}
