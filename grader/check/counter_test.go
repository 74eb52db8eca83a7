package check_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// counted is a load of the mesh whose answers show numbers: nth is the request, from
// 0 over all nodes, container who answers it; nil is an answer without a number, and
// failing is none at all.
func counted(numbers func(nth, container int) []int64) func(d *deployment) {
	return countedBy(20, 1, numbers)
}

func countedBy(each, workers int, numbers func(nth, container int) []int64) func(d *deployment) {
	return func(d *deployment) {
		nth := 0
		tasks := d.own()
		for node := 1; node <= 3; node++ {
			tr := evidence.Trace{
				Target: evidence.Target{
					ID: fmt.Sprintf("mesh/manager-%d", node), Kind: "mesh", Address: fmt.Sprintf("172.30.0.%d:8001", 10+node),
					Path: "/", Workers: workers, Numbers: true,
				},
				Started: int64(node) * 1000, Sent: each,
			}
			for _, t := range tasks {
				tr.Responders = append(tr.Responders, page(t, 0).Responder)
			}
			for range each {
				at := nth % len(tasks)
				shown := numbers(nth, at)
				nth++
				if slices.Equal(shown, failing) {
					if tr.Errors == nil {
						tr.Errors = []evidence.ErrorClass{{Class: "http-500"}}
					}
					tr.Errors[0].Count++
					tr.Sequence, tr.Numbers = append(tr.Sequence, -1), append(tr.Numbers, nil)
					continue
				}
				tr.Responders[at].Count++
				tr.Sequence, tr.Numbers = append(tr.Sequence, int16(at)), append(tr.Numbers, shown)
			}
			tr.Responders = slices.DeleteFunc(tr.Responders, func(r evidence.Responder) bool { return r.Count == 0 })
			d.bundle.Traces = append(d.bundle.Traces, tr)
		}
	}
}

var failing = []int64{-1}

// shared is one count, each a count a container.
func shared(nth, _ int) []int64        { return []int64{int64(nth) + 42} }
func each3(nth, container int) []int64 { return []int64{int64(nth/3) + 1 + 5*int64(container)} }

// withStore has a store of so many replicas, on the service's network or on one of
// its own.
func withStore(replicas int, meets bool, then func(d *deployment)) func(d *deployment) {
	return func(d *deployment) {
		d.vars["group"] = "redis-01"
		d.snap.Networks = append(d.snap.Networks,
			evidence.Network{ID: "net-app", Name: "app-01", Driver: "overlay", Scope: "swarm"},
			evidence.Network{ID: "net-other", Name: "other", Driver: "overlay", Scope: "swarm"})
		d.svc().Networks = []string{"net-app"}
		on := "net-app"
		if !meets {
			on = "net-other"
		}
		d.snap.Services = append(d.snap.Services, evidence.Service{ID: "svc-redis-01", Name: "redis-01", Image: "redis:alpine", Mode: "replicated", Replicas: replicas, Networks: []string{on}})
		for slot := range replicas {
			d.snap.Tasks = append(d.snap.Tasks, task("redis-01", slot+1, fmt.Sprintf("10.0.9.%d/24", slot+1)))
		}
		then(d)
	}
}

