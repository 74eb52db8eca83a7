package check_test

import (
	"testing"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/recovery/scene"
	"swarmgrade/grader/rubric"
)

// rolled has a service of so many replicas updated, one after the other, each graceful
// unless change says otherwise.
func rolled(replicas int, change func(s *scene.Scene)) func(d *deployment) {
	return struck(replicas, func(s *scene.Scene) {
		s.Kind, s.Drop, s.Period, s.Limit = "update", -500, 100, 250_000
		if change != nil {
			change(s)
		}
	})
}

// late has the machine that watches an update be late for so long at a time, from the
// update's begin on.
func late(replicas int, step, length int64, change func(s *scene.Scene)) func(d *deployment) {
	return rolled(replicas, func(s *scene.Scene) {
		change(s)
		for at := int64(5000); at < 200000; at += step {
			s.Late = append(s.Late, evidence.Stretch{From: at, To: at + length})
		}
	})
}

func startFirst(s *scene.Scene) {
	s.Service.Update = &evidence.UpdatePolicy{Order: "start-first", Parallelism: 1}
}

// says has the swarm state how the update stands.
func says(state string, did func(d *deployment)) func(d *deployment) {
	return func(d *deployment) {
		did(d)
		d.svc().UpdateState = state
	}
}

// unversioned is evidence of before tasks were kept with the version that they are of.
func unversioned(did func(d *deployment)) func(d *deployment) {
	return func(d *deployment) {
		did(d)
		for i := range d.scene.Window.Polls {
			for k := range d.scene.Window.Polls[i].Tasks {
				d.scene.Window.Polls[i].Tasks[k].Forced = 0
			}
		}
	}
}

func TestUpdated(t *testing.T) {
	requireKind(t, "updated", viaNodes, rubric.Credit{PerUnit: true}, append([]kase{
		{"two replicas", "", rolled(2, nil), pass("check.updated_ok").saw("replaced", 2)},
		{"five", "", rolled(5, nil), pass("check.updated_ok").saw("replaced", 5)},
		{"new ones start first", "", rolled(3, startFirst), pass("check.updated_ok")},
		{"one, with a gap", "", rolled(1, nil), pass("check.updated_ok")},

		{"the last new one does not come up", "", rolled(3, becomes(scene.Starting)), partial("check.updated_not", "6.66").saw("replaced", 2)},
		{"the last new one says nothing", "", rolled(2, mute), fail("check.updated_silent")},
		{"the swarm says completed, and nothing runs", "", says("completed", rolled(1, becomes(scene.Starting))), fail("check.updated_not").saw("state", "completed")},
		{"rolled back, and all run and answer", "", says("rollback_completed", rolled(3, becomes(scene.Back))), fail("check.updated_back").saw("replaced", 0)},
		{"one replica that was rolled back", "", says("rollback_completed", rolled(1, becomes(scene.Back))), fail("check.updated_back")},
		{"a rollback that says it is completed", "", says("completed", rolled(1, becomes(scene.Back))), fail("check.updated_back")},
		{"watched for hours, and all are new", "", says("updating", rolled(3, nil)), pass("check.updated_ok").saw("state", "updating")},
		{"updating for hours, and the last does not come up", "", says("updating", rolled(3, becomes(scene.Starting))), partial("check.updated_not", "6.66")},
		{"paused after a failure", "", says("paused", rolled(2, becomes(scene.Starting))), partial("check.updated_not", "5")},
		{"evidence that tells no versions", "", unversioned(rolled(2, nil)), pass("check.updated_ok")},
		{"the last new one says nothing, to a machine that is late at times", "", late(2, 10000, 500, mute), fail("check.updated_silent")},
		{"the last new one says nothing, to a machine that is late most of the time", "", late(2, 2000, 1700, mute), open("check.window_late")},
		{"a container was killed in its place", "", struck(2, func(s *scene.Scene) { s.Kind = "task-kill" }), open("check.window_none")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
	}, windowOpen()...))
}

func TestUpdateAvailable(t *testing.T) {
	abrupt := func(s *scene.Scene) { s.Drop = 1500 }
	requireKind(t, "update-available", viaNodes, rubric.Credit{}, append([]kase{
		{"two replicas", "", rolled(2, nil), pass("check.update_available_ok").saw("failed", 0)},
		{"new ones start first", "", rolled(1, func(s *scene.Scene) { startFirst(s); s.Drop = 0 }), pass("check.update_available_ok")},
		{"a loaded machine loses one in a hundred", "", rolled(3, func(s *scene.Scene) { s.ProbeLoss = 0.01 }), pass("check.update_available_ok")},

		{"one replica that stops first", "", rolled(1, func(s *scene.Scene) { s.Start = 4000 }), fail("check.update_available_low")},
		{"over within few requests, one of which failed", "", rolled(1, func(s *scene.Scene) { s.Start, s.Period = 1000, 700 }), open("check.window_unseen")},
		{"over within two requests", "", rolled(1, func(s *scene.Scene) { startFirst(s); s.Drop, s.Period = 0, 1500 }), open("check.window_unseen")},
		{"few requests, all of which were answered", "", rolled(2, func(s *scene.Scene) { s.Period = 700 }), pass("check.update_available_ok")},
		{"one replica that stops first, on a machine that is late at times", "", late(1, 3000, 150, func(s *scene.Scene) { s.Start = 4000 }), fail("check.update_available_low")},
		{"one replica that stops first, on a machine that is late just then", "", late(1, 200000, 6000, func(s *scene.Scene) { s.Start, s.Hold = 4000, 30000 }), open("check.window_late")},
		{"cut off in the middle of answers", "", rolled(3, abrupt), fail("check.update_available_low")},
		{"made no service", "", (*deployment).noService, fail("check.service_none")},
	}, windowOpen()...))
	requireRefused(t, "update-available", map[string][]string{
		"max_errors: 2": {"max_errors check.param_share"}, "rate: 1000": {"rate check.param_rate"},
	})
}
