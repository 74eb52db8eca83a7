package observe

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

func TestRecognise(t *testing.T) {
	rub := &rubric.Rubric{Tasks: []rubric.Task{
		{ID: "1", When: &rubric.When{Service: "service", EndpointMode: "vip"}},
		{ID: "2", When: &rubric.When{Service: "service", EndpointMode: "vip", Balancer: "haproxy", Port: "frontend"}},
		{ID: "3", When: &rubric.When{Service: "service", EndpointMode: "dnsrr", Network: "network"}},
		{ID: "oral"},
	}}
	vars := map[string]string{"service": "s01", "haproxy": "haproxy-01", "frontend": "9001", "network": "dnsrr-01"}
	on := func(s evidence.Service, networks ...string) evidence.Service { s.Networks = networks; return s }
	published := func(s evidence.Service, mode string) evidence.Service {
		s.Ports = []evidence.Port{{Protocol: "tcp", Target: 80, Published: 8001, Mode: mode}}
		return s
	}
	vip := evidence.Service{ID: "a", Name: "s01", EndpointMode: "vip"}
	dnsrr := evidence.Service{ID: "a", Name: "s01", EndpointMode: "dnsrr"}
	neighbour := evidence.Service{ID: "b", Name: "s02", EndpointMode: "dnsrr"}
	proxy := evidence.Container{ID: "c", Names: []string{"haproxy-01"}, Image: "haproxy", State: "running"}
	byPort := evidence.Container{ID: "c", Names: []string{"lb"}, Image: "haproxy", State: "running",
		Ports: []evidence.ContainerPort{{Private: 80, Public: 9001, Protocol: "tcp"}}}
	other := evidence.Container{ID: "c", Names: []string{"haproxy-02"}, Image: "haproxy", State: "running"}
	joined := proxy
	joined.Networks = []evidence.ContainerNetwork{{Name: "dnsrr-01", NetworkID: "right"}}
	networks := []evidence.Network{
		{ID: "mesh", Name: "ingress", Driver: "overlay", Ingress: true}, {ID: "right", Name: "dnsrr-01", Driver: "overlay"},
		{ID: "near", Name: "dnsrr1", Driver: "overlay"}, {ID: "mine", Name: "mynet", Driver: "overlay"},
		{ID: "others", Name: "dnsrr-02", Driver: "overlay"},
	}

	for _, c := range []struct {
		name       string
		services   []evidence.Service
		containers []evidence.Container
		want       Recognised
	}{
		{"a service behind its VIP", []evidence.Service{neighbour, vip}, nil,
			Recognised{Up: []string{"1"}, Begun: []string{"2"}, Service: true}},
		{"with a HAProxy", []evidence.Service{vip}, []evidence.Container{proxy}, Recognised{Up: []string{"1", "2"}, Service: true}},
		{"with a HAProxy under another name", []evidence.Service{vip}, []evidence.Container{byPort},
			Recognised{Up: []string{"1", "2"}, Service: true}},
		{"with a classmate's HAProxy", []evidence.Service{vip}, []evidence.Container{other},
			Recognised{Up: []string{"1"}, Begun: []string{"2"}, Service: true}},
		{"a dnsrr service", []evidence.Service{dnsrr, neighbour}, []evidence.Container{proxy},
			Recognised{Up: []string{"3"}, Service: true}},
		{"on the task's network, the mode forgotten", []evidence.Service{on(vip, "right")}, nil,
			Recognised{Up: []string{"3"}, Network: "dnsrr-01", Service: true}},
		{"on a network of nearly that name", []evidence.Service{on(vip, "mesh", "near")}, []evidence.Container{proxy},
			Recognised{Up: []string{"3"}, Network: "dnsrr1", Service: true}},
		{"only HAProxy is on the network", []evidence.Service{vip}, []evidence.Container{joined},
			Recognised{Up: []string{"3"}, Network: "dnsrr-01", Service: true}},
		{"on an overlay of another name, reachable no other way", []evidence.Service{on(vip, "mine")}, []evidence.Container{proxy},
			Recognised{Up: []string{"3"}, Network: "mynet", Service: true}},
		{"published, and on the network all the same", []evidence.Service{published(on(vip, "right"), "ingress")}, []evidence.Container{joined},
			Recognised{Up: []string{"1", "2"}, Begun: []string{"3"}, Network: "dnsrr-01", Service: true}},
		{"published, on an overlay of another name", []evidence.Service{published(on(vip, "mine"), "ingress")}, []evidence.Container{proxy},
			Recognised{Up: []string{"1", "2"}, Service: true}},
		{"in dnsrr mode, published on its nodes, on no network", []evidence.Service{published(dnsrr, "host")}, []evidence.Container{proxy},
			Recognised{Up: []string{"3"}, Begun: []string{"1", "2"}, Service: true}},
		{"in dnsrr mode on the network", []evidence.Service{published(on(dnsrr, "right"), "host")}, []evidence.Container{joined},
			Recognised{Up: []string{"3"}, Service: true}},
		{"a HAProxy alone", []evidence.Service{neighbour}, []evidence.Container{proxy}, Recognised{}},
		{"nothing", []evidence.Service{neighbour}, []evidence.Container{other}, Recognised{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			snap := &evidence.Snapshot{Services: c.services, Containers: c.containers, Networks: networks}
			require.Equal(t, c.want, Recognise(rub, vars, snap))
		})
	}
}

func TestPlanByWhatIsUp(t *testing.T) {
	rub := &rubric.Rubric{Tasks: []rubric.Task{
		{ID: "oral"},
		{ID: "1", When: &rubric.When{Service: "service", EndpointMode: "vip"}},
		{ID: "2", When: &rubric.When{Service: "service", EndpointMode: "vip", Balancer: "haproxy", Port: "frontend"}},
		{ID: "3", When: &rubric.When{Service: "service", EndpointMode: "dnsrr"}},
	}}
	vars := map[string]map[string]string{}
	var students []roster.Student
	for _, id := range []string{"01", "02", "03"} {
		students = append(students, roster.Student{ID: id})
		vars[id] = map[string]string{"service": "s" + id, "haproxy": "haproxy-" + id, "frontend": "90" + id}
	}
	snap := &evidence.Snapshot{Services: []evidence.Service{
		{ID: "a", Name: "s01", EndpointMode: "vip"}, {ID: "c", Name: "s03", EndpointMode: "dnsrr"},
	}}
	p := NewPlan(rub, Auto, students, vars, snap)
	require.Equal(t, []string{"1", "2"}, p.Students[0].Tasks)
	require.Equal(t, []string{"2"}, p.Students[0].NotUp, "no balancer")
	require.Equal(t, []string{"1", "3"}, p.Students[1].Tasks, "who has nothing is graded on what the class is at")
	require.Equal(t, []string{"1", "3"}, p.Students[1].NotUp)
	require.Equal(t, []string{"3"}, p.Students[2].Tasks)
	require.Empty(t, p.Students[2].NotUp)

	p = NewPlan(rub, Auto, students, vars, &evidence.Snapshot{})
	for _, s := range p.Students {
		require.Equal(t, []string{"1"}, s.Tasks, "nobody has anything: the beginning")
		require.Equal(t, s.Tasks, s.NotUp)
	}
	p = NewPlan(rub, []string{"2"}, students, vars, snap)
	for _, s := range p.Students {
		require.Equal(t, []string{"2"}, s.Tasks)
		require.Empty(t, s.NotUp, "it was asked for")
	}
}
