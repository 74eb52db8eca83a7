package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/metrics/metricstest"
	"swarmgrade/grader/page"
	"swarmgrade/grader/page/pagetest"
	"swarmgrade/loadgen"
	"swarmgrade/loadgen/policy"
)

// hostileName is what a container may call itself.
const hostileName = "</style><script>alert(1)</script>\"\\\n\x1b[31m\u202egnp.exe{a=\"b\"} 1"

// aLoad is one that is over: three containers, one of them with a name that is none, a stall,
// failures, and limits of which one was not kept.
func aLoad() *pictured {
	r := rand.New(rand.NewPCG(7, 8))
	d := &loadgen.Detail{Slice: 100 * time.Millisecond, Errors: []loadgen.Course{{First: 2 * time.Second, Last: 3200 * time.Millisecond}, {First: time.Second, Last: time.Second}}}
	var corrected, service []time.Duration
	t := evidence.Trace{
		Target: evidence.Target{Path: "/a?b=<c>", Requests: 1000, Workers: 8, PerConnection: 1},
		Took:   4000, Connections: 900, Late: 31, Stopped: "duration",
		Errors: []evidence.ErrorClass{{Class: "http-503", Count: 40, Sample: "no server <b>\x1b[31m"}, {Class: "timeout", Count: 1}},
	}
	for _, name := range []string{"0a1b2c3d4e5f", hostileName, "web.3"} {
		t.Responders = append(t.Responders, evidence.Responder{Identity: evidence.Identity{Hostname: name, Addresses: []string{"10.0.1.7"}, StudentID: "2024001"}, Rule: "hostname"})
	}
	t.Responders = append(t.Responders, evidence.Responder{Sample: "<html>It works!"})
	d.Responders = make([]loadgen.Share, len(t.Responders))
	for i := range 40 {
		s := loadgen.Slice{By: make([]uint32, len(t.Responders))}
		if i < 18 || i > 22 {
			for k := range t.Responders {
				n := 5 + r.IntN(3)
				s.By[k], s.OK, t.Responders[k].Count = uint32(n), s.OK+n, t.Responders[k].Count+n
			}
		}
		if i >= 20 && i < 32 {
			s.Failed = 3
		}
		for range s.OK {
			x := time.Duration(1+r.IntN(4000)) * time.Microsecond
			service, corrected = append(service, x), append(corrected, x+time.Duration(r.IntN(300))*time.Millisecond)
		}
		if s.OK > 0 {
			s.Service = loadgen.Marks{N: s.OK, P50: 2 * time.Millisecond, P99: 4 * time.Millisecond, Max: 5 * time.Millisecond}
			s.Corrected = loadgen.Marks{N: s.OK, P50: 2 * time.Millisecond, P99: 300 * time.Millisecond, Max: 310 * time.Millisecond}
		}
		d.Slices = append(d.Slices, s)
	}
	for i := range d.Responders {
		d.Responders[i] = loadgen.Share{Corrected: loadgen.Marks{N: 9, P50: 150 * time.Millisecond, P99: 290 * time.Millisecond}}
	}
	d.Corrected, d.Service = loadgen.Distribute(corrected), loadgen.Distribute(service)
	t.Sent = t.Answered() + t.Failed()
	t.Latency = evidence.Latency{
		Corrected: evidence.Quantiles{Mean: 150_000, P50: 148_000, P90: 270_000, P95: 280_000, P99: 295_000, P999: 300_000, Max: 303_000},
		Service:   evidence.Quantiles{Mean: 2000, P50: 2000, P90: 3600, P95: 3800, P99: 3950, P999: 3990, Max: 4000},
	}
	return &pictured{
		loadReport: loadReport{
			URL: "http://127.0.0.1:8001/a?b=<c>", Address: "127.0.0.1:8001", Trace: t, Spread: loadSpreadOf(t), Policy: policy.Suggest(t.Sequence),
			Thresholds: []loadThreshold{{"max-failed", "1%", "4.10%", false}, {"p99", "1s", "295ms", true}, {"min-containers", "3", "3", true}, {"even", "true", "true", true}},
		},
		detail: d, flags: &loadFlags{rate: 250, timeout: 5 * time.Second, duration: 4 * time.Second},
		began: time.Date(2026, 11, 30, 8, 0, 0, 0, time.FixedZone("", 8*3600)),
	}
}

