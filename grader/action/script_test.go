package action

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// box runs scripts on this machine as if it were a node without systemd whose
// engine is a file: there while it runs. No second passes there before it is told to, however long
// this machine takes over a command.
type box struct {
	dir, engine, timer string
	start, stop        string
}

func newBox(t *testing.T) *box {
	if _, err := exec.LookPath("setsid"); err != nil || runtime.GOOS != "linux" {
		t.Skip("nodes are Linux machines with setsid")
	}
	dir := t.TempDir()
	b := &box{dir: dir, engine: filepath.Join(dir, "it's engine"), timer: filepath.Join(dir, "timer")}
	b.start, b.stop = "touch "+quote(b.engine), "rm "+quote(b.engine)
	require.NoError(t, os.WriteFile(b.engine, nil, 0o600))
	sleep, err := exec.LookPath("sleep")
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(b.clock(), 0o700))
	script := "#!/bin/sh\nwhile [ -d " + quote(b.clock()) + " ] && ! [ -e " + quote(b.clock()+"/passes") + " ]; do " + sleep + " 0.02; done\n"
	require.NoError(t, os.WriteFile(filepath.Join(b.clock(), "sleep"), []byte(script), 0o700))
	return b
}

func (b *box) clock() string { return filepath.Join(b.dir, "clock") }

// timePasses lets all that waits for a second to pass go on, and whatever waits from now on.
func (b *box) timePasses(t *testing.T) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(b.clock(), "passes"), nil, 0o600))
}

func (b *box) run(script string) error {
	script = strings.NewReplacer(timerFile, b.timer, "/run/systemd/system", b.dir+"/none").Replace(script)
	cmd := exec.Command("sh", "-s")
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = append(os.Environ(), "PATH="+b.clock()+":"+os.Getenv("PATH"))
	return cmd.Run()
}

func (b *box) runs() bool {
	_, err := os.Stat(b.engine)
	return err == nil
}

func (b *box) armed() bool {
	_, err := os.Stat(b.timer)
	return err == nil
}

// The look at a node runs on this machine, which must be as it was before.
func TestTheLookAtANodeChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	if os.Getuid() != 0 {
		t.Skip("the script wants root")
	}
	status := func(stop, start string, path string) int {
		script := tryScript(stop, start)
		if path != "" {
			script = strings.Replace(script, "PATH=$PATH:/usr/sbin:/sbin", "PATH="+path, 1)
		}
		err := b.run(script)
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		require.NoError(t, err)
		return 0
	}
	require.Equal(t, 0, status(b.stop, b.start, ""))
	require.True(t, b.runs(), "the commands are read, not run")
	require.False(t, b.armed())
	require.Equal(t, tryBadCommand, status("echo 'open", b.start, ""))
	require.Equal(t, tryBadCommand, status(b.stop, "if", ""))
	require.Equal(t, tryNoProgram, status(b.stop, "no-such-program it", ""))
	tools := filepath.Join(b.dir, "tools")
	require.NoError(t, os.Mkdir(tools, 0o700))
	for _, name := range []string{"id", "sh"} {
		where, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(where, filepath.Join(tools, name)))
	}
	require.Equal(t, tryNoSystemd, status("", "", tools))
	require.Equal(t, tryNoShell, status("true", "true", tools))
	require.NoError(t, os.WriteFile(filepath.Join(tools, "systemctl"), []byte("#!/bin/sh\nexit 1\n"), 0o700))
	require.Equal(t, tryNoDocker, status("", "", tools))
}

func TestTheTimerStartsDockerOnItsOwn(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	require.NoError(t, b.run(armScript(b.start, "1", 1)))
	require.NoError(t, b.run(stopScript(b.stop)))
	require.False(t, b.runs())
	b.timePasses(t)
	require.Eventually(t, b.runs, 10*time.Second, 20*time.Millisecond)
	require.Eventually(t, func() bool { return !b.armed() }, 10*time.Second, 20*time.Millisecond)
}

func TestATimerThatIsDisarmedOrReplacedDoesNothing(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	require.NoError(t, b.run(armScript("touch "+quote(b.dir)+"/first", "1", 2)))
	require.NoError(t, b.run(armScript("touch "+quote(b.dir)+"/second", "2", 2)))
	require.NoError(t, b.run(stopScript(b.stop)))
	require.NoError(t, b.run(startScript(b.start)))
	require.True(t, b.runs())
	require.False(t, b.armed())
	require.NoError(t, b.run(startScript(b.start)), "a second time")
	// The shells look each second and end; none of them is left.
	b.timePasses(t)
	require.Eventually(t, func() bool {
		out, _ := exec.Command("pgrep", "-f", b.timer).Output()
		return len(out) == 0
	}, 10*time.Second, 50*time.Millisecond)
	require.NoFileExists(t, b.dir+"/first")
	require.NoFileExists(t, b.dir+"/second")
}

// The timer must not be ended by a start that failed.
func TestAStartThatFailsLeavesTheTimer(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	require.NoError(t, b.run(armScript(b.start, "1", 1)))
	require.NoError(t, b.run(stopScript(b.stop)))
	require.Error(t, b.run(startScript("exit 3")))
	require.True(t, b.armed())
	b.timePasses(t)
	require.Eventually(t, b.runs, 10*time.Second, 20*time.Millisecond)
	require.Error(t, b.run(stopScript("exit 4")))
}

// A connection that breaks in the middle of a script leaves none of it done.
func TestHalfAScriptDoesNothing(t *testing.T) {
	b := newBox(t)
	script := stopScript(b.stop)
	for cut := 0; cut < len(script)-2; cut += 7 { // all but the closing brace
		_ = b.run(script[:cut])
		require.True(t, b.runs(), "cut at %d", cut)
	}
}

func TestQuote(t *testing.T) {
	for _, s := range []string{"", "plain", "it's", `a "b" $c; d`, "é\n"} {
		out, err := exec.Command("sh", "-c", "printf %s "+quote(s)).Output()
		require.NoError(t, err)
		require.Equal(t, s, string(out))
	}
}
