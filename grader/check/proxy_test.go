package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
)

// as makes the HAProxy one that can only be meant.
func as(name, matched string) func(d *deployment) {
	return func(d *deployment) { d.px().Name, d.px().Matched = name, matched }
}

// isService makes the HAProxy a swarm service's.
func isService(d *deployment) {
	px := d.px()
	px.Kind, px.ID, px.NodeID, px.Hostname = "service", "svc-haproxy", "", ""
	d.snap.Services = append(d.snap.Services, evidence.Service{
		ID: px.ID, Name: px.Name, Image: px.Image, Mode: "replicated", Replicas: 1, EndpointMode: "vip",
		Ports: []evidence.Port{{Protocol: "tcp", Target: 9001, Published: 9001, Mode: "ingress"}},
	})
	d.snap.Containers = nil
}

// between has a service's HAProxy run after an earlier task has failed; what becomes
// of the one that runs is seen in the end.
func between(d *deployment, then func(t *evidence.Task)) {
	d.px().RestartCount = 1
	d.snap.Tasks = append(d.snap.Tasks,
		evidence.Task{ID: "proxy-1", ServiceID: d.px().ID, NodeID: "node-1", Slot: 1, Desired: "shutdown", State: "failed"},
		evidence.Task{ID: "proxy-2", ServiceID: d.px().ID, NodeID: "node-1", Slot: 1, Desired: "running", State: "running"})
	d.meanwhile(func(s *evidence.Snapshot) { then(&s.Tasks[len(s.Tasks)-1]) })
}

// heldBy has the classmate's service publish HAProxy's port.
func heldBy(d *deployment) {
	d.snap.Services[1].Ports = append(d.snap.Services[1].Ports, evidence.Port{Protocol: "tcp", Target: 80, Published: 9001, Mode: "ingress"})
}

func TestHAProxyFound(t *testing.T) {
	unread := func(d *deployment) {
		d.snap.Gaps = []evidence.Gap{{What: "containers/tcp://172.30.0.13:2375", Code: "unreachable"}}
	}
	requireKind(t, "haproxy-found", viaNodes, perUnit, []kase{
		{"under its name", "", nil, pass("check.proxy_found").saw("haproxy", "haproxy-01").saw("node", "manager-1")},
		{"as a service", "", isService, pass("check.proxy_found_service").saw("kind", "service")},
		{"under other variables", "name: lb, port: gate, or: [gate2], network: lan", (*deployment).otherVars, pass("check.proxy_found")},
		{"there, though another node could not be read", "", unread, pass("check.proxy_found")},

		{"ran none", "", (*deployment).noProxy, fail("check.proxy_none").saw("haproxy", nil).asked("haproxy", "haproxy-01")},
		{"ran none, under other variables", "name: lb, port: gate", func(d *deployment) { d.noProxy(); d.otherVars() }, fail("check.proxy_none").says("name", "haproxy-01")},
		{"ran none, and a classmate has the port", "", func(d *deployment) { d.noProxy(); heldBy(d) }, fail("check.proxy_none")},
		{"misspelt its name", "", as("haproxy01", "name-similar"), partial("check.proxy_misnamed", "5").saw("similar", "haproxy01")},
		{"named it web, on the right port", "", as("web", "port"), partial("check.proxy_misnamed", "5").says("other", "web")},
		{"misspelt the name of a service", "", func(d *deployment) { isService(d); as("haproxy_1", "name-similar")(d) }, partial("check.proxy_misnamed", "5")},

		{"none seen, a node's containers being unread", "", func(d *deployment) { d.noProxy(); unread(d) }, open("check.proxy_unread").saw("missing", "containers/tcp://172.30.0.13:2375")},
		{"another seen, a node's containers being unread", "", func(d *deployment) { as("web", "port")(d); unread(d) }, open("check.proxy_unread")},
		{"seen, but not to be read", "", func(d *deployment) { d.noProxy(); d.gap("proxy/haproxy-01", "timeout") }, open("check.config_unread").says("code", "timeout")},
	})
	requireRefused(t, "haproxy-found", map[string][]string{
		"name: balancer, port: bind": {"name check.param_no_var", "port check.param_no_var"},
		"or: [visited, seen]":        {"or check.param_no_var"},
		"network: net":               {"network check.param_no_var"},
		"name: lb, or: []":           nil,
	})
}

