package gradebook

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
)

func TestDecodeVerdictRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"no JSON":           `{`,
		"no check":          `{"task":"1","outcome":"pass","points":1,"max":1}`,
		"no task":           `{"check":"a","outcome":"pass","points":1,"max":1}`,
		"no outcome":        `{"check":"a","task":"1","points":1,"max":1}`,
		"unknown outcome":   `{"check":"a","task":"1","outcome":"ok","points":1,"max":1}`,
		"too many points":   `{"check":"a","task":"1","outcome":"pass","points":2,"max":1}`,
		"negative points":   `{"check":"a","task":"1","outcome":"fail","points":-1,"max":1}`,
		"three places":      `{"check":"a","task":"1","outcome":"partial","points":0.125,"max":1}`,
		"ungraded, scoring": `{"check":"a","task":"1","outcome":"ungraded","points":1,"max":1}`,
		"too long":          `{"check":"` + strings.Repeat("a", maxVerdict) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeVerdict([]byte(raw))
			require.Error(t, err)
		})
	}
}

func FuzzDecodeVerdict(f *testing.F) {
	for _, v := range marks("1", 10, 5, 0, -1) {
		raw, err := json.Marshal(v)
		require.NoError(f, err)
		f.Add(raw)
	}
	f.Add([]byte(`{"check":"a","task":"1","outcome":"pass","points":1e308,"max":1e309}`))
	f.Add([]byte(`{"check":"a","task":"1","outcome":"pass","observed":{"a":[1,{"b":null}]},"message":{"key":"x.y","args":{"m":{"key":"z"}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := DecodeVerdict(raw)
		if err != nil {
			return
		}
		require.Contains(t, check.Outcomes, v.Outcome)
		require.LessOrEqual(t, v.Points, v.Max)
		once, err := json.Marshal(v)
		require.NoError(t, err)
		again, err := DecodeVerdict(once)
		require.NoError(t, err)
		twice, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice), "what was read is written as it was")
	})
}

// TestVerdictsShareWhatIsAlike: of a class's verdicts most facts and sentences are alike, and
// are kept once; those that differ are not mixed up.
func TestVerdictsShareWhatIsAlike(t *testing.T) {
	d := newDecoder()
	read := func(id string, replicas int) judge.Verdict {
		v, err := d.verdict(fmt.Appendf(nil, `{"check":"a","task":"1","outcome":"fail","points":0,"max":1,"evidence":"%s",
			"observed":{"replicas":%d},"expected":{"replicas":3},"message":{"key":"x.y","args":{"n":%d}},"hint":{"key":"x.z"}}`, id, replicas, replicas))
		require.NoError(t, err)
		return v
	}
	at := func(f check.Facts) uintptr { return reflect.ValueOf(f).Pointer() }
	one, same, other := read("sha256:1", 2), read("sha256:2", 2), read("sha256:3", 1)
	require.Equal(t, at(one.Observed), at(same.Observed))
	require.Equal(t, at(one.Expected), at(other.Expected))
	require.NotEqual(t, at(one.Observed), at(other.Observed))
	require.Equal(t, []any{2.0, 2.0, 1.0}, []any{one.Observed["replicas"], same.Message.Args["n"], other.Observed["replicas"]})
	require.Equal(t, []string{"sha256:1", "sha256:2", "sha256:3"}, []string{one.Evidence, same.Evidence, other.Evidence})
}