// loadTexts are all files of a load, by name.
func loadTexts(t *testing.T, p *pictured) map[string][]byte {
	out := map[string][]byte{}
	write := func(name string, f func(io.Writer, *pictured) error) {
		var b bytes.Buffer
		require.NoError(t, f(&b, p))
		out[name] = b.Bytes()
	}
	for _, lang := range i18n.Langs {
		write("load."+string(lang)+".html", func(w io.Writer, p *pictured) error { return page.WriteLoad(w, lang, newLoadPage(lang, p)) })
	}
	write("load.hgrm", func(w io.Writer, p *pictured) error { return writeHGRM(w, p.detail.Corrected) })
	write("load.prom", writeLoadMetrics)
	return out
}

func TestLoadFilesGolden(t *testing.T) {
	for name, got := range loadTexts(t, aLoad()) {
		require.Equal(t, 1, bytes.Count(got, []byte(grader.Seal)), name)
		if strings.HasSuffix(name, ".html") {
			require.Empty(t, pagetest.ActsNot(t, got), name)
			require.Empty(t, pagetest.Accessible(t, got), name)
			got = bytes.ReplaceAll(got, []byte(page.Style()), []byte("…"))
			got = regexp.MustCompile(`content="default-src [^"]*"`).ReplaceAll(got, []byte(`content="…"`))
			got = bytes.ReplaceAll(got, []byte(version()), []byte("VERSION"))
		}
		require.NotContains(t, string(got), "\x1b")
		path := filepath.Join("testdata", "load", name)
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, got, 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), name)
	}
}

// What the page says is what was found.
func TestLoadPageSays(t *testing.T) {
	p := aLoad()
	text := strings.Join(strings.Fields(pagetest.TextOf(t, loadTexts(t, p)["load.en.html"])), " ")
	for _, s := range []string{
		fmt.Sprint(p.Trace.Answered()), "1 of 4 limits not kept", "✗not kept failed requestsat most 1%4.10%", "✓kept p99 latency, from the intended timeat most 1s295ms",
		"Time is up:", "p99295.00 ms3.95 ms", "http-503", "no server <b>\uFFFD[31m", "2.0–3.2 s", "at 1.0 s", "(no name given)", "<html>It works!",
		"250 a second, on a fixed schedule", "127.0.0.1:8001/a?b=<c>", "900 (a new one for each request)", "</style><script>alert(1)</script>",
		"31 requests were sent more than 10 ms late",
	} {
		require.Contains(t, text, s)
	}
	p.Thresholds = nil
	text = pagetest.TextOf(t, loadTexts(t, p)["load.en.html"])
	require.NotContains(t, text, "Limits")

	// Thousands of names are no page of thousands of lines.
	for n := range 250 {
		p.Trace.Responders = append(p.Trace.Responders, evidence.Responder{Identity: evidence.Identity{Hostname: strings.Repeat("名", 3000) + fmt.Sprint(n)}, Rule: "hostname", Count: 1})
	}
	require.Less(t, len(loadTexts(t, p)["load.zh.html"]), 200<<10)

	// Nobody answered, and so fast that there is no time.
	for _, p := range []*pictured{
		{loadReport: loadReport{Address: "127.0.0.1:1", Trace: evidence.Trace{Sent: 3, Errors: []evidence.ErrorClass{{Class: "refused", Count: 3}}}}, detail: &loadgen.Detail{Slice: time.Millisecond, Slices: []loadgen.Slice{{Failed: 3}}}, flags: &loadFlags{}},
		{loadReport: loadReport{Address: "127.0.0.1:1"}, detail: &loadgen.Detail{}, flags: &loadFlags{}},
	} {
		for name, got := range loadTexts(t, p) {
			if strings.HasSuffix(name, ".html") {
				require.Empty(t, pagetest.ActsNot(t, got))
				require.Empty(t, pagetest.Accessible(t, got))
			}
		}
	}
}

