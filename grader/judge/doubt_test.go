package judge_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// helper puts a stand-alone container on the first node, at port 14001.
func helper(w *world) {
	for _, s := range []*evidence.Snapshot{w.before, w.after} {
		s.Containers = append(s.Containers, evidence.Container{
			Endpoint: "tcp://172.30.0.11:2375", NodeID: "node-1", ID: hexID("helper"), Names: []string{"helper"},
			Image: "whoami-for-swarm:latest", State: "running", NetworkMode: "bridge",
			Ports:    []evidence.ContainerPort{{Private: 80, Public: 14001, Protocol: "tcp"}},
			Networks: []evidence.ContainerNetwork{{Name: "bridge", Address: "172.17.0.9"}},
		})
	}
}

// counted says how many packets each own container got around the load.
func counted(packets int64) func(*evidence.Case) {
	return func(c *evidence.Case) {
		for _, t := range c.Before.Tasks {
			if t.ServiceID == "svc-s01" {
				c.Bundle.Traffic = append(c.Bundle.Traffic, evidence.Traffic{Target: "haproxy", ContainerID: t.ContainerID, Before: 7, After: 7 + packets})
			}
		}
	}
}

// TestPacketsOfAQuietMoment: health checks do not count as requests, and a
// burst that was over before the load, or came after it, is not taken off.
func TestPacketsOfAQuietMoment(t *testing.T) {
	for _, c := range []struct {
		name    string
		each    int64 // packets an answer
		checks  int64 // packets of health checks in the load's time
		quiet   [2]int64
		outcome check.Outcome
	}{
		{"requests and a few checks", 4, 6, [2]int64{3, 3}, check.Pass},
		{"one packet an answer, on a connection that is kept", 1, 0, [2]int64{12, 0}, check.Pass},
		{"checks alone, as many as requests would be", 0, 4000, [2]int64{2000, 2010}, check.Fail},
		{"a burst before the load", 4, 0, [2]int64{4000, 3}, check.Pass},
		{"a burst after it", 4, 0, [2]int64{3, 4000}, check.Pass},
		{"requests beside as many checks", 4, 4000, [2]int64{2000, 2000}, check.Pass},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(loadRubric(t), 3, 42)
			w.proxies[0].Files[0].Modified = "2024-11-20T08:30:00Z" // a doubt
			w.finish = func(k *evidence.Case) {
				for i, r := range k.Bundle.Trace("haproxy").Responders {
					k.Bundle.Traffic = append(k.Bundle.Traffic, evidence.Traffic{
						Target: "haproxy", ContainerID: k.Before.Tasks[i].ContainerID, Before: 7, After: 7 + c.each*int64(r.Count) + c.checks,
						TookMS: 1000, IdleMS: 500, IdleBefore: c.quiet[0], IdleAfter: c.quiet[1],
					})
				}
			}
			v := w.verdicts()["task2.answers"]
			require.Equal(t, c.outcome, v.Outcome, v.Message.Key)
		})
	}
}

