package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/swarm"
)

// actionRubric does something to each student's service and looks at it.
const actionRubric = `schema: swarmgrade-rubric/1
id: act
version: 1
title: {zh: 动作, en: actions}
points: 4
vars:
  - {name: nn, kind: text, expr: 'last(digits(id), 2)', title: {zh: 学号后两位, en: last two digits}}
  - {name: service, kind: name, expr: '"s" + nn', title: {zh: 服务名, en: service}}
  - {name: published, kind: port, expr: 8000 + int(nn), title: {zh: 发布端口, en: published port}}
actions:
  - {id: act, title: {zh: 动作, en: the action}, KIND}
tasks:
  - id: "1"
    title: {zh: 动作, en: actions}
    points: 4
    checks:
      - {id: there, kind: service-exists, points: 2, title: {zh: 服务在, en: the service exists}}
      - {id: seen, CHECK, after: act, points: 2, title: {zh: 看到了, en: it is seen}, needs: [there]}
`

// actionSteps are the journalled steps at which a grader is killed, in turn.
var actionSteps = []string{
	action.StepPlanned, action.StepInjecting, action.StepInjected, action.StepInjected, action.StepRestoring, action.StepRestored, action.StepDone,
}

// TestKilledWhileServicesAreChanged kills graders with SIGKILL while students' services
// are scaled, lose a container or are updated, on an embedded cluster that goes on.
// After "grade restore" each has as many replicas as before and runs them, and a run
// that goes on from there grades everybody. GRADE_SOAK is the number of kills of each
// kind, GRADE_SOAK_ACTIONS a class file with real engines.
func TestKilledWhileServicesAreChanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, action, check string }{
		{action.Scale, "kind: scale, with: {replicas: 4}", "kind: answers, with: {via: mesh}"},
		{action.ContainerKill, "kind: container-kill", "kind: recovers, with: {within: 60}"},
		{action.Update, "kind: update", "kind: updated"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			killedWhile(t, strings.NewReplacer("KIND", c.action, "CHECK", c.check).Replace(actionRubric))
		})
	}
}

func killedWhile(t *testing.T, rubric string) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("starts an embedded cluster and kills graders")
	}
	kills := 4
	if n, err := strconv.Atoi(os.Getenv("GRADE_SOAK")); err == nil {
		kills = n
	}
	w := newWorld(t)
	class := os.Getenv("GRADE_SOAK_ACTIONS")
	if class == "" {
		class = w.simClass(t, "fault-lab")
	}
	lab := filepath.Join(w.dir, "act.yaml")
	require.NoError(t, os.WriteFile(lab, []byte(rubric), 0o600))
	s := soak{t: t, w: w, args: []string{"--class", class, "--rubric", lab, "--students", "2024001,2024004,2024008"}, rng: rand.New(rand.NewPCG(5, 6))}

	conf, err := roster.LoadClass(t.Context(), roster.Options{Name: class, Dir: w.dir})
	require.NoError(t, err)
	cluster, err := swarm.Dial(t.Context(), conf.Cluster)
	require.NoError(t, err)
	defer func() { require.NoError(t, cluster.Close()) }()
	type state struct {
		replicas, running int
		updating          bool // what is being updated is left alone by the next grader
	}
	read := func() map[string]state {
		snap, err := cluster.Snapshot(t.Context(), func() int64 { return 0 })
		require.NoError(t, err)
		out := map[string]state{}
		for _, svc := range snap.Services {
			st := state{replicas: svc.Replicas, updating: svc.Updating()}
			for _, task := range snap.Tasks {
				if task.ServiceID == svc.ID && task.Desired == "running" && task.State == "running" {
					st.running++
				}
			}
			out[svc.Name] = st
		}
		return out
	}
	before := read()
	require.NotEmpty(t, before)
	// Tasks that replace others take their time to come up.
	asBefore := func(say ...any) {
		t.Helper()
		deadline := time.Now().Add(time.Minute)
		now := read()
		for !reflect.DeepEqual(before, now) && time.Now().Before(deadline) {
			time.Sleep(200 * time.Millisecond)
			now = read()
		}
		require.Equal(t, before, now, say...)
	}

	missed := 0
	for i := range kills {
		step := actionSteps[i%len(actionSteps)]
		r := s.grade()
		journal, over := s.journalAt(r, step)
		if !over && step == action.StepInjected {
			time.Sleep(time.Duration(s.rng.Int64N(int64(time.Second))))
		}
		status := r.end(t, syscall.SIGKILL)
		if s.killed = status == -int(syscall.SIGKILL); !s.killed {
			missed++
		}
		back := w.start(t, "restore", "--class", class)
		require.Equal(t, exitOK, s.wait(back), "restore:\n%s\nkilled at %s:\n%s\njournal %s", back.out, step, r.out, journal)
		asBefore("killed at %s, restored:\n%s", step, back.out)
	}
	require.Less(t, missed, max(2, kills/3), "hardly any grader was killed in time")
	r := s.grade("--format", "json", "--out", filepath.Join(w.dir, "out"))
	require.Equal(t, exitOK, s.wait(r), "%s", r.out)
	asBefore()
	found, err := filepath.Glob(filepath.Join(w.dir, "out", "*.json"))
	require.NoError(t, err)
	data, err := os.ReadFile(found[0])
	require.NoError(t, err)
	var got classJSON
	require.NoError(t, json.Unmarshal(data, &got))
	for _, st := range got.Students {
		for _, c := range st.Checks {
			require.NotEqual(t, "ungraded", c.Outcome, "%s: %v", st.ID, c)
		}
	}
}
