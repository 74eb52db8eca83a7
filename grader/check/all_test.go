package check_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

// must is what a kind can't do without.
var must = map[string]string{"service-image": "images: [whoami-for-swarm]"}

func TestKindsAreListed(t *testing.T) {
	names := check.Set{}.Names()
	require.NotEmpty(t, names)
	require.True(t, slices.IsSorted(names))
	require.Equal(t, names, slices.Compact(slices.Clone(names)))
	for _, k := range check.All() {
		found, ok := check.Find(k.Name)
		require.True(t, ok)
		require.Equal(t, k.Name, found.Name)
		require.Equal(t, k.Measures, check.Set{}.Measures(k.Name))
		one, two := k.NewParams(), k.NewParams()
		require.NotSame(t, one, two, "%s shares its parameters", k.Name)
		_, errs := readParams(t, k.Name, must[k.Name])
		require.Empty(t, errs, k.Name)
	}
	_, ok := check.Find("service")
	require.False(t, ok)
	_, ok = check.Set{}.NewParams("service")
	require.False(t, ok)
	require.False(t, check.Set{}.Measures("service"))
}

// TestWhatAnyKindSays: what is the same for all kinds, whatever they look at.
func TestWhatAnyKindSays(t *testing.T) {
	whole := []kase{
		{"waits for what failed", "", (*deployment).noService, want{outcome: check.Blocked, key: "judge.blocked", points: "0"}.saw("blocked_by", "first")},
		{"waits for what is open", "", func(d *deployment) { d.svc().Env = []string{"STUDENT_ID=" + evidence.Hidden} }, open("check.env_hidden").saw("blocked_by", "first")},
	}
	for _, kind := range (check.Set{}).Names() {
		t.Run(kind, func(t *testing.T) {
			for _, c := range whole {
				d := viaTasks()
				d.svc().Env = []string{"STUDENT_ID=2024001"}
				c.change(d)
				v := d.verdicts(
					&rubric.Check{ID: "it", Kind: kind, Points: 1000, Needs: []string{"first"}, Params: params(t, kind, must[kind])},
					&rubric.Check{ID: "first", Kind: "service-env", Points: 100, Params: params(t, "service-env", "")},
				)
				requireVerdict(t, c.want, v[0])
			}
			it := func() *rubric.Check {
				return &rubric.Check{ID: "it", Kind: kind, Points: 1000, Params: params(t, kind, must[kind])}
			}
			for _, list := range []string{"services", "tasks", "nodes", "networks"} {
				d := viaTasks()
				d.snap.Gaps = []evidence.Gap{{What: list, Code: "too-large", Detail: "70000"}}
				requireVerdict(t, open("check.cut_list").says("what", "check.cut_"+list).says("n", 70000), d.verdicts(it())[0])
			}
			for _, name := range []string{"s01", "haproxy-01"} {
				d := viaTasks()
				d.struck(3, nil)
				isService(d)
				d.meanwhile(func(s *evidence.Snapshot) {
					at := slices.IndexFunc(s.Services, func(x evidence.Service) bool { return x.Name == name })
					s.Gaps = []evidence.Gap{{What: "tasks/" + s.Services[at].ID, Code: "too-large", Detail: "900"}}
				})
				requireVerdict(t, open("check.cut_own").says("service", name), d.verdicts(it())[0])
			}
			d := viaTasks()
			d.snap, d.idle = nil, true
			requireVerdict(t, open("judge.no_snapshot"), d.verdicts(it())[0])
		})
	}
}