// TestForgedNames: every answer names a running task of the student's own, as
// an honest one does; what is known of the HAProxy decides.
func TestForgedNames(t *testing.T) {
	elsewhere := func(w *world) {
		helper(w)
		config := strings.NewReplacer("172.30.0.11:8001", "172.30.0.11:14001", "172.30.0.12:8001", "172.30.0.11:14001",
			"172.30.0.13:8001", "172.30.0.11:14001").Replace(handout)
		w.proxies = []evidence.Proxy{haproxyOf(config)}
	}
	some := func(w *world) {
		helper(w)
		w.proxies = []evidence.Proxy{haproxyOf(strings.Replace(handout, "172.30.0.12:8001", "172.30.0.11:14001", 1))}
	}
	sometimes := func(w *world) {
		helper(w)
		config := strings.Replace(handout, "    default_backend", "    use_backend other if { hdr(x-of) me }\n    default_backend", 1)
		w.proxies = []evidence.Proxy{haproxyOf(config + "\nbackend other\n    server a 172.30.0.11:14001\n")}
	}
	lines := func(server string) func(*world) {
		return func(w *world) {
			helper(w)
			config := strings.NewReplacer("172.30.0.11:8001", server, "172.30.0.12:8001", server, "172.30.0.13:8001", server).Replace(handout)
			w.proxies = []evidence.Proxy{haproxyOf(config + "\nresolvers mine\n    nameserver a 172.17.0.9:53\n")}
		}
	}
	made := configured("    default_backend", "    http-request return status 200 string hello\n    default_backend")
	edited := func(w *world) { w.proxies[0].Files[0].Modified = "2024-11-20T08:30:00Z" }
	image := func(w *world) { w.proxies[0].Image = "lab.example/mine/balancer:1" }
	errorfile := configured("backend servers", "backend servers\n    errorfile 503 /tmp/page.http")
	writes := configured("backend servers", "backend servers\n    http-response set-header X-Served-By %s")
	command := func(argv ...string) func(*world) { return func(w *world) { w.proxies[0].Command = argv } }
	preload := func(w *world) {
		w.proxies[0].Env = []evidence.EnvVar{{Name: "LD_PRELOAD", Value: "/usr/local/etc/haproxy/x.so"}}
	}
	searched := func(w *world) {
		w.proxies[0].Env = []evidence.EnvVar{{Name: "PATH", Value: "/usr/local/etc/haproxy:/usr/bin"}}
		w.proxies[0].Mounts = []evidence.Mount{{Type: "bind", Source: "/srv/lb", Target: "/usr/local/etc/haproxy"}}
	}
	searchedOwn := func(w *world) {
		w.proxies[0].Env = []evidence.EnvVar{{Name: "PATH", Value: "/opt/mine/sbin:/usr/bin"}}
	}
	hidden := func(w *world) {
		w.proxies[0].Mounts = append(w.proxies[0].Mounts, evidence.Mount{Type: "bind", Source: "/tmp/x", Target: "/usr/local/sbin/haproxy"})
	}
	page := configured("    default_backend", "    http-request deny deny_status 200 content-type text/plain lf-string hello\n    default_backend")
	sometimesPage := configured("    default_backend", "    http-request tarpit deny_status 200 lf-string hello if { path / }\n    default_backend")
	inDefaults := configured("defaults\n", "defaults\n    default-server socks4 172.17.0.9:1080\n")
	stateFile := configured("defaults\n", "global\n    server-state-file /tmp/s\ndefaults\n    load-server-state-from-file global\n")
	socket := configured("defaults\n", "global\n    stats socket /tmp/s level admin\ndefaults\n")
	lua := configured("    default_backend", "    tcp-request content lua.x\n    default_backend")
	program := configured("defaults\n", "program x\n    command /bin/x\ndefaults\n")
	const plenty, few = 100_000, 3
	for _, c := range []struct {
		name    string
		change  func(w *world)
		packets int64 // -1: nobody counted
		echo    bool
		header  string
		want    check.Outcome
		why     string
		running check.Outcome
	}{
		{"nothing to doubt, and nobody counts", func(*world) {}, -1, false, "", check.Pass, "", check.Pass},
		{"HAProxy answers every request", made, -1, true, "", check.Fail, "check.doubt_made", check.Pass},
		{"and packets do not redeem it", made, plenty, true, "", check.Fail, "check.doubt_made", check.Pass},
		{"every server is a stand-alone container", elsewhere, -1, true, "", check.Fail, "check.doubt_elsewhere", check.Pass},
		{"which the counts bear out: it hands on", elsewhere, plenty, true, "", check.Pass, "", check.Pass},
		{"which the counts refute", elsewhere, few, true, "", check.Fail, "check.doubt_counted", check.Pass},
		{"one server is a stand-alone container, nobody counted", some, -1, true, "", check.Pass, "", check.Pass},
		{"which the counts refute, too", some, few, true, "", check.Fail, "check.doubt_counted", check.Pass},
		{"and does not matter if they bear all out", some, plenty, true, "", check.Pass, "", check.Pass},
		{"some requests go elsewhere, and the counts refute", sometimes, few, true, "", check.Fail, "check.doubt_counted", check.Pass},
		{"some requests go elsewhere, nobody counted", sometimes, -1, true, "", check.Pass, "", check.Pass},
		{"names whose first address is the container's", lines("manager-1:8001 init-addr last,172.17.0.9"), -1, true, "", check.Fail, "check.doubt_elsewhere", check.Pass},
		{"names that are looked up first", lines("manager-1:8001 init-addr libc,172.17.0.9"), few, true, "", check.Pass, "", check.Pass},
		{"a detour through another proxy, and the counts refute", lines("172.30.0.11:8001 socks4 172.17.0.9:1080"), few, true, "", check.Fail, "check.doubt_counted", check.Pass},
		{"a DNS server of the student's own, and the counts refute", lines("manager-1:8001 resolvers mine"), few, true, "", check.Fail, "check.doubt_counted", check.Pass},
		{"an edited file, nobody counted", edited, -1, true, "", check.Pass, "", check.Pass},
		{"an edited file, and the counts refute", edited, few, true, "", check.Fail, "check.doubt_counted", check.Pass},
		{"an image of the student's own", image, -1, true, "", check.Pass, "", check.Pass},
		{"which works", image, plenty, true, "", check.Pass, "", check.Pass},
		{"which is no HAProxy", image, few, true, "", check.Blocked, "", check.Fail},
		{"an error page, and answers that echo", errorfile, -1, true, "", check.Pass, "", check.Pass},
		{"an error page, and answers that do not", errorfile, -1, false, "", check.Fail, "check.doubt_made_if", check.Pass},
		{"a page in place of a refusal", page, -1, true, "", check.Fail, "check.doubt_made", check.Pass},
		{"a page for some, and the counts refute", sometimesPage, few, true, "", check.Fail, "check.doubt_counted", check.Pass},
		{"a page for some, and the counts bear it out", sometimesPage, plenty, true, "", check.Pass, "", check.Pass},
		{"a detour for all servers, and the counts refute", inDefaults, few, true, "", check.Fail, "check.doubt_counted", check.Pass},
		{"a state file, and the counts refute", stateFile, few, true, "", check.Fail, "check.doubt_counted", check.Pass},
		{"a state file, nobody counted", stateFile, -1, true, "", check.Pass, "", check.Pass},
		{"an admin socket, and the counts refute", socket, few, true, "", check.Fail, "check.doubt_counted", check.Pass},
		{"a script, and the counts refute", lua, few, true, "", check.Fail, "check.doubt_counted", check.Pass},
		{"a program beside, and the counts bear it out", program, plenty, true, "", check.Pass, "", check.Pass},
		{"a program beside, and the counts refute", program, few, true, "", check.Fail, "check.doubt_counted", check.Pass},
		{"another command", command("sh", "-c", "exec /x"), few, true, "", check.Blocked, "", check.Fail},
		{"another command that works", command("sh", "-c", "exec haproxy -f /x"), plenty, true, "", check.Pass, "", check.Pass},
		{"HAProxy's command", command("docker-entrypoint.sh", "haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"), few, true, "", check.Pass, "", check.Pass},
		{"a library put before", preload, few, true, "", check.Blocked, "", check.Fail},
		{"a program looked for among what is mounted", searched, few, true, "", check.Blocked, "", check.Fail},
		{"a program looked for in a place of its image", searchedOwn, few, true, "", check.Pass, "", check.Pass},
		{"a program mounted over HAProxy", hidden, few, true, "", check.Blocked, "", check.Fail},
		{"a header that HAProxy writes, and pages that name themselves", writes, -1, true, "", check.Pass, "", check.Pass},
		{"a header that HAProxy writes, and nothing else", writes, plenty, true, "x-served-by", check.Fail, "check.doubt_header", check.Pass},
		{"a header of the application's own", writes, -1, true, "x-hostname", check.Pass, "", check.Pass},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(loadRubric(t), 3, 42)
			c.change(w)
			w.finish = func(k *evidence.Case) {
				if c.packets >= 0 {
					counted(c.packets)(k)
				}
				for i := range k.Bundle.Traces {
					tr := &k.Bundle.Traces[i]
					tr.Nonce = "0123456789abcdef"
					for j := range tr.Responders {
						if tr.Target.Kind == "mesh" || c.echo {
							tr.Responders[j].Echoed = tr.Responders[j].Count
						}
						if tr.Target.Kind == "haproxy" {
							tr.Responders[j].Header = c.header
						}
					}
				}
			}
			got := w.verdicts()
			v := got["task2.answers"]
			requireReadable(t, v)
			require.Equal(t, c.want, v.Outcome, "%s", v.Message.Key)
			if c.why != "" {
				require.Equal(t, "check.answers_forged", v.Message.Key)
				require.Contains(t, reasonKeys(v.Message.Args), c.why)
			}
			require.Equal(t, c.running, got["task2.haproxy-running"].Outcome)
			require.Equal(t, check.Pass, got["task2.mesh"].Outcome, "what is asked without HAProxy is not doubted")
		})
	}
}

