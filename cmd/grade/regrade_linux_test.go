package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// offline is grade in a process that the kernel ends at its first socket.
const offline = "grade-offline"

func init() {
	commands[offline] = func() {
		if err := forbidSockets(); err != nil {
			os.Stderr.WriteString(noFilter + err.Error())
			os.Exit(99)
		}
		main()
	}
}

const noFilter = "no filter of system calls: "

// forbidSockets has the kernel end this process, whichever of its threads asks for a
// socket. It takes no rights and can't be undone.
func forbidSockets() error {
	calls := []uint32{unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_IO_URING_SETUP}
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}} // the call's number
	for i, nr := range calls {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: uint8(len(calls) - i), K: nr})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_KILL_PROCESS})
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	return nil
}

// TestRegradeOpensNoSocket: judging anew takes the gradebook and nothing else. That the
// kernel does watch is seen from grading, which ends there.
func TestRegradeOpensNoSocket(t *testing.T) {
	if testing.Short() {
		t.Skip("brings a cluster up")
	}
	b := gradedBook(t, "gen-10")
	out, err := b.command(offline, "--class", "gen-10", "--task", "2").CombinedOutput()
	if regexp.MustCompile(noFilter).Match(out) && os.Getenv("GRADE_CI") != "1" {
		t.Skip(string(out))
	}
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended, string(out))
	require.Equal(t, syscall.SIGSYS, ended.Sys().(syscall.WaitStatus).Signal(), string(out))

	out, err = b.regrade(offline).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "10 attempts of 10 students")
	require.Contains(t, string(out), "stored as ")
}

// BenchmarkRegrade judges the evidence of 200 students anew, by a process of its own, and
// stores what comes of it: wall time and processor time. Less than five seconds are wanted.
func BenchmarkRegrade(b *testing.B) {
	book := gradedBook(b, "gen-200")
	busy := 0.0
	for b.Loop() {
		cmd := book.regrade("grade")
		out, err := cmd.CombinedOutput()
		require.NoError(b, err, string(out))
		require.Contains(b, string(out), "200 attempts of 200 students")
		busy += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s-of-200")
	b.ReportMetric(busy/float64(b.N), "cpu-s/op")
}

// storedClass is a class with a gradebook in a directory of its own.
type storedClass struct {
	class, dir string
	rubric     int // version of the one that is judged by next
	tb         testing.TB
}

// gradedBook grades a generated class once.
func gradedBook(tb testing.TB, class string) *storedClass {
	b := &storedClass{class: class, dir: tb.TempDir(), rubric: 100, tb: tb}
	out, err := b.command("grade", "--class", class, "--task", "2", "--quiet").CombinedOutput()
	require.NoError(tb, err, string(out))
	return b
}

func (b *storedClass) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, append(args, "--lang", "en", "--dir", b.dir)...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), proxyEnv+"="+proxyEmbedded)
	return cmd
}

// regrade judges by a rubric that is another each time, so that all of it is stored.
func (b *storedClass) regrade(name string) *exec.Cmd {
	text, err := os.ReadFile("../../rubrics/ha-lb.yaml")
	require.NoError(b.tb, err)
	b.rubric++
	text = regexp.MustCompile(`(?m)^version: .*`).ReplaceAll(text, []byte("version: "+strconv.Itoa(b.rubric)))
	file := filepath.Join(b.dir, "mine.yaml")
	require.NoError(b.tb, os.WriteFile(file, text, 0o600))
	return b.command(name, "regrade", "--class", b.class, "--rubric", file)
}
