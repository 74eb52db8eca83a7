package check_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/recovery/scene"
)

// deployment is what one student has up on a healthy swarm of three managers,
// and what the grader saw of it. A case changes it before it is judged.
type deployment struct {
	vars map[string]string
	// snap is the cluster before the load, and after it unless after says
	// otherwise.
	snap, after *evidence.Snapshot
	bundle      *evidence.Bundle
	// mesh answers on each node, haproxy through HAProxy; nil is all own
	// containers alike. Idle sends no load at all.
	mesh    func(node int) []reply
	haproxy []reply
	idle    bool
	// cookies is a load whose clients keep cookies, nil for none.
	cookies *cookieLoad
	// brief is a run that ended before the cluster was read a second time.
	brief bool
	// scene is what followed a fault, nil for none; see struck.
	scene *evidence.Scene
}

// reply is how often one answer, or one failure, came back.
type reply struct {
	evidence.Responder
	class string
	n     int
}

// each is how many answers a container gives a target if nothing else is said:
// enough to judge evenness by.
const each = 500

const (
	handout = `defaults
    mode http
frontend http-in
    bind *:9001
    default_backend servers
backend servers
    balance roundrobin
    server node1 172.30.0.11:8001 check
    server node2 172.30.0.12:8001 check
    server node3 172.30.0.13:8001 check
`
	straight = `defaults
    mode http
frontend http-in
    bind *:9001
    default_backend tasks
backend tasks
    balance roundrobin
    server web1 10.0.7.11:80 check
    server web2 10.0.7.12:80 check
    server web3 10.0.7.13:80 check
`
	// ownNet is the student's overlay, where HAProxy has haproxyIP.
	ownNet    = "net-dnsrr-01"
	haproxyIP = "10.0.7.9"
)

// viaNodes is a correct task 1 or 2: three replicas of s01 in VIP mode, beside
// a classmate's s02, and a HAProxy that leads to the nodes.
func viaNodes() *deployment {
	d := &deployment{
		vars: map[string]string{
			"service": "s01", "published": "8001", "haproxy": "haproxy-01", "frontend": "9001", "visited": "10001",
			"network": "dnsrr-01", "nn": "01", "store": "redis-01",
		},
		snap: &evidence.Snapshot{
			Swarm:    evidence.Swarm{ID: "swarm", HeartbeatMS: 5000, Managers: 3},
			Networks: []evidence.Network{{ID: "net-ingress", Name: "ingress", Driver: "overlay", Scope: "swarm", Ingress: true, Subnets: []string{"10.0.0.0/24"}}},
		},
	}
	for i := 1; i <= 3; i++ {
		ip := fmt.Sprintf("172.30.0.%d", 10+i)
		d.snap.Nodes = append(d.snap.Nodes, evidence.Node{
			ID: fmt.Sprintf("node-%d", i), Hostname: fmt.Sprintf("manager-%d", i), Address: ip, SwarmAddress: ip,
			Role: "manager", State: "ready", Availability: "active", Leader: i == 1,
		})
	}
	for i, name := range []string{"s01", "s02"} {
		d.snap.Services = append(d.snap.Services, evidence.Service{
			ID: "svc-" + name, Name: name, Image: "lab.example/ha/whoami-for-swarm:latest", Env: []string{"STUDENT_ID=202400" + name[2:]},
			Mode: "replicated", Replicas: 3, EndpointMode: "vip", Restart: evidence.RestartPolicy{Condition: "any", DelayMS: 5000},
			Ports: []evidence.Port{{Protocol: "tcp", Target: 80, Published: 8001 + i, Mode: "ingress"}},
			VIPs:  []evidence.VIP{{NetworkID: "net-ingress", Address: fmt.Sprintf("10.0.0.%d/24", 101+i)}},
		})
		for slot := 1; slot <= 3; slot++ {
			d.snap.Tasks = append(d.snap.Tasks, task(name, slot, fmt.Sprintf("10.0.0.%d/24", 10*(i+1)+slot)))
		}
	}
	d.snap.Containers = []evidence.Container{{
		NodeID: "node-1", ID: hexID("haproxy-01"), Names: []string{"haproxy-01"}, Image: "haproxy:latest", State: "running",
		Ports: []evidence.ContainerPort{{IP: "0.0.0.0", Private: 9001, Public: 9001, Protocol: "tcp"}},
	}}
	d.bundle = &evidence.Bundle{Proxies: []evidence.Proxy{{
		Kind: "container", Name: "haproxy-01", Matched: "name", ID: hexID("haproxy-01"), NodeID: "node-1", Hostname: "manager-1",
		Image: "haproxy:latest", State: "running", Restart: "no", Started: "2024-11-20T08:00:00Z",
		Publishes: []evidence.ContainerPort{{IP: "0.0.0.0", Private: 9001, Public: 9001, Protocol: "tcp"}},
		Files:     []evidence.File{{Path: "/usr/local/etc/haproxy/haproxy.cfg", Source: "archive", Text: handout, Modified: "2024-11-20T07:59:00Z"}},
	}}}
	return d
}

