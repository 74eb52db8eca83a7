package finding_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// counters is a class of three whose pages count in a Redis each.
func counters() []finding.Case {
	all := classOf(3)
	snap := all[0].Before
	for i, nn := range []string{"01", "02", "03"} {
		snap.Networks = append(snap.Networks, evidence.Network{ID: "app-" + nn, Name: "app-" + nn, Driver: "overlay", Scope: "swarm"})
		all[i].Bundle.Student.Vars["store"] = "redis" + nn
		snap.Services[i].Networks = []string{"net-ingress", "app-" + nn}
		snap.Services[i].Env = append(snap.Services[i].Env, "REDIS_HOST=redis"+nn)
		store := "svc-redis" + nn
		snap.Services = append(snap.Services, evidence.Service{ID: store, Name: "redis" + nn, Image: "redis:alpine",
			Networks: []string{"app-" + nn}, VIPs: []evidence.VIP{{NetworkID: "app-" + nn, Address: "10.0." + nn[1:] + ".2/24"}}})
		snap.Tasks = append(snap.Tasks, evidence.Task{ID: "t-redis" + nn, ServiceID: store, NodeID: "n1", Desired: "running", State: "running",
			Addresses: []evidence.TaskAddress{{NetworkID: "app-" + nn, Address: "10.0." + nn[1:] + ".3/24"}}})
	}
	snap.Networks = append(snap.Networks, evidence.Network{ID: "net-ingress", Name: "ingress", Driver: "overlay", Scope: "swarm", Ingress: true})
	return all
}

// TestUsesAnothers: a page that counts in a classmate's Redis shows one count as well;
// the instructor is told where it leads.
func TestUsesAnothers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(snap *evidence.Snapshot, web *evidence.Service)
		want   string // in English; "" for no finding
	}{
		{"each their own", func(*evidence.Snapshot, *evidence.Service) {}, ""},
		{"by its name", func(_ *evidence.Snapshot, web *evidence.Service) {
			web.Networks, web.Env = []string{"app-02"}, []string{"REDIS_HOST=redis02"}
		}, "is told to use service redis02 of student 2024002, which is in one network with it: REDIS_HOST=redis02"},
		{"beside its own", func(_ *evidence.Snapshot, web *evidence.Service) {
			web.Networks, web.Env = append(web.Networks, "app-02"), []string{"REDIS_URL=redis://default@tasks.redis02:6379/0"}
		}, "is told to use service redis02"},
		{"in its command", func(_ *evidence.Snapshot, web *evidence.Service) {
			web.Networks, web.Args, web.Env = []string{"app-02"}, []string{"--redis=REDIS02.:6379"}, nil
		}, "is told to use service redis02"},
		{"by its virtual address", func(_ *evidence.Snapshot, web *evidence.Service) {
			web.Networks, web.Env = []string{"app-02"}, []string{"REDIS=10.0.2.2:6379"}
		}, "is told to use service redis02"},
		{"by its task's address", func(_ *evidence.Snapshot, web *evidence.Service) {
			web.Networks, web.Env = []string{"app-02"}, []string{"REDIS=10.0.2.3"}
		}, "is told to use service redis02"},
		{"by an alias that both have, beside its own", func(snap *evidence.Snapshot, web *evidence.Service) {
			web.Networks, web.Env = append(web.Networks, "app-02"), []string{"REDIS_HOST=redis"}
			for i := range snap.Services {
				if strings.HasPrefix(snap.Services[i].Name, "redis") {
					snap.Services[i].Aliases = []string{"redis"}
				}
			}
		}, ""},
		{"by a name that its program has built in", func(_ *evidence.Snapshot, web *evidence.Service) {
			web.Networks, web.Env = []string{"app-02"}, nil
		}, "but not with redis01: it may use that one"},
		{"a name out of reach", func(_ *evidence.Snapshot, web *evidence.Service) { web.Env = []string{"REDIS_HOST=redis02"} }, ""},
		{"a network that all share", func(snap *evidence.Snapshot, web *evidence.Service) {
			web.Networks, web.Env = []string{"app-02"}, nil
			snap.Services[2].Networks = append(snap.Services[2].Networks, "app-02")
		}, ""},
		{"a page that speaks of it", func(_ *evidence.Snapshot, web *evidence.Service) {
			web.Networks, web.Env = append(web.Networks, "app-02"), []string{"REDIS_HOST=redis01", "PAGE=" + strings.Repeat("redis02 ", 50)}
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := counters()
			tt.change(all[0].Before, &all[0].Before.Services[0])
			var got []finding.Finding
			for _, f := range finding.Class(sight.Names{Service: "service", Balancer: "haproxy", Frontend: "frontend", Network: "network",
				Ports: map[string]string{"service": "published", "store": ""}}, all) {
				if f.Kind == finding.UsesAnothers && f.Evidence[0].Where == "snapshot/services/s01" {
					got = append(got, f)
				}
			}
			if tt.want == "" {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			require.Contains(t, i18n.EN.Text(got[0].Message), tt.want)
			require.Equal(t, []string{"2024001", "2024002"}, got[0].Students)
			require.Equal(t, finding.Look, got[0].Kind.Severity())
		})
	}
}
