package main

import (
	"fmt"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkClass grades generated classes, each in a process of its own with
// the cluster in it: wall time, processor time and peak memory.
func BenchmarkClass(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			peak, busy := int64(0), 0.0
			for b.Loop() {
				cmd := exec.Command("grade", "--class", fmt.Sprintf("gen-%d", n), "--task", "2", "--quiet", "--dir", b.TempDir())
				cmd.Dir = b.TempDir()
				out, err := cmd.CombinedOutput()
				require.NoError(b, err, string(out))
				use := cmd.ProcessState.SysUsage().(*syscall.Rusage)
				peak = max(peak, use.Maxrss)
				busy += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
			}
			b.ReportMetric(float64(peak)/1024, "peak-MB") // Linux counts in KB
			b.ReportMetric(busy/float64(b.N), "cpu-s/op")
		})
	}
}
