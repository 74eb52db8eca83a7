package stats

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	update = flag.Bool("update", false, "write the golden file again")
	trials = flag.Int("trials", 0, "loads for each line of the tables, which are printed then and not compared")
)

// TestSettleTables holds the figures that ARCHITECTURE.md cites.
func TestSettleTables(t *testing.T) {
	if testing.Short() && !*update {
		t.Skip("seconds of simulation")
	}
	n := 100
	if *trials > 0 {
		n = *trials
	}
	var b strings.Builder
	ruleTable(&b, n)
	b.WriteString("\n")
	failureTable(&b, n)
	b.WriteString("\n")
	cheatTable(&b, n)
	if *trials > 0 {
		t.Log("\n" + b.String())
		return
	}
	const file = "testdata/settle.txt"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	golden, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(golden), b.String(), "go test ./grader/stats -run SettleTables -update")
}

type row struct {
	name  string
	rule  rule
	loads int  // judged together
	other rule // of all loads but the first; nil the same
}

var rows = []row{
	{"in turn", inTurn(1, false, 0), 1, nil},
	{"in turn, 3 % moved on", inTurn(1, false, 0.03), 1, nil},
	{"in turn, 10 % moved on", inTurn(1, false, 0.1), 1, nil},
	{"in turn, 20 % moved on", inTurn(1, false, 0.2), 1, nil},
	{"2 pointers in turn", inTurn(2, false, 0), 1, nil},
	{"3 pointers in turn", inTurn(3, false, 0), 1, nil},
	{"3 in turn, 3 % moved on", inTurn(3, false, 0.03), 1, nil},
	{"4 pointers in turn", inTurn(4, false, 0), 1, nil},
	{"8 pointers in turn", inTurn(8, false, 0), 1, nil},
	{"2 pointers at random", inTurn(2, true, 0), 1, nil},
	{"3 pointers at random", inTurn(3, true, 0), 1, nil},
	{"8 pointers at random", inTurn(8, true, 0), 1, nil},
	{"AAABBBCCC", blocks(3), 1, nil},
	{"random", drawn(ones), 1, nil},
	{"random, HAProxy's ring", drawn(ring), 1, nil},
	{"3 nodes in turn", inTurn(1, false, 0), 3, nil},
	{"3 nodes, 3 % moved on", inTurn(1, false, 0.03), 3, nil},
	{"3 nodes, one at random", drawn(ones), 3, inTurn(1, false, 0)},
	{"3 nodes at random", drawn(ones), 3, nil},
	{"random, once and a half", drawn(first(1.5)), 1, nil},
	{"random, twice", drawn(first(2)), 1, nil},
	{"random, half", drawn(first(0.5)), 1, nil},
	{"random, half repeated", staying(0.5, ones), 1, nil},
	{"the same, twice", staying(0.5, first(2)), 1, nil},
	{"3 nodes, each twice", drawn(first(2)), 3, nil},
	{"3 nodes, one twice", drawn(first(2)), 3, inTurn(1, false, 0)},
	{"weights 2:1, smooth", smooth(2), 1, nil},
	{"weights 3:1, smooth", smooth(3), 1, nil},
	{"AABC", twiceRunning, 1, nil},
	{"drift to twice", drifting(400), 1, nil},
	{"one gone after 30", until(30, inTurn(1, false, 0), without(inTurn(1, false, 0))), 1, nil},
}

func ruleTable(b *strings.Builder, n int) {
	fmt.Fprintf(b, "Requests that settle evenness, %d loads each; no request fails, none is audited. Today's size is the fixed one.\n", n)
	fmt.Fprintf(b, "%-26s%4s%7s%7s%6s%8s%9s%11s%11s\n", "", "k", "today", "mean", "95 %", "of it", "settled", "even today", "even now")
	for _, k := range []int{2, 3, 5, 10, 20} {
		for i, r := range rows {
			if k == 20 && !slices.Contains([]string{"in turn", "in turn, 3 % moved on", "3 pointers in turn", "3 pointers at random", "random", "random, twice", "weights 2:1, smooth", "AABC"}, r.name) || k == 2 && r.name == "one gone after 30" {
				continue
			}
			fmt.Fprintln(b, r.simulate(rand.New(rand.NewPCG(uint64(k), uint64(i))), k, n))
		}
	}
}