// viaTasks is a correct task 3: s01 in dnsrr mode on an overlay of its own, and
// a HAProxy on it that leads to the tasks.
func viaTasks() *deployment {
	d := viaNodes()
	d.snap.Networks = append(d.snap.Networks, evidence.Network{
		ID: ownNet, Name: "dnsrr-01", Driver: "overlay", Scope: "swarm", Attachable: true, Subnets: []string{"10.0.7.0/24"},
	})
	svc := d.svc()
	svc.EndpointMode, svc.Ports, svc.VIPs, svc.Networks, svc.Env = "dnsrr", nil, nil, []string{ownNet}, nil
	for _, t := range d.own() {
		t.Addresses = []evidence.TaskAddress{{NetworkID: ownNet, Address: fmt.Sprintf("10.0.7.%d/24", 10+t.Slot)}}
		t.Created = "2024-11-20T07:30:00Z"
	}
	joined := []evidence.ContainerNetwork{{Name: "dnsrr-01", NetworkID: ownNet, Address: haproxyIP}}
	d.snap.Containers[0].Networks, d.px().Networks = joined, joined
	d.configure(straight)
	return d
}

func hexID(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func task(service string, slot int, address string) evidence.Task {
	id := fmt.Sprintf("%s.%d", service, slot)
	return evidence.Task{
		ID: "task-" + id, ServiceID: "svc-" + service, NodeID: fmt.Sprintf("node-%d", (slot-1)%3+1), Slot: slot,
		Desired: "running", State: "running", ContainerID: hexID(id),
		Addresses: []evidence.TaskAddress{{NetworkID: "net-ingress", Address: address}},
	}
}

// svc is the student's service, px their HAProxy, own their tasks by slot.
func (d *deployment) svc() *evidence.Service { return &d.snap.Services[0] }
func (d *deployment) px() *evidence.Proxy    { return &d.bundle.Proxies[0] }
func (d *deployment) own() []*evidence.Task  { return tasksOf(d.snap, "svc-s01") }

func tasksOf(s *evidence.Snapshot, service string) (out []*evidence.Task) {
	for i := range s.Tasks {
		if s.Tasks[i].ServiceID == service {
			out = append(out, &s.Tasks[i])
		}
	}
	return out
}

// configure gives HAProxy another configuration.
func (d *deployment) configure(text string) { d.px().Files[0].Text = text }

// edit replaces a part of HAProxy's configuration, which must be there.
func (d *deployment) edit(old, by string) {
	f := &d.px().Files[0]
	if !strings.Contains(f.Text, old) {
		panic("no " + old + " in the configuration")
	}
	f.Text = strings.ReplaceAll(f.Text, old, by)
}

// lose takes all but so many of the student's tasks away.
func (d *deployment) lose(keep int) {
	var kept []evidence.Task
	for _, t := range d.snap.Tasks {
		if t.ServiceID != "svc-s01" || t.Slot <= keep {
			kept = append(kept, t)
		}
	}
	d.snap.Tasks = kept
}

// noService and noProxy take the student's service or HAProxy away.
func (d *deployment) noService() { d.lose(0); d.snap.Services = d.snap.Services[1:] }
func (d *deployment) noProxy()   { d.bundle.Proxies, d.snap.Containers = nil, nil }

func (d *deployment) gap(what, code string) {
	if d.scene != nil {
		d.scene.Gaps = append(d.scene.Gaps, evidence.Gap{What: what, Code: code})
		return
	}
	d.bundle.Gaps = append(d.bundle.Gaps, evidence.Gap{What: what, Code: code})
}

// meanwhile makes the cluster after the load another one.
func (d *deployment) meanwhile(change func(s *evidence.Snapshot)) {
	d.after = clone(d.snap)
	change(d.after)
}

func clone(s *evidence.Snapshot) *evidence.Snapshot {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	out := &evidence.Snapshot{}
	if err := json.Unmarshal(data, out); err != nil {
		panic(err)
	}
	return out
}

// otherVars calls the variables as no built-in rubric does.
func (d *deployment) otherVars() {
	for old, now := range map[string]string{
		"service": "web", "published": "door", "haproxy": "lb", "frontend": "gate", "visited": "gate2", "network": "lan",
	} {
		d.vars[now] = d.vars[old]
		delete(d.vars, old)
	}
}

// page is the honest answer of a task's container.
func page(t *evidence.Task, n int) reply {
	ip, _, _ := strings.Cut(t.Addresses[0].Address, "/")
	return reply{n: n, Responder: evidence.Responder{Rule: "whoami", Identity: evidence.Identity{
		Hostname: t.ContainerID[:12], Addresses: []string{ip, "172.18.0.3"}, StudentID: "2024001",
	}}}
}

func failed(class string, n int) reply { return reply{class: class, n: n} }

// claims is an answer that names somebody.
func claims(host string, n int) reply {
	return reply{n: n, Responder: evidence.Responder{Rule: "whoami", Identity: evidence.Identity{Hostname: host}}}
}

// shares are answers of the student's running tasks in order, so many each; a
// single number is each one's.
func (d *deployment) shares(counts ...int) (out []reply) {
	for i, t := range d.own() {
		n := counts[min(i, len(counts)-1)]
		if t.Desired == "running" && t.State == "running" && n > 0 {
			out = append(out, page(t, n))
		}
	}
	return out
}

func trace(target evidence.Target, replies []reply) evidence.Trace {
	tr := evidence.Trace{Target: target}
	for _, r := range replies {
		tr.Sent += r.n
		if r.class != "" {
			tr.Errors = append(tr.Errors, evidence.ErrorClass{Class: r.class, Count: r.n})
			continue
		}
		r.Count = r.n
		tr.Responders = append(tr.Responders, r.Responder)
	}
	return tr
}

// meshLoad is a load on every node, as answer says.
func (d *deployment) meshLoad(answer func(node int) []reply) (out []evidence.Trace) {
	for i := 1; i <= 3; i++ {
		out = append(out, trace(evidence.Target{
			ID: fmt.Sprintf("mesh/manager-%d", i), Kind: "mesh", Address: fmt.Sprintf("172.30.0.%d:8001", 10+i), Path: "/",
		}, answer(i)))
	}
	return out
}

// observed is all of it as evidence.
func (d *deployment) observed() evidence.Case {
	d.bundle.Student = evidence.Student{ID: "2024001", Name: "王小明", Vars: d.vars}
	if d.after == nil {
		d.after = d.snap
	}
	if d.mesh == nil {
		d.mesh = func(int) []reply { return d.shares(each) }
	}
	if !d.idle && d.bundle.Traces == nil {
		if d.haproxy == nil {
			d.haproxy = d.shares(each)
		}
		d.bundle.Traces = append([]evidence.Trace{trace(evidence.Target{ID: "haproxy", Kind: "haproxy", Address: "172.30.0.11:9001", Path: "/"}, d.haproxy)},
			d.meshLoad(d.mesh)...)
		if d.cookies != nil {
			d.bundle.Traces = append(d.bundle.Traces, d.cookieLoad())
		}
	}
	c := evidence.Case{Bundle: d.bundle, Before: d.snap, After: d.after}
	if d.scene != nil {
		c.Episodes = []evidence.Scene{*d.scene}
	}
	if d.brief {
		c.After = nil
		for i := range c.Episodes {
			c.Episodes[i].To = nil
		}
	}
	d.bundle.Episodes = nil
	for _, s := range c.Episodes {
		d.bundle.Episodes = append(d.bundle.Episodes, *s.Episode)
	}
	return c
}

// struck lets a node fail under the service, as a scene has it, and drives the
// mesh again once it is back. Change may be nil.
func (d *deployment) struck(replicas int, change func(s *scene.Scene)) {
	s := scene.New(replicas, 5)
	if change != nil {
		change(s)
	}
	d.lose(replicas)
	svc := d.svc()
	svc.Replicas, svc.Mode, svc.Restart = s.Service.Replicas, s.Service.Mode, s.Service.Restart
	svc.Constraints, svc.Image = s.Service.Constraints, s.Service.Image
	d.snap.Swarm = s.Swarm()
	w, p, _ := s.Window()
	d.scene = &evidence.Scene{
		Episode: &evidence.Episode{Name: evidence.FaultEpisode, Probing: p, Traces: d.meshLoad(func(int) []reply { return d.shares(each) })},
		Window:  w, From: d.snap, To: d.snap,
	}
}

// unwatched is a student whose service was in no fault window, and why.
func (d *deployment) unwatched(code string) {
	d.scene = &evidence.Scene{Episode: &evidence.Episode{
		Name: evidence.FaultEpisode, Gaps: []evidence.Gap{{What: "window", Code: code, Detail: "manager-2"}},
	}}
}
