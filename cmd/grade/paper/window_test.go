package paper_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/cmd/grade/paper"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/recovery"
)

// TestOneWindowForAll: a window of a class is sorted once, and reading one service's story out of it takes the same
// however many others there are, by what is allocated; all of them recover.
func TestOneWindowForAll(t *testing.T) {
	each := func(students int) float64 {
		class := paper.New(students, 3)
		w, probings := class.Window()
		sorted := recovery.Sort(w)
		read := func() {
			for i := range 20 {
				s := sorted.Read(w, probings[i], class.Service(i), evidence.Swarm{HeartbeatMS: 5000, Managers: 3})
				require.GreaterOrEqual(t, s.Recovered, int64(0), "student %d: %+v", i, s)
				require.Zero(t, s.Open)
				require.Len(t, s.Hit, 1)
			}
		}
		return testing.AllocsPerRun(2, read)
	}
	require.InEpsilon(t, each(40), each(400), 0.02)
}

// BenchmarkWindow judges the recovery of classes that had one fault window, by the first task's checks: a student takes
// as long in any class. MB are what the window and what is kept of it take.
func BenchmarkWindow(b *testing.B) {
	for _, n := range []int{500, 2000, 4000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			class := paper.New(n, 3)
			dir := b.TempDir()
			g := &grader.Grader{Dir: dir, Tool: "bench"}
			class.HandIn(g)
			j, err := g.Open(b.Context(), grader.Select{Class: class.Name, Task: "1"})
			require.NoError(b, err)
			_, err = j.Grade(b.Context(), grader.GradeOptions{NoFault: true})
			require.NoError(b, err)
			book, err := gradebook.Read(b.Context(), filepath.Join(dir, "gradebook", class.Name+".db"))
			require.NoError(b, err)
			defer book.Close()
			runs, err := book.Runs(b.Context())
			require.NoError(b, err)
			before := heap()
			w, probings := class.Window()
			asked := heap()
			var judging *judge.Judge
			passed := 0
			var took time.Duration // of a processor: this machine's others do not stretch it
			for b.Loop() {
				judging, passed = judge.New(j.Rubric), 0
				for i, s := range j.Class.Students {
					c, err := book.Case(b.Context(), runs[0].ID, s.ID)
					require.NoError(b, err)
					began := busy()
					episode := c.Bundle.Begin(evidence.FaultEpisode)
					episode.Probing, episode.Gaps = probings[i], nil
					c.Episodes = []evidence.Scene{{Episode: episode, Window: w}}
					for _, v := range judging.Verdicts([]string{"1"}, c, "") {
						if v.Check == "task1.recovers" && v.Outcome == check.Pass {
							passed++
						}
					}
					took += busy() - began
				}
			}
			b.ReportMetric(float64(took.Microseconds())/1000/float64(b.N)/float64(n), "ms/student")
			b.ReportMetric(float64(passed)/float64(n), "recovered")
			b.ReportMetric(asked-before, "window-MB")
			b.ReportMetric(heap()-asked, "kept-MB")
			runtime.KeepAlive(judging)
		})
	}
}

// busy is the processor time of this process.
func busy() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// heap is how many MB are in use.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}
