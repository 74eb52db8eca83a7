package finding_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/sight"
)

// oneNetwork is a class whose pages and stores are all on one network; whoever's number is even uses the next one's store.
func oneNetwork(n int) []finding.Case {
	all := classOf(n)
	snap := all[0].Before
	snap.Networks = append(snap.Networks, evidence.Network{ID: "shared", Name: "shared", Driver: "overlay", Scope: "swarm"})
	for i := range n {
		store := "store-" + all[i].Bundle.Student.ID
		all[i].Bundle.Student.Vars["store"] = store
		svc := &snap.Services[i]
		svc.Networks, svc.Env = []string{"shared"}, append(svc.Env, fmt.Sprint("STORE=store-", all[(i+i%2)%n].Bundle.Student.ID, ":6379"))
		snap.Services = append(snap.Services, evidence.Service{ID: "svc-" + store, Name: store, Networks: []string{"shared"}})
	}
	return all
}

func anothersOf(all []finding.Case) (who []string) {
	for _, f := range finding.Class(sight.Names{Service: "service", Balancer: "haproxy", Frontend: "frontend", Network: "network",
		Ports: map[string]string{"service": "published", "store": ""}}, all) {
		if f.Kind == finding.UsesAnothers {
			who = append(who, f.Evidence[0].Student)
		}
	}
	return who
}

// TestAClassOnOneNetwork: whose store a page uses is found among all that share one network.
func TestAClassOnOneNetwork(t *testing.T) {
	all := oneNetwork(40)
	var want []string
	for i := 1; i < 40; i += 2 {
		want = append(want, all[i].Bundle.Student.ID)
	}
	got := anothersOf(all)
	slices.Sort(got)
	require.Equal(t, want, got)
}

// BenchmarkAClassOnOneNetwork looks for findings where everybody's services are beside everybody's.
func BenchmarkAClassOnOneNetwork(b *testing.B) {
	for _, n := range []int{500, 1000, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			all := oneNetwork(n)
			for b.Loop() {
				require.Len(b, anothersOf(all), n/2)
			}
		})
	}
}