func (r row) simulate(rng *rand.Rand, k, n int) string {
	most := (Plan(k).Requests + r.loads - 1) / r.loads
	w := Want{Containers: k, Spread: true, MaxErrors: 0.01, Loads: r.loads, Most: most}
	var sizes []int
	sum, settled, today, now := 0, 0, 0, 0
	for range n {
		var loads []Load
		size, counts := 0, make([]int, k)
		for j := range r.loads {
			by := r.rule
			if j > 0 && r.other != nil {
				by = r.other
			}
			next := by(rng, k)
			l, _ := drive(w, next)
			loads = append(loads, l)
			size += len(l.Answers)
			for _, c := range l.Answers {
				counts[c]++
			}
			for range most - len(l.Answers) {
				counts[next()]++
			}
		}
		e := JudgeOrdered(loads, k)
		settled, today, now = settled+count(e.Settled), today+count(Judge(counts).Even), now+count(e.Even)
		sum += size
		sizes = append(sizes, size)
	}
	slices.Sort(sizes)
	part := func(x int) float64 { return 100 * float64(x) / float64(n) }
	mean := float64(sum) / float64(n)
	return fmt.Sprintf("%-26s%4d%7d%7.0f%6d%6.0f %%%7.1f %%%9.1f %%%9.1f %%", r.name, k, most*r.loads, mean, sizes[len(sizes)*95/100],
		100*mean/float64(most*r.loads), part(settled), part(today), part(now))
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// failureTable is about three containers in turn, asked through three nodes or by one
// load, of which a share of requests fail, where 1 % may.
func failureTable(b *strings.Builder, n int) {
	n *= 10
	fmt.Fprintf(b, "Failures, where 1 %% may be: three containers in turn, %d times each.\n", n)
	fmt.Fprintf(b, "%-34s%7s%7s%8s%13s%12s\n", "", "today", "mean", "of it", "passes today", "passes now")
	for _, c := range []struct{ most, loads int }{{60, 3}, {160, 3}, {480, 1}} {
		for i, share := range []float64{0, 0.002, 0.005, 0.01, 0.03, 0.05, 0.1} {
			rng := rand.New(rand.NewPCG(uint64(c.most), uint64(i)))
			w := Want{Containers: 3, Spread: c.most > 60, MaxErrors: 0.01, Loads: c.loads, Most: c.most}
			sum, today, now, most := 0, 0, 0, c.most*c.loads
			for range n {
				sent, failed, all := 0, 0, 0
				for range c.loads {
					next := failing(inTurn(1, false, 0), share)(rng, 3)
					l, _ := drive(w, next)
					sent += len(l.Answers)
					for _, a := range l.Answers {
						failed += count(a < 0)
					}
					for range c.most - len(l.Answers) {
						all += count(next() < 0)
					}
				}
				all += failed
				sum += sent
				now += count(float64(failed) <= 0.01*float64(sent))
				today += count(float64(all) <= 0.01*float64(most))
			}
			mean := float64(sum) / float64(n)
			fmt.Fprintf(b, "%-34s%7d%7.0f%6.0f %%%11.1f %%%10.1f %%\n", fmt.Sprintf("%d of %d, %.1f %% fail", c.loads, c.most, 100*share), most, mean,
				100*mean/float64(most), 100*float64(today)/float64(n), 100*float64(now)/float64(n))
		}
	}
}

// cheatTable is about a balancer that is even for so many answers and not after; loads
// are audited by a secret.
func cheatTable(b *strings.Builder, n int) {
	n *= 5
	fmt.Fprintf(b, "Even for the first answers and not after, three containers, %d loads each, audited.\n", n)
	fmt.Fprintf(b, "%-34s%7s%12s%11s%12s\n", "", "mean", "found today", "found now", "of 5 loads")
	for _, c := range []struct {
		name  string
		later rule
	}{{"one has twice the share, random", drawn(first(2))}, {"one has twice the share, AABC", twiceRunning}, {"one has all", every}} {
		for i, m := range []int{0, 15, 30, 60, 90, 100, 200, 300} {
			rng := rand.New(rand.NewPCG(uint64(m), uint64(i)))
			sum, today, now := 0, 0, 0
			for j := range n {
				w := Want{Containers: 3, Spread: true, MaxErrors: 0.01, Most: 480}
				w.Least = Looks(fmt.Sprint("cheat", m, j), w)
				next := until(m, inTurn(1, false, 0), c.later)(rng, 3)
				l, _ := drive(w, next)
				sum += len(l.Answers)
				now += count(!JudgeOrdered([]Load{l}, 3).Even)
				for len(l.Answers) < w.Most {
					l.Answers = append(l.Answers, next())
				}
				today += count(!JudgeOrdered([]Load{l}, 3).Even)
			}
			once := float64(now) / float64(n)
			of5 := 1 - (1-once)*(1-once)*(1-once)*(1-once)*(1-once)
			fmt.Fprintf(b, "%-34s%7.0f%10.1f %%%9.1f %%%10.1f %%\n", fmt.Sprintf("%s, after %d", c.name, m), float64(sum)/float64(n),
				100*float64(today)/float64(n), 100*once, 100*of5)
		}
	}
}
