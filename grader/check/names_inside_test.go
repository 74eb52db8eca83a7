package check_test

import (
	"fmt"
	"slices"
	"testing"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

// inside is [named] with a helper on every node that was told what the managers say.
func inside() *deployment {
	d := named()
	for i := 1; i <= 3; i++ {
		d.bundle.Lookups = append(d.bundle.Lookups, evidence.Lookup{
			Service: "s01", Network: "dnsrr-01", NetworkID: ownNet, NodeID: fmt.Sprintf("node-%d", i), Hostname: fmt.Sprintf("manager-%d", i),
			Name: evidence.Answer{Addresses: []string{ownVIP}}, Tasks: evidence.Answer{Addresses: []string{"10.0.7.11", "10.0.7.12", "10.0.7.13"}},
		})
	}
	return d
}

func helper(node int, change func(l *evidence.Lookup)) func(d *deployment) {
	return func(d *deployment) { change(&d.bundle.Lookups[node-1]) }
}

func answer(addresses ...string) evidence.Answer { return evidence.Answer{Addresses: addresses} }

// notRun is a helper that told nothing.
func notRun(l *evidence.Lookup) {
	l.Name, l.Tasks, l.Error = evidence.Answer{}, evidence.Answer{}, "the helper did not run in time"
}

// insideAlike are the cases that both kinds have in common: by ok, what the engines' views
// alone come to.
func insideAlike(ok want) []kase {
	lost := func(d *deployment) { d.bundle.Lookups = nil }
	return []kase{
		// Whatever becomes of the helper, nobody loses a point by it.
		{"no helper could be brought", "inside: true", both(lost, func(d *deployment) {
			d.bundle.Gaps = append(d.bundle.Gaps, evidence.Gap{What: "inside", Code: "not-static"})
		}), ok.saw("inside", 0).saw("inside_why", "not-static")},
		{"in what was stored before there was one", "inside: true", lost, ok.saw("inside", 0)},
		{"it could not run on any node", "inside: true", func(d *deployment) {
			for i := range d.bundle.Lookups {
				notRun(&d.bundle.Lookups[i])
			}
		}, ok.saw("inside", 0).saw("inside_not_run", []string{"manager-1", "manager-2", "manager-3"}).saw("inside_why", "the helper did not run in time")},
		{"it was told of another service only", "inside: true", func(d *deployment) {
			for i := range d.bundle.Lookups {
				d.bundle.Lookups[i].Service = "s02"
			}
		}, ok.saw("inside", 0)},
		{"what it was told is not asked for", "", helper(2, func(l *evidence.Lookup) { l.Name, l.Tasks = answer("10.0.7.99"), answer() }), ok},

		// An engine that differs is the first to be named.
		{"one engine differs, and no helper does", "inside: true", engine(2, func(v *evidence.NameView) { v.VIP, v.Tasks = "", nil }), open("check.names_differ").says("node", "manager-2")},
		{"a helper was told of no such name", "inside: true", helper(3, func(l *evidence.Lookup) {
			l.Name, l.Tasks = evidence.Answer{Failure: "unknown"}, evidence.Answer{Failure: "failed"}
		}), open("check.names_inside_differ").says("node", "manager-3").says("says", "check.names_unknown").saw("inside_differ", []string{"manager-3"})},
		{"the DNS server of one node's containers is silent", "inside: true", helper(1, func(l *evidence.Lookup) {
			l.Name, l.Tasks = evidence.Answer{Failure: "timeout"}, evidence.Answer{Failure: "timeout"}
		}), open("check.names_inside_differ").says("node", "manager-1").says("says", "check.names_inside_timeout")},
		{"a node without a task, whose engine says nothing, tells its containers the wrong", "inside: true", both(noTaskOn(2), engine(2, blank), helper(2, func(l *evidence.Lookup) {
			l.Name, l.Tasks = answer("10.0.7.99"), answer("10.0.7.99")
		})), open("check.names_inside_differ").says("node", "manager-2")},

		// The student's own doing stays theirs, whatever a helper was told.
		{"is on no overlay network", "inside: true", both(lost, func(d *deployment) {
			d.snap.Networks = d.snap.Networks[:1]
			d.svc().Networks = nil
		}), fail("check.names_no_network")},
		{"runs nothing", "inside: true", func(d *deployment) { d.lose(0) }, fail("check.names_nothing")},
	}
}

func TestNameVIPFromInside(t *testing.T) {
	differ := func(name, says string, addresses ...string) kase {
		return kase{name, "inside: true", helper(2, func(l *evidence.Lookup) { l.Name = answer(addresses...) }), open("check.names_inside_differ").says("node", "manager-2").says("says", says)}
	}
	requireKind(t, "name-vip", inside, rubric.Credit{}, append(insideAlike(pass("check.names_vip_ok")), []kase{
		{"as asked", "inside: true", nil, pass("check.names_vip_ok_inside").says("n", 3).says("m", 3).saw("inside", 3).saw("inside_differ", []string{})},
		{"one node's helper did not run", "inside: true", helper(2, notRun), pass("check.names_vip_ok_inside").says("m", 2).saw("inside_not_run", []string{"manager-2"})},
		{"what tasks are listed is for another check", "inside: true", helper(2, func(l *evidence.Lookup) { l.Tasks = answer("10.0.7.11") }), pass("check.names_vip_ok_inside")},
		differ("a stale address", "check.names_vip_other", "10.0.7.77"),
		differ("two addresses", "check.names_vip_other", ownVIP, "10.0.7.77"),
		differ("the address twice", "check.names_tasks_twice", ownVIP, ownVIP),
		{"a neighbour's address", "inside: true", both(neighbour, helper(3, func(l *evidence.Lookup) { l.Name = answer("10.0.7.4") })), open("check.names_inside_differ").says("node", "manager-3").says("says", "check.names_vip_neighbour")},
		{"asked for dnsrr", "inside: true", func(d *deployment) { d.svc().EndpointMode, d.svc().VIPs = "dnsrr", nil }, fail("check.names_dnsrr")},
	}...))
}

func TestNameTasksFromInside(t *testing.T) {
	three := []string{"10.0.7.11", "10.0.7.12", "10.0.7.13"}
	differ := func(name, says string, addresses ...string) kase {
		return kase{name, "inside: true", helper(2, func(l *evidence.Lookup) { l.Tasks = answer(addresses...) }), open("check.names_inside_differ").says("node", "manager-2").says("says", says)}
	}
	requireKind(t, "name-tasks", inside, perUnit, append(insideAlike(pass("check.names_tasks_ok")), []kase{
		{"as asked", "inside: true", nil, pass("check.names_tasks_ok_inside").says("k", 3).says("n", 3).says("m", 3)},
		{"what the name leads to is for another check", "inside: true", helper(2, func(l *evidence.Lookup) { l.Name = answer("10.0.7.99") }), pass("check.names_tasks_ok_inside")},
		{"in dnsrr mode", "inside: true", func(d *deployment) {
			d.svc().EndpointMode, d.svc().VIPs = "dnsrr", nil
			everyEngine(func(v *evidence.NameView) { v.VIP = "" })(d)
			for i := range d.bundle.Lookups {
				d.bundle.Lookups[i].Name = answer(three...)
			}
		}, pass("check.names_tasks_ok_inside")},
		differ("a stale address", "check.names_tasks_stale", append(slices.Clone(three), "10.0.7.77")...),
		differ("one missing", "check.names_tasks_missing", three[:2]...),
		differ("one twice", "check.names_tasks_twice", append(slices.Clone(three), three[0])...),
		{"a neighbour's address", "inside: true", both(neighbour, helper(1, func(l *evidence.Lookup) { l.Tasks = answer(append(slices.Clone(three), "10.0.7.21")...) })), open("check.names_inside_differ").says("node", "manager-1").says("says", "check.names_tasks_neighbour")},
	}...))
}
