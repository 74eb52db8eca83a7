package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/recovery/scene"
	"swarmgrade/grader/sight"
)

// observed is a student's case of whom name and words are foreign: a service with a
// HAProxy in front, load on both, and a fault window.
func observed(foreign string) *Seen {
	play := scene.New(3, 4)
	c := struck(play)
	task := func(slot int, state string) evidence.Task {
		return evidence.Task{
			ID: fmt.Sprint("t", slot), ServiceID: "svc-s01", NodeID: scene.NodeID(slot - 1), Slot: slot, Desired: "running", State: state,
			ContainerID: strings.Repeat(fmt.Sprint(slot), 64), Addresses: []evidence.TaskAddress{{NetworkID: "net", Address: fmt.Sprintf("10.0.1.%d/24", slot)}},
		}
	}
	before := c.Before
	before.Services[0].Networks = []string{"net"}
	before.Services[0].VIPs = []evidence.VIP{{NetworkID: "net", Address: "10.0.1.9/24"}}
	before.Networks = []evidence.Network{{ID: "net", Name: foreign, Driver: "overlay"}}
	for i := range 3 {
		before.Nodes = append(before.Nodes, evidence.Node{ID: scene.NodeID(i), Hostname: fmt.Sprintf("manager-%d", i+1), Address: fmt.Sprintf("10.9.0.%d", i+1), State: "ready", Availability: "active"})
		before.Tasks = append(before.Tasks, task(i+1, "running"))
	}
	says := func(slot int) evidence.Identity {
		return evidence.Identity{Hostname: strings.Repeat(fmt.Sprint(slot), 12), Addresses: []string{fmt.Sprintf("10.0.1.%d", slot)}}
	}
	b := c.Bundle
	b.Student = evidence.Student{ID: "0020240101", Name: foreign, Vars: map[string]string{
		"service": "s01", "published": "8001", "haproxy": "haproxy-01", "frontend": "9001",
	}}
	b.Task = "1,2"
	b.Proxies = []evidence.Proxy{{
		Kind: "container", Name: "haproxy-01", Matched: "name", ID: strings.Repeat("e", 64), NodeID: "node-1", Hostname: "manager-1", Image: "haproxy:2.6", State: "running",
		Publishes: []evidence.ContainerPort{{Private: 9001, Public: 9001, Protocol: "tcp"}},
		Files: []evidence.File{{Path: "/usr/local/etc/haproxy/haproxy.cfg", Source: "archive", Size: 245, Text: `defaults
    mode http
frontend in
    bind *:9001
    default_backend web
backend web
    balance roundrobin
    server n1 10.9.0.1:8001 check weight 2
    server ` + strings.Fields(foreign)[0] + ` 10.9.0.2:8001 check
`}},
	}}
	b.Traces = []evidence.Trace{
		{
			Target: evidence.Target{ID: "haproxy", Kind: "haproxy", Address: "10.9.0.1:9001", Path: "/", Requests: 300, PerConnection: 1},
			Took:   1530, Sent: 300,
			Responders: []evidence.Responder{
				{Identity: says(1), Count: 100}, {Identity: says(2), Count: 98}, {Identity: says(3), Count: 90},
				{Identity: evidence.Identity{Hostname: foreign}, Count: 7}, {Sample: foreign, Count: 2},
			},
			Errors: []evidence.ErrorClass{{Class: "http-503", Count: 2}, {Class: "odd", Count: 1}},
		},
		{
			Target: evidence.Target{ID: "mesh/manager-2", Kind: "mesh", Address: "10.9.0.2:8001", Requests: 160, PerConnection: 4},
			Took:   800, Sent: 12, Stopped: "settled", Errors: []evidence.ErrorClass{{Class: "refused", Count: 12}},
		},
	}
	b.Gaps = []evidence.Gap{{What: "load/mesh/manager-3", Code: "unreachable", Detail: foreign}, {What: "configs", Code: "too-large"}}
	scaled := evidence.Episode{Name: "scaled", Action: &evidence.Action{Kind: "scale", Service: "svc-s01", Name: "s01", Was: "3", To: "5"}, Traces: b.Traces[:1]}
	left := evidence.Episode{Name: "updated", Gaps: []evidence.Gap{{What: "action", Code: "changed"}}}
	b.Episodes = append(b.Episodes, scaled, left)
	c.Episodes = append(c.Episodes, evidence.Scene{Episode: &scaled, From: before}, evidence.Scene{Episode: &left})
	return &Seen{Run: "20241121-023000", Evidence: "sha256:0123456789abcdef", Case: c, Names: sight.Usual}
}