// TestClaimsThatContradict: one odd answer among honest ones counts for
// nobody.
func TestClaimsThatContradict(t *testing.T) {
	for _, c := range []struct {
		name, why string
		spoil     func(r *evidence.Responder)
	}{
		{"two names", "check.doubt_torn", func(r *evidence.Responder) { r.Torn = true }},
		{"a stand-alone container's address", "check.doubt_stand_alone", func(r *evidence.Responder) { r.Addresses = []string{"172.17.0.9"} }},
		{"another student's ID", "check.doubt_student", func(r *evidence.Responder) { r.StudentID = "20249999" }},
		{"an answer from a cache", "check.doubt_cached", func(r *evidence.Responder) { r.Replayed = r.Count - 1 }},
		{"an answer of an earlier run", "check.doubt_cached", func(r *evidence.Responder) { r.Replayed = r.Count }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(loadRubric(t), 3, 42)
			helper(w)
			w.finish = func(k *evidence.Case) { c.spoil(&k.Bundle.Trace("haproxy").Responders[0]) }
			v := w.verdicts()["task2.answers"]
			requireReadable(t, v)
			require.NotEqual(t, check.Pass, v.Outcome)
			require.Equal(t, "check.answers_forged", v.Message.Key)
			require.Contains(t, reasonKeys(v.Message.Args), c.why)
		})
	}
}

