package action

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

func TestGuard(t *testing.T) {
	const before = "m1* m2 m3 w4"
	for _, tt := range []struct {
		name, before, kind, target string
		polls                      []string // "" is one that failed
		want                       string
	}{
		{"the target goes and comes", before, NodeStop, "m2", []string{before, "m1* m2! m3 w4", "m1* m2? m3 w4", before}, ""},
		{"another worker goes down", before, NodeStop, "m2", []string{"m1* m2! m3 w4!"}, OtherNode},
		{"another manager goes down", before, NodeStop, "m2", []string{"m1* m2! m3! w4"}, OtherNode},
		{"one that was down before", "m1* m2 m3 w4!", NodeStop, "m2", []string{"m1* m2! m3 w4!"}, ""},
		{"a manager out of reach for a moment", before, NodeStop, "m1", []string{"m1! m2* m3? w4", "m1! m2* m3 w4", "m1! m2* m3? w4"}, ""},
		{"a manager out of reach for good", before, NodeStop, "m2", []string{"m1* m2! m3? w4", "m1* m2! m3? w4"}, Quorum},
		{"draining leaves a vote", before, NodeDrain, "m2", []string{"m1* m2- m3? w4", "m1* m2- m3? w4"}, ""},
		{"a worker costs none", "m1* m2 m3 w4", NodeStop, "w4", []string{"m1* m2 m3? w4!", "m1* m2 m3? w4!"}, ""},
		{"five bear two", "m1* m2 m3 m4 m5", NodeStop, "m2", []string{"m1* m2! m3? m4 m5", "m1* m2! m3? m4 m5"}, ""},
		{"silent for a while", before, NodeStop, "m2", []string{"", "", ""}, ""},
		{"silent for long", before, NodeStop, "m2", []string{"", "", "", ""}, APISilent},
		{"silence is counted anew", before, NodeStop, "m2", []string{"", "", before, "", "", ""}, ""},
		{"an election takes its time", before, NodeStop, "m1", strings.Split(strings.Repeat(",", 8), ","), ""},
		{"but not for ever", before, NodeStop, "m1", strings.Split(strings.Repeat(",", 9), ","), APISilent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := world(tt.before, "")
			f := evidence.Action{Kind: tt.kind, NodeID: "id-" + tt.target}
			for _, n := range s.Nodes {
				f.Leader = f.Leader || n.ID == f.NodeID && n.Leader
			}
			g := NewGuard(f, s.Nodes, 0)
			got := ""
			for i, p := range tt.polls {
				if got != "" {
					t.Fatalf("%s already at poll %d", got, i)
				}
				got = g.Look(int64(i+1)*10_000, world(p, "").Nodes, p == "")
			}
			require.Equal(t, tt.want, got)
		})
	}
}
