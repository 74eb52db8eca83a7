package observe

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

func TestSpan(t *testing.T) {
	snap := &evidence.Snapshot{Swarm: evidence.Swarm{HeartbeatMS: 5000}}
	load := func(n int) Student { return Student{Targets: []evidence.Target{{Requests: n}}} }
	p := Plan{Students: []Student{load(1000), load(1000), load(0)}}
	s := p.Span(snap, 8, 1000)
	require.Equal(t, 2*time.Second, s.Least, "all within the rate")
	require.Equal(t, 1000*usualAnswer+warmUp+2*usualRead, s.Most, "side by side")
	require.Equal(t, 2000*usualAnswer+warmUp+2*usualRead, p.Span(snap, 1, 1000).Most, "one after the other")

	without := s
	p.Faults = []Fault{{LimitMS: 100000}, {LimitMS: 60000}}
	s = p.Span(snap, 8, 1000)
	require.Equal(t, without.Least+2*(windowLead+windowHold+windowTail)+calmFor, s.Least)
	require.Equal(t, without.Most+160*time.Second+2*(windowLead+windowTail+usualUndo+usualRead)+calmLimit+usualRead, s.Most)

	fast := &evidence.Snapshot{Swarm: evidence.Swarm{HeartbeatMS: 250}}
	require.Less(t, p.Span(fast, 8, 1000).Least, s.Least, "an embedded cluster's windows are shorter")
	require.Zero(t, (&Plan{}).Span(snap, 8, 1000).Least)

	// A student's own container is watched coming back as a node's are.
	snap.Services = []evidence.Service{{ID: "svc", Name: "s01", Mode: "replicated", Replicas: 2, Ports: []evidence.Port{{Protocol: "tcp", Published: 8001, Mode: "ingress"}}}}
	killed := Plan{
		Students: []Student{{
			Who: roster.Student{ID: "1"}, Vars: map[string]string{"service": "s01", "published": "8001"},
			during: []check.Need{{Kind: "window", After: "killed", Service: "service", Port: "published"}},
		}},
		Episodes: []Episode{{
			Action:   rubric.Action{ID: "killed", Kind: action.ContainerKill},
			Students: []Touched{{Student: "1", Action: evidence.Action{Kind: action.ContainerKill, Service: "svc"}}},
		}},
	}
	s = killed.Span(snap, 8, 1000)
	require.Equal(t, windowLead+windowHold+windowTail+calmFor, s.Least)
	require.Greater(t, s.Most, 100*time.Second)
}