const (
	alert     = "[ALERT]    (1) : config : Parsing [/usr/local/etc/haproxy/haproxy.cfg:5]: unable to find required default_backend: 'servrs'."
	fatal     = alert + "\n[ALERT]    (1) : config : Fatal errors found in configuration.\n"
	directory = "OCI runtime create failed: error mounting: not a directory: Are you trying to mount a directory onto a file (or vice-versa)?"
)

// stopped ends the HAProxy.
func stopped(state string, code int, err, log string) func(d *deployment) {
	return func(d *deployment) {
		px := d.px()
		px.State, px.ExitCode, px.Error, px.Log = state, code, err, log
	}
}

// runs has something else run under HAProxy's name.
func runs(image string, command ...string) func(d *deployment) {
	return func(d *deployment) { d.px().Image, d.px().Command = image, command }
}

// unheard has the engines count next to nothing at the student's containers.
func unheard(d *deployment) {
	for _, x := range d.own() {
		d.bundle.Traffic = append(d.bundle.Traffic, evidence.Traffic{Target: "haproxy", ContainerID: x.ContainerID, After: 20})
	}
}

func TestHAProxyRunning(t *testing.T) {
	silent := func(change func(d *deployment)) func(d *deployment) {
		return func(d *deployment) { change(d); d.haproxy = []reply{failed("reset", 60)} }
	}
	script := func(d *deployment) { runs("mine/lb", "/start.sh")(d); d.px().Version = "2.6.12" }
	requireKind(t, "haproxy-running", viaNodes, rubric.Credit{}, []kase{
		{"runs", "", nil, pass("check.proxy_running").saw("state", "running")},
		{"runs as a service", "", isService, pass("check.proxy_running")},
		{"runs under another name", "", as("web", "port"), pass("check.proxy_running")},
		{"runs, by a script of the student's", "", script, pass("check.proxy_running")},
		{"runs, under other variables", "name: lb, port: gate", (*deployment).otherVars, pass("check.proxy_running")},
		{"runs, from an image of the student's that leads to the containers", "", runs("mine/haproxy-01"), pass("check.proxy_running")},

		{"ran none", "", (*deployment).noProxy, fail("check.proxy_none")},
		{"misspelt default_backend", "", stopped("exited", 1, "", fatal), fail("check.proxy_stopped_log").saw("log", alert).saw("exit_code", 1)},
		{"stopped it", "", stopped("exited", 137, "", ""), fail("check.proxy_stopped").says("state", "exited")},
		{"made it and never started it", "", stopped("created", 0, "", ""), fail("check.proxy_stopped").says("state", "created")},
		{"let it restart over its mistake", "", stopped("restarting", 1, "", fatal), fail("check.proxy_restarting").says("log", alert)},
		{"let it restart, and it was seen running", "", func(d *deployment) {
			d.px().Log = fatal
			d.meanwhile(func(s *evidence.Snapshot) { s.Containers[0].State = "restarting" })
		}, fail("check.proxy_restarting").saw("state", "restarting")},
		{"a service that fails at every start, and was seen starting", "", func(d *deployment) {
			isService(d)
			between(d, func(t *evidence.Task) {
				t.State, t.Desired, t.ExitCode, t.Error = "failed", "shutdown", 1, "task: non-zero exit (1)"
			})
		}, fail("check.proxy_stopped_log").saw("state", "failed").saw("exit_code", 1)},
		{"a service that fails at every start, and failed often since", "", func(d *deployment) {
			isService(d)
			between(d, func(t *evidence.Task) {
				t.ID, t.State, t.Desired, t.ExitCode, t.Created = "proxy-9", "failed", "shutdown", 1, "2"
			})
		}, fail("check.proxy_stopped").saw("state", "failed").saw("exit_code", 1)},
		{"a service that failed once and runs", "", func(d *deployment) {
			isService(d)
			between(d, func(*evidence.Task) {})
		}, pass("check.proxy_running")},
		{"a service that was updated meanwhile", "", func(d *deployment) {
			isService(d)
			between(d, func(t *evidence.Task) { t.State, t.Desired = "shutdown", "shutdown" })
		}, pass("check.proxy_running")},
		{"paused it", "", stopped("paused", 0, "", ""), fail("check.proxy_paused")},
		{"mounted a file that was not there", "", stopped("created", 127, directory, ""), fail("check.proxy_stopped_why").says("what", "check.cause_mount_directory")},
		{"mounted one whose place is a directory now", "", func(d *deployment) {
			stopped("exited", 1, "", "")(d)
			d.px().Files[0].Error = "directory"
		}, fail("check.proxy_stopped_why").says("what", "check.config_directory")},
		{"listens on an address of its node", "", stopped("exited", 1, "", "[ALERT]    (1) : Binding [/h.cfg:7] for frontend f: cannot bind socket (Cannot assign requested address) for [10.9.9.9:9001]"),
			fail("check.proxy_stopped_why").says("what", "check.cause_no_address")},
		{"took an image for another processor", "", stopped("restarting", 1, "", "exec /usr/local/sbin/haproxy: exec format error"), fail("check.proxy_restarting_why").says("what", "check.cause_exec_format")},
		{"had it check its file and no more", "", func(d *deployment) {
			stopped("exited", 0, "", "Configuration file is valid\n")(d)
			d.px().Command = []string{"docker-entrypoint.sh", "haproxy", "-c", "-f", "/usr/local/etc/haproxy/haproxy.cfg"}
		}, fail("check.proxy_stopped_why").says("what", "check.cause_only_checks")},
		{"asked for its version", "", func(d *deployment) {
			stopped("exited", 0, "", "HAProxy version 3.0.2 - https://haproxy.org/\n")(d)
			d.px().Command = []string{"docker-entrypoint.sh", "haproxy", "-v"}
		}, fail("check.proxy_stopped_why").says("what", "check.cause_only_checks")},
		{"took a port of some program's", "", stopped("created", 128, "driver failed: Bind for 0.0.0.0:9001 failed: port is already allocated", ""), fail("check.proxy_stopped_why").says("what", "check.cause_port_taken")},
		{"took a port of a classmate's", "", func(d *deployment) {
			stopped("created", 128, "driver failed: Bind for 0.0.0.0:9001 failed: port is already allocated", "")(d)
			heldBy(d)
		}, fail("check.proxy_stopped_why").says("what", "check.cause_port_held")},
		{"named a host that nobody knows", "", stopped("exited", 1, "", "[ALERT]    (1) : parsing [h.cfg:9] : 'server web' : could not resolve address 'manager-9'.\n"), fail("check.proxy_stopped_log")},
		{"stopped it", "", stopped("exited", 0, "", "[NOTICE]   (1) : New worker (8) forked\n[NOTICE]   (1) : Loading success.\n"), fail("check.proxy_stopped_well").saw("exit_code", 0)},
		{"a worker that broke down later", "", stopped("exited", 139, "", "[NOTICE]   (1) : Loading success.\n[ALERT]    (1) : Current worker (8) exited with code 139 (Segmentation fault)\n"), fail("check.proxy_stopped_log")},
		{"an error of the engine's, in its words", "", stopped("created", 128, "no room", ""), fail("check.proxy_stopped_log").says("log", "no room")},
		{"a service whose tasks are turned down", "", func(d *deployment) { isService(d); stopped("rejected", 0, "", "")(d) }, fail("check.proxy_stopped").saw("state", "rejected")},
		{"an idle box under its name", "", silent(runs("busybox", "sh")), fail("check.proxy_other").saw("command", "sh")},
		{"HAProxy's image, asleep", "", silent(runs("haproxy", "docker-entrypoint.sh", "sleep", "999")), fail("check.proxy_other")},
		{"a program that answers in the containers' names", "", func(d *deployment) { runs("mine/haproxy-01")(d); unheard(d) }, fail("check.proxy_impostor").saw("image", "mine/haproxy-01")},

		{"another balancer, which answers", "", runs("nginx", "nginx", "-g", "daemon off;"), open("check.proxy_other_open")},
		{"what the embedded cluster can't do", "", stopped("exited", 1, "", "[ALERT]    (1) : haproxy.cfg:3: the embedded balancer does not simulate peers\n"), open("check.proxy_not_simulated").says("what", "peers")},
		{"none seen, and could not be read", "", func(d *deployment) { d.noProxy(); d.gap("proxy/haproxy-01", "denied") }, open("check.config_unread")},
	})
	requireRefused(t, "haproxy-running", map[string][]string{
		"name: balancer": {"name check.param_no_var"}, "port: bind, or: [x]": {"port check.param_no_var", "or check.param_no_var"},
	})
}