// TestNeeds: what each kind asks to be observed, with its parameters in it: whose
// service, which balancer, and at which port.
func TestNeeds(t *testing.T) {
	of := func(port string) check.Need { return check.Need{Kind: "snapshot", Service: "service", Port: port} }
	proxy := func(name, network, port string, or ...string) []check.Need {
		return []check.Need{{Kind: "snapshot"}, {Kind: "proxy", Balancer: name, Network: network, Port: port, Or: or}}
	}
	window := func(rate float64) check.Need {
		return check.Need{Kind: "window", Tasks: 1, Service: "service", Port: "door", Rate: rate}
	}
	lb := proxy("lb", "", "gate", "gate2")
	lan := func(network string) []check.Need {
		return append(proxy("lb", network, "gate", "gate2"), check.Need{Kind: "snapshot", Service: "service", Network: network})
	}
	through := check.Need{Kind: "load", From: "haproxy", Service: "service", Balancer: "lb", Port: "gate", Or: []string{"gate2"}, Tasks: 1, Direct: true, MaxErrors: 1}
	even := through
	even.Tasks, even.Spread = 2, true
	whole := even
	whole.Whole = true
	kept := through
	kept.From, kept.Direct, kept.Host = "cookies", false, check.HostConfigured
	back := kept
	back.From = "returning"
	const box = "name: lb, port: gate, or: [gate2]"
	for kind, c := range map[string]struct {
		with string
		want []check.Need
	}{
		"service-exists":   {"", []check.Need{of("published")}},
		"service-image":    {"images: [a]", []check.Need{of("")}},
		"service-env":      {"", []check.Need{of("")}},
		"service-port":     {"port: door", []check.Need{of("door")}},
		"service-replicas": {"", []check.Need{of("")}},
		"service-restart":  {"delay: 5s", []check.Need{of("")}},
		"service-update":   {"", []check.Need{of("")}},
		"service-dnsrr":    {"", []check.Need{of("")}},
		"tasks-running":    {"", []check.Need{of("")}},
		"tasks-nodes":      {"", []check.Need{of("")}},
		"haproxy-found":    {box, lb},
		"haproxy-running":  {box, lb},
		"haproxy-config":   {box + ", mode: tcp", lb},
		"haproxy-port":     {"", proxy("haproxy", "", "frontend")},
		"haproxy-servers":  {box + ", at_least: 5", lb},
		"haproxy-balance":  {box + ", direct: true", lb},
		"haproxy-health":   {box, lb},
		"haproxy-service":  {box, lb},
		"haproxy-stats":    {box, lb},
		"haproxy-network":  {box + ", network: lan", lan("lan")},
		"service-network":  {box, lan("network")},
		"haproxy-backends": {box, append(lan("network"), through)},
		"direct":           {box, append(lan("network"), through)},
		"answers":          {"via: mesh, port: door", []check.Need{of(""), {Kind: "load", From: "mesh", Tasks: 1, Service: "service", Port: "door", MaxErrors: 0.01}}},
		"sticky-cookie":    {box, append(slices.Clone(lb), of(""), kept)},
		"sticky-moved":     {box, append(slices.Clone(lb), of(""), back)},
		"cookie-private":   {box, append(slices.Clone(lb), of(""), kept)},
		"spread":           {"via: haproxy, " + box + ", direct: true", []check.Need{of(""), even}},
		"balance-shown":    {box, append(lan("network"), whole)},
		"counter": {"service: web, port: door", []check.Need{
			{Kind: "snapshot", Service: "web"}, {Kind: "load", From: "mesh", Service: "web", Port: "door", Tasks: 2, Numbers: true, MaxErrors: 1},
		}},
		"recovers":  {"port: door, within: 30, rate: 8", []check.Need{of(""), window(8)}},
		"replaced":  {"port: door", []check.Need{of(""), window(0)}},
		"available": {"port: door, rate: 20", []check.Need{of(""), window(20)}},
		"outage":    {"port: door, rate: 1", []check.Need{of(""), window(1)}},
		"later-spread": {"port: door", []check.Need{
			of(""), window(0), {Kind: "load", From: "mesh", After: "fault", Service: "service", Port: "door", Tasks: 2, Spread: true, MaxErrors: 0.01},
		}},
	} {
		k, ok := check.Find(kind)
		require.True(t, ok, kind)
		require.Equal(t, c.want, k.Needs(params(t, kind, c.with)), kind)
	}
}
