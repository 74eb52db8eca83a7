package stats

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// replaying has the first container give the answer of the request before once more, in
// whoever's name that was, with a probability of so much.
func replaying(share float64, r rule) rule {
	return func(rng *rand.Rand, k int) dealer {
		next := r(rng, k)
		last := next()
		return func() int {
			if c := next(); c != 0 || rng.Float64() >= share {
				last = c
			}
			return last
		}
	}
}

// swapped has two containers change places.
func swapped(r rule) rule {
	return func(rng *rand.Rand, k int) dealer {
		next := r(rng, k)
		return func() int {
			switch c := next(); c {
			case 0:
				return 1
			case 1:
				return 0
			default:
				return c
			}
		}
	}
}

// scheme is what somebody may do who knows that loads may end early.
type scheme struct {
	name string
	rule rule
	// fair says that nothing is wrong with it: it must never be found.
	fair bool
}

func schemes() []scheme {
	turns := inTurn(1, false, 0)
	var out []scheme
	for _, later := range []scheme{
		{"one has twice the share", drawn(first(2)), false}, {"AABC", twiceRunning, false}, {"one has all", every, false},
		{"one is silent", without(turns), false}, {"all fail", failing(turns, 1), false}, {"one in ten fails", failing(turns, 0.1), false},
		{"one replays half", replaying(0.5, turns), false}, {"two change places", swapped(turns), true},
	} {
		for _, n := range []int{30, 60, 90, 91, 120, 200} {
			out = append(out, scheme{fmt.Sprintf("in turn for %d, then %s", n, later.name), until(n, turns, later.rule), later.fair})
		}
	}
	return append(out,
		scheme{"drift to twice by 120", drifting(120), false}, scheme{"drift to twice by 400", drifting(400), false}, scheme{"drift to twice by 1,000", drifting(1000), false},
		scheme{"blocks of 3", blocks(3), true}, scheme{"blocks of 10", blocks(10), true}, scheme{"blocks of 30", blocks(30), false},
		scheme{"one replays a tenth", replaying(0.1, turns), false}, scheme{"one replays half", replaying(0.5, turns), false},
	)
}

// shot is one load: what it showed by when it ended, and what the whole one would have.
type shot struct{ seen, whole Load }

func shoot(w Want, next dealer) shot {
	l, _ := drive(w, next)
	all := Load{Answers: l.Answers[:len(l.Answers):len(l.Answers)], Most: w.Most}
	for len(all.Answers) < w.Most {
		all.Answers = append(all.Answers, next())
	}
	return shot{l, all}
}

// found reports whether loads that are judged together fail.
func found(k int, loads ...Load) bool {
	failed, sent := 0, 0
	for _, l := range loads {
		for _, c := range l.Answers {
			failed += count(c < 0)
		}
		sent += len(l.Answers)
	}
	return 100*failed > sent || !JudgeOrdered(loads, k).Even
}

// contradicts is what package observe takes for a reason to doubt early ends by turns.
func contradicts(k int, l Load) bool {
	failed, counts := 0, make([]int, k)
	for _, c := range l.Answers {
		if c < 0 {
			failed++
		} else {
			counts[c]++
		}
	}
	return len(l.Answers) == l.Most && (100*failed > l.Most || Rare(counts) < 0.01)
}

// held is what loads show once those that ended early are driven again in whole where
// another one contradicts them; again drives one.
func held(k int, shots []shot, again func() Load) []Load {
	doubt := false
	for _, s := range shots {
		doubt = doubt || contradicts(k, s.seen)
	}
	var out []Load
	for _, s := range shots {
		if doubt && len(s.seen.Answers) < s.seen.Most {
			s.seen = again()
		}
		out = append(out, s.seen)
	}
	return out
}

