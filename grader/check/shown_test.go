package check_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// dealt has n requests answered in the order that next gives: the number of an own
// task, or -1 for a request that fails.
func dealt(n int, next func(i int) int) func(d *deployment) {
	return func(d *deployment) {
		own := d.own()
		counts := make([]int, len(own))
		sequence := make([]int16, n)
		lost := 0
		for i := range sequence {
			s := next(i)
			sequence[i] = int16(s)
			if s < 0 {
				lost++
			} else {
				counts[s]++
			}
		}
		tr := evidence.Trace{
			Target: evidence.Target{ID: "haproxy", Kind: "haproxy", Address: "172.30.0.11:9001", Path: "/"}, Sent: n, Sequence: sequence,
		}
		for i, t := range own { // one entry a task, answers or not, so that numbers stay
			r := page(t, counts[i]).Responder
			r.Count = counts[i]
			tr.Responders = append(tr.Responders, r)
		}
		if lost > 0 {
			tr.Errors = []evidence.ErrorClass{{Class: "http-503", Count: lost}}
		}
		d.bundle.Traces = []evidence.Trace{tr}
	}
}

func inTurn(k int) func(int) int { return func(i int) int { return i % k } }

func pattern(list ...int) func(int) int { return func(i int) int { return list[i%len(list)] } }

func atRandom(seed uint64, k int) func(int) int {
	rng := rand.New(rand.NewPCG(seed, 1))
	return func(int) int { return rng.IntN(k) }
}

func theFirst(i int) int { return 0 }

