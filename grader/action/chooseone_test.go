package action

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheOneNodeThatIsDrained(t *testing.T) {
	for name, c := range map[string]struct {
		nodes, tasks, serving, role string
		want, code, about           string
	}{
		"takes tasks of most":           {"m1 m2* m3", "svc-a:m1 svc-b:m3 svc-c:m3,m3", "", manager, "m3", "", ""},
		"a task counts once a student":  {"m1 m2* m3", "svc-a:m1 svc-b:m1 svc-c:m3,m3,m3", "", manager, "m1", "", ""},
		"the leader if it takes most":   {"m1 m2* m3", "svc-a:m1,m2 svc-b:m2", "", manager, "m2", "", ""},
		"of equal ones not the leader":  {"m1* m2 m3", "svc-a:m1,m2,m3", "", manager, "m2", "", ""},
		"nor the one that serves":       {"m1* m2 m3", "svc-a:m1,m2,m3", "m2", manager, "m3", "", ""},
		"nobody's if need be":           {"m1* m2 w3", "svc-a:w3", "", manager, "m2", "", ""},
		"a worker":                      {"m1* m2 w3", "svc-a:m1,m2", "", worker, "w3", "", ""},
		"none of the role":              {"m1* m2", "svc-a:m1", "", worker, "", "no-node", ""},
		"the only manager":              {"m1* w2", "svc-a:m1", "", manager, "", "no-node", ""},
		"the only one that takes tasks": {"m1* m2- m3-", "svc-a:m1", "", manager, "", "no-node", ""},
		"one that is drained already":   {"m1* m2- m3", "svc-a:m2,m3", "", manager, "m3", "", ""},
		"a node is down":                {"m1* m2 m3!", "svc-a:m1", "", manager, "", "node-down", "m3"},
		"a manager is out of reach":     {"m1* m2 m3?", "svc-a:m1", "", manager, "", "node-down", "m3"},
	} {
		t.Run(name, func(t *testing.T) {
			var concerned []Concern
			for _, id := range []string{"a", "b", "c"} {
				concerned = append(concerned, Concern{Student: id, Service: "svc-" + id})
			}
			rules := Rules{Kind: NodeDrain}
			if c.serving != "" {
				rules.Serving = "id-" + c.serving
			}
			a, code, about := ChooseOne(world(c.nodes, c.tasks), concerned, rules, c.role)
			require.Equal(t, []string{c.want, c.code, c.about}, []string{a.Hostname, code, about})
			if code == "" {
				require.Equal(t, []string{NodeDrain, active, ""}, []string{a.Kind, a.Was, a.Student}, "the class's, and what it was")
			}
		})
	}
}