func TestCounter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	two := [2]int64{} // counts that are dealt in no order
	requireKind(t, "counter", viaNodes, rubric.Credit{}, []kase{
		{"one count", "", counted(shared), pass("check.counter_ok").says("first", 42).says("last", 101).says("n", 60)},
		{"one count, as others ask too", "", counted(func(nth, _ int) []int64 { return []int64{int64(nth * nth)} }), pass("check.counter_ok")},
		{"a number of another kind first", "", counted(func(nth, c int) []int64 { return []int64{80, int64(c), int64(nth), 2026} }), pass("check.counter_ok").saw("place", 2)},
		{"now and then one more before it", "", counted(func(nth, _ int) []int64 {
			if nth%4 == 0 {
				return []int64{80, int64(nth)}
			}
			return []int64{int64(nth)}
		}), pass("check.counter_ok").saw("place", -1)},
		{"its own count beside it", "", counted(func(nth, c int) []int64 { return append(each3(nth, c), int64(nth)) }), pass("check.counter_ok")},
		{"a few that fail", "", counted(func(nth, _ int) []int64 {
			if nth%20 == 7 {
				return failing
			}
			return []int64{int64(nth)}
		}), pass("check.counter_ok").says("n", 57)},
		{"a few pages without it", "", counted(func(nth, _ int) []int64 {
			if nth%20 == 7 {
				return nil
			}
			return []int64{int64(nth)}
		}), pass("check.counter_ok")},
		{"nodes in another order than was noted", "", func(d *deployment) {
			counted(shared)(d)
			d.bundle.Traces[0].Started, d.bundle.Traces[2].Started = 9000, 0
		}, pass("check.counter_ok")},
		{"several at once, counted in another order", "", countedBy(20, 4, func(nth, _ int) []int64 { return []int64{int64(nth ^ 1)} }), pass("check.counter_ok")},
		{"under other variables", "service: web, port: door", func(d *deployment) { d.otherVars(); counted(shared)(d) }, pass("check.counter_ok")},

		{"one count a container", "", counted(each3), fail("check.counter_each").saw("counters", 3).saw("counter", "each")},
		{"one a container, far apart", "", counted(func(nth, c int) []int64 { return []int64{int64(nth + 1000*c)} }), fail("check.counter_each")},
		{"two counts, dealt in turn with no regard to containers", "", counted(func(nth, _ int) []int64 { return []int64{int64(nth/2) + 1} }),
			fail("check.counter_several").saw("counters", 2)},
		{"two counts, dealt at random", "", counted(func(int, int) []int64 {
			i := random.IntN(2)
			two[i]++
			return []int64{two[i]}
		}), fail("check.counter_several")},
		{"two counts, of which two containers share one", "", counted(func(nth, c int) []int64 { return []int64{int64(nth) + 500*int64(c/2)} }),
			fail("check.counter_several").saw("counters", 2)},
		{"two counts, of two replicas of the store", "store: group", withStore(2, true, counted(func(nth, _ int) []int64 { return []int64{int64(nth/2) + 1} })),
			fail("check.counter_stores").says("replicas", 2).says("store", "redis-01")},
		{"in step with two replicas of the store", "store: group", func(d *deployment) {
			d.lose(2)
			withStore(2, true, counted(func(nth, c int) []int64 { return []int64{int64(nth/2) + 1} }))(d)
		}, fail("check.counter_stores")},
		{"always the same number", "", counted(func(int, int) []int64 { return []int64{80} }), fail("check.counter_stuck").says("first", 80)},
		{"a count among very many numbers", "", counted(func(nth, _ int) []int64 { return []int64{1, 2, 3, 4, 6, 7, 8, 9} }), open("check.counter_many")},
		{"any number", "", counted(func(int, int) []int64 { return []int64{random.Int64N(1000)} }), fail("check.counter_random")},
		{"the time", "", counted(func(nth, _ int) []int64 { return []int64{1_764_444_839_000 + int64(nth)} }), fail("check.counter_none")},
		{"the client's port", "", counted(func(nth, _ int) []int64 { return []int64{-int64(40000 + 2*nth)} }), fail("check.counter_none")},
		{"a count that is the client's port for once", "", counted(func(nth, _ int) []int64 {
			if nth == 20 {
				return []int64{-40020}
			}
			return []int64{int64(40000 + nth)}
		}), pass("check.counter_ok").says("last", 40059)},
		{"no number", "", counted(func(int, int) []int64 { return nil }), fail("check.counter_none")},
		{"one of three shows none", "", counted(func(nth, c int) []int64 {
			if c == 1 {
				return nil
			}
			return []int64{int64(nth)}
		}), fail("check.counter_none")},
		{"a number on every other page", "", counted(func(nth, _ int) []int64 { return slices.Repeat([]int64{int64(nth)}, nth%2) }), fail("check.counter_none")},
		{"one container", "", func(d *deployment) { d.lose(1); d.svc().Replicas = 1; counted(shared)(d) }, fail("check.counter_single")},
		{"a container that never answers", "", func(d *deployment) {
			tasks := d.own()
			d.lose(2)
			counted(shared)(d)
			for _, x := range tasks[2:] {
				d.snap.Tasks = append(d.snap.Tasks, *x)
			}
		}, fail("check.answers_silent")},
		{"nothing but errors", "", counted(func(int, int) []int64 { return failing }), fail("check.answers_dead")},

		{"a load that kept no numbers", "", nil, open("check.counter_unread")},
		{"a handful of answers", "", func(d *deployment) { d.lose(2); countedBy(2, 1, shared)(d) }, open("check.counter_few").says("n", 6)},
		{"a container that was replaced", "", func(d *deployment) {
			counted(each3)(d)
			d.meanwhile(func(s *evidence.Snapshot) { s.Tasks[0].ID = "another" })
		}, open("check.unstable")},
		{"a load that broke", "", func(d *deployment) { d.gap("load/mesh/manager-2", "timeout") }, open("check.load_gap")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
	})
	requireRefused(t, "counter", map[string][]string{
		"service: s, port: p": {"service check.param_no_var", "port check.param_no_var"},
		"store: redis":        {"store check.param_no_var"},
		"store: group":        nil,
	})
}

