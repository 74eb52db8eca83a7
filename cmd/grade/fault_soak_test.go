package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
)

// soakSteps are the journalled steps at which a grader is killed, in turn. The
// window itself is between "injected" and "restoring".
var soakSteps = []string{
	action.StepPlanned, action.StepLocking, action.StepInjecting, action.StepInjected, action.StepInjected,
	action.StepRestoring, action.StepRestored, action.StepRestarted, action.StepDone,
}

// TestKilledGraders kills graders with SIGKILL at each step of a fault, on an
// embedded cluster in a process of its own that goes on. After "grade restore"
// the node must be back each time, and a run that goes on from there must grade
// everybody. GRADE_SOAK is the number of kills.
//
// The last kill of each round of steps is followed by a run to its end.
func TestKilledGraders(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("starts an embedded cluster and kills graders")
	}
	t.Parallel()
	kills := 3
	if n, err := strconv.Atoi(os.Getenv("GRADE_SOAK")); err == nil {
		kills = n
	}
	w := newWorld(t)
	class := w.simClass(t, "fault-lab")
	s := soak{t: t, w: w, args: []string{"--class", class, "--task", "1", "--students", "2024001,2024004,2024008"},
		healthy: []string{"sim", "status"}, rng: rand.New(rand.NewPCG(1, 2)), took: 1500 * time.Millisecond}
	s.run(kills)
}

// TestKilledGradersOnTheLab is the same on real engines whose nodes are stopped
// over SSH: GRADE_SOAK_CLASS is the class file, whose students are deployed.
func TestKilledGradersOnTheLab(t *testing.T) {
	class := os.Getenv("GRADE_SOAK_CLASS")
	if class == "" {
		t.Skip("GRADE_SOAK_CLASS names no class with real engines")
	}
	kills := 3
	if n, err := strconv.Atoi(os.Getenv("GRADE_SOAK")); err == nil {
		kills = n
	}
	s := soak{t: t, w: newWorld(t), args: []string{"--class", class, "--task", "1", "--students", "2024001,2024003"},
		healthy: []string{"doctor", "--class", class}, rng: rand.New(rand.NewPCG(3, 4)), took: 25 * time.Second}
	s.run(kills)
}

// simClass keeps an embedded cluster up and gives a class file that leads to
// it.
func (w world) simClass(t *testing.T, sample string) string {
	t.Helper()
	class := filepath.Join(w.dir, "classes", "mine.yaml")
	require.NoError(t, os.MkdirAll(filepath.Dir(class), 0o700))
	sim := w.start(t, "sim", "--class", sample, "--write-class", class)
	t.Cleanup(func() { sim.end(t, syscall.SIGTERM) })
	require.Eventually(t, func() bool { return strings.Contains(sim.out.String(), "Ctrl-C takes it down") },
		time.Minute, 20*time.Millisecond, "the embedded cluster")
	return class
}

type soak struct {
	t       *testing.T
	w       world
	args    []string // of the run
	healthy []string // a verb that ends with status 0 if every node is ready
	rng     *rand.Rand
	took    time.Duration // how long a window takes, about
	killed  bool          // the last run was: there is one to go on with
}

// grade starts a run, or goes on with the one that was killed.
func (s *soak) grade(more ...string) *running {
	args := append([]string{"--yes"}, more...)
	if s.killed {
		args = append(args, "--resume")
	}
	return s.w.start(s.t, append(args, s.args...)...)
}

func (s *soak) run(kills int) {
	missed := 0
	for i := range kills {
		step := soakSteps[i%len(soakSteps)]
		delay := time.Duration(0)
		if step == action.StepInjected {
			delay = time.Duration(s.rng.Int64N(int64(s.took)))
		}
		r := s.grade()
		journal, over := s.journalAt(r, step)
		if !over {
			time.Sleep(delay)
		}
		status := r.end(s.t, syscall.SIGKILL)
		s.killed = status == -int(syscall.SIGKILL)
		if status != -int(syscall.SIGKILL) {
			missed++ // it was faster; nothing is left then either
		}
		s.t.Logf("kill %d at %s+%v: %d", i+1, step, delay.Round(time.Millisecond), status)
		s.heal(journal, r)
		if i%len(soakSteps) == len(soakSteps)-1 || i == kills-1 {
			s.toTheEnd()
		}
	}
	require.Less(s.t, missed, max(2, kills/3), "hardly any grader was killed in time")
}

