package main

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/report"
)

// BenchmarkClass grades generated classes, each in a process of its own with
// the cluster in it, and then writes them in every format, in another: processor time
// and peak memory of both, and what writing takes (1000 students: 10 s and 300 MB).
func BenchmarkClass(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var run, export use
			for b.Loop() {
				dir, class := b.TempDir(), fmt.Sprintf("gen-%d", n)
				run.of(b, dir, "--class", class, "--task", "2", "--quiet", "--dir", dir)
				export.of(b, dir, "export", "--class", class, "--quiet", "--dir", dir, "--format", strings.Join(report.FormatNames(), ","),
					"--task", "2", "--column-id", "123456") // points of what was graded, in a place that Blackboard takes them from
			}
			b.ReportMetric(run.peak, "peak-MB")
			b.ReportMetric(run.busy/float64(b.N), "cpu-s/op")
			b.ReportMetric(export.peak, "export-peak-MB")
			b.ReportMetric(export.took/float64(b.N), "export-s")
		})
	}
}

// use is what processes took: at most so many MB, and seconds of a processor and of
// the clock.
type use struct{ peak, busy, took float64 }

// of runs grade in a directory and adds what that took.
func (u *use) of(b *testing.B, dir string, args ...string) {
	b.Helper()
	cmd := exec.Command("grade", args...)
	cmd.Dir = dir
	began := time.Now()
	out, err := cmd.CombinedOutput()
	u.took += time.Since(began).Seconds()
	require.NoError(b, err, string(out))
	state := cmd.ProcessState
	u.peak = max(u.peak, float64(state.SysUsage().(*syscall.Rusage).Maxrss)/1024) // Linux counts in KB
	u.busy += (state.UserTime() + state.SystemTime()).Seconds()
}
