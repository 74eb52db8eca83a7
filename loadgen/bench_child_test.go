package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"swarmgrade/grader/evidence"
)

// childRole tells a process of this binary what to be.
const childRole = "SWARMGRADE_BENCH_CHILD"

// The server's roles: with a core of its own, or on one with the client.
const (
	serverAlone  = "server"
	serverBeside = "server-beside"
)

// job is what a client process is told to do.
type job struct {
	Client   string // "ours", "vegeta", "bare"
	Addr     string
	Requests int
	PerConn  int
	Workers  int
	Seconds  float64 // ends sooner than Requests; 0 is no limit
}

// outcome is what it says of it.
type outcome struct {
	Answered, Failed, Hosts int
	PerSecond               float64
	CPUMicros               float64 // of this process, a request
	Allocs                  float64 // a request
	PeakMB                  float64 // resident
	HeapMB                  float64 // most ever obtained for heap and stacks
}

func runChild(role string) int {
	runtime.GOMAXPROCS(1)
	if role == serverAlone || role == serverBeside {
		return benchServer(role == serverAlone)
	}
	var j job
	if err := json.Unmarshal([]byte(role), &j); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	json.NewEncoder(os.Stdout).Encode(j.run())
	return 0
}

func (j job) run() outcome {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	cpu, start := cpuTime(), time.Now()
	out := map[string]func() outcome{"ours": j.ours, "vegeta": j.reference, "bare": j.bare}[j.Client]()
	took := time.Since(start).Seconds()
	cpu = cpuTime() - cpu
	runtime.ReadMemStats(&after)
	n := float64(out.Answered + out.Failed)
	out.PerSecond = n / took
	out.CPUMicros = float64(cpu.Microseconds()) / n
	out.Allocs = float64(after.Mallocs-before.Mallocs) / n
	out.HeapMB = float64(after.HeapSys+after.StackSys) / (1 << 20)
	var use syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	out.PeakMB = float64(use.Maxrss) / 1024
	return out
}

func (j job) duration() time.Duration { return time.Duration(j.Seconds * float64(time.Second)) }

func (j job) ours() (out outcome) {
	trace, err := Run(context.Background(), evidence.Target{
		ID: "bench", Address: j.Addr, Requests: j.Requests, PerConnection: j.PerConn, Workers: j.Workers, TimeoutMS: 5000,
	}, Options{Duration: j.duration()})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return outcome{Answered: trace.Answered(), Failed: trace.Failed(), Hosts: len(trace.Responders)}
}

// reference is vegeta as a library with the transport it comes with, reading
// each body and counting the host name in it.
func (j job) reference() (out outcome) {
	hosts := map[string]*int{}
	attacker := vegeta.NewAttacker(vegeta.KeepAlive(j.PerConn == 0), vegeta.Workers(uint64(j.Workers)), vegeta.MaxWorkers(uint64(j.Workers)))
	sent := 0
	pace := stopAfter{&sent, j.Requests}
	tr := vegeta.NewStaticTargeter(vegeta.Target{Method: "GET", URL: "http://" + j.Addr + "/"})
	for r := range attacker.Attack(tr, pace, j.duration(), "") {
		if r.Error != "" {
			out.Failed++
			continue
		}
		out.Answered++
		line, _, _ := bytes.Cut(r.Body, []byte{'\n'})
		name := bytes.TrimPrefix(line, []byte("Hostname: "))
		if c, ok := hosts[string(name)]; ok {
			*c++
		} else {
			one := 1
			hosts[string(name)] = &one
		}
	}
	out.Hosts = len(hosts)
	return out
}

type stopAfter struct {
	sent  *int
	limit int
}

func (s stopAfter) Pace(_ time.Duration, hits uint64) (time.Duration, bool) {
	return 0, hits >= uint64(s.limit)
}
func (stopAfter) Rate(time.Duration) float64 { return 0 }

func cpuTime() time.Duration {
	var use syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// apart reports whether client and server can have a core each.
func apart() bool {
	_, err := exec.LookPath("taskset")
	return err == nil && runtime.NumCPU() > 1
}

// pinned is a command on one core, if taskset is there.
func pinned(core int, name string, args ...string) *exec.Cmd {
	if apart() {
		return exec.Command("taskset", append([]string{"-c", strconv.Itoa(core), name}, args...)...)
	}
	return exec.Command(name, args...)
}

// benched is the server's process.
type benched struct {
	addr string
	in   io.Writer
	out  *bufio.Reader
}

// startServer ends with the benchmark.
func startServer(b *testing.B) *benched {
	b.Helper()
	role := serverBeside
	if apart() {
		role = serverAlone
	}
	cmd := pinned(1, os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+role)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	s := &benched{in: in, out: bufio.NewReader(out)}
	s.addr = s.line(b)
	return s
}

func (s *benched) line(b *testing.B) string {
	b.Helper()
	line, err := s.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// busy is how long it has been at work so far; 0 if it cannot say.
func (s *benched) busy(b *testing.B) time.Duration {
	b.Helper()
	fmt.Fprintln(s.in)
	ns, err := strconv.ParseInt(s.line(b), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(ns)
}

func (j job) process(b *testing.B) outcome {
	b.Helper()
	told, _ := json.Marshal(j)
	cmd := pinned(0, os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+string(told))
	cmd.Stderr = os.Stderr
	said, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	var o outcome
	if err := json.Unmarshal(said, &o); err != nil {
		b.Fatal(err)
	}
	if o.Failed > 0 || o.Answered == 0 {
		b.Fatalf("%s: %d answers, %d failures", j.Client, o.Answered, o.Failed)
	}
	return o
}
