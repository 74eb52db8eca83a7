package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/fixtures/sim/realproxy"
	"swarmgrade/grader/action"
)

// interruptLimit is how long after a signal a process may take to end.
const interruptLimit = 25 * time.Second

// world is where one process runs: all that it may leave behind is below dir,
// and its environment names dir, so that its children can be told.
type world struct{ dir string }

func newWorld(t testing.TB) world {
	t.Helper()
	dir, err := os.MkdirTemp("", "sgi") // short: it holds sockets
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tmp"), 0o700))
	return world{dir}
}

func (w world) home() string { return filepath.Join(w.dir, "home") }

// running is a started process with what it says.
type running struct {
	*exec.Cmd
	out  *lockedBuffer
	over chan error
}

func (w world) start(t testing.TB, args ...string) *running {
	t.Helper()
	r := &running{Cmd: exec.CommandContext(context.WithoutCancel(t.Context()), "grade", args...), out: &lockedBuffer{}, over: make(chan error, 1)}
	r.Dir = w.dir
	r.Env = append(os.Environ(), "LANG=en_US.UTF-8", "TMPDIR="+filepath.Join(w.dir, "tmp"), "GRADE_SIM_DIR="+w.home())
	r.Stdout, r.Stderr = r.out, r.out
	r.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, r.Start())
	t.Cleanup(func() { _ = syscall.Kill(-r.Process.Pid, syscall.SIGKILL) }) // of a test that failed
	go func() { r.over <- r.Wait() }()
	return r
}

// begun tells whether a process has said or made anything, or is over: before,
// it may not listen for a signal yet, which then ends it.
func (w world) begun(t *testing.T, r *running) bool {
	t.Helper()
	made := 0
	require.NoError(t, filepath.WalkDir(w.dir, func(_ string, _ fs.DirEntry, err error) error {
		made++
		if errors.Is(err, fs.ErrNotExist) { // it makes and removes them
			return nil
		}
		return err
	}))
	return made > 2 || r.out.String() != "" || len(r.over) > 0 // dir and tmp
}

// end sends the signal and waits; it gives the exit status, or minus the
// signal that ended the process.
func (r *running) end(t testing.TB, sig syscall.Signal) int {
	t.Helper()
	_ = r.Process.Signal(sig) // one that is over shows below
	select {
	case err := <-r.over:
		var exit *exec.ExitError
		if err == nil {
			return 0
		}
		require.ErrorAs(t, err, &exit)
		if s := exit.Sys().(syscall.WaitStatus); s.Signaled() {
			return -int(s.Signal())
		}
		return exit.ExitCode()
	case <-time.After(interruptLimit):
		require.Fail(t, "still there", "%v after %v:\n%s", interruptLimit, sig, r.out)
		return 0
	}
}

// requireNothing is what the title says: no process, no port, no socket, no
// temporary file, no half of a database.
func (w world) requireNothing(t *testing.T, r *running, ports map[string]bool) {
	t.Helper()
	w.requireNothingOf(t, r, ports, true)
}

// requireNothingOf is requireNothing; a gradebook that could not be closed keeps
// its log, which the next run takes up.
func (w world) requireNothingOf(t *testing.T, r *running, ports map[string]bool, closed bool) {
	t.Helper()
	require.ErrorIs(t, syscall.Kill(-r.Process.Pid, 0), syscall.ESRCH, "its process group")
	require.Empty(t, w.processes(t))
	for inode := range listening(t) {
		require.False(t, ports[inode], "a port is still open")
	}
	left, err := os.ReadDir(filepath.Join(w.dir, "tmp"))
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoFileExists(t, w.home())
	require.NoError(t, filepath.WalkDir(w.dir, func(path string, e fs.DirEntry, err error) error {
		half := strings.HasSuffix(path, "-wal") || strings.HasSuffix(path, "-shm") || strings.HasSuffix(path, "-journal")
		if err == nil && (e.Type()&fs.ModeSocket != 0 || closed && half || strings.Contains(filepath.Base(path), "tmp") && path != filepath.Join(w.dir, "tmp")) {
			return fmt.Errorf("%s is left", path)
		}
		return err
	}))
}

// processes are those whose environment names this world.
func (w world) processes(t *testing.T) []string {
	t.Helper()
	var out []string
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	for _, f := range files {
		if env, err := os.ReadFile(f); err == nil && bytes.Contains(env, []byte("TMPDIR="+w.dir+"/")) {
			out = append(out, f)
		}
	}
	return out
}