// TestLoadMetrics: the figures are those of the load, by names that promtool takes.
func TestLoadMetrics(t *testing.T) {
	p := aLoad()
	twin := p.Trace.Responders[1]
	twin.Hostname = strings.Replace(twin.Hostname, "\x1b", "\x1c", 1) // the same once it is harmless
	twin.Count = 5
	p.Trace.Responders = append(p.Trace.Responders, twin, evidence.Responder{Rule: "other", Count: 2})
	require.NotContains(t, string(loadTexts(t, p)["load.prom"]), "latency", "of some answers only")
	var list []time.Duration
	for range p.Trace.Answered() {
		list = append(list, time.Millisecond)
	}
	p.detail.Corrected, p.detail.Service = loadgen.Distribute(list), loadgen.Distribute(list)
	samples, types, err := metricstest.Read(string(loadTexts(t, p)["load.prom"]))
	require.NoError(t, err)
	require.Equal(t, "histogram", types["swarmgrade_load_latency_seconds"])
	sum, by := map[string]float64{}, map[string]float64{}
	for _, s := range samples {
		require.True(t, strings.HasPrefix(s.Name, "swarmgrade_load_"), s.Name)
		require.Equal(t, "127.0.0.1:8001/a?b=<c>", s.Labels["target"])
		sum[s.Name] += s.Value
		if c, ok := s.Labels["container"]; ok {
			by[c] = s.Value
		}
	}
	require.Equal(t, float64(p.Trace.Answered()), sum["swarmgrade_load_answers_total"])
	require.Equal(t, 41.0, sum["swarmgrade_load_failures_total"])
	require.Equal(t, float64(p.Trace.Sent), sum["swarmgrade_load_requests_total"])
	require.Equal(t, float64(p.detail.Corrected.Count()+p.detail.Service.Count()), sum["swarmgrade_load_latency_seconds_count"])
	require.Len(t, by, 5)
	require.Equal(t, 2.0, by["(other)"])
	require.Equal(t, 3.0, sum["swarmgrade_load_limit_kept"])
}

// TestLoadWritesFiles: whole, in the place of what it wrote before and of nothing else, also when
// a limit is broken, and nothing is sent for files that can't be.
func TestLoadWritesFiles(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	url := containers(t, "a", "bb", "", hostileName+grader.Seal)
	args := []string{"-n", "200", "--html", in("l.html"), "--hgrm", in("l.hgrm"), "--prometheus", in("l.prom"), "--max-failed", "1"}
	for range 2 {
		status, out, errs := loadWith("en", append(args, url)...)
		require.Equal(t, exitMend, status, errs)
		require.Contains(t, out, "200 requests")
		require.Equal(t, 4, strings.Count(errs, "written: "))
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 4, "l.html, l.hgrm, l-service.hgrm, l.prom")
	}
	text, err := os.ReadFile(in("l.html"))
	require.NoError(t, err)
	require.Empty(t, pagetest.ActsNot(t, text))
	text, err = os.ReadFile(in("l.prom"))
	require.NoError(t, err)
	samples, _, err := metricstest.Read(string(text))
	require.NoError(t, err)
	require.NotEmpty(t, samples)
	text, err = os.ReadFile(in("l-service.hgrm"))
	require.NoError(t, err)
	require.Contains(t, string(text), "Total count    =          150]")

	require.NoError(t, os.WriteFile(in("mine.html"), []byte("<p>mine"), 0o600))
	require.NoError(t, os.Symlink(".", in("again")))
	t.Chdir(dir)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--html", in("mine.html")}, "grade load did not write it"},
		{[]string{"--hgrm", in("gone/x.hgrm")}, "could not be written"},
		{[]string{"--html", in("x"), "--prometheus", dir + "/./x"}, "is another option's already"},
		{[]string{"--html", in("x"), "--prometheus", in("again/x")}, "is another option's already"},
		{[]string{"--html", "l-service.hgrm", "--hgrm", in("l.hgrm")}, "is another option's already"},
		{[]string{"--html", "/proc/x"}, "could not be written"}, // takes no files, whoever asks
		{[]string{"--html", ""}, "there is nothing behind --html"},
		{[]string{"--from", " "}, "there is nothing behind --from"},
	} {
		// Nothing listens there: whoever sent something would say that nobody answered.
		status, out, errs := loadWith("en", append(c.args, "127.0.0.1:1")...)
		require.Equal(t, exitUsage, status)
		require.Empty(t, out)
		require.Contains(t, errs, c.says)
	}
	status, _, errs := loadWith("zh", "-n", "3", "--html", in("nobody.html"), "127.0.0.1:1")
	require.Equal(t, exitCluster, status)
	require.Contains(t, errs, "已写入")
	require.FileExists(t, in("nobody.html"))
	status, _, errs = loadWith("zh", "-n", "3", "--quiet", "--html", in("nobody.html"), "127.0.0.1:1")
	require.Equal(t, exitCluster, status)
	require.NotContains(t, errs, "已写入")
}
