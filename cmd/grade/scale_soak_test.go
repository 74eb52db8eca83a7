package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/swarm"
)

// scaleRubric scales each student's service to four.
const scaleRubric = `schema: swarmgrade-rubric/1
id: four
version: 1
title: {zh: 扩容, en: scaling}
points: 4
vars:
  - {name: nn, kind: text, expr: 'last(digits(id), 2)', title: {zh: 学号后两位, en: last two digits}}
  - {name: service, kind: name, expr: '"s" + nn', title: {zh: 服务名, en: service}}
  - {name: published, kind: port, expr: 8000 + int(nn), title: {zh: 发布端口, en: published port}}
actions:
  - {id: four, kind: scale, title: {zh: 扩到 4 个副本, en: scaling to 4 replicas}, with: {replicas: 4}}
tasks:
  - id: "1"
    title: {zh: 扩容, en: scaling}
    points: 4
    checks:
      - {id: there, kind: service-exists, points: 2, title: {zh: 服务在, en: the service exists}}
      - {id: four, kind: answers, after: four, points: 2, title: {zh: 4 个都有回答, en: all four answer}, needs: [there], with: {via: mesh}}
`

// scaleSteps are the journalled steps at which a grader is killed, in turn.
var scaleSteps = []string{
	action.StepPlanned, action.StepInjecting, action.StepInjected, action.StepInjected, action.StepRestoring, action.StepRestored, action.StepDone,
}

// TestKilledWhileServicesAreScaled kills graders with SIGKILL while students' services
// are scaled, on an embedded cluster that goes on. After "grade restore" each has as
// many replicas as before, and a run that goes on from there grades everybody.
// GRADE_SOAK is the number of kills, GRADE_SOAK_SCALE a class file with real engines.
func TestKilledWhileServicesAreScaled(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("starts an embedded cluster and kills graders")
	}
	kills := 4
	if n, err := strconv.Atoi(os.Getenv("GRADE_SOAK")); err == nil {
		kills = n
	}
	w := newWorld(t)
	class := os.Getenv("GRADE_SOAK_SCALE")
	if class == "" {
		class = w.simClass(t, "fault-lab")
	}
	lab := filepath.Join(w.dir, "four.yaml")
	require.NoError(t, os.WriteFile(lab, []byte(scaleRubric), 0o600))
	s := soak{t: t, w: w, args: []string{"--class", class, "--rubric", lab, "--students", "2024001,2024004,2024008"}, rng: rand.New(rand.NewPCG(5, 6))}

	conf, err := roster.LoadClass(t.Context(), roster.Options{Name: class, Dir: w.dir})
	require.NoError(t, err)
	cluster, err := swarm.Dial(t.Context(), conf.Cluster)
	require.NoError(t, err)
	defer func() { require.NoError(t, cluster.Close()) }()
	replicas := func() map[string]int {
		snap, err := cluster.Snapshot(t.Context(), func() int64 { return 0 })
		require.NoError(t, err)
		out := map[string]int{}
		for _, svc := range snap.Services {
			out[svc.Name] = svc.Replicas
		}
		return out
	}
	before := replicas()
	require.NotEmpty(t, before)

	missed := 0
	for i := range kills {
		step := scaleSteps[i%len(scaleSteps)]
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
		require.Equal(t, before, replicas(), "killed at %s, restored:\n%s", step, back.out)
	}
	require.Less(t, missed, max(2, kills/3), "hardly any grader was killed in time")
	r := s.grade("--format", "json", "--out", filepath.Join(w.dir, "out"))
	require.Equal(t, exitOK, s.wait(r), "%s", r.out)
	require.Equal(t, before, replicas())
	found, err := filepath.Glob(filepath.Join(w.dir, "out", "*.json"))
	require.NoError(t, err)
	data, err := os.ReadFile(found[0])
	require.NoError(t, err)
	var got classJSON
	require.NoError(t, json.Unmarshal(data, &got))
	for _, st := range got.Students {
		require.Zero(t, st.Ungraded, "%s: %v", st.ID, st.Checks)
	}
}
