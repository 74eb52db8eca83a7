package observe

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

func TestRecognise(t *testing.T) {
	rub := &rubric.Rubric{Tasks: []rubric.Task{
		{ID: "1", When: &rubric.When{Service: "service", EndpointMode: "vip"}},
		{ID: "2", When: &rubric.When{Service: "service", EndpointMode: "vip", Balancer: "haproxy", Port: "frontend"}},
		{ID: "3", When: &rubric.When{Service: "service", EndpointMode: "dnsrr"}},
		{ID: "oral"},
	}}
	vars := map[string]string{"service": "s01", "haproxy": "haproxy-01", "frontend": "9001"}
	vip := evidence.Service{ID: "a", Name: "s01", EndpointMode: "vip"}
	dnsrr := evidence.Service{ID: "a", Name: "s01", EndpointMode: "dnsrr"}
	neighbour := evidence.Service{ID: "b", Name: "s02", EndpointMode: "dnsrr"}
	proxy := evidence.Container{ID: "c", Names: []string{"haproxy-01"}, Image: "haproxy", State: "running"}
	byPort := evidence.Container{ID: "c", Names: []string{"lb"}, Image: "haproxy", State: "running",
		Ports: []evidence.ContainerPort{{Private: 80, Public: 9001, Protocol: "tcp"}}}
	other := evidence.Container{ID: "c", Names: []string{"haproxy-02"}, Image: "haproxy", State: "running"}

	for _, c := range []struct {
		name       string
		services   []evidence.Service
		containers []evidence.Container
		want       []string
	}{
		{"a service behind its VIP", []evidence.Service{neighbour, vip}, nil, []string{"1"}},
		{"with a HAProxy", []evidence.Service{vip}, []evidence.Container{proxy}, []string{"1", "2"}},
		{"with a HAProxy under another name", []evidence.Service{vip}, []evidence.Container{byPort}, []string{"1", "2"}},
		{"with a classmate's HAProxy", []evidence.Service{vip}, []evidence.Container{other}, []string{"1"}},
		{"a dnsrr service", []evidence.Service{dnsrr, neighbour}, []evidence.Container{proxy}, []string{"3"}},
		{"a dnsrr service alone", []evidence.Service{dnsrr}, nil, []string{"3"}},
		{"a HAProxy alone", []evidence.Service{neighbour}, []evidence.Container{proxy}, []string{"2"}},
		{"nothing", []evidence.Service{neighbour}, []evidence.Container{other}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			snap := &evidence.Snapshot{Services: c.services, Containers: c.containers}
			require.Equal(t, c.want, Recognise(rub, vars, snap))
		})
	}
}
