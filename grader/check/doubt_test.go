package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
)

// heard has the engines count so many packets at each of the student's
// containers while the load went on.
func heard(packets int64) func(d *deployment) {
	return func(d *deployment) {
		for _, x := range d.own() {
			d.bundle.Traffic = append(d.bundle.Traffic, evidence.Traffic{Target: "haproxy", ContainerID: x.ContainerID, Before: 100, After: 100 + packets})
		}
	}
}

// TestAnswersInDoubt: all answers through HAProxy name own containers; what
// casts doubt on that, and what settles it.
func TestAnswersInDoubt(t *testing.T) {
	both := func(changes ...func(d *deployment)) func(d *deployment) {
		return func(d *deployment) {
			for _, c := range changes {
				c(d)
			}
		}
	}
	edited := func(d *deployment) { d.px().Files[0].Modified = "2024-11-20T09:00:00Z" }
	image := func(d *deployment) { // another content than the class has under the name
		d.px().ImageID = "sha256:mine"
		d.snap.Containers[0].ImageID = "sha256:mine"
		for _, id := range []string{"a", "b"} {
			d.snap.Containers = append(d.snap.Containers, evidence.Container{NodeID: "node-2", ID: hexID(id), Names: []string{id}, Image: "haproxy:latest", ImageID: "sha256:all", State: "running"})
		}
	}
	other := servers("server x 172.30.0.11:8002", "server y 172.30.0.12:8002")
	some := servers("server x 172.30.0.11:8001", "server y 172.30.0.12:8002")
	preload := func(d *deployment) { d.px().Env = []evidence.EnvVar{{Name: "LD_PRELOAD", Value: "/x.so"}} }
	mount := func(d *deployment) {
		d.px().Mounts = []evidence.Mount{{Type: "bind", Source: "/srv/lb", Target: "/usr/local/sbin/haproxy"}}
	}
	// named has HAProxy write a header field, and the containers be named in one.
	named := func(field, in string) func(d *deployment) {
		return func(d *deployment) {
			d.edit("balance roundrobin", "balance roundrobin\n    http-response set-header "+field+" %s")
			d.haproxy = d.shares(each)
			for i := range d.haproxy {
				d.haproxy[i].Header = in
			}
		}
	}
	// perhaps has HAProxy answer by itself at times; nonces tell whether it did.
	perhaps := func(shown int) func(d *deployment) {
		return func(d *deployment) {
			d.edit("default_backend servers", "default_backend servers\n    acl odd hdr(x-a) b\n    http-request return status 200 content-type text/plain string hi if odd")
			d.observed()
			for i := range d.bundle.Traces {
				tr := &d.bundle.Traces[i]
				tr.Nonce = "n"
				for k := range tr.Responders {
					tr.Responders[k].Echoed = tr.Responders[k].Count
					if tr.Target.Kind == "haproxy" {
						tr.Responders[k].Echoed = shown
					}
				}
			}
		}
	}
	idle := func(after int64) func(d *deployment) {
		return both(heard(after), func(d *deployment) {
			for i := range d.bundle.Traffic {
				x := &d.bundle.Traffic[i]
				x.TookMS, x.IdleMS, x.IdleBefore, x.IdleAfter = 1000, 1000, 400, 500
			}
		})
	}
	forged := func(why string) want { return fail("check.answers_forged").says("why", "check.doubt_"+why) }
	well := pass("check.answers_ok")
	requireKind(t, "answers", viaNodes, linear(0, 1), casesVia("via: haproxy, port: frontend", []kase{
		{"edited since, uncounted", "", edited, well},
		{"edited since, and the containers were asked", "", both(edited, heard(2000)), well},
		{"edited since, and they were not", "", both(edited, heard(40)), forged("counted").saw("config_modified", "2024-11-20 09:00:00Z")},
		{"edited since, and health checks alone were counted", "", both(edited, idle(700)), forged("counted")},
		{"edited since, and more than health checks", "", both(edited, idle(1000)), well},
		{"no doubt, so that counts do not matter", "", heard(0), well},
		{"leads to a classmate's service only", "", other, forged("elsewhere")},
		{"leads to a classmate's service only, and was counted", "", both(other, heard(2000)), well},
		{"leads to a classmate's service too", "", some, well},
		{"leads to a classmate's service too, and was not counted", "", both(some, heard(0)), forged("counted")},
		{"an image of the student's, under everybody's name", "", both(image, heard(0)), forged("counted")},
		{"an image of the student's, which was counted", "", both(image, heard(2000)), well},
		{"foreign code in HAProxy", "", both(preload, heard(0)), forged("counted")},
		{"another program in its place", "", both(mount, heard(0)), forged("counted")},
		{"a header of HAProxy's own that names the container", "", named("X-Served-By", "x-served-by"), forged("header")},
		{"a header of HAProxy's own beside", "", named("X-Backend", "x-served-by"), well},
		{"may answer by itself, and shows the requests' marks", "", perhaps(each), well},
		{"may answer by itself, and shows none of them", "", perhaps(0), forged("made_if")},
	}))
}

// casesVia gives cases without parameters some.
func casesVia(with string, cases []kase) []kase {
	for i := range cases {
		if cases[i].with == "" {
			cases[i].with = with
		}
	}
	return cases
}

// TestWhatWasLoaded: a statistics page that is not what the file says comes
// first to be mended, and costs nothing by itself.
func TestWhatWasLoaded(t *testing.T) {
	page := func(servers ...evidence.PageServer) func(d *deployment) {
		return func(d *deployment) {
			d.px().Page = &evidence.Page{Backends: []evidence.PageBackend{{Name: "servers", Status: "UP", Servers: servers}}}
		}
	}
	up := func(name string, weight int) evidence.PageServer {
		return evidence.PageServer{Name: name, Status: "UP", Weight: weight}
	}
	same := page(up("node1", 1), up("node2", 1), up("node3", 1))
	fewer := page(up("node1", 1), up("node2", 1))
	heavy := page(up("node1", 1), up("node2", 1), up("node3", 9))
	losing := func(change func(d *deployment)) func(d *deployment) {
		return func(d *deployment) {
			change(d)
			d.haproxy = append(d.shares(250), failed("http-503", 750))
		}
	}
	down := func(change func(d *deployment)) func(d *deployment) {
		return func(d *deployment) {
			change(d)
			d.edit("default_backend servers", "default_backend servrs")
		}
	}
	requireKind(t, "answers", viaNodes, linear(0, 1), casesVia("via: haproxy, port: frontend", []kase{
		{"the same, and all is well", "", same, pass("check.answers_ok")},
		{"another, and all is well", "", fewer, pass("check.answers_ok")},
		{"the same, and half is lost", "", losing(same), partial("check.answers_errors", "5").saw("statistics_page", []string{"node1 UP", "node2 UP", "node3 UP"})},
		{"fewer servers", "", losing(fewer), partial("check.answers_errors", "5").saw("page_shows", "node1, node2").saw("file_says", "node1, node2, node3")},
		{"other weights", "", losing(heavy), partial("check.answers_errors", "5").saw("page_shows", "node3 weight 9")},
	}))
	requireKind(t, "haproxy-config", viaNodes, perUnit, []kase{
		{"the same", "", same, pass("check.config_ok")},
		{"another", "", fewer, pass("check.config_ok").saw("page_shows", "node1, node2")},
		{"another, and the file would be refused", "", down(func(d *deployment) {
			d.px().Page = &evidence.Page{Backends: []evidence.PageBackend{{Name: "old"}}}
		}), pass("check.config_ok")},
	})
}
