//go:build !race

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/sim"
	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// maxRounds bounds how often a student checks again.
const maxRounds = 8

// TestHintsLeadToFullMarks: every sample student types what the hints say, with
// the real docker command, until all points are there; half of them read
// Chinese. Who does not get there is listed in unmended, with the reason.
func TestHintsLeadToFullMarks(t *testing.T) {
	if _, err := exec.LookPath("docker"); err != nil {
		if os.Getenv("GRADE_CI") != "" {
			t.Fatal("no docker command on this machine")
		}
		t.Skip("no docker command on this machine")
	}
	for _, task := range []string{"1", "2", "3", "strategies/restart", "strategies/update", "strategies/balance", "sticky/sticky", "discovery/mesh", "discovery/names", "discovery/counter"} {
		t.Run("task "+task, func(t *testing.T) {
			t.Parallel()
			c := newHintClass(t, task)
			for round := 0; ; round++ {
				start := time.Now()
				c.check(round)
				c.Logf("round %d graded in %s", round, time.Since(start))
				start = time.Now()
				if !c.open() || round == maxRounds {
					break
				}
				c.type_()
				c.Logf("round %d typed in %s", round, time.Since(start))
			}
			c.report()
		})
	}
}

// hintClass is a task's sample class, following hints.
type hintClass struct {
	*testing.T
	task    string
	x       *sample
	c       *simCluster
	targets deployments.Targets
	most    rubric.Points
	who     []*hintStudent
}

type hintStudent struct {
	deployments.Seat
	typist typist
	points []rubric.Points // each round's
	hints  []i18n.Msg
	first  string // check that is not passed
	said   string // all hints
	again  int    // how often that was said
	stuck  bool   // nothing was left to type
}

// newHintClass takes a task by its key.
func newHintClass(t *testing.T, key string) *hintClass {
	id, task, other := strings.Cut(key, "/")
	if !other {
		id, task = "ha-lb", key
	}
	built, err := findRubric(t.Context(), id)
	require.NoError(t, err)
	f := rubricTest{}
	seats, class, err := f.seats(built, task)
	require.NoError(t, err)
	seats = mendable(seats)
	a := &app{command: command{Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }}, haproxy: proxyEmbedded}
	a.ui = newUI(a.command, a.lang())
	x := &sample{a: a, rub: built, class: class, task: task, seats: seats}
	c := &hintClass{T: t, task: key, x: x}
	quiet := x.silent()
	quiet.simFiles = t.TempDir()
	s, err := quiet.bringUpSim(t.Context(), seats, sim.Options{Seed: 1, Speed: simSpeed, HostFiles: true, Warn: func(s string) { t.Log("embedded cluster:", s) }})
	require.NoError(t, err)
	c.c, err = dialSim(t.Context(), s)
	require.NoError(t, err)
	c.c.lent = true
	t.Cleanup(func() {
		c.c.lent = false
		require.NoError(t, c.c.Close())
	})
	c.targets, err = simTargets(t.Context(), s)
	require.NoError(t, err)
	c.targets.Files = quiet.simFiles
	engines := map[string]string{}
	for i, n := range s.Nodes() {
		engines[n] = s.Endpoints()[i]
	}
	for i, seat := range seats {
		for n := range engines {
			require.NoError(t, os.MkdirAll(c.path(n, "/home/"+seat.ID), 0o755))
		}
		c.who = append(c.who, &hintStudent{Seat: seat, typist: typist{
			user: seat.ID, lang: i18n.Langs[i%2], engines: engines, path: c.path, edits: map[string]map[int]*lineEdit{},
		}})
	}
	return c
}

// mendable are those students whom hints are for, with the neighbours whom
// they touch: nobody tells a cheat how to go on.
func mendable(seats []deployments.Seat) []deployments.Seat {
	companions := map[string]bool{}
	for _, s := range seats {
		if d := s.Deployment; !d.Good && !d.Cheats() {
			companions[d.Companion] = true
		}
	}
	only := regexp.MustCompile(os.Getenv("HINTS_ONLY"))
	return slices.DeleteFunc(slices.Clone(seats), func(s deployments.Seat) bool {
		d := s.Deployment
		return (d.Good || d.Cheats() || !only.MatchString(d.Name)) && !companions[d.Name]
	})
}

func (c *hintClass) path(node, file string) string {
	if strings.HasPrefix(file, c.targets.Files) {
		return file // a mount's source, which is where it is
	}
	return c.targets.Path(node, file)
}