// TestHonestOddities: what looks odd and is not held against anybody.
func TestHonestOddities(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world)
		spoil  func(r *evidence.Responder)
	}{
		{"the page shows only the gateway network's address", func(*world) {}, func(r *evidence.Responder) { r.Addresses = []string{"172.18.0.3"} }},
		{"the page shows no address", func(*world) {}, func(r *evidence.Responder) { r.Addresses = nil }},
		{"the page shows no student ID", func(*world) {}, func(r *evidence.Responder) { r.StudentID = "" }},
		{"the service sets another's ID, and the page says so", func(w *world) {
			w.before.Services[0].Env, w.after.Services[0].Env = []string{"STUDENT_ID=2024002"}, []string{"STUDENT_ID=2024002"}
		}, func(r *evidence.Responder) { r.StudentID = "2024002" }},
		{"the service sets none, and the image has a default", func(w *world) {
			w.before.Services[0].Env, w.after.Services[0].Env = nil, nil
		}, func(r *evidence.Responder) { r.StudentID = "unknown" }},
		{"an update that stopped halfway", func(w *world) {
			w.before.Services[0].UpdateState, w.after.Services[0].UpdateState = "paused", "paused"
		}, func(r *evidence.Responder) { r.StudentID = "2023999" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(loadRubric(t), 3, 42)
			c.change(w)
			w.finish = func(k *evidence.Case) {
				for i := range k.Bundle.Traces {
					for j := range k.Bundle.Traces[i].Responders {
						c.spoil(&k.Bundle.Traces[i].Responders[j])
					}
				}
			}
			got := w.verdicts()
			for _, id := range []string{"task2.mesh", "task2.mesh-spread", "task2.answers", "task2.spread"} {
				require.Equal(t, check.Pass, got[id].Outcome, "%s: %s", id, got[id].Message.Key)
			}
		})
	}
}

// reasonKeys are the keys of the sentences within a sentence.
func reasonKeys(args map[string]any) []string {
	var out []string
	for _, a := range args {
		if m, ok := a.(i18n.Msg); ok {
			out = append(out, m.Key)
		}
	}
	return out
}
