package check_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

// heldOpen adds three rounds of a hundred requests, one more of each being held at
// the first, second and third task in turn; next gives who answers the others.
func heldOpen(d *deployment, next func(held, i int) int) *evidence.Trace {
	holds := evidence.Holds{Rounds: 3, Fresh: 100}
	tr := evidence.Trace{
		Target: evidence.Target{ID: "held", Kind: "held", Address: "172.30.0.11:9001", Path: "/", Requests: holds.Requests(), Holds: holds},
		Sent:   holds.Requests(),
	}
	counts := make([]int, 3)
	lost := 0
	for round := range holds.Rounds {
		tr.Holds = append(tr.Holds, evidence.Hold{At: len(tr.Sequence), Fresh: holds.Fresh})
		tr.Sequence = append(tr.Sequence, int16(round))
		counts[round]++
		for i := range holds.Fresh {
			s := next(round, i)
			tr.Sequence = append(tr.Sequence, int16(s))
			if s < 0 {
				lost++
			} else {
				counts[s]++
			}
		}
	}
	for i, task := range d.own() {
		r := page(task, counts[i]).Responder
		r.Count = counts[i]
		tr.Responders = append(tr.Responders, r)
	}
	if lost > 0 {
		tr.Errors = []evidence.ErrorClass{{Class: "http-503", Count: lost}}
	}
	d.bundle.Traces = append(d.bundle.Traces, tr)
	return &d.bundle.Traces[len(d.bundle.Traces)-1]
}

// spared is leastconn's way: any but the one that is held.
func spared(held, i int) int { return (held + 1 + i%2) % 3 }

func TestLeastconnIsShownByHeldRequests(t *testing.T) {
	least := func(algorithm string, next func(held, i int) int, then ...func(d *deployment, tr *evidence.Trace)) func(d *deployment) {
		return func(d *deployment) {
			d.edit("    balance roundrobin\n", "    balance "+algorithm+"\n")
			dealt(640, inTurn(3))(d)
			tr := heldOpen(d, next)
			for _, f := range then {
				f(d, tr)
			}
		}
	}
	turns := func(_, i int) int { return i % 3 }
	rng := rand.New(rand.NewPCG(3, 3))
	idler := func(held, _ int) int { // of two drawn ones, each by its place on the ring
		draw := func() int {
			if x := rng.Float64(); x < 0.351 {
				return 0
			} else if x < 0.646 {
				return 1
			}
			return 2
		}
		if s := draw(); s != held {
			return s
		}
		return draw()
	}
	late := func(held, i int) int { // one overtakes in each round
		if i == 0 {
			return held
		}
		return spared(held, i)
	}
	edit := func(old, by string) func(d *deployment, tr *evidence.Trace) {
		return func(d *deployment, _ *evidence.Trace) { d.edit(old, by) }
	}
	early := func(_ *deployment, tr *evidence.Trace) {
		for i := range tr.Holds {
			tr.Holds[i].Early = true
		}
	}
	service := func(replicas int) func(d *deployment, _ *evidence.Trace) {
		return func(d *deployment, _ *evidence.Trace) {
			nets := d.px().Networks
			isService(d)
			d.px().Networks = nets
			d.snap.Services[len(d.snap.Services)-1].Replicas = replicas
		}
	}
	const with = "algorithms: [leastconn], held: true"
	requireKind(t, "balance-shown", viaTasks, rubric.Credit{}, []kase{
		{"the busy one is spared", with, least("leastconn", spared), pass("check.shown_spares").saw("held_rounds", 3).saw("held_answers", 300).saw("on_held", 0)},
		{"one a round overtakes", with, least("leastconn", late), pass("check.shown_spares").saw("on_held", 3)},
		{"among others", "algorithms: [roundrobin, leastconn], held: true", least("leastconn", spared), pass("check.shown_spares")},
		{"in turn, which will do too", "algorithms: [roundrobin, leastconn], held: true", least("roundrobin", turns), pass("check.shown_turns")},
		{"answers that do not wait", with, least("leastconn", turns, early), pass("check.shown_least").saw("held_rounds", 0)},
		{"a HAProxy that waits for bodies", with, least("leastconn", turns, edit("    mode http\n", "    mode http\n    option http-buffer-request\n")), pass("check.shown_least")},
		{"two HAProxies of one service", with, least("leastconn", turns, service(2)), pass("check.shown_least")},
		{"one HAProxy as a service", with, least("leastconn", spared, service(1)), pass("check.shown_spares")},
		{"the others down meanwhile", with, least("leastconn", func(held, i int) int {
			if held > 0 {
				return held
			}
			return spared(held, i)
		}), pass("check.shown_spares").saw("held_rounds", 1)},
		{"nothing held", with, func(d *deployment) {
			d.edit("    balance roundrobin\n", "    balance leastconn\n")
			dealt(640, inTurn(3))(d)
		}, pass("check.shown_least")},

		{"in turn", with, least("roundrobin", turns), fail("check.shown_other").saw("on_held", 100)},
		{"leastconn in the file alone", with, least("leastconn", turns), fail("check.shown_unlike").saw("on_held", 100)},
		{"the idler of two", with, least("random", idler), fail("check.shown_other")},
		{"always the same", with, func(d *deployment) {
			least("leastconn", func(int, int) int { return 0 })(d)
			dealt(640, theFirst)(d)
			heldOpen(d, func(int, int) int { return 0 })
		}, fail("check.shown_unlike").saw("shown", "one")},
	})
	requireRefused(t, "balance-shown", map[string][]string{
		"held: true": {"held check.param_held"},
		"held: true, algorithms: [roundrobin, leastconn]": nil,
	})
}

func TestHeldRequestsAreSentWhereARubricSaysSo(t *testing.T) {
	loads := func(with string) []string {
		var out []string
		k, _ := check.Find("balance-shown")
		for _, n := range k.Needs(params(t, "balance-shown", with)) {
			if n.Kind == "load" {
				out = append(out, n.Load())
			}
		}
		slices.Sort(out)
		return out
	}
	require.Equal(t, []string{"load/haproxy"}, loads("algorithms: [leastconn]"))
	require.Equal(t, []string{"load/haproxy", "load/held"}, loads("algorithms: [leastconn], held: true"))
}
