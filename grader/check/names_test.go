package check_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

const ownVIP = "10.0.7.2"

// named is s01 in VIP mode with three tasks on its overlay, whose name every engine
// knows as the managers do.
func named() *deployment {
	d := viaTasks()
	svc := d.svc()
	svc.EndpointMode, svc.VIPs = "vip", []evidence.VIP{{NetworkID: ownNet, Address: ownVIP + "/24"}}
	d.idle = true
	d.bundle.Traces = []evidence.Trace{}
	for i := 1; i <= 3; i++ {
		d.bundle.Names = append(d.bundle.Names, evidence.NameView{
			Service: "s01", Network: "dnsrr-01", NetworkID: ownNet, NodeID: fmt.Sprintf("node-%d", i), Hostname: fmt.Sprintf("manager-%d", i),
			Known: true, VIP: ownVIP, Tasks: []string{"10.0.7.11", "10.0.7.12", "10.0.7.13"},
		})
	}
	return d
}

// engine changes what one node's engine says.
func engine(node int, change func(v *evidence.NameView)) func(d *deployment) {
	return func(d *deployment) { change(&d.bundle.Names[node-1]) }
}

func lists(addresses ...string) func(v *evidence.NameView) {
	return func(v *evidence.NameView) { v.Tasks = addresses }
}

// blank is an engine without a container on the network, which knows no names there.
func blank(v *evidence.NameView) { v.Known, v.VIP, v.Tasks = false, "", nil }

func deaf(v *evidence.NameView) { blank(v); v.Error = "timeout" }

func everyEngine(change func(v *evidence.NameView)) func(d *deployment) {
	return func(d *deployment) {
		for i := range d.bundle.Names {
			change(&d.bundle.Names[i])
		}
	}
}

// neighbour puts the classmate's service on the student's network.
func neighbour(d *deployment) {
	d.snap.Services[1].Networks = []string{ownNet}
	d.snap.Services[1].VIPs = append(d.snap.Services[1].VIPs, evidence.VIP{NetworkID: ownNet, Address: "10.0.7.4/24"})
	for _, t := range tasksOf(d.snap, "svc-s02") {
		t.Addresses = append(t.Addresses, evidence.TaskAddress{NetworkID: ownNet, Address: fmt.Sprintf("10.0.7.%d/24", 20+t.Slot)})
	}
}

// namesake has the classmate's service go by the student's name.
func namesake(d *deployment) { d.snap.Services[1].Aliases = []string{"S01"} }

func both(changes ...func(d *deployment)) func(d *deployment) {
	return func(d *deployment) {
		for _, c := range changes {
			c(d)
		}
	}
}

// noTaskOn moves the student's task of a node to another one.
func noTaskOn(node int) func(d *deployment) {
	return func(d *deployment) { d.own()[node-1].NodeID = fmt.Sprintf("node-%d", node%3+1) }
}