// childrenOf are the processes that one started, such as HAProxies.
func childrenOf(t *testing.T, pid int) (out []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, f := range files {
		raw, _ := os.ReadFile(f) // one that is over
		_, rest, _ := strings.Cut(string(raw), ") ")
		if w := strings.Fields(rest); len(w) > 1 && w[1] == fmt.Sprint(pid) {
			var n int
			_, err := fmt.Sscanf(filepath.Base(filepath.Dir(f)), "%d", &n)
			require.NoError(t, err)
			out = append(out, n)
		}
	}
	return out
}

// requireGone waits for processes that the kernel kills.
func requireGone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		require.Eventually(t, func() bool {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			return err != nil || bytes.Contains(stat, []byte(") Z "))
		}, 10*time.Second, 10*time.Millisecond)
	}
}

// portsOf are the inodes of a process's listening sockets.
func portsOf(t *testing.T, pid int) map[string]bool {
	t.Helper()
	all, out := listening(t), map[string]bool{}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid)) // a process that is over has none
	for _, f := range files {
		if target, err := os.Readlink(f); err == nil {
			if inode := strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]"); all[inode] {
				out[inode] = true
			}
		}
	}
	return out
}

// listening are the inodes of all listening TCP sockets.
func listening(t *testing.T) map[string]bool {
	t.Helper()
	data, err := os.ReadFile("/proc/net/tcp")
	require.NoError(t, err)
	out := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) > 9 && f[3] == "0A" {
			out[f[9]] = true
		}
	}
	return out
}

// TestInterrupted ends the program at many moments of its life, each time in a
// world of its own, and looks at what is left.
func TestInterrupted(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("runs the program two dozen times, and reads /proc")
	}
	class := []string{"--class", "2024A", "--quiet"}
	sim := []string{"sim"}
	signals := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}
	var cases []func(t *testing.T)
	add := func(args []string, status int, moments ...time.Duration) {
		for i, at := range moments {
			sig := signals[i%len(signals)]
			cases = append(cases, func(t *testing.T) {
				w := newWorld(t)
				r := w.start(t, args...)
				select {
				case err := <-r.over:
					require.Fail(t, "over too early", "%v\n%s", err, r.out)
				case <-time.After(at):
				}
				ports, kids := portsOf(t, r.Process.Pid), childrenOf(t, r.Process.Pid)
				begun := w.begun(t, r)
				got := r.end(t, sig)
				if begun || got != -int(sig) {
					require.Equal(t, status, got, "%v at %v:\n%s", sig, at, r.out)
				}
				w.requireNothing(t, r, ports)
				requireGone(t, kids)
			})
		}
	}
	const ms = time.Millisecond
	add(class, exitInterrupted, 0, 20*ms, 60*ms, 150*ms, 300*ms, 500*ms, 800*ms, 1200*ms, 1700*ms, 2300*ms, 3*time.Second, 4*time.Second, 5500*ms, 7*time.Second)
	add(sim, exitOK, 0, 20*ms, 60*ms, 150*ms, 400*ms, 900*ms, 1600*ms, 3*time.Second)
	// A few at a time, whatever -parallel says: they take the time they take.
	room := make(chan struct{}, 4)
	for i, do := range cases {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			room <- struct{}{}
			defer func() { <-room }()
			do(t)
		})
	}
}

// TestSimKilled: what a killed simulator leaves, the next one clears.
func TestSimKilled(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("runs the program, and reads /proc")
	}
	w := newWorld(t)
	up := func(args ...string) *running {
		r := w.start(t, append([]string{"sim", "--students", "3"}, args...)...)
		require.Eventually(t, func() bool { return strings.Contains(r.out.String(), "Ctrl-C takes it down") }, interruptLimit, 10*time.Millisecond)
		return r
	}
	for _, listen := range []string{"unix", "tcp"} {
		killed := up("--listen", listen)
		ports := portsOf(t, killed.Process.Pid)
		require.NotEmpty(t, ports)
		var kids []int
		if _, err := realproxy.Find(t.Context(), ""); err == nil {
			require.Eventually(t, func() bool { kids = childrenOf(t, killed.Process.Pid); return len(kids) > 0 }, interruptLimit, 10*time.Millisecond)
		}
		require.Equal(t, -int(syscall.SIGKILL), killed.end(t, syscall.SIGKILL))
		require.Empty(t, w.processes(t))
		requireGone(t, kids)
		require.DirExists(t, w.home())
	}
	next := up()
	require.Contains(t, next.out.String(), "that was killed")
	ports := portsOf(t, next.Process.Pid)
	require.NotEmpty(t, ports)
	require.Equal(t, exitOK, next.end(t, syscall.SIGTERM))
	w.requireNothing(t, next, ports)
}