// journalAt waits until the grader's journal holds a step, or the grader ends.
func (s *soak) journalAt(r *running, step string) (journal string, over bool) {
	deadline := time.Now().Add(3 * time.Minute)
	for time.Now().Before(deadline) {
		found, _ := filepath.Glob(filepath.Join(s.w.dir, "*", "fault-*.journal"))
		more, _ := filepath.Glob(filepath.Join(filepath.Dir(s.args[1]), "..", "gradebook", "fault-*.journal"))
		for _, path := range append(found, more...) {
			data, err := os.ReadFile(path)
			if err == nil && strings.Contains(string(data), fmt.Sprintf(`"pid":%d`, r.Process.Pid)) && holds(string(data), step) {
				return path, false
			}
		}
		select {
		case err := <-r.over:
			r.over <- err
			return "", true
		case <-time.After(2 * time.Millisecond):
		}
	}
	require.Fail(s.t, "no such step", "%s:\n%s", step, r.out)
	return "", false
}

// holds reports whether a journal has come to a step with anything but what keeps services
// whole beside it.
func holds(journal, step string) bool {
	for line := range strings.Lines(journal) {
		if strings.Contains(line, fmt.Sprintf(`"step":%q`, step)) && !strings.Contains(line, `"key":"(keep `) {
			return true
		}
	}
	return false
}

// heal runs grade restore; whatever was left, the nodes are back then.
func (s *soak) heal(journal string, killed *running) {
	r := s.w.start(s.t, "restore", "--class", s.args[1])
	require.Equal(s.t, exitOK, s.wait(r), "restore:\n%s\nkilled:\n%s\njournal %s", r.out, killed.out, journal)
	require.Equal(s.t, exitOK, s.wait(s.w.start(s.t, s.healthy...)), "not healthy after:\n%s", r.out)
}

// toTheEnd lets a run go on and grade everybody.
func (s *soak) toTheEnd() {
	r := s.grade("--format", "json", "--out", filepath.Join(s.w.dir, "out"))
	require.Equal(s.t, exitOK, s.wait(r), "%s", r.out)
	s.killed = false
	found, err := filepath.Glob(filepath.Join(s.w.dir, "out", "*.json"))
	require.NoError(s.t, err)
	require.Len(s.t, found, 1)
	data, err := os.ReadFile(found[0])
	require.NoError(s.t, err)
	var got classJSON
	require.NoError(s.t, json.Unmarshal(data, &got))
	require.NotEmpty(s.t, got.Faults)
	for _, f := range got.Faults {
		require.NotEmpty(s.t, f.Injected)
		require.NotEmpty(s.t, f.Restored)
	}
	for _, st := range got.Students {
		if strings.Contains(s.args[len(s.args)-1], st.ID) { // others may be in the gradebook already
			for _, c := range st.Checks {
				require.NotEqual(s.t, "ungraded", c.Outcome, "%s: %v", st.ID, c)
			}
		}
	}
}

// wait gives a process its time and tells its exit status.
func (s *soak) wait(r *running) int {
	select {
	case err := <-r.over:
		if err == nil {
			return exitOK
		}
		var exit *exec.ExitError
		require.ErrorAs(s.t, err, &exit)
		return exit.ExitCode()
	case <-time.After(5 * time.Minute):
		require.Fail(s.t, "still there", "%s", r.out)
		return -1
	}
}

// classJSON is the part of an export that tests look at.
type classJSON struct {
	Students []struct {
		ID     string  `json:"id"`
		Points float64 `json:"points"`
		Checks []struct {
			ID      string `json:"id"`
			Outcome string `json:"outcome"`
			Message string `json:"message"`
		} `json:"checks"`
	} `json:"students"`
	Faults []struct {
		Kind, Target, Injected, Restored string
	} `json:"faults"`
}
