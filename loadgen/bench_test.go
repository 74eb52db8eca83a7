package loadgen

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// The paired benchmarks run this test binary again as server and as client,
// each on a core of its own where taskset can pin them: A, B, A in turn, since
// machines drift and only ratios count. Figures are medians of the rounds.
//
//	go test ./loadgen -run '^$' -bench 'Paired|Memory' -benchtime 1x
//
//	x-…              requests a second, of the other's
//	x-…-cpu          processor time a request, of the other's
//	core-share       how much of its core the client had; with much less than 1 something
//	                 else ran there, and x-… says little
//	server-busy      how much of its time the server was at work for the client
//	server-headroom  how many times as many requests a client that does next to
//	                 nothing gets out of it; with little more than 1 the server is
//	                 what is measured
const (
	benchWorkers = 50
	benchRounds  = 7
	benchSeconds = 1 // each
)

// figures are what rounds of a benchmark came to, by name.
type figures map[string][]float64

func (f figures) add(name string, v float64) { f[name] = append(f[name], v) }

func (f figures) report(b *testing.B) {
	for name, v := range f {
		b.ReportMetric(median(v), name)
	}
}

func modes(b *testing.B, do func(b *testing.B, perConn int)) {
	b.Run("new-connections", func(b *testing.B) { do(b, 1) })
	b.Run("keep-alive", func(b *testing.B) { do(b, 0) })
}

func paired(server *benched, perConn int) job {
	return job{Client: "ours", Addr: server.addr, Requests: 1e9, PerConn: perConn, Workers: benchWorkers, Seconds: benchSeconds}
}

// BenchmarkPairedReference compares with vegeta and net/http's transport.
func BenchmarkPairedReference(b *testing.B) {
	modes(b, func(b *testing.B, perConn int) {
		server := startServer(b)
		ref := paired(server, perConn)
		ref.Client = "vegeta"
		compare(b, server, perConn, func() outcome { return ref.process(b) }, "reference")
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
		server := startServer(b)
		args := []string{"-t1", "-c" + strconv.Itoa(benchWorkers), fmt.Sprintf("-d%ds", benchSeconds), "-s", script}
		if perConn == 1 {
			args = append(args, "-H", "Connection: close")
		}
		other := func() outcome {
			cmd := pinned(0, wrk, append(args, "http://"+server.addr+"/")...)
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
		compare(b, server, perConn, other, "wrk")
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
		server := startServer(b)
		other := func() outcome {
			line := fmt.Sprintf("echo GET http://%s/ | %s attack -rate 0 -max-workers %d -workers %[3]d -keepalive=%t -duration %ds | %[2]s report -type json",
				server.addr, cmd, benchWorkers, perConn == 0, benchSeconds)
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
		compare(b, server, perConn, other, "vegeta-command")
	})
}

// compare reports ratios of speed and of CPU a request. Speed says little when
// the server's core is the narrower one; CPU does not depend on that.
func compare(b *testing.B, server *benched, perConn int, other func() outcome, name string) {
	ours := paired(server, perConn)
	bare := ours
	bare.Client = "bare"
	for b.Loop() {
		f := figures{}
		for range benchRounds {
			before := other()
			busy := server.busy(b)
			o := ours.process(b)
			busy = server.busy(b) - busy
			after := other()
			f.add("x-"+name, 2*o.PerSecond/(before.PerSecond+after.PerSecond))
			f.add("x-"+name+"-cpu", 2*o.CPUMicros/(before.CPUMicros+after.CPUMicros))
			for of, o := range map[string]outcome{"": o, name + "-": after} {
				f.add(of+"requests/s", o.PerSecond)
				f.add(of+"us-cpu/request", o.CPUMicros)
				if o.Allocs > 0 {
					f.add(of+"allocs/request", o.Allocs)
				}
			}
			f.add("core-share", o.PerSecond*o.CPUMicros/1e6)
			if runtime.GOOS == "linux" && apart() {
				f.add("server-busy", busy.Seconds()/benchSeconds)
				f.add("server-headroom", bare.process(b).PerSecond/o.PerSecond)
			}
		}
		f.report(b)
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
			server := startServer(b)
			for b.Loop() {
				o := job{Client: "ours", Addr: server.addr, Requests: n, Workers: benchWorkers}.process(b)
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