func TestEvidence(t *testing.T) {
	bare := observed("网络 one")
	bare.Case.Before.Services, bare.Case.Bundle.Proxies, bare.Case.Episodes, bare.Case.Bundle.Episodes = nil, nil, nil, nil
	unread := observed("网络 one")
	unread.Case.Before, unread.Case.Episodes, unread.Case.Bundle.Episodes = nil, nil, nil
	for name, s := range map[string]*Seen{"whole": observed("网络 one"), "hostile": observed(hostile), "bare": bare, "unread": unread} {
		for _, lang := range i18n.Langs {
			for _, columns := range []int{0, 80} {
				file := fmt.Sprintf("seen.%s.%s.%d.txt", name, lang, columns)
				t.Run(file, func(t *testing.T) {
					show := func(color bool) string {
						return string(render(t, func(b *bytes.Buffer) error { return Evidence(b, s, Text{Lang: lang, Width: columns, Color: color}) }))
					}
					plain := show(false)
					golden(t, file, []byte(plain))
					harmless(t, plain)
					require.Equal(t, plain, unpainted(show(true)), "colours take no room")
					require.NotContains(t, plain, "seen.", "every key is said")
					for line := range strings.Lines(plain) {
						if columns > 0 {
							require.LessOrEqual(t, width(strings.TrimSuffix(line, "\n")), columns, line)
						}
					}
				})
			}
		}
	}
}

// TestEvidenceOfALateMachine: that the grader's own machine was late is said, and apart
// from it that a target did not answer.
func TestEvidenceOfALateMachine(t *testing.T) {
	s := observed("one")
	for i := range s.Case.Episodes {
		if p := s.Case.Episodes[i].Probing; p != nil {
			p.Late, p.Skipped, p.LateIn = 12, 1, []evidence.Stretch{{From: 1000, To: 3500}, {From: 9000, To: 9500}}
		}
	}
	for lang, want := range map[i18n.Lang][]string{
		i18n.EN: {"was late itself: for 3 s of ", "(2 times, 2.5 s at most), and 12 requests were not sent", "1 request was not sent, as earlier ones"},
		i18n.ZH: {"合计 3 秒", "2 段，最长 2.5 秒", "12 个请求没能按时发出", "1 个请求没有发出"},
	} {
		plain := string(render(t, func(b *bytes.Buffer) error { return Evidence(b, s, Text{Lang: lang}) }))
		for _, w := range want {
			require.Contains(t, joined(plain), joined(w))
		}
	}
}

// joined is a text without spaces and line ends, however it was wrapped.
func joined(s string) string { return strings.Join(strings.Fields(s), "") }

// TestEvidenceIsBounded: a flood of tasks, answers and gaps takes some lines of each.
func TestEvidenceIsBounded(t *testing.T) {
	s := observed(strings.Repeat("long ", 5000))
	b, before := s.Case.Bundle, s.Case.Before
	for i := range 5000 {
		task := before.Tasks[0]
		task.ID, task.Slot = fmt.Sprint("x", i), i+10
		before.Tasks = append(before.Tasks, task)
		b.Gaps = append(b.Gaps, evidence.Gap{What: strings.Repeat("w", 500), Code: "internal", Detail: strings.Repeat("d", 5000)})
		b.Traces = append(b.Traces, b.Traces[1])
	}
	got := render(t, func(w *bytes.Buffer) error { return Evidence(w, s, Text{Lang: i18n.ZH, Width: 80}) })
	require.Less(t, len(got), 64<<10)
	require.Contains(t, string(got), "还有")
}
