package loadgen

import (
	"bytes"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write golden files")

// plotted is what HdrHistogram's plotter makes of a text: the points of every line that has
// four words and does not begin with "#" (plotFiles.html, appendDataSeries).
func plotted(text string) (x, y []float64) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if strings.HasPrefix(strings.TrimSpace(line), "#") || len(words) != 4 {
			continue
		}
		a, err1 := strconv.ParseFloat(words[0], 64)
		b, err2 := strconv.ParseFloat(words[3], 64)
		if err1 == nil && err2 == nil {
			x, y = append(x, b), append(y, a)
		}
	}
	return x, y
}

func hgrm(t *testing.T, d Distribution) string {
	var b bytes.Buffer
	require.NoError(t, d.WriteHGRM(&b))
	return b.String()
}

// TestHGRM: of a hundred whole milliseconds every figure is known; the text is what the Java
// library writes of them, but for digits behind the point.
func TestHGRM(t *testing.T) {
	var list []time.Duration
	for n := range 100 {
		list = append(list, time.Duration(n+1)*time.Millisecond)
	}
	got := hgrm(t, Distribute(list))
	path := filepath.Join("testdata", "hundred.hgrm")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
	require.Contains(t, got, " 0.500000000000         50           2.00\n")
	require.Contains(t, got, " 0.900000000000         90          10.00\n")
	require.Contains(t, got, "#[Mean    =    50.500000, StdDeviation   =    28.86")
	require.Contains(t, got, "#[Max     =   100.000000, Total count    =          100]\n")

	none := hgrm(t, Distribution{})
	require.Contains(t, none, "Total count    =            0]")
	x, _ := plotted(none)
	require.Empty(t, x)
	require.Len(t, strings.Split(hgrm(t, Distribute([]time.Duration{time.Second})), "\n"), 8, "one is the first and the last")
}

// TestHGRMIsPlotted: what the plotter draws are the quantiles of what was measured.
func TestHGRMIsPlotted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		list := make([]time.Duration, 1+r.IntN(20_000))
		for i := range list {
			list[i] = time.Duration(math.Exp(r.NormFloat64()*2) * float64(time.Millisecond))
		}
		d := Distribute(list)
		slices.Sort(list)
		x, y := plotted(hgrm(t, d))
		require.NotEmpty(t, x)
		require.True(t, slices.IsSorted(x) && slices.IsSorted(y))
		require.InDelta(t, 1, x[0], 1e-9)
		for i, s := range d.Steps(stepsPerHalf)[:len(x)] {
			exact := list[min(max(int(math.Ceil(s.Level*float64(len(list))))-1, 0), len(list)-1)]
			require.InEpsilon(t, float64(exact), float64(s.Value), 0.001)
			require.InDelta(t, millis(s.Value), y[i], 1e-6)
			n, _ := slices.BinarySearch(list, s.Value+1)
			require.Equal(t, n, s.Count, "how many are at most that long")
		}
		require.Equal(t, list[len(list)-1], d.Max())
		require.Equal(t, len(list), d.AtMost(d.Max()))
		require.Zero(t, d.AtMost(-1))
		n, _ := slices.BinarySearch(list, 2*time.Millisecond)
		require.InDelta(t, n, d.AtMost(2*time.Millisecond), float64(len(list))/500+1)
	}
}

