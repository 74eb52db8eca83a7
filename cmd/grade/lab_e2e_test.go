package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/fixtures/lab"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
)

// labStudents are those of task 2 that are deployed: the handout's, six other
// good ones, and eighteen that went wrong, each in its own part of the task.
var labStudents = []string{
	"handout", "global-mode", "haproxy-service", "hostname-template", "leastconn", "listen-section", "scaled-up-and-down",
	"acl-on-host-header", "another-port-throughout", "balance-source", "bind-loopback", "config-missing",
	"config-restarting", "constraint-unmet", "cookie-nobody-asked-for", "edited-not-restarted", "haproxy-misnamed",
	"haproxy-stopped", "mode-tcp", "no-check", "nothing-done", "one-node-listed", "published-host-mode",
	"student-id-of-another", "wrong-image",
}

// classroom is a lab of the test's own, with a class deployed on it.
type classroom struct {
	grade string // the program
	dir   string // classes/, gradebook/, and where it is run
	lab   *lab.Lab
	net   netip.Prefix
	seats []deployments.Seat
}

// printed is the part of the program's JSON that is looked at.
type printed struct {
	Run      string
	Students []struct {
		ID          string
		Points, Max float64
		Checks      []struct {
			ID, Outcome, Message, Hint string
			Points, Max                float64
		}
	}
}

// TestLabEndToEnd grades a class on three real engines with the program as it
// is built.
func TestLabEndToEnd(t *testing.T) {
	c := openClassroom(t)

	// The plan first: nobody has been sent anything, and nobody is.
	var plan planJSON
	planned := c.synsDuring(t, func() {
		out, _ := c.run(t, exitOK, "--class", "lab", "--task", "2", "--dry-run", "--json")
		require.NoError(t, json.Unmarshal(out, &plan))
	})
	require.Zero(t, planned, "connections opened to students by --dry-run")
	require.Len(t, plan.Students, len(c.seats))
	require.Positive(t, plan.Requests)
	require.NoDirExists(t, filepath.Join(c.dir, "gradebook"))
	require.NoDirExists(t, filepath.Join(c.dir, "out"))

	var last printed
	for n := range 3 {
		syns := c.synsDuring(t, func() { last = c.gradeClass(t) })
		require.Positive(t, syns, "the counter sees what is dialled")
		c.compare(t, fmt.Sprintf("run %d", n+1), last)
		c.requirePlan(t, plan, last.Run)
	}
	c.requireWorkbook(t, last)
	c.requireHints(t, last)
	c.requireSelfChecks(t)
	c.requireResume(t, plan)
}

func openClassroom(t *testing.T) *classroom {
	t.Helper()
	if testing.Short() {
		t.Skip("no real lab: -short")
	}
	if err := lab.Preflight(); err != nil {
		if os.Getenv("GRADE_CI") == "1" {
			t.Fatal("GRADE_CI is 1 and there is no real lab: ", err)
		}
		t.Skip("no real lab: ", err)
	}
	dir := t.TempDir()
	c := &classroom{dir: dir, grade: filepath.Join(dir, "grade")}
	opt, drop, err := lab.Scratch(t.Context())
	require.NoError(t, err)
	opt.Exe, c.net = c.grade, opt.Subnet
	t.Cleanup(func() {
		require.NoError(t, drop(context.Background()))
		require.NoDirExists(t, opt.Dir)
		for _, look := range [][]string{{"ip", "-o", "link"}, {"iptables-save"}, {"cat", "/proc/self/mountinfo"}} {
			out, err := exec.Command(look[0], look[1:]...).Output()
			require.NoError(t, err)
			require.NotContains(t, string(out), "sg-"+opt.Name, "%v", look)
			require.NotContains(t, string(out), opt.Dir, "%v", look)
		}
	})
	start := time.Now()
	out, err := exec.Command("go", "build", "-o", c.grade, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	t.Logf("built in %.1fs", time.Since(start).Seconds())

	start = time.Now()
	c.lab, err = lab.Up(t.Context(), opt)
	require.NoError(t, err)
	t.Logf("lab up in %.1fs", time.Since(start).Seconds())
	c.deploy(t)
	return c
}

// deploy puts the students on the lab and writes their class file.
func (c *classroom) deploy(t *testing.T) {
	t.Helper()
	all, err := deployments.All()
	require.NoError(t, err)
	seats, err := deployments.Seats(all, "2")
	require.NoError(t, err)
	var jobs []deployments.Job
	for _, s := range seats {
		if slices.Contains(labStudents, s.Deployment.Name) {
			c.seats = append(c.seats, s)
			jobs = append(jobs, s.Job())
		}
	}
	require.Len(t, c.seats, len(labStudents), "each name is a deployment's")
	targets, closeAll, err := labTargets(c.lab)
	require.NoError(t, err)
	defer closeAll()
	start := time.Now()
	require.NoError(t, deployments.OfferNginx(t.Context(), targets))
	require.NoError(t, deployments.ApplyAll(t.Context(), targets, jobs, 4, nil))
	t.Logf("%d students deployed in %.1fs", len(jobs), time.Since(start).Seconds())

	roster, err := deployments.Roster(c.seats)
	require.NoError(t, err)
	class := "class: lab\nroster: lab.csv\nrubric: ha-lb\nsettings: {parallel: 8}\ncluster:\n  endpoints: [" +
		strings.Join(c.lab.Endpoints(), ", ") + "]\n"
	require.NoError(t, os.Mkdir(filepath.Join(c.dir, "classes"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "classes", "lab.yaml"), []byte(class), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "classes", "lab.csv"), roster, 0o600))
}