// alike are the cases that both kinds have in common.
func alike() []kase {
	return []kase{
		{"is on no overlay network", "", func(d *deployment) {
			d.snap.Networks = d.snap.Networks[:1]
			d.svc().Networks = nil
		}, fail("check.names_no_network")},
		{"made the network and did not put the service on it", "", func(d *deployment) { d.svc().Networks = nil }, fail("check.names_off").saw("service_on_it", false)},
		{"made a network of one node", "", func(d *deployment) {
			d.snap.Networks[1].Driver = "bridge"
			d.svc().Networks = nil
		}, fail("check.names_driver")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
		{"runs nothing", "", func(d *deployment) { d.lose(0) }, fail("check.names_nothing")},

		// What engines say by themselves is no student's doing, whoever else agrees.
		{"one node does not know the service", "", engine(2, func(v *evidence.NameView) { v.VIP, v.Tasks = "", nil }), open("check.names_differ").says("node", "manager-2").says("says", "check.names_unknown").saw("differ", []string{"manager-2"})},
		{"a node with a task does not know the network", "", engine(3, blank), open("check.names_differ").says("node", "manager-3").says("says", "check.names_unknown")},
		{"no node knows the service", "", everyEngine(func(v *evidence.NameView) { v.VIP, v.Tasks = "", nil }), open("check.names_differ").says("node", "manager-1")},
		{"a node with a task can't be asked", "", engine(2, deaf), open("check.names_unasked").says("node", "manager-2").saw("not_asked", []string{"manager-2"})},
		{"an engine that was never reached may be that of a task", "", engine(2, func(v *evidence.NameView) { deaf(v); v.NodeID, v.Hostname = "", "" }), open("check.names_unasked")},
		{"no engine was asked, as in what was stored before", "", func(d *deployment) { d.bundle.Names = nil }, open("check.names_unseen")},
		{"other names were asked about only", "", everyEngine(func(v *evidence.NameView) { v.Service = "s02" }), open("check.names_unseen")},
		{"it was changed meanwhile", "", func(d *deployment) {
			d.meanwhile(func(s *evidence.Snapshot) { s.Services[0].VIPs[0].Address = "10.0.7.99/24" })
		}, open("check.names_changed")},
		{"it was made anew meanwhile", "", func(d *deployment) {
			d.meanwhile(func(s *evidence.Snapshot) {
				s.Services[0].ID = "svc-new"
				for _, t := range tasksOf(s, "svc-s01") {
					t.ServiceID = "svc-new"
				}
			})
		}, want{}},
	}
}

func TestNameVIP(t *testing.T) {
	ok := pass("check.names_vip_ok")
	shared := slices.Clone(alike())
	shared[len(shared)-1].want = open("check.names_changed")
	other := func(ip string) func(v *evidence.NameView) { return func(v *evidence.NameView) { v.VIP = ip } }
	requireKind(t, "name-vip", named, rubric.Credit{}, append(shared, []kase{
		{"as asked", "", nil, ok.asked("vip", ownVIP).saw("engines", 3).says("n", 3)},
		{"under other variables", "service: web, network: lan", (*deployment).otherVars, ok},
		{"on a network of another name", "", func(d *deployment) {
			d.vars["network"] = "overlay-01"
		}, ok.asked("network", "dnsrr-01")},
		{"nothing of it on a node that says nothing", "", both(noTaskOn(2), engine(2, blank)), ok.saw("engines", 2)},
		{"nothing of it on a node that can't be asked", "", both(noTaskOn(2), engine(2, deaf)), ok.saw("engines", 2)},
		{"a node was reached at its second address", "", func(d *deployment) {
			lost := d.bundle.Names[1]
			deaf(&lost)
			d.bundle.Names = append(d.bundle.Names, lost)
		}, ok},
		{"the tasks that an engine lists are for another check", "", engine(1, lists("10.0.7.11")), ok},
		{"without a second reading of the cluster", "", func(d *deployment) { d.brief = true }, ok},

		{"asked for dnsrr", "", func(d *deployment) {
			d.svc().EndpointMode, d.svc().VIPs = "dnsrr", nil
			everyEngine(other(""))(d)
		}, fail("check.names_dnsrr").saw("endpoint_mode", "dnsrr")},

		{"one node has another address", "", engine(2, other("10.0.7.77")), open("check.names_differ").says("node", "manager-2").says("says", "check.names_vip_other")},
		{"one node gives a neighbour's address", "", both(neighbour, engine(3, other("10.0.7.4"))), open("check.names_differ").says("node", "manager-3").says("says", "check.names_vip_neighbour")},
		{"another service has the name as an alias", "", both(neighbour, namesake, everyEngine(other("10.0.7.4"))), open("check.names_namesake").says("other", "s02").hints("docker service update --network-rm dnsrr-01 s02")},
		{"so it has on a network that is not the student's own", "", both(neighbour, namesake, everyEngine(other("10.0.7.4")), func(d *deployment) { d.vars["network"] = "overlay-01" }), open("check.names_namesake").hints("not --network-rm")},
		{"another service has the name as an alias and nothing comes of it", "", both(neighbour, namesake), ok},
		{"one node knows the tasks alone", "", engine(1, other("")), open("check.names_differ").says("says", "check.names_vip_none")},
		{"all agree on another address than the managers", "", everyEngine(other("10.0.7.77")), open("check.names_differ").saw("differ", []string{"manager-1", "manager-2", "manager-3"})},
		{"the swarm gave it no address", "", func(d *deployment) { d.svc().VIPs = nil }, open("check.names_no_vip")},
	}...))
	requireRefused(t, "name-vip", map[string][]string{"service: s": {"service check.param_no_var"}, "network: n": {"network check.param_no_var"}, "service: web": nil})
}

// TestNamesWithinAnEpisode: what was said before an action tells nothing of after it.
func TestNamesWithinAnEpisode(t *testing.T) {
	judged := func(outcome check.Outcome, says string, change func(d *deployment)) {
		t.Helper()
		d := named()
		d.scene = &evidence.Scene{
			Episode: &evidence.Episode{Name: "fewer", Action: &evidence.Action{Kind: "scale"}, Before: "sha256:x", Names: d.bundle.Names},
			From:    clone(d.snap), To: clone(d.snap),
		}
		d.bundle.Names = nil
		change(d)
		v := d.verdicts(&rubric.Check{ID: "it", Kind: "name-tasks", After: "fewer", Points: 1000, Params: params(t, "name-tasks", "")})[0]
		require.Equal(t, outcome, v.Outcome)
		require.Contains(t, i18n.EN.Text(v.Message), says)
	}
	judged(check.Pass, "lists the addresses of 3 tasks", func(*deployment) {})
	judged(check.Ungraded, "no engine's view", func(d *deployment) { d.bundle.Names, d.scene.Names = d.scene.Names, nil })
	judged(check.Ungraded, "Docker on node manager-2 says something else", func(d *deployment) {
		s := d.scene
		for _, snap := range []*evidence.Snapshot{s.From, s.To} {
			last := tasksOf(snap, "svc-s01")[2]
			last.Desired, last.State = "shutdown", "shutdown"
		}
		for i := range s.Names {
			lists("10.0.7.11", "10.0.7.12")(&s.Names[i])
		}
		lists("10.0.7.11", "10.0.7.12", "10.0.7.13")(&s.Names[1])
	})
}

func TestNameTasks(t *testing.T) {
	ok := pass("check.names_tasks_ok")
	shared := slices.Clone(alike())
	shared[len(shared)-1].want = open("check.unstable")
	twice := []string{"10.0.7.11", "10.0.7.11", "10.0.7.11", "10.0.7.11", "10.0.7.12", "10.0.7.13"}
	three := []string{"10.0.7.11", "10.0.7.12", "10.0.7.13"}
	differ := func(node int, says string, addresses ...string) kase {
		return kase{says, "", engine(node, lists(addresses...)), open("check.names_differ").says("node", fmt.Sprintf("manager-%d", node)).says("says", "check.names_tasks_"+says)}
	}
	requireKind(t, "name-tasks", named, perUnit, append(shared, []kase{
		{"as asked", "", nil, ok.asked("addresses", three).says("k", 3).says("n", 3)},
		{"under other variables", "service: web, network: lan", (*deployment).otherVars, ok},
		{"in dnsrr mode", "", func(d *deployment) {
			d.svc().EndpointMode, d.svc().VIPs = "dnsrr", nil
			everyEngine(func(v *evidence.NameView) { v.VIP = "" })(d)
		}, ok},
		{"nothing of it on a node that says nothing", "", both(noTaskOn(2), engine(2, blank)), ok.saw("engines", 2)},
		{"nothing of it on a node that can't be asked", "", both(noTaskOn(2), engine(2, deaf)), ok},

		// One that came up while engines were asked may not be known everywhere yet.
		{"a task that is young", "", func(d *deployment) {
			d.after = clone(d.snap)
			d.own()[2].State = "starting"
			everyEngine(lists("10.0.7.11", "10.0.7.12"))(d)
			lists(three...)(&d.bundle.Names[1])
		}, ok.says("k", 2)},
		{"a task that was replaced", "", func(d *deployment) {
			d.meanwhile(func(s *evidence.Snapshot) {
				old := tasksOf(s, "svc-s01")[2]
				old.Desired, old.State = "shutdown", "shutdown"
				next := *old
				next.ID, next.Desired, next.State, next.ContainerID = "task-new", "running", "running", hexID("new")
				next.Addresses = []evidence.TaskAddress{{NetworkID: ownNet, Address: "10.0.7.30/24"}}
				s.Tasks = append(s.Tasks, next)
			})
			lists("10.0.7.11", "10.0.7.12", "10.0.7.30")(&d.bundle.Names[0])
			lists("10.0.7.11", "10.0.7.12")(&d.bundle.Names[1])
		}, ok.says("k", 2)},

		{"some tasks are of before it was on the network", "", func(d *deployment) { d.own()[1].Addresses = nil }, partial("check.names_tasks_off", "6.66").says("n", 1).says("of", 3)},

		// The cluster's faults.
		differ(2, "stale", "10.0.7.11", "10.0.7.12", "10.0.7.13", "10.0.7.14"),
		differ(1, "missing", "10.0.7.11", "10.0.7.12"),
		differ(3, "twice", twice...),
		{"one node has a neighbour's address", "", both(neighbour, engine(2, lists("10.0.7.11", "10.0.7.12", "10.0.7.13", "10.0.7.21"))), open("check.names_differ").says("node", "manager-2").says("says", "check.names_tasks_neighbour")},
		{"all lack the same task", "", everyEngine(lists("10.0.7.11", "10.0.7.12")), open("check.names_differ").says("node", "manager-1")},
		{"what is no address", "", engine(1, lists("10.0.7.11", "10.0.7.12", "10.0.7.13", "x")), open("check.names_differ").says("says", "check.names_tasks_stale")},
	}...))
	requireRefused(t, "name-tasks", map[string][]string{"service: s": {"service check.param_no_var"}, "network: n": {"network check.param_no_var"}})
}