// check grades everybody.
func (c *hintClass) check(round int) {
	var open []*hintStudent
	c.x.seats = nil
	for _, s := range c.who {
		if round == 0 || !s.full() && !s.stuck {
			open, c.x.seats = append(open, s), append(c.x.seats, s.Seat)
		}
	}
	got, err := c.x.grade(c.Context(), c.c)
	require.NoError(c, err)
	for _, s := range open {
		vs := got.Verdicts[s.ID]
		points, most, _ := judge.Total(vs)
		c.most = most
		s.points, s.hints, s.first = append(s.points, points), nil, ""
		for _, v := range vs {
			if v.Outcome == check.Pass {
				continue
			}
			if s.first == "" {
				s.first = fmt.Sprintf("%s %s: %s", v.Check, v.Outcome, s.typist.lang.Text(v.Message))
			}
			if v.Outcome == check.Fail || v.Outcome == check.Partial {
				s.hints = append(s.hints, v.Hint)
			}
		}
		// Who is told the same a third time has no reason to try it again.
		said := fmt.Sprint(s.hints)
		if said != s.said {
			s.said, s.again = said, 0
		}
		s.again++
		s.stuck = !s.full() && s.again > 2
	}
}

func (s *hintStudent) full() bool { return s.first == "" }

func (c *hintClass) open() bool {
	for _, s := range c.who {
		if !s.full() && !s.stuck {
			return true
		}
	}
	return false
}

// type_ lets everybody type the hints of this round, and waits for the swarm.
func (c *hintClass) type_() {
	var g errgroup.Group
	g.SetLimit(6)
	for _, s := range c.who {
		if s.full() || s.stuck {
			continue
		}
		g.Go(func() error {
			s.typist.round()
			s.typist.typed = append(s.typist.typed, fmt.Sprintf("--- %s points", s.points[len(s.points)-1]))
			something := false
			for _, h := range s.hints {
				did, err := s.typist.hint(c.Context(), h)
				if err != nil {
					return fmt.Errorf("%s: %w", s.Deployment.Name, err)
				}
				something = something || did
			}
			if !something {
				s.typist.typed = append(s.typist.typed, "(nothing to type)")
			}
			return nil
		})
	}
	require.NoError(c, g.Wait())
	c.settle()
}

// settle waits until no service is being updated and each has what it asks
// for, as far as it ever will: swarm gets some minutes of its own.
func (c *hintClass) settle() {
	ctx, cancel := context.WithTimeout(c.Context(), 8*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		list, err := c.targets.Manager.ServiceList(ctx, swarm.ServiceListOptions{Status: true})
		busy := err != nil
		for _, s := range list {
			busy = busy || s.ServiceStatus.RunningTasks < s.ServiceStatus.DesiredTasks ||
				s.UpdateStatus != nil && s.UpdateStatus.State == swarm.UpdateStateUpdating
		}
		if !busy {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// unmended are those who do not get to full marks by what hints say, by task and
// name, and why not.
var unmended = map[string]string{
	"1 one-task-answers-for-all": "one task takes the others' connections; no command mends what is in the image",
	"2 one-task-answers-for-all": "one task takes the others' connections; no command mends what is in the image",
	"3 task-moved-static":        "the addresses were right until a fault moved the tasks, so that there is nothing to mend: the next run counts",

	"discovery/counter counts-in-each-container": otherProgram,
	"discovery/counter no-redis-counts-in-each":  otherProgram,
	"discovery/counter nothing-done":             otherProgram,
	"discovery/counter page-asks-another-name":   otherProgram,
	"discovery/counter page-without-number":      otherProgram,
	"discovery/counter random-number":            otherProgram,
	"discovery/counter redis-misnamed":           otherProgram,
	"discovery/counter redis-with-password":      redisOwn,
	"discovery/counter redis-at-another-port":    redisOwn,
	"discovery/counter shows-the-time":           otherProgram,
	"discovery/counter shows-visitors-port":      otherProgram,
	"discovery/counter whoami-as-it-is":          otherProgram,
}

// redisOwn is why Redis stays as it was started.
const redisOwn = "how Redis was started, with a password or at another port, is in its own command line, which no hint reads"

const otherProgram = "what the page shows, and which store it asks, is in the student's own program, which no command mends"

// report prints the table, and holds it against what is stated.
func (c *hintClass) report() {
	dir := os.Getenv("HINTS_LOG")
	for _, s := range c.who {
		d := s.Deployment
		name := c.task + " " + d.Name
		if dir != "" {
			_ = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(c.task, "/", "-")+"-"+d.Name), []byte(strings.Join(s.typist.typed, "\n")+"\n"+s.first+"\n"), 0o644)
		}
		if s.points[0] == c.most {
			continue
		}
		if s.full() {
			c.Logf("%-40s %2d %v", name, len(s.points)-1, s.points)
			assert.Empty(c, unmended[name], "%s gets to full marks: take it out of unmended", name)
			continue
		}
		c.Logf("%-40s  - %v %s", name, s.points, s.first)
		assert.Contains(c, unmended, name, "%s stays at %v: %s; it typed:\n%s", name, s.points, s.first, strings.Join(s.typist.typed, "\n"))
	}
}
