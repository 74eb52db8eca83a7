package evidence

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLoadsWithoutCookiesAreStoredAsBefore: a stored trace keeps its hash.
func TestLoadsWithoutCookiesAreStoredAsBefore(t *testing.T) {
	const stored = `{"target":{"id":"haproxy","kind":"haproxy","address":"10.0.0.1:9001","path":"/","requests":1,"per_connection":1,"workers":1,"timeout_ms":3000},` +
		`"started_ms":0,"took_ms":1,"sent":1,"responders":[{"hostname":"a","count":1}],"sequence":[0],` +
		`"latency":{"corrected":{"mean":0,"p50":0,"p90":0,"p95":0,"p99":0,"p999":0,"max":0},"service":{"mean":0,"p50":0,"p90":0,"p95":0,"p99":0,"p999":0,"max":0}},"connections":1}` + "\n"
	trace, err := DecodeTrace([]byte(stored))
	require.NoError(t, err)
	blob, err := Encode(trace)
	require.NoError(t, err)
	require.Equal(t, stored, string(blob))
}

func TestVisitsAreWithinTheSequence(t *testing.T) {
	tr := Trace{Sent: 3, Responders: []Responder{{Count: 3}}, Sequence: []int16{0, 0, 0}}
	for _, v := range []Visit{{From: 1, Sent: 2}, {From: 3}, {Sent: 3}} {
		tr.Visits = []Visit{v}
		require.NoError(t, tr.valid())
		require.Len(t, tr.Of(&v), v.Sent)
	}
	for _, v := range []Visit{{From: 1, Sent: 3}, {From: 4}, {From: -1}, {Sent: -1}, {From: 1 << 62, Sent: 1 << 62}} {
		tr.Visits = []Visit{v}
		require.Error(t, tr.valid())
		require.NotPanics(t, func() { tr.Of(&v) })
	}
}

func TestJars(t *testing.T) {
	set := func(name, value, refused string) SetCookie {
		return SetCookie{Name: name, Value: value, Refused: refused}
	}
	tr := Trace{Visits: []Visit{
		{Who: VisitKept, Set: []SetCookie{set("a", "1", ""), set("b", "2", ""), set("a", "3", ""), set("c", "4", "secure")}},
		{Who: VisitKept},
		{Who: VisitKept, Set: []SetCookie{{Name: "a", Value: "x", Cut: true}, set("b", "y", "")}},
		{Who: VisitPlain, Set: []SetCookie{set("a", "5", "")}},
	}}
	require.Equal(t, "a=3; b=2\n\nb=y", tr.Jars())
	require.Empty(t, (&Trace{Visits: tr.Visits[1:2]}).Jars())
	require.Empty(t, (&Trace{}).Jars())
}

func TestPlainHost(t *testing.T) {
	for _, good := range []string{"lab.example.edu", "a", "node-1_x.example", strings.Repeat("a", 63)} {
		require.True(t, PlainHost(good), good)
	}
	for _, bad := range []string{"", "a b", "a:80", "a\r\nb", "<host-node1>", "-a", "a.", "实验", "[::1]", strings.Repeat("a", 64), strings.Repeat("a.", 200) + "a"} {
		require.False(t, PlainHost(bad), bad)
	}
}
