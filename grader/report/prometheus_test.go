package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/metrics/metricstest"
	"swarmgrade/grader/result"
)

// TestPrometheus: every student is in one state, every verdict in one outcome, and nobody is
// named, whatever things are called.
func TestPrometheus(t *testing.T) {
	for _, d := range []*result.Data{testData(), handedData(), pageData(), named(hostile, "0020240101"), class(300), {Class: "empty", Rubric: testRubric()}} {
		raw := write(t, "prometheus", d, Options{Lang: i18n.ZH})
		samples, types, err := metricstest.Read(string(raw))
		require.NoError(t, err)
		require.Equal(t, "gauge", types["swarmgrade_class_students"])
		sum := map[string]float64{}
		for _, s := range samples {
			require.Equal(t, d.Rubric.ID, s.Labels["lab"])
			sum[s.Name] += s.Value
			if s.Labels["state"] == "final" {
				sum["final"] = s.Value
			}
		}
		verdicts := 0
		for _, s := range d.Students {
			verdicts += len(s.Verdicts)
			require.NotContains(t, string(raw), s.ID)
		}
		require.Equal(t, float64(len(d.Students)), sum["swarmgrade_class_students"])
		require.Equal(t, float64(verdicts), sum["swarmgrade_class_checks"])
		require.Equal(t, sum["final"], sum["swarmgrade_class_score_ratio_count"])
		require.Equal(t, raw, write(t, "prometheus", d, Options{Lang: i18n.EN}), "a collector refuses two helps of one metric")
	}
	golden(t, "class.prom", write(t, "prometheus", pageData(), Options{}))
	require.Less(t, len(write(t, "prometheus", class(2000), Options{})), 2*len(write(t, "prometheus", class(20), Options{})))
	var b bytes.Buffer
	require.NoError(t, writePrometheus(&b, &result.Data{Rubric: testRubric()}, Options{}))
}