// TestSchemes: what early and whole loads find of those who know how loads end. No
// scheme does worse by being clever than what the table says, and nobody fair is found.
func TestSchemes(t *testing.T) {
	if testing.Short() && !*update {
		t.Skip("seconds of simulation")
	}
	t.Parallel()
	const k = 3
	n := 200
	if *trials > 0 {
		n = *trials
	}
	var b strings.Builder
	fmt.Fprintf(&b, "What is found of %d loads of 480, three containers: whole ones, ones that may end early, these with audits, of which five;\n", n)
	fmt.Fprintf(&b, "and of three loads of 160 through the mesh, judged together: whole, with audits, and with early ones driven again where one contradicts them.\n")
	fmt.Fprintf(&b, "%-46s%7s%9s%9s%9s%9s%11s%9s%9s\n", "", "mean", "whole", "early", "audited", "of five", "mesh whole", "audited", "held")
	for i, s := range schemes() {
		rng := rand.New(rand.NewPCG(22, uint64(i)))
		var sum, whole, early, audited, mesh, meshNow, meshHeld int
		for j := range n {
			w := Want{Containers: k, Spread: true, MaxErrors: 0.01, Most: 480}
			x := shoot(w, s.rule(rng, k))
			sum += len(x.seen.Answers)
			isWhole, isEarly := found(k, x.whole), found(k, x.seen)
			whole, early = whole+count(isWhole), early+count(isEarly)
			if Looks(fmt.Sprint(i, "/", j), w) == w.Most {
				isEarly = isWhole
			}
			audited += count(isEarly)

			w = Want{Containers: k, Spread: true, MaxErrors: 0.01, Loads: 3, Most: 160}
			var shots []shot
			var all, now []Load
			for m := range 3 {
				w.Least = Looks(fmt.Sprint("mesh", i, "/", j, "/", m), w)
				x := shoot(w, s.rule(rng, k))
				shots, all, now = append(shots, x), append(all, x.whole), append(now, x.seen)
			}
			mesh, meshNow = mesh+count(found(k, all...)), meshNow+count(found(k, now...))
			meshHeld += count(found(k, held(k, shots, func() Load { return shoot(w, s.rule(rng, k)).whole })...))
		}
		part := func(x int) float64 { return 100 * float64(x) / float64(n) }
		missed := 1 - float64(audited)/float64(n)
		fmt.Fprintf(&b, "%-46s%7.0f%7.1f %%%7.1f %%%7.1f %%%7.1f %%%9.1f %%%7.1f %%%7.1f %%\n", s.name, float64(sum)/float64(n),
			part(whole), part(early), part(audited), 100*(1-missed*missed*missed*missed*missed), part(mesh), part(meshNow), part(meshHeld))
		if s.fair {
			require.Zero(t, whole+audited+mesh+meshNow+meshHeld, s.name)
		}
		require.GreaterOrEqual(t, meshHeld, meshNow, s.name)
	}
	if *trials > 0 {
		t.Log("\n" + b.String())
		return
	}
	const file = "testdata/schemes.txt"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	golden, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(golden), b.String(), "go test ./grader/stats -run Schemes -update")
}

// TestNoGoodStudentLosesAVerdict: a thousand students, each with every rule of a correct
// deployment and all the loads of the rubrics, some of them audited; nobody loses anything.
func TestNoGoodStudentLosesAVerdict(t *testing.T) {
	t.Parallel()
	students := 1000
	if testing.Short() {
		students = 20
	}
	for at, r := range []struct {
		name   string
		rule   rule
		direct rule // where HAProxy deals to the containers itself
	}{
		{"in turn", inTurn(1, false, 0), inTurn(1, false, 0)},
		{"3 % moved on", inTurn(1, false, 0.03), inTurn(1, false, 0.03)},
		{"10 % moved on", inTurn(1, false, 0.1), inTurn(1, false, 0.1)},
		{"random", drawn(ones), drawn(ones)},
		{"leastconn", inTurn(3, false, 0.01), idle},
		{"ring", inTurn(1, false, 0.03), drawn(ring)},
	} {
		lost, loads, sent, planned := 0, 0, 0, 0
		for student := range students {
			k := []int{2, 3, 3, 3, 5}[student%5]
			rng := rand.New(rand.NewPCG(uint64(student), uint64(at)))
			one := func(w Want, next dealer) shot {
				w.Containers, w.MaxErrors = k, 0.01
				w.Least = Looks(fmt.Sprint(at, "/", student, "/", loads), w)
				x := shoot(w, next)
				loads, sent, planned = loads+1, sent+len(x.seen.Answers), planned+w.Most
				return x
			}
			// Who answers, through each node: all of them have to.
			for range 3 {
				x := one(Want{Loads: 3, Most: Cover(k)}, r.rule(rng, k))
				for c := range k {
					lost += count(!slices.Contains(x.seen.Answers, c))
				}
			}
			// Evenness, through the mesh, a balancer before it, and one that deals itself.
			var shots []shot
			for range 3 {
				shots = append(shots, one(Want{Spread: true, Loads: 3, Most: (Plan(k).Requests + 2) / 3}, r.rule(rng, k)))
			}
			lost += count(!JudgeOrdered(held(k, shots, func() Load { return shots[0].whole }), k).Even)
			lost += count(!JudgeOrdered([]Load{one(Want{Spread: true, Most: Plan(k).Requests}, r.rule(rng, k)).seen}, k).Even)
			low, high := 1/float64(k), 1/float64(k)
			if r.name == "ring" {
				low, high = RingBounds(ids(k), k, 1)
			}
			direct := one(Want{Spread: true, Most: max(Plan(k).Requests, PlanRing(k).Requests)}, r.direct(rng, k)).seen
			lost += count(!JudgeOrderedShares([]Load{direct}, k, low, high).Even)
		}
		require.Zero(t, lost, r.name)
		t.Logf("%-14s %d students, %d loads, %d of %d requests, %d verdicts lost", r.name, students, loads, sent, planned, lost)
	}
}
