package metrics_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/metrics"
	"swarmgrade/grader/metrics/metricstest"
)

func written(t testing.TB, families ...metrics.Family) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, metrics.Write(&b, families))
	return b.String()
}

func TestWrite(t *testing.T) {
	got := written(t,
		metrics.Family{Name: "a_total", Help: "What \\ there\nis.", Kind: metrics.Counter, Samples: []metrics.Sample{
			{Value: 3}, {Labels: []metrics.Label{{Name: "who", Value: "a\\b\"c\nd"}, {Name: "of", Value: ""}}, Value: 1e9}}},
		metrics.Family{Name: "none", Help: "Nothing.", Kind: metrics.Gauge},
		metrics.Family{Name: "level", Help: "A level.", Kind: metrics.Gauge, Samples: []metrics.Sample{{Value: math.Inf(-1)}}},
		metrics.Family{Name: "took_seconds", Help: "How long.", Kind: metrics.Of, Samples: []metrics.Sample{
			{Labels: []metrics.Label{{Name: "of", Value: "x"}}, Value: 2.5, Count: 4, Buckets: []metrics.Bucket{{Le: 0.1, Count: 1}, {Le: 1, Count: 3}}}}},
	)
	require.Equal(t, `# HELP a_total What \\ there\nis.
# TYPE a_total counter
a_total 3
a_total{who="a\\b\"c d",of=""} 1e+09
# HELP level A level.
# TYPE level gauge
level -Inf
# HELP took_seconds How long.
# TYPE took_seconds histogram
took_seconds_bucket{of="x",le="0.1"} 1
took_seconds_bucket{of="x",le="1"} 3
took_seconds_bucket{of="x",le="+Inf"} 4
took_seconds_sum{of="x"} 2.5
took_seconds_count{of="x"} 4
`, got)
	_, _, err := metricstest.Read(got)
	require.NoError(t, err)
	require.Empty(t, written(t))
}

func TestWriteRefuses(t *testing.T) {
	one := []metrics.Sample{{Value: 1}}
	for name, f := range map[string][]metrics.Family{
		"no name":         {{Name: "a b", Help: "x", Kind: metrics.Gauge, Samples: one}},
		"no help":         {{Name: "a", Kind: metrics.Gauge, Samples: one}},
		"no kind":         {{Name: "a", Help: "x", Kind: "summary", Samples: one}},
		"no total":        {{Name: "a", Help: "x", Kind: metrics.Counter, Samples: one}},
		"a total":         {{Name: "a_total", Help: "x", Kind: metrics.Gauge, Samples: one}},
		"twice":           {{Name: "a", Help: "x", Kind: metrics.Gauge, Samples: one}, {Name: "a", Help: "x", Kind: metrics.Gauge}},
		"a sample twice":  {{Name: "a", Help: "x", Kind: metrics.Gauge, Samples: []metrics.Sample{{}, {Value: 1}}}},
		"same once clean": {{Name: "a", Help: "x", Kind: metrics.Gauge, Samples: []metrics.Sample{{Labels: []metrics.Label{{Name: "b", Value: "\x1b"}}}, {Labels: []metrics.Label{{Name: "b", Value: "\x1c"}}}}}},
		"no label":        {{Name: "a", Help: "x", Kind: metrics.Gauge, Samples: []metrics.Sample{{Labels: []metrics.Label{{Name: "b-c"}}}}}},
		"label twice":     {{Name: "a", Help: "x", Kind: metrics.Gauge, Samples: []metrics.Sample{{Labels: []metrics.Label{{Name: "b"}, {Name: "b"}}}}}},
		"le":              {{Name: "a", Help: "x", Kind: metrics.Gauge, Samples: []metrics.Sample{{Labels: []metrics.Label{{Name: "le"}}}}}},
		"below 0":         {{Name: "a_total", Help: "x", Kind: metrics.Counter, Samples: []metrics.Sample{{Value: -1}}}},
		"not a number":    {{Name: "a_total", Help: "x", Kind: metrics.Counter, Samples: []metrics.Sample{{Value: math.NaN()}}}},
		"falls":           {{Name: "a", Help: "x", Kind: metrics.Of, Samples: []metrics.Sample{{Count: 9, Buckets: []metrics.Bucket{{Le: 1, Count: 3}, {Le: 2, Count: 2}}}}}},
		"bounds fall":     {{Name: "a", Help: "x", Kind: metrics.Of, Samples: []metrics.Sample{{Count: 9, Buckets: []metrics.Bucket{{Le: 1, Count: 3}, {Le: 1, Count: 4}}}}}},
		"more than all":   {{Name: "a", Help: "x", Kind: metrics.Of, Samples: []metrics.Sample{{Count: 2, Buckets: []metrics.Bucket{{Le: 1, Count: 3}}}}}},
	} {
		var b bytes.Buffer
		require.Error(t, metrics.Write(&b, f), name)
		require.Empty(t, b.String(), name)
	}
}

// The reader finds what a collector would refuse.
func TestReaderRefuses(t *testing.T) {
	const head = "# HELP a x\n# TYPE a gauge\n"
	for _, text := range []string{
		"a 1\n", head + "a 1", head + "a 1 123\n", head + "a{b=\"x} 1\n", head + "a{b=\"\\x\"} 1\n", head + "a 1\na 2\n", head + "a x\n", head + "a{b} 1\n",
		head + head, "# TYPE a gauge\n", "# HELP a x\n# TYPE a counter\n", "# HELP a_ms x\n# TYPE a_ms gauge\n",
		"# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
		"# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n",
		head + "# HELP b x\n# TYPE b gauge\na{c=\"1\"} 1\nb 1\na 2\n",
	} {
		_, _, err := metricstest.Read(text)
		require.Error(t, err, text)
	}
}

// FuzzLabels: whatever a server calls itself comes back as one label, bounded, and steers
// nothing.
func FuzzLabels(f *testing.F) {
	for _, s := range []string{"", "web-1", `a"} 1`, "\\", "x\\\"\n# TYPE y gauge\ny 1\n", "\x1b[2J\u202e", "\xff\xfe", strings.Repeat("名", 500), "{le=\"+Inf\"}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := written(t, metrics.Family{Name: "a_total", Help: "x", Kind: metrics.Counter, Samples: []metrics.Sample{{Labels: []metrics.Label{{Name: "who", Value: s}}, Value: 1}}})
		samples, _, err := metricstest.Read(got)
		require.NoError(t, err)
		require.Len(t, samples, 1)
		value := samples[0].Labels["who"]
		require.Equal(t, metrics.Value(s), value)
		require.LessOrEqual(t, len(value), 200)
		require.True(t, utf8.ValidString(got))
		for _, r := range value {
			require.False(t, r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069, "%U", r)
		}
	})
}
