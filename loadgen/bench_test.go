package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"swarmgrade/grader/evidence"
)

// The paired benchmarks run this test binary again as server and as client,
// each on a core of its own where taskset can pin them: A, B, A in turn, since
// machines drift and only ratios count.
//
//	go test ./loadgen -run '^$' -bench 'Paired|Memory' -benchtime 1x

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

// pinned is a command on one core, if taskset is there.
func pinned(core int, name string, args ...string) *exec.Cmd {
	if _, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > 1 {
		return exec.Command("taskset", append([]string{"-c", strconv.Itoa(core), name}, args...)...)
	}
	return exec.Command(name, args...)
}

// startServer gives its address and ends it with the benchmark.
func startServer(b *testing.B) string {
	b.Helper()
	cmd := pinned(1, os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"=server")
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
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
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

const (
	benchWorkers = 50
	benchRounds  = 5
	benchSeconds = 2
)

func modes(b *testing.B, do func(b *testing.B, perConn int)) {
	b.Run("new-connections", func(b *testing.B) { do(b, 1) })
	b.Run("keep-alive", func(b *testing.B) { do(b, 0) })
}

// BenchmarkPairedReference compares with vegeta and net/http's transport.
func BenchmarkPairedReference(b *testing.B) {
	modes(b, func(b *testing.B, perConn int) {
		addr := startServer(b)
		ours := job{Client: "ours", Addr: addr, Requests: 1e9, PerConn: perConn, Workers: benchWorkers, Seconds: benchSeconds}
		ref := ours
		ref.Client = "vegeta"
		var r outcome
		compare(b, ours, func() outcome { r = ref.process(b); return r }, "reference")
		o := ours.process(b)
		b.ReportMetric(o.PerSecond, "requests/s")
		b.ReportMetric(o.CPUMicros, "us-cpu/request")
		b.ReportMetric(o.Allocs, "allocs/request")
		b.ReportMetric(r.PerSecond, "reference-requests/s")
		b.ReportMetric(r.CPUMicros, "reference-us-cpu/request")
		b.ReportMetric(r.Allocs, "reference-allocs/request")
	})
}

// wrkScript counts answers by host name.
const wrkScript = `
local hosts = {}
response = function(status, headers, body)
  local h = body:match("Hostname: (%S+)")
  if h then hosts[h] = (hosts[h] or 0) + 1 end
end
`

// BenchmarkPairedWrk compares with wrk, one thread, counting in Lua.
func BenchmarkPairedWrk(b *testing.B) {
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		b.Skip("wrk is not installed: apt-get install wrk")
	}
	script := b.TempDir() + "/count.lua"
	if err := os.WriteFile(script, []byte(wrkScript), 0o600); err != nil {
		b.Fatal(err)
	}
	modes(b, func(b *testing.B, perConn int) {
		addr := startServer(b)
		ours := job{Client: "ours", Addr: addr, Requests: 1e9, PerConn: perConn, Workers: benchWorkers, Seconds: benchSeconds}
		args := []string{"-t1", "-c" + strconv.Itoa(benchWorkers), fmt.Sprintf("-d%ds", benchSeconds), "-s", script}
		if perConn == 1 {
			args = append(args, "-H", "Connection: close")
		}
		other := func() outcome {
			cmd := pinned(0, wrk, append(args, "http://"+addr+"/")...)
			out, err := cmd.CombinedOutput()
			if err != nil {
				b.Fatalf("%v: %s", err, out)
			}
			_, rest, _ := strings.Cut(string(out), "Requests/sec:")
			rate, err := strconv.ParseFloat(strings.Fields(rest + " ?")[0], 64)
			if err != nil {
				b.Fatalf("wrk said no rate: %s", out)
			}
			return outcome{PerSecond: rate, CPUMicros: cpuOf(cmd, rate*benchSeconds)}
		}
		compare(b, ours, other, "wrk")
	})
}