// lockedBuffer is written by a process and read by its test.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// TestInterruptedAtRandom ends a small class at moments all over its life, the
// fault and the exports among them; every third time by a second interrupt on
// the heels of the first. GRADE_SOAK is the number of moments.
func TestInterruptedAtRandom(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("runs the program nine times, and reads /proc")
	}
	moments := 8
	if n, err := strconv.Atoi(os.Getenv("GRADE_SOAK")); err == nil {
		moments = n
	}
	args := []string{"--class", "gen-4", "--task", "1", "--quiet"}
	whole := newWorld(t)
	began := time.Now()
	r := whole.start(t, args...)
	require.NoError(t, <-r.over, r.out)
	life := time.Since(began)
	whole.requireNothing(t, r, nil)
	t.Logf("an undisturbed run takes %v", life.Round(time.Millisecond))
	rng := rand.New(rand.NewPCG(uint64(moments), 3))
	room := make(chan struct{}, 3)
	for i := range moments {
		at := time.Duration(rng.Float64() * float64(life))
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			room <- struct{}{}
			defer func() { <-room }()
			w := newWorld(t)
			r := w.start(t, args...)
			time.Sleep(at)
			ports := portsOf(t, r.Process.Pid)
			begun := w.begun(t, r)
			if i%3 == 2 {
				_ = r.Process.Signal(syscall.SIGINT) // one that is over shows below
				time.Sleep(20 * time.Millisecond)
			}
			got := r.end(t, syscall.SIGINT)
			if begun || got != -int(syscall.SIGINT) {
				require.Contains(t, []int{exitOK, exitInterrupted}, got, "at %v:\n%s", at, r.out)
			}
			w.requireNothingOf(t, r, ports, i%3 != 2)
		})
	}
}

// TestSecondInterruptInAFault ends graders in a fault whose undoing takes long:
// one interrupt waits for it and says so; a second one leaves it to the journal,
// says loudly what to type, and that is enough to undo it.
func TestSecondInterruptInAFault(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("starts an embedded cluster and interrupts graders")
	}
	w := newWorld(t)
	class := w.simClass(t, "fault-lab")
	text, err := os.ReadFile(class)
	require.NoError(t, err)
	mark := filepath.Join(w.dir, "undone")
	lines := strings.Split(string(text), "\n")
	for i, l := range lines {
		switch {
		case strings.HasPrefix(l, "  inject:"):
			lines[i] = `  inject: "true"`
		case strings.HasPrefix(l, "  restore:"):
			lines[i] = fmt.Sprintf("  restore: 'sleep 2; touch %s'", mark)
		}
	}
	require.NoError(t, os.WriteFile(class, []byte(strings.Join(lines, "\n")), 0o600))
	s := soak{t: t, w: w, args: []string{"--class", class, "--task", "1", "--students", "2024001"}, healthy: []string{"sim", "status"}}

	once := w.start(t, append([]string{"--yes"}, s.args...)...)
	s.journalAt(once, action.StepInjected)
	require.Equal(t, exitInterrupted, once.end(t, syscall.SIGINT), "%s", once.out)
	require.Contains(t, once.out.String(), "is as before")
	require.FileExists(t, mark)
	require.NoError(t, os.Remove(mark))

	twice := w.start(t, append([]string{"--yes"}, s.args...)...)
	s.journalAt(twice, action.StepInjected)
	_ = twice.Process.Signal(syscall.SIGINT)
	s.journalAt(twice, action.StepRestoring)
	require.Equal(t, exitFault, twice.end(t, syscall.SIGINT), "%s", twice.out)
	require.Contains(t, twice.out.String(), "grade restore --class")
	require.NotContains(t, twice.out.String(), "are back")
	require.NoFileExists(t, mark)
	s.heal("", twice)
	require.FileExists(t, mark)
}
