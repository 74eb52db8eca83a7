package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/cmd/grade/paper"
	"swarmgrade/grader"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
)

// BenchmarkPaper grades classes that are on paper only, without a fault, and writes them in every
// format: what of it grows how, up to ten thousand students. No request is sent, so that what is
// left is the grader's own; seconds are of a processor, which other programs do not stretch.
func BenchmarkPaper(b *testing.B) {
	sizes := []int{100, 1000, 10_000}
	if text := os.Getenv("GRADE_PAPER"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(b, err)
		sizes = []int{n}
	}
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				onPaper(b, n)
			}
		})
	}
}

// BenchmarkPaperNodes is what a plan asks of a class of two hundred on ever more nodes: requests a
// student, faults, and how long that takes by the plan.
func BenchmarkPaperNodes(b *testing.B) {
	for _, nodes := range []int{1, 3, 5, 10, 20, 50} {
		for _, task := range []string{"1", "2"} {
			b.Run(fmt.Sprintf("%d/task-%s", nodes, task), func(b *testing.B) {
				const n = 200
				class := paper.New(n, nodes)
				g := &grader.Grader{Dir: b.TempDir()}
				class.HandIn(g)
				j, err := g.Open(b.Context(), grader.Select{Class: class.Name, Task: task})
				require.NoError(b, err)
				var p grader.Preview
				for b.Loop() {
					p, err = j.Plan(b.Context(), false)
					require.NoError(b, err)
				}
				require.Zero(b, class.Sent.Load())
				b.ReportMetric(float64(sentBy(p))/n, "requests/student")
				b.ReportMetric(float64(len(p.Plan.Faults)), "faults")
				b.ReportMetric(p.Span.Least.Seconds(), "least-s")
				b.ReportMetric(p.Span.Most.Seconds(), "most-s")
			})
		}
	}
}

// onPaper does all that can be done with a class once, and prints a line of each.
func onPaper(b *testing.B, n int) {
	dir := b.TempDir()
	defer lean(n, memoryRun)()
	class := paper.New(n, 3)
	var stages stagewatch
	g := &grader.Grader{Dir: dir, Tool: "bench", Tell: stages.hear}
	class.HandIn(g)
	measured := func(name string, do func()) {
		busy, peak := watched(do)
		b.ReportMetric(busy.Seconds(), name+"-cpu-s")
		b.Logf("%6d  %-12s %8.2f s %8.3f ms a student %7.0f MB", n, name, busy.Seconds(), busy.Seconds()*1000/float64(n), peak)
	}
	var j *grader.Job
	measured("plan", func() {
		var err error
		j, err = g.Open(b.Context(), grader.Select{Class: class.Name, Task: "2"})
		require.NoError(b, err)
		p, err := j.Plan(b.Context(), true)
		require.NoError(b, err)
		b.Logf("%6d  requests %d at most, %d expected, %v to %v by the plan", n, sentBy(p), p.Plan.Expected(), p.Span.Least.Round(time.Second), p.Span.Most.Round(time.Second))
	})
	stages.spent = map[grader.Stage]time.Duration{}
	measured("grade", func() {
		_, err := j.Grade(b.Context(), grader.GradeOptions{NoFault: true})
		require.NoError(b, err)
	})
	for _, s := range []grader.Stage{grader.Loads, grader.Storing, grader.Judging} {
		b.Logf("%6d    of it %-8s %6.2f s", n, s, stages.spent[s].Seconds())
	}
	b.Logf("%6d  requests answered %d, gradebook %.1f MB", n, class.Sent.Load(), float64(sizeOf(b, dir))/(1<<20))
	j = nil
	again := func() *grader.Job {
		j, err := g.Open(b.Context(), grader.Select{Class: class.Name, Task: "2"}) // all of it is graded
		require.NoError(b, err)
		return j
	}
	measured("scores", func() {
		d, err := again().Standing(b.Context())
		require.NoError(b, err)
		require.Len(b, d.Students, n)
	})
	formats := slices.DeleteFunc(report.FormatNames(), func(f string) bool { return f == "blackboard" }) // wants to know a column
	if n > 2000 {
		formats = []string{"xlsx", "json", "html", "feedback", "csv"} // the others are as the last
	}
	for _, f := range formats {
		measured(f, func() {
			_, err := again().Export(b.Context(), grader.Export{Dir: filepath.Join(dir, "out"), Formats: []string{f}, Lang: i18n.ZH})
			require.NoError(b, err)
		})
		require.NoError(b, os.RemoveAll(filepath.Join(dir, "out")))
	}
}

func sentBy(p grader.Preview) (all int) {
	for i := range p.Plan.Students {
		all += p.Plan.Students[i].Requests()
	}
	return all
}

// stagewatch is what stages take of a processor.
type stagewatch struct {
	began map[grader.Stage]time.Duration
	spent map[grader.Stage]time.Duration
}

func (s *stagewatch) hear(e grader.Event) {
	switch e := e.(type) {
	case grader.Began:
		if s.began == nil {
			s.began = map[grader.Stage]time.Duration{}
		}
		s.began[e.Stage] = busySoFar()
	case grader.Ended:
		if s.spent != nil {
			s.spent[e.Stage] += busySoFar() - s.began[e.Stage]
		}
	}
}

var residentPeak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// busySoFar is the processor time of this process.
func busySoFar() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watched is how much of a processor something takes, and how many MB are resident at most meanwhile: of the
// kernel's own count, which is set back before. Where there is none it is 0.
func watched(do func()) (busy time.Duration, peak float64) {
	runtime.GC()
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	began := busySoFar()
	do()
	busy = busySoFar() - began
	status, _ := os.ReadFile("/proc/self/status")
	if m := residentPeak.FindSubmatch(status); m != nil {
		kb, _ := strconv.ParseFloat(string(m[1]), 64)
		peak = kb / 1024
	}
	return busy, peak
}

// sizeOf is how many bytes a class's files have.
func sizeOf(tb testing.TB, dir string) (all int64) {
	require.NoError(tb, filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			all += info.Size()
		}
		return err
	}))
	return all
}