// TestStoreHints: what is wrong with the store, or with the way to it, is what the
// hint mends.
func TestStoreHints(t *testing.T) {
	dead := counted(func(int, int) []int64 { return failing })
	for name, c := range map[string]struct {
		with   string
		change func(d *deployment)
		hint   []string
	}{
		"no store known": {"", counted(each3), []string{"docker service logs s01"}},
		"none of the name": {"store: group", func(d *deployment) { d.vars["group"] = "redis-01"; dead(d) }, []string{
			"docker network create -d overlay dnsrr-01", "docker service create --name redis-01 --network dnsrr-01 redis:alpine",
			"docker service update --network-add dnsrr-01 s01",
		}},
		"not on one network": {"store: group", withStore(1, false, dead), []string{"docker service update --network-add app-01 redis-01"}},
		"not running":        {"store: group", withStore(0, true, dead), []string{"docker service ps --no-trunc redis-01"}},
		"two replicas":       {"store: group", withStore(2, true, counted(each3)), []string{"docker service scale redis-01=1"}},
		"two replicas, which break all": {"store: group", withStore(1, true, func(d *deployment) {
			d.snap.Services[2].Mode = "global"
			d.snap.Tasks = append(d.snap.Tasks, task("redis-01", 2, "10.0.9.9/24"))
			counted(each3)(d)
		}), []string{"docker service rm redis-01"}},
		"all there": {"store: group", withStore(1, true, counted(each3)), []string{"docker service logs s01"}},
	} {
		d := viaNodes()
		c.change(d)
		v := d.verdicts(&rubric.Check{ID: "it", Kind: "counter", Points: 1000, Params: params(t, "counter", c.with)})[0]
		require.Equal(t, check.Fail, v.Outcome, name)
		var commands []string
		for _, line := range i18n.EN.Lines(v.Hint) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				commands = append(commands, command)
			}
		}
		require.Equal(t, c.hint, commands, name)
	}
}

// TestCountsAreNeverMisread: whatever stands around the count, however requests are
// dealt, whoever else asks and whatever fails now and then, one count passes, and
// several, in containers or in stores, never do.
func TestCountsAreNeverMisread(t *testing.T) {
	judged := func(d *deployment) string {
		v := d.verdicts(&rubric.Check{ID: "it", Kind: "counter", Points: 1000, Params: params(t, "counter", "")})[0]
		return v.Message.Key
	}
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 3))
		replicas, before, after := 2+random.IntN(2), random.IntN(4), random.IntN(6)
		// page is the nth page of which one number is the count.
		page := func(count int64) []int64 {
			var numbers []int64
			for i := range before + 1 + after {
				switch {
				case i == before:
					numbers = append(numbers, count)
				case i%2 == 0:
					numbers = append(numbers, 80)
				default:
					numbers = append(numbers, random.Int64N(100))
				}
			}
			if n := len(numbers); n > evidence.NumbersKept {
				numbers = append(numbers[:evidence.NumberPlaces:evidence.NumberPlaces], numbers[n-evidence.NumberPlaces:]...)
			}
			return numbers
		}
		counts := make([]int64, 3)
		load := func(which func(container int) int) func(d *deployment) {
			return countedBy(40, 1, func(_, container int) []int64 {
				at := which(container)
				counts[at] += 1 + random.Int64N(1+int64(seed%3))
				if random.IntN(40) == 0 {
					return failing
				}
				return page(counts[at])
			})
		}
		for name, c := range map[string]struct {
			which func(container int) int
			good  bool
		}{
			"one":        {func(int) int { return 0 }, true},
			"containers": {func(container int) int { return container }, false},
			"stores":     {func(int) int { return random.IntN(2) }, false},
		} {
			d := viaNodes()
			d.lose(replicas)
			clear(counts)
			load(c.which)(d)
			key := judged(d)
			require.Equal(t, c.good, key == "check.counter_ok", "seed %d, %s: %s", seed, name, key)
			if !c.good {
				require.Contains(t, []string{"check.counter_each", "check.counter_several"}, key, "seed %d, %s", seed, name)
			}
		}
	}
}