func (c *classroom) command(t *testing.T, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), c.grade, append(args, "--dir", c.dir, "--lang", "zh")...)
	cmd.Dir = c.dir
	return cmd
}

// run runs the program to its end, which must be with that status.
func (c *classroom) run(t *testing.T, status int, args ...string) (out []byte, errs string) {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := c.command(t, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	if took := time.Since(start); took > time.Second {
		t.Logf("grade %s: %.1fs", strings.Join(args, " "), took.Seconds())
	}
	require.NotNil(t, cmd.ProcessState, "%v", err)
	require.Equal(t, status, cmd.ProcessState.ExitCode(), "grade %v: %s", args, stderr.String())
	return []byte(stdout.String()), stderr.String()
}

func (c *classroom) gradeClass(t *testing.T, args ...string) (r printed) {
	t.Helper()
	out, _ := c.run(t, exitOK, append([]string{"--class", "lab", "--task", "2", "--json"}, args...)...)
	require.NoError(t, json.Unmarshal(out, &r))
	require.Len(t, r.Students, len(c.seats))
	return r
}

// compare lists all that was judged otherwise than the deployments state.
func (c *classroom) compare(t *testing.T, what string, r printed) {
	t.Helper()
	var wrong []string
	for i, s := range r.Students {
		seat := c.seats[i]
		require.Equal(t, seat.ID, s.ID)
		require.Len(t, s.Checks, len(deployments.Checks("2")), s.ID)
		for _, v := range s.Checks {
			want := seat.Deployment.Expected(v.ID)
			if !slices.Contains(want.Outcomes, v.Outcome) || (want.Points != nil && *want.Points != v.Points) {
				wrong = append(wrong, fmt.Sprintf("%s %s %s: %s with %v points, want %v: %s",
					s.ID, seat.Deployment.Name, v.ID, v.Outcome, v.Points, want.Outcomes, v.Message))
			}
		}
	}
	if len(wrong) > 0 {
		t.Errorf("%s: %d verdicts differ:\n%s", what, len(wrong), strings.Join(wrong, "\n"))
	}
}

// synsDuring counts the connections that this machine opens to ports of
// students on the lab's nodes.
func (c *classroom) synsDuring(t *testing.T, do func()) int {
	t.Helper()
	rule := []string{"OUTPUT", "-d", c.net.Masked().String(), "-p", "tcp", "--dport", "8001:9099", "--syn"}
	iptables := func(args ...string) string {
		out, err := exec.Command("iptables", append([]string{"-w"}, args...)...).CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	iptables(append([]string{"-I"}, rule...)...)
	defer iptables(append([]string{"-D"}, rule...)...)
	do()
	for line := range strings.Lines(iptables("-nvxL", "OUTPUT")) {
		if f := strings.Fields(line); strings.Contains(line, c.net.Masked().String()) && strings.Contains(line, "8001:9099") {
			n, err := strconv.Atoi(f[0])
			require.NoError(t, err)
			return n
		}
	}
	t.Fatal("the counter is gone")
	return 0
}

func (c *classroom) book(t *testing.T) *gradebook.Gradebook {
	t.Helper()
	book, err := gradebook.Open(t.Context(), c.bookFile())
	require.NoError(t, err)
	return book
}

func (c *classroom) bookFile() string { return filepath.Join(c.dir, "gradebook", "lab.db") }

// requirePlan: what is stored of a run is what was planned, each target once,
// and no request more.
func (c *classroom) requirePlan(t *testing.T, plan planJSON, run string) {
	t.Helper()
	book := c.book(t)
	defer book.Close()
	for _, p := range plan.Students {
		got, err := book.Case(t.Context(), run, p.ID)
		require.NoError(t, err)
		want, have := map[string]int{}, map[string]int{}
		for _, target := range p.Targets {
			want[target.ID] = target.Requests
		}
		for _, trace := range got.Bundle.Traces {
			require.NotContains(t, have, trace.Target.ID, "%s: driven once", p.ID)
			have[trace.Target.ID] = trace.Sent
			if trace.Stopped == "settled" { // nothing ever answered
				require.True(t, trace.Sent <= want[trace.Target.ID] || c.restarts(p.ID), p.ID)
				have[trace.Target.ID] = want[trace.Target.ID]
			}
			if trace.Stopped == "enough" {
				require.Less(t, trace.Sent, want[trace.Target.ID], p.ID)
				require.NotEmpty(t, trace.By, p.ID)
				have[trace.Target.ID] = want[trace.Target.ID]
			}
		}
		if c.restarts(p.ID) {
			// Now and then it is seen running for a moment, and is planned for.
			delete(want, "haproxy")
			delete(have, "haproxy")
		}
		require.Equal(t, want, have, "requests to %s", p.ID)
	}
}

// restarts reports whether a student's HAProxy restarts again and again.
func (c *classroom) restarts(id string) bool {
	return slices.ContainsFunc(c.seats, func(s deployments.Seat) bool {
		return s.ID == id && s.Deployment.Name == "config-restarting"
	})
}

// requireWorkbook: everybody is in it, under an ID that is text, with a cached
// total that is the sum of the checks.
func (c *classroom) requireWorkbook(t *testing.T, r printed) {
	t.Helper()
	f, err := excelize.OpenFile(filepath.Join(c.dir, "out", "lab", "lab~task-2.xlsx"))
	require.NoError(t, err)
	defer f.Close()
	rows, err := f.GetRows("成绩单（部分）")
	require.NoError(t, err)
	head := slices.IndexFunc(rows, func(row []string) bool { return slices.Contains(row, "学号") })
	require.GreaterOrEqual(t, head, 0)
	id := slices.Index(rows[head], "学号")
	final := slices.Index(rows[head], "最终得分")
	require.GreaterOrEqual(t, final, 0, "%q", rows[head])
	automatic := slices.IndexFunc(rows[head], func(s string) bool { return strings.HasPrefix(s, "自动得分") })
	require.GreaterOrEqual(t, automatic, 0, "%q", rows[head])
	totals := map[string][2]string{}
	for _, row := range rows[head+1:] {
		if len(row) > final {
			totals[row[id]] = [2]string{row[automatic], row[final]}
		}
	}
	for _, s := range r.Students {
		sum := 0.0
		for _, v := range s.Checks {
			sum += v.Points
		}
		require.InDelta(t, s.Points, sum, 1e-9, s.ID)
		require.Contains(t, totals, s.ID)
		for _, cell := range totals[s.ID] {
			got, err := strconv.ParseFloat(cell, 64)
			require.NoError(t, err, "%s: %q", s.ID, totals[s.ID])
			require.InDelta(t, sum, got, 1e-9, s.ID)
		}
	}
}

// requireHints: whoever lost points is told on the screen what to do next.
func (c *classroom) requireHints(t *testing.T, r printed) {
	t.Helper()
	marks := strings.NewReplacer("\n"+i18n.CommandMark, "\n", "\n"+i18n.FileMark, "\n")
	words := func(s string) string { return strings.Join(strings.Fields(marks.Replace(s)), "") }
	var silent []string
	for i, s := range r.Students {
		out, _ := c.run(t, exitOK, "show", "-v", "--class", "lab", "--run", r.Run, s.ID)
		shown := words(string(out))
		for _, v := range s.Checks {
			if v.Points < v.Max && (v.Hint == "" || !strings.Contains(shown, words(v.Hint))) {
				silent = append(silent, fmt.Sprintf("%s %s (%s): hint %q", c.seats[i].Deployment.Name, v.ID, v.Outcome, v.Hint))
			}
		}
	}
	if len(silent) > 0 {
		t.Errorf("lost checks without a hint in show:\n%s", strings.Join(silent, "\n"))
	}
}

// requireSelfChecks: 0 for one who has nothing to mend, 1 for one who has.
func (c *classroom) requireSelfChecks(t *testing.T) {
	t.Helper()
	for name, status := range map[string]int{"handout": exitOK, "no-check": exitMend} {
		i := slices.IndexFunc(c.seats, func(s deployments.Seat) bool { return s.Deployment.Name == name })
		out, _ := c.run(t, status, "check", c.seats[i].ID, "--class", "lab", "--task", "2")
		require.Equal(t, status == exitMend, strings.Contains(string(out), "✗"), "%s", out)
	}
}

// requireResume kills the program while it drives the class, without a chance
// to tidy up, and lets it go on: nothing that was stored is driven again.
func (c *classroom) requireResume(t *testing.T, plan planJSON) {
	t.Helper()
	targets := 0
	for _, s := range plan.Students {
		targets += len(s.Targets)
	}
	runs, stored := c.count(t)
	cmd := c.command(t, "--class", "lab", "--task", "2", "--quiet")
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		_, now := c.count(t)
		return now >= stored+targets/3
	}, 2*time.Minute, 20*time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	before := c.traces(t, runs+1)
	kept := 0
	for _, traces := range before {
		kept += len(traces)
	}
	t.Logf("killed with %d of %d targets stored", kept, targets)
	require.Less(t, kept, targets, "killed in the middle")

	r := c.gradeClass(t, "--resume")
	runsNow, left := c.count(t)
	require.Equal(t, runs+1, runsNow, "the same run went on")
	require.Equal(t, stored, left, "a bundle takes its traces over")
	c.compare(t, "resumed run", r)
	c.requirePlan(t, plan, r.Run)
	book := c.book(t)
	defer book.Close()
	for id, traces := range before {
		got, err := book.Case(t.Context(), r.Run, id)
		require.NoError(t, err)
		for _, trace := range traces {
			require.Contains(t, got.Bundle.Traces, trace, "%s: what was stored stays", id)
		}
	}
}

// count looks at the gradebook's file from outside: how many runs it has and
// how many traces await their student's bundle.
func (c *classroom) count(t *testing.T) (runs, traces int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+c.bookFile()+"?mode=ro&_pragma=busy_timeout(2000)")
	require.NoError(t, err)
	defer db.Close()
	row := db.QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM traces)")
	require.NoError(t, row.Scan(&runs, &traces))
	return runs, traces
}

// traces are those stored of the newest of n runs, by student.
func (c *classroom) traces(t *testing.T, n int) map[string][]evidence.Trace {
	t.Helper()
	book := c.book(t)
	defer book.Close()
	runs, err := book.Runs(t.Context())
	require.NoError(t, err)
	require.Len(t, runs, n)
	require.NotEqual(t, gradebook.Finished, runs[0].Status)
	out := map[string][]evidence.Trace{}
	for _, s := range c.seats {
		if out[s.ID], err = book.Traces(t.Context(), runs[0].ID, s.ID); err != nil {
			require.NoError(t, err)
		}
	}
	return out
}
