package check_test

import (
	"fmt"
	"strings"
	"testing"

	"swarmgrade/grader/evidence"
)

// most is how many requests a node of the mesh gets where three containers run behind
// three nodes.
const most = 160

// ended is a load on a node that was over after n answers, in the order that next gives;
// it had settled what was asked unless it had all its requests.
func (d *deployment) ended(node, n int, next func(i int) int) evidence.Trace {
	dealt(n, next)(d)
	tr := d.bundle.Traces[0]
	var among []string
	for _, t := range d.own() {
		among = append(among, t.ContainerID[:12])
	}
	tr.Target = evidence.Target{
		ID: fmt.Sprintf("mesh/manager-%d", node), Kind: "mesh", Address: fmt.Sprintf("172.30.0.%d:8001", 10+node), Path: "/",
		Requests: most, PerConnection: 1, Workers: 1,
		Enough: evidence.Enough{Among: strings.Join(among, " "), Spread: true, MaxErrors: 0.01, Loads: 3},
	}
	if tr.Least = 30; n < most {
		tr.Stopped, tr.By = "enough", "turns"
	}
	return tr
}

// early has the three nodes answer so, each after so many requests.
func early(n [3]int, next [3]func(i int) int, change ...func(traces []evidence.Trace)) func(d *deployment) {
	return func(d *deployment) {
		var traces []evidence.Trace
		for i := range n {
			traces = append(traces, d.ended(i+1, n[i], next[i]))
		}
		for _, c := range change {
			c(traces)
		}
		d.bundle.Traces = traces
	}
}

func all(next func(i int) int) [3]func(i int) int { return [3]func(i int) int{next, next, next} }

// failedOnce is next, but for one request.
func failedOnce(next func(i int) int) func(i int) int {
	return func(i int) int {
		if i == 30 {
			return -1
		}
		return next(i)
	}
}

// Loads that ended early are judged by their own sequence: it must bear out what it ended
// for, whatever the record says of itself.
func TestLoadsThatEndedEarly(t *testing.T) {
	turns, short := inTurn(3), [3]int{48, 44, 45}
	double, one := pattern(0, 1, 0, 2), pattern(0)
	cut := func(traces []evidence.Trace) { traces[1].Sequence = nil }
	cached := func(traces []evidence.Trace) { traces[1].Responders[0].Replayed = 3 }
	mesh := "via: mesh, port: published"
	requireKind(t, "spread", viaNodes, even, []kase{
		{"all ended", mesh, early(short, all(turns)), pass("check.spread_settled").says("n", 137).says("most", 3*most).saw("settled_by", "turns").asked("answers_planned", 3*most)},
		{"one had all its requests", mesh, early([3]int{48, most, 45}, all(turns)), pass("check.spread_ok").says("n", 48+most+45).asked("answers_planned", 3*most)},
		{"two had all their requests", mesh, early([3]int{most, most, 45}, all(turns)), pass("check.spread_ok")},
		{"one had all, since a request failed", mesh, early([3]int{48, most, 45}, [3]func(int) int{turns, failedOnce(turns), turns}), pass("check.spread_ok")},
		{"one had all, since it deals at random", mesh, early([3]int{48, most, 45}, [3]func(int) int{turns, atRandom(4, 3), turns}), pass("check.spread_ok")},
		{"one had all, and leads to one container", mesh, early([3]int{48, most, 45}, [3]func(int) int{turns, one, turns}), fail("check.spread_uneven")},
		{"a run that was not finished", mesh, func(d *deployment) { d.brief = true; early(short, all(turns))(d) }, pass("check.spread_settled")},
		{"tasks came and went", mesh, func(d *deployment) { early(short, all(turns))(d); restless(d) }, open("check.unstable")},

		{"it was never settled", mesh, early(short, [3]func(int) int{turns, double, turns}), open("check.load_short").says("sent", 44)},
		{"hardly any answers", mesh, early([3]int{12, 12, 12}, all(turns)), open("check.load_short").says("sent", 12)},
		{"a failure in it", mesh, early(short, [3]func(int) int{turns, failedOnce(turns), turns}), open("check.load_short").says("sent", 44)},
		{"without its sequence", mesh, early(short, all(turns), cut), open("check.load_short").says("sent", 44)},
		{"a cache answered", mesh, early(short, all(turns), cached), open("check.load_short").says("sent", 44)},
		{"to one container", mesh, early(short, all(one)), fail("check.spread_uneven")},
	})
	requireKind(t, "answers", viaNodes, perUnit, []kase{
		{"all ended", "", early(short, all(turns)), pass("check.answers_ok_early").says("sent", 137).says("most", 3*most)},
		{"one had all its requests", "", early([3]int{48, most, 45}, all(turns)), pass("check.answers_ok_early")},
		{"one that was asked for less", "max_errors: 0.1", early(short, all(turns)), pass("check.answers_ok_early")},
		{"as few as will do", "", early([3]int{33, 30, 31}, all(turns)), pass("check.answers_ok_early")},
		{"where hardly any may fail", "max_errors: 0", early([3]int{33, 30, 31}, all(turns)), open("check.load_short").says("sent", 33)},
		{"at random", "", early(short, all(atRandom(3, 3))), pass("check.answers_ok_early")},
		{"tasks came and went after it", "", func(d *deployment) { early(short, all(turns))(d); restless(d) }, pass("check.answers_ok_early")},
		{"hardly any answers", "", early([3]int{12, 12, 12}, all(turns)), open("check.load_short").says("sent", 12)},
		{"a failure in it", "max_errors: 0.1", early(short, all(failedOnce(turns))), open("check.load_short").says("sent", 48)},
		{"a failure in it, more than may be", "", early(short, all(failedOnce(turns))), fail("check.answers_errors")},
		{"without its sequence", "", early(short, all(turns), cut), open("check.load_short").says("sent", 44)},
		{"one container never answers", "", early(short, all(inTurn(2))), fail("check.answers_silent")},
		{"a cache answered", "", early(short, all(turns), cached), partial("check.answers_forged", "6.66")},
	})
	requireKind(t, "balance-shown", viaTasks, even, []kase{
		{"it ended before the order could tell", "", func(d *deployment) {
			tr := d.ended(1, 48, turns)
			tr.Target.ID, tr.Target.Kind, tr.Target.Address = "haproxy", "haproxy", "172.30.0.11:9001"
			d.bundle.Traces = []evidence.Trace{tr}
		}, open("check.load_short")},
	})
}