// TestDetail: what a run is cut into adds up to it, however long it takes.
func TestDetail(t *testing.T) {
	var into Detail
	d := newDetail(&into)
	r := rand.New(rand.NewPCG(3, 4))
	answered, failed := 0, 0
	var service []time.Duration
	for n := range 5000 {
		sent := time.Duration(n) * 3 * time.Millisecond
		o := observation{intended: sent - time.Duration(n%50)*time.Millisecond, sent: sent, done: sent + time.Duration(1+r.IntN(1000))*time.Microsecond}
		if n%10 == 9 {
			failed++
			d.observe(-1-int16(n/2500), &o)
			continue
		}
		answered++
		service = append(service, o.done-o.sent)
		d.observe(int16(n%3), &o)
	}
	d.finish(new(histogram), new(histogram))
	require.LessOrEqual(t, len(into.Slices), maxSlices)
	require.Greater(t, len(into.Slices), maxSlices/3)
	require.GreaterOrEqual(t, into.Slice*time.Duration(len(into.Slices)), 14997*time.Millisecond)
	ok, bad, corrected, by := 0, 0, 0, 0
	most := time.Duration(0)
	for _, s := range into.Slices {
		ok, bad, corrected = ok+s.OK, bad+s.Failed, corrected+s.Corrected.N
		require.Equal(t, s.OK, s.Service.N)
		require.LessOrEqual(t, s.Service.P50, s.Service.P99)
		require.LessOrEqual(t, s.Service.P99, s.Service.Max)
		most = max(most, s.Service.Max)
	}
	require.Equal(t, []int{answered, failed, answered}, []int{ok, bad, corrected})
	require.Equal(t, slices.Max(service), most)
	for i := range into.Responders {
		for _, n := range into.Of(i) {
			by += int(n)
		}
		require.InEpsilon(t, 500*time.Microsecond, into.Responders[i].Service.P50, 0.1)
		require.Greater(t, into.Responders[i].Corrected.P50, into.Responders[i].Service.P50)
	}
	require.Equal(t, answered, by)
	require.Equal(t, []Course{{27 * time.Millisecond, 7497 * time.Millisecond}, {7527 * time.Millisecond, 14997 * time.Millisecond}}, into.Errors)
	require.Len(t, into.Of(99), len(into.Slices), "nobody's answers are none")

	// A server cannot make it large.
	d = newDetail(&into)
	for n := range 200_000 {
		at := time.Duration(n) * time.Millisecond
		d.observe(int16(n%maxResponders), &observation{intended: at, sent: at, done: at + time.Duration(r.Int64N(int64(time.Minute)))})
	}
	size := 0
	for i := range d.slices {
		size += 4 * (cap(d.slices[i].by) + cap(d.slices[i].service.counts) + cap(d.slices[i].corrected.counts))
	}
	for i := range d.who {
		size += 4 * (cap(d.who[i].service.counts) + cap(d.who[i].corrected.counts))
	}
	require.Less(t, size, 8<<20)
}

func TestCoarse(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var c coarse
	var list []int64
	for range 10_000 {
		ns := int64(math.Exp(r.Float64() * 25))
		list = append(list, ns)
		c.observe(ns)
	}
	slices.Sort(list)
	for _, q := range []float64{0.001, 0.1, 0.5, 0.9, 0.99, 1} {
		require.InEpsilon(t, list[max(int(math.Ceil(q*10_000))-1, 0)], int64(c.quantile(q)), 0.02, q)
	}
	require.Zero(t, (&coarse{}).quantile(0.5))
	c.observe(-5)
	c.observe(math.MaxInt64)
	require.Equal(t, time.Duration(1<<maxBits-1), c.marks().Max)
}

// TestDetailOfSeveral: the latencies of several runs are distributed as those of one.
func TestDetailOfSeveral(t *testing.T) {
	a, b := Distribute([]time.Duration{1e6, 2e6}), Distribute([]time.Duration{3e6})
	var d Detail
	require.NoError(t, d.Sum([]Latencies{{a.h.tally(), b.h.tally()}, {b.h.tally(), b.h.tally()}}))
	require.Equal(t, []int{3, 2}, []int{d.Corrected.Count(), d.Service.Count()})
	require.Equal(t, 2*time.Millisecond, d.Corrected.Mean())
	require.Error(t, d.Sum([]Latencies{{Corrected: Tally{Buckets: [][2]uint32{{5, 1}, {5, 1}}}}}))
}
