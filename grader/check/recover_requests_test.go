package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/recovery/scene"
	"swarmgrade/grader/rubric"
)

// unprobed has a window in which no probe came back.
func unprobed(d *deployment) {
	d.struck(2, nil)
	d.scene.Probing.Probes = nil
}

// spoilt has one in so many of the probes fail while the fault lasts.
func spoilt(one int) func(d *deployment) {
	return func(d *deployment) {
		d.struck(3, func(s *scene.Scene) { s.Hold = 90000 })
		p := d.scene.Probing
		p.Errors = append(p.Errors, evidence.ErrorClass{Class: "eof"})
		for i := range p.Probes {
			if p.Probes[i].At > d.scene.Window.Injected && i%one == 0 {
				p.Probes[i].Who = -len(p.Errors)
			}
		}
	}
}

func TestAvailable(t *testing.T) {
	most, some := 0.5, 0.25
	credit := rubric.Credit{Bands: []rubric.Band{{AtLeast: &most, Points: 700}, {AtLeast: &some, Points: 300}}}
	requireKind(t, "available", viaNodes, credit, append(windowOpen(), []kase{
		{"one of two is lost", "", struck(2, nil), pass("check.available_ok").saw("hit", 1)},
		{"five replicas, dealt by chance", "", struck(5, func(s *scene.Scene) { s.Random = true }), pass("check.available_ok")},
		{"no request lost at all", "", func(d *deployment) {
			d.struck(3, nil)
			for i := range d.scene.Probing.Probes {
				if x := &d.scene.Probing.Probes[i]; x.Who < 0 {
					x.Who, x.Took = 0, 2000
				}
			}
		}, pass("check.available_all").saw("failed", 0)},
		{"all together by swarm's doing, and back", "", struck(2, together), pass("check.available_together")},
		{"an eighth lost to the end, where a third may be", "max_errors: 0.3", spoilt(8), pass("check.available_ok")},
		{"under other variables", "service: web, port: door, rate: 10, max_errors: 0", func(d *deployment) { d.otherVars(); d.struck(2, nil) }, pass("check.available_ok")},

		{"one replica", "", struck(1, nil), fail("check.available_alone").saw("before", 1)},
		{"pinned to the node that fails", "", struck(2, pinned), fail("check.available_alone")},
		{"runs again, and does not answer", "", struck(3, mute), partial("check.available_low", "7")},
		{"a page that breaks off at times", "", spoilt(3), partial("check.available_low", "7")},
		{"made no service", "", func(d *deployment) { d.struck(2, nil); d.noService() }, fail("check.service_none")},

		{"no probe came back", "", unprobed, open("check.window_unseen")},

		{"runs again, and does not answer, to a machine that is late most of the time", "", mostly(3, mute), open("check.window_late")},
		{"runs again, and does not answer, to a machine that is late at times", "", little(2, mute), partial("check.available_low", "7")},
		{"one replica, seen by a machine that is late at times", "", little(1, nil), fail("check.available_alone")},
		{"a machine that is late at times", "", little(3, nil), pass("check.available_ok")},
	}...))
	requireRefused(t, "available", map[string][]string{
		"max_errors: 1":                       {"max_errors check.param_share"},
		"max_errors: -1, rate: -1, port: p":   {"port check.param_no_var", "rate check.param_rate", "max_errors check.param_share"},
		"max_errors: 0, service: web":         nil,
		"max_errors: 0.99, rate: 100":         nil,
		"service: serv, max_errors: 0.1":      {"service check.param_no_var"},
		"service: web, port: door, rate: 0.5": nil,
	})
}

func TestOutage(t *testing.T) {
	requireKind(t, "outage", viaNodes, linear(60, 5), append(windowOpen(), []kase{
		{"one of two is lost", "", struck(2, nil), pass("check.outage_ok")},
		{"five replicas", "at_most: 0.5", struck(5, nil), pass("check.outage_ok")},
		{"one replica, where that is long enough", "at_most: 60", struck(1, nil), pass("check.outage_ok").asked("outage_s_at_most", 60)},
		{"all together by swarm's doing, and back", "", struck(2, together), pass("check.outage_together")},
		{"under other variables", "service: web, port: door, at_most: 20, rate: 1", func(d *deployment) { d.otherVars(); d.struck(2, nil) }, pass("check.outage_ok")},

		{"one replica", "", struck(1, nil), partial("check.outage_alone", "7.68").saw("outage_s", 17.8)},
		{"one replica, which never came back", "", struck(1, never), fail("check.outage_ever")},
		{"pinned to the node that fails", "at_most: 60", struck(2, pinned), fail("check.outage_ever")},
		{"the others did not answer either", "", func(d *deployment) {
			d.struck(3, nil)
			p := d.scene.Probing
			p.Errors = append(p.Errors, evidence.ErrorClass{Class: "eof"})
			for i := range p.Probes {
				if at := p.Probes[i].At - d.scene.Window.Injected; at > 0 && at < 18000 {
					p.Probes[i].Who = -len(p.Errors)
				}
			}
		}, partial("check.outage_long", "7.68").asked("outage_s_at_most", 8)},
		{"made no service", "", func(d *deployment) { d.struck(2, nil); d.noService() }, fail("check.service_none")},

		{"no probe came back", "", unprobed, open("check.window_unseen")},

		{"one replica, seen by a machine that is late most of the time", "", mostly(1, nil), open("check.window_late")},
		{"one replica, seen by a machine that is late at times", "", little(1, never), fail("check.outage_ever")},
		{"two, seen by a machine that slept for as long", "", starved(2, 6000, 6001, 1, 20000, func(s *scene.Scene) { s.Hold = 30000 }), open("check.window_late")},
		{"two, seen by a machine that is late at times", "", little(2, nil), pass("check.outage_ok")},
	}...))
	requireRefused(t, "outage", map[string][]string{
		"at_most: 0":            {"at_most check.param_seconds"},
		"at_most: 601, rate: 0": {"at_most check.param_seconds"},
		"at_most: 600, port: p": {"port check.param_no_var"},
	})
}