// BenchmarkPairedVegetaCommand compares with vegeta's own command, not
// counting, piped to its report.
func BenchmarkPairedVegetaCommand(b *testing.B) {
	cmd, err := exec.LookPath("vegeta")
	if err != nil {
		b.Skip("the vegeta command is not installed: go install github.com/tsenart/vegeta/v12@v12.13.0")
	}
	modes(b, func(b *testing.B, perConn int) {
		addr := startServer(b)
		ours := job{Client: "ours", Addr: addr, Requests: 1e9, PerConn: perConn, Workers: benchWorkers, Seconds: benchSeconds}
		other := func() outcome {
			line := fmt.Sprintf("echo GET http://%s/ | %s attack -rate 0 -max-workers %d -workers %[3]d -keepalive=%t -duration %ds | %[2]s report -type json",
				addr, cmd, benchWorkers, perConn == 0, benchSeconds)
			sh := pinned(0, "sh", "-c", line)
			out, err := sh.Output()
			if err != nil {
				b.Fatal(err)
			}
			var said struct {
				Rate     float64
				Requests float64
			}
			if err := json.Unmarshal(out, &said); err != nil {
				b.Fatal(err)
			}
			return outcome{PerSecond: said.Rate, CPUMicros: cpuOf(sh, said.Requests)}
		}
		compare(b, ours, other, "vegeta-command")
	})
}

// compare reports ratios of speed and of CPU a request. Speed says little when
// the server's core is the narrower one; CPU does not depend on that.
func compare(b *testing.B, ours job, other func() outcome, name string) {
	for b.Loop() {
		var speed, cpu []float64
		for range benchRounds {
			before := other()
			o := ours.process(b)
			after := other()
			speed = append(speed, 2*o.PerSecond/(before.PerSecond+after.PerSecond))
			cpu = append(cpu, 2*o.CPUMicros/(before.CPUMicros+after.CPUMicros))
		}
		b.ReportMetric(median(speed), "x-"+name)
		b.ReportMetric(median(cpu), "x-"+name+"-cpu")
	}
}

// cpuOf is the processor time of a command that has ended, in microseconds a
// request.
func cpuOf(cmd *exec.Cmd, requests float64) float64 {
	return float64((cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Microseconds()) / requests
}

// BenchmarkMemory measures the peak at 100,000 and at a million answers.
func BenchmarkMemory(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			addr := startServer(b)
			for b.Loop() {
				o := job{Client: "ours", Addr: addr, Requests: n, Workers: benchWorkers}.process(b)
				b.ReportMetric(o.PeakMB, "MB-resident")
				b.ReportMetric(o.HeapMB, "MB-heap-and-stacks")
			}
		})
	}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// BenchmarkAttribution is the cost of finding who answered; 0 allocs/op.
func BenchmarkAttribution(b *testing.B) {
	a, err := Compile(defaultAttribution)
	if err != nil {
		b.Fatal(err)
	}
	for name, c := range identities {
		if !c.bench {
			continue
		}
		b.Run(name, func(b *testing.B) {
			var f found
			head, body := []byte(c.head), []byte(c.body)
			b.ReportAllocs()
			for b.Loop() {
				if a.find(&f, head, body) == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}

// BenchmarkAttacker is vegeta's own cost: pacing, hits and results of requests
// that take nothing.
func BenchmarkAttacker(b *testing.B) {
	b.ReportAllocs()
	attacker := vegeta.NewAttacker(vegeta.Workers(benchWorkers), vegeta.MaxWorkers(benchWorkers))
	n := 0
	for range attacker.Attack(func(t *vegeta.Target) error { t.Method = done; return nil }, stopAfter{&n, b.N}, 0, "") {
	}
}

func BenchmarkHistogram(b *testing.B) {
	var h histogram
	v := int64(1)
	for b.Loop() {
		v = v*6364136223846793005 + 1442695040888963407
		h.observe(v & (1<<30 - 1))
	}
}