func TestBalanceShown(t *testing.T) {
	const n = 640
	balance := func(algorithm string, next func(int) int) func(d *deployment) {
		return func(d *deployment) {
			line := "    balance " + algorithm + "\n"
			if algorithm == "" {
				line = ""
			}
			d.edit("    balance roundrobin\n", line)
			dealt(n, next)(d)
		}
	}
	also := func(old, by string, then func(d *deployment)) func(d *deployment) {
		return func(d *deployment) { d.edit(old, by); then(d) }
	}
	const second, third = "web2 10.0.7.12:80 check", "web3 10.0.7.13:80 check"
	weighted := func(then func(d *deployment)) func(d *deployment) {
		return also("web1 10.0.7.11:80 check", "web1 10.0.7.11:80 check weight 2", then)
	}
	flaky := func(i int) int { // fails now and then, and the next server's turn is lost
		if i%97 == 96 {
			return -1
		}
		return (i + i/97) % 3
	}
	away := func(i int) int { // the third is taken for dead for a while
		if i > 100 && i < 260 {
			return i % 2
		}
		return i % 3
	}
	rng := rand.New(rand.NewPCG(9, 9))
	var at [4]int
	workers := func(int) int { // four pointers, whichever the kernel wakes
		w := rng.IntN(4)
		at[w]++
		return (at[w] + w) % 3
	}
	requireKind(t, "balance-shown", viaTasks, rubric.Credit{}, []kase{
		{"in turn", "", dealt(n, inTurn(3)), pass("check.shown_turns").saw("shown", "turns").saw("repeats", 0).saw("algorithm", "roundrobin")},
		{"in turn, some lost", "", dealt(n, flaky), pass("check.shown_turns")},
		{"in turn, one away for a while", "", dealt(n, away), pass("check.shown_turns")},
		{"in turn, four workers", "", dealt(n, workers), pass("check.shown_turns")},
		{"in turn, two and two", "", dealt(n, pattern(0, 0, 1, 1, 2, 2)), pass("check.shown_turns")},
		{"static-rr", "algorithms: [static-rr]", balance("static-rr", inTurn(3)), pass("check.shown_turns")},
		{"weights, each its share", "", weighted(dealt(n, pattern(0, 1, 0, 2))), pass("check.shown_turns")},
		{"weights over 1/2, each its share", "", also("web1 10.0.7.11:80 check", "web1 10.0.7.11:80 check weight 6", dealt(n, pattern(0, 0, 0, 1, 0, 0, 0, 2))), pass("check.shown_turns")},
		{"weights of names, each its share", "", func(d *deployment) {
			servers("server a tasks.s01:80 check resolvers docker weight 6", "server b tasks.s01:80 check resolvers docker", "server c tasks.s01:80 check resolvers docker")(d)
			dealt(n, pattern(1, 1, 1, 0, 1, 1, 1, 2))(d)
		}, pass("check.shown_turns")},
		{"by default, in turn", "", balance("", inTurn(3)), pass("check.shown_turns").saw("algorithm", "default")},
		{"by default, at random, where both will do", "algorithms: [roundrobin, random]", balance("", atRandom(1, 3)), pass("check.shown_chance")},
		{"random", "algorithms: [random]", balance("random", atRandom(2, 3)), pass("check.shown_chance").saw("shown", "chance")},
		{"random, among others", "algorithms: [roundrobin, random]", balance("random", atRandom(3, 3)), pass("check.shown_chance")},
		{"source", "algorithms: [source]", balance("source", theFirst), pass("check.shown_one").saw("moves", 0)},
		{"uri, its server once taken for dead", "algorithms: [uri]", balance("uri", func(i int) int {
			if i > 200 && i < 240 {
				return 1
			}
			return 0
		}), pass("check.shown_one").saw("moves", 2)},
		{"first", "algorithms: [first]", balance("first", theFirst), pass("check.shown_one")},
		{"leastconn, one after the other", "algorithms: [leastconn]", balance("leastconn", inTurn(3)), pass("check.shown_least")},
		{"leastconn, any idle one", "algorithms: [leastconn]", balance("leastconn", atRandom(4, 3)), pass("check.shown_least")},
		{"a backup that waits", "", also(third, third+" backup", dealt(n, inTurn(2))), pass("check.shown_turns")},
		{"a backup that stood in once", "", also(third, third+" backup", dealt(n, func(i int) int {
			if i > 300 && i < 320 {
				return 2
			}
			return i % 2
		})), pass("check.shown_turns")},
		{"the nodes, where the mesh hides it", "", func(d *deployment) { hideBehindNodes(d); dealt(n, atRandom(5, 3))(d) }, pass("check.shown_config").saw("shown", "hidden")},
		{"the virtual address", "", func(d *deployment) {
			d.svc().EndpointMode, d.svc().VIPs = "vip", []evidence.VIP{{NetworkID: ownNet, Address: "10.0.7.2/24"}}
			servers("server all 10.0.7.2:80 check")(d)
			dealt(n, atRandom(6, 3))(d)
		}, pass("check.shown_config")},
		{"under other variables", "name: lb, port: gate, or: [gate2], service: web, network: lan", func(d *deployment) {
			dealt(n, inTurn(3))(d)
			d.otherVars()
		}, pass("check.shown_turns")},

		{"source, where turns are asked for", "", balance("source", theFirst), fail("check.shown_other").saw("shown", "one").saw("algorithm", "source")},
		{"random, where turns are asked for", "", balance("random", atRandom(7, 3)), fail("check.shown_other").saw("shown", "chance")},
		{"roundrobin in the file alone", "", dealt(n, atRandom(8, 3)), fail("check.shown_unlike").saw("shown", "chance").asked("false_fail_at_most", 1e-6)},
		{"roundrobin with a stick table", "", also("    balance roundrobin\n", "    balance roundrobin\n    stick-table type ip size 1m\n    stick on src\n", dealt(n, theFirst)), fail("check.shown_unlike").saw("shown", "one")},
		{"by default at random, where turns are asked for", "", balance("", atRandom(9, 3)), fail("check.shown_other")},
		{"in turn, where chance is asked for", "algorithms: [random]", balance("roundrobin", inTurn(3)), fail("check.shown_other").saw("shown", "turns")},
		{"one server, where chance is asked for", "algorithms: [random]", balance("random", theFirst), fail("check.shown_unlike")},
		{"in turn, where one is asked for", "algorithms: [source, uri, first]", balance("roundrobin", inTurn(3)), fail("check.shown_other")},
		{"one server, where leastconn is asked for", "algorithms: [leastconn]", balance("leastconn", theFirst), fail("check.shown_unlike")},
		{"weights that the file does not have", "", dealt(n, pattern(0, 0, 0, 1, 0, 0, 0, 2)), fail("check.shown_unlike").saw("shown", "mixed")},
		{"weights that nobody deals", "", weighted(dealt(n, pattern(0, 0, 0, 0, 0, 1, 2))), fail("check.shown_unlike")},
		{"a backup that gets its turn", "", also(third, third+" backup", dealt(n, inTurn(3))), fail("check.shown_backup").saw("line", 10)},
		{"nothing but backups", "", also(" check", " check backup", dealt(n, theFirst)), fail("check.shown_unlike")},
		{"one server alone", "", func(d *deployment) { servers("server web1 10.0.7.11:80 check")(d); dealt(n, theFirst)(d) }, fail("check.shown_unlike").saw("containers", 1)},
		{"the nodes, by source", "", func(d *deployment) {
			hideBehindNodes(d)
			d.edit("balance roundrobin", "balance source")
			dealt(n, inTurn(3))(d)
		}, fail("check.shown_config_other").says("algorithm", "source")},
		{"the nodes, by default, where source is asked for", "algorithms: [source]", func(d *deployment) {
			hideBehindNodes(d)
			d.edit("    balance roundrobin\n", "")
			dealt(n, theFirst)(d)
		}, fail("check.shown_config_other").says("algorithm", "default")},
		{"one in ten lost", "", dealt(n, func(i int) int {
			if i%10 == 9 {
				return -1
			}
			return i % 3
		}), fail("check.shown_few").says("sent", n)},
		{"few answers", "", dealt(20, inTurn(3)), fail("check.shown_few")},
		{"nobody answers", "", dealt(n, func(int) int { return -1 }), fail("check.shown_few").saw("shown", "none")},
		{"a single replica", "", func(d *deployment) { d.lose(1); dealt(n, theFirst)(d) }, fail("check.spread_single")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
		{"ran none", "", (*deployment).noProxy, fail("check.proxy_none")},
		{"leads to no backend", "", also("    default_backend tasks\n", "", dealt(n, inTurn(3))), fail("check.bind_no_backend")},

		{"an order that was not kept", "", nil, open("check.shown_unordered")},
		{"tasks that came and went", "", func(d *deployment) {
			dealt(n, inTurn(3))(d)
			d.meanwhile(func(s *evidence.Snapshot) { s.Tasks[0].ID += "-new" })
		}, open("check.unstable")},
		{"could not be read", "", func(d *deployment) { d.noProxy(); d.gap("proxy/haproxy-01", "timeout") }, open("check.config_unread")},
	})
	requireRefused(t, "balance-shown", map[string][]string{
		"algorithms: []":           {"algorithms check.param_empty"},
		"algorithms: [hdr]":        {"algorithms check.param_shown"},
		"service: s, target: 0":    {"service check.param_no_var", "target check.param_port"},
		"algorithms: [uri, first]": nil,
	})
}

// hideBehindNodes leads HAProxy to the nodes' published port.
func hideBehindNodes(d *deployment) {
	d.svc().EndpointMode, d.svc().Ports = "vip", []evidence.Port{{Protocol: "tcp", Target: 80, Published: 8001, Mode: "ingress"}}
	servers("server n1 172.30.0.11:8001 check", "server n2 172.30.0.12:8001 check", "server n3 172.30.0.13:8001 check")(d)
}

// TestCorrectOrdersAreNeverFailed: each algorithm as HAProxy deals it, in thousands
// of runs with fixed seeds; with an error rate of 1e-6 none is to fail.
func TestCorrectOrdersAreNeverFailed(t *testing.T) {
	ring := []float64{0.351, 0.295, 0.354}
	for algorithm, order := range map[string]func(rng *rand.Rand) func(int) int{
		"roundrobin": func(rng *rand.Rand) func(int) int {
			at := rng.IntN(3)
			return func(int) int {
				if at++; rng.IntN(30) == 0 { // somebody else's request
					at++
				}
				return at % 3
			}
		},
		"static-rr": func(rng *rand.Rand) func(int) int {
			from := rng.IntN(3)
			return func(i int) int { return (i + from) % 3 }
		},
		"random": func(rng *rand.Rand) func(int) int {
			return func(int) int {
				x := rng.Float64()
				for i, s := range ring {
					if x -= s; x < 0 {
						return i
					}
				}
				return 2
			}
		},
		"leastconn": func(rng *rand.Rand) func(int) int { return func(int) int { return rng.IntN(3) } },
		"source":    func(rng *rand.Rand) func(int) int { one := rng.IntN(3); return func(int) int { return one } },
		"uri":       func(rng *rand.Rand) func(int) int { one := rng.IntN(3); return func(int) int { return one } },
		"first":     func(*rand.Rand) func(int) int { return theFirst },
	} {
		t.Run(algorithm, func(t *testing.T) {
			p := params(t, "balance-shown", "algorithms: ["+algorithm+"]")
			for seed := range uint64(300) {
				d := viaTasks()
				d.edit("balance roundrobin", "balance "+algorithm)
				dealt(640, order(rand.New(rand.NewPCG(seed, 77))))(d)
				v := d.verdicts(&rubric.Check{ID: "it", Kind: "balance-shown", Points: 1000, Params: p})[0]
				require.Equal(t, "10", v.Points.String(), "seed %d: %s", seed, i18n.EN.Text(v.Message))
			}
		})
	}
}

// TestShownHints: what is said of an order leads to the one that is asked for.
func TestShownHints(t *testing.T) {
	for name, c := range map[string]struct {
		change func(d *deployment)
		want   string
	}{
		"another algorithm": {func(d *deployment) { d.edit("balance roundrobin", "balance source") }, "| balance roundrobin"},
		"all backups":       {func(d *deployment) { d.edit(" check", " check backup") }, "| server web1 10.0.7.11:80 check"},
		"an older file":     {func(*deployment) {}, "$ docker restart haproxy-01"},
		"a cookie":          {func(d *deployment) { d.edit("balance roundrobin", "balance roundrobin\n    cookie X insert") }, "docker restart haproxy-01"},
		"a missing server":  {func(d *deployment) { d.edit("    server web3 10.0.7.13:80 check\n", "") }, "10.0.7.13:80"},
	} {
		t.Run(name, func(t *testing.T) {
			d := viaTasks()
			c.change(d)
			dealt(640, theFirst)(d)
			v := d.verdicts(&rubric.Check{ID: "it", Kind: "balance-shown", Points: 1000, Params: params(t, "balance-shown", "")})[0]
			for _, lang := range i18n.Langs {
				lines := strings.Join(lang.Lines(v.Hint), "\n")
				require.Contains(t, lines, c.want, fmt.Sprint(v.Message))
			}
		})
	}
}
