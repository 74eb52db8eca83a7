package grader

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A file that is being written is called so, out of everybody's way: between these are
// where its process runs, the process's ID, and what tells it from the process's others.
// What a process that is gone has left of one is taken away; where nobody knows, as of
// another machine's that shares the directory, once it is as old as staleAfter.
const (
	partBefore, partBehind = ".grade-", ".part"
	staleAfter             = time.Hour
)

// newPart is a name for a file that is being written.
func newPart() string {
	return partBefore + here() + "-" + strconv.Itoa(os.Getpid()) + "-" + rand.Text() + partBehind
}

// here is where process IDs mean what they mean to this process: the machine since it was
// started, and on it the container.
var here = sync.OnceValue(func() string {
	host, _ := os.Hostname()
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // there is none elsewhere than on Linux
	space, _ := os.Readlink("/proc/self/ns/pid")
	sum := sha256.Sum256([]byte(host + "\x00" + string(boot) + "\x00" + space))
	return hex.EncodeToString(sum[:6])
})

// left reports whether a file is what a process that is gone has left of one.
func left(e fs.DirEntry) bool {
	name, ours := strings.CutPrefix(e.Name(), partBefore)
	name, part := strings.CutSuffix(name, partBehind)
	if !ours || !part || !e.Type().IsRegular() {
		return false
	}
	where, rest, _ := strings.Cut(name, "-")
	id, _, _ := strings.Cut(rest, "-")
	if pid, err := strconv.Atoi(id); err == nil && pid > 0 && where == here() && !alive(pid) {
		return true
	}
	info, err := e.Info()
	return err == nil && time.Since(info.ModTime()) > staleAfter
}
