package evidence_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

func probing() *evidence.Probing {
	return &evidence.Probing{
		Window: "sha256:w", Service: "svc", PeriodMS: 250,
		Targets:    []evidence.Target{{ID: "mesh/manager-1"}, {ID: "mesh/manager-3"}},
		Responders: []evidence.Responder{{Identity: evidence.Identity{Hostname: "c1"}, Count: 2}},
		Errors:     []evidence.ErrorClass{{Class: "timeout", Count: 1}},
		Probes:     []evidence.Probe{{At: 10, Took: 900}, {At: 260, To: 1, Took: 800}, {At: 510, Took: 2e6, Who: -1}},
	}
}

func bundle() *evidence.Bundle {
	return &evidence.Bundle{
		Schema: evidence.BundleSchema, Run: "r", Task: "1", Before: "sha256:b",
		Traces: []evidence.Trace{}, Proxies: []evidence.Proxy{},
		Episodes: []evidence.Episode{{Name: evidence.FaultEpisode, Probing: probing(), Before: "sha256:s", Traces: []evidence.Trace{{
			Target: evidence.Target{ID: "mesh/manager-1"}, Sent: 1, Sequence: []int16{0},
			Responders: []evidence.Responder{{Count: 1}},
		}}}},
	}
}

func window() *evidence.Window {
	return &evidence.Window{
		Schema: evidence.WindowSchema, Fault: evidence.Action{Kind: "node-stop", NodeID: "n2"}, End: "recovered",
		Injected: 3000, Restored: -1, Speed: 1, HoldMS: 10000,
		Polls: []evidence.Poll{
			{At: 0, Nodes: []evidence.Node{{ID: "n1", State: "ready"}, {ID: "n2", State: "ready"}}, Tasks: []evidence.Task{{ID: "a"}, {ID: "b"}}},
			{At: 1000, Error: "timeout"},
			{At: 2000, Nodes: []evidence.Node{{ID: "n2", State: "down"}}, Tasks: []evidence.Task{{ID: "c"}}, GoneTasks: []string{"b"}},
		},
	}
}

// TestRoundTrip: what is stored is what was seen, byte for byte.
func TestRoundTrip(t *testing.T) {
	blob, err := evidence.Encode(bundle())
	require.NoError(t, err)
	b, err := evidence.DecodeBundle(blob)
	require.NoError(t, err)
	require.Equal(t, bundle(), b)
	again, err := evidence.Encode(b)
	require.NoError(t, err)
	require.Equal(t, blob, again)

	blob, err = evidence.Encode(window())
	require.NoError(t, err)
	w, err := evidence.DecodeWindow(blob)
	require.NoError(t, err)
	require.Equal(t, window(), w)
}

// TestOlderBundle: one without a window, as the first release wrote it.
// TestLoadsThatEndEarlyAreAnAddition: whoever may not end early is stored as ever.
func TestLoadsThatEndEarlyAreAnAddition(t *testing.T) {
	tr := evidence.Trace{Target: evidence.Target{ID: "haproxy", Requests: 480}, Sent: 1, Sequence: []int16{0}, Responders: []evidence.Responder{{Count: 1}}}
	blob, err := evidence.Encode(tr)
	require.NoError(t, err)
	for _, word := range []string{"enough", "least", `"by"`, "among"} {
		require.NotContains(t, string(blob), word)
	}
	tr.Target.Enough = evidence.Enough{Among: "cafe00000000 cafe00000001", Spread: true, MaxErrors: 0.01}
	tr.Stopped, tr.By, tr.Least = "enough", "turns", 44
	require.Equal(t, []string{"cafe00000000", "cafe00000001"}, tr.Target.Enough.Containers())
	blob, err = evidence.Encode(tr)
	require.NoError(t, err)
	got, err := evidence.DecodeTrace(blob)
	require.NoError(t, err)
	require.Equal(t, &tr, got)
}

func TestOlderBundle(t *testing.T) {
	b, err := evidence.DecodeBundle([]byte(`{"schema":"swarmgrade-bundle/1","run":"r","student":{"id":"01","name":"","vars":{}},
		"task":"1","before":"sha256:b","after":"sha256:a","proxies":[],"traces":[]}`))
	require.NoError(t, err)
	require.Equal(t, evidence.BundleSchema, b.Schema)
	require.Empty(t, b.Episodes)
}

// TestNamesAreAnAddition: a bundle without names has the bytes that it always had, and
// one with names gives them back.
func TestNamesAreAnAddition(t *testing.T) {
	blob, err := evidence.Encode(bundle())
	require.NoError(t, err)
	require.NotContains(t, string(blob), "names")
	b, err := evidence.DecodeBundle(blob)
	require.NoError(t, err)
	require.Nil(t, b.Names)

	views := []evidence.NameView{
		{At: 7, Service: "s01", Network: "overlay-01", NetworkID: "n1", NodeID: "m1", Hostname: "manager-1", Known: true, VIP: "10.0.1.2", Tasks: []string{"10.0.1.3", "10.0.1.3"}},
		{Service: "s01", Network: "overlay-01", NetworkID: "n1", Error: "timeout"},
	}
	require.NotContains(t, string(blob), "lookups")
	b.Names, b.Episodes[0].Names = views, views[:1]
	b.Lookups = []evidence.Lookup{
		{
			At: 8, Service: "s01", Network: "overlay-01", NetworkID: "n1", NodeID: "m1", Hostname: "manager-1",
			Name: evidence.Answer{Addresses: []string{"10.0.1.2"}}, Tasks: evidence.Answer{Failure: "timeout"},
		},
		{Service: "s01", Network: "overlay-01", NetworkID: "n1", NodeID: "m2", Hostname: "manager-2", Error: "the helper did not run in time"},
	}
	blob, err = evidence.Encode(b)
	require.NoError(t, err)
	again, err := evidence.DecodeBundle(blob)
	require.NoError(t, err)
	require.Equal(t, b, again)
}

// TestFirstLayout: what a bundle knew of its one fault is an episode.
func TestFirstLayout(t *testing.T) {
	b, err := evidence.DecodeBundle([]byte(`{"schema":"swarmgrade-bundle/1","run":"r","student":{"id":"01","name":"","vars":{}},
		"task":"1","before":"sha256:b","after":"sha256:a","proxies":[],"traces":[],
		"gaps":[{"what":"configs","code":"too-large"},{"what":"later/mesh/m2","code":"timeout"},{"what":"snapshot/final","code":"unreachable"}],
		"probing":{"window":"sha256:w","service":"svc","targets":[],"period_ms":250,"responders":[],"probes":[]},
		"later":[{"target":{"id":"mesh/m1"},"sent":1,"sequence":[0],"responders":[{"count":1}]}],"settled":"sha256:s"}`))
	require.NoError(t, err)
	require.Equal(t, []evidence.Gap{{What: "configs", Code: "too-large"}}, b.Gaps)
	require.Len(t, b.Episodes, 1)
	e := b.Episodes[0]
	require.Equal(t, "fault", e.Name)
	require.Equal(t, "sha256:w", e.Probing.Window)
	require.Equal(t, "sha256:s", e.Before)
	require.Empty(t, e.After)
	require.Equal(t, "mesh/m1", e.Traces[0].Target.ID)
	require.Equal(t, []evidence.Gap{{What: "load/mesh/m2", Code: "timeout"}, {What: "snapshot/after", Code: "unreachable"}}, e.Gaps)

	// Written again it is of today's layout and says the same.
	blob, err := evidence.Encode(b)
	require.NoError(t, err)
	again, err := evidence.DecodeBundle(blob)
	require.NoError(t, err)
	require.Equal(t, b, again)

	b, err = evidence.DecodeBundle([]byte(`{"schema":"swarmgrade-bundle/1","gaps":[{"what":"window","code":"quorum","detail":"m1"}]}`))
	require.NoError(t, err)
	require.Nil(t, b.Probing())
	g, ok := b.EpisodeGap(evidence.FaultEpisode, "window")
	require.True(t, ok)
	require.Equal(t, "quorum", g.Code)
}

// TestBroken: evidence that contradicts itself is no evidence.
func TestBroken(t *testing.T) {
	for name, change := range map[string]func(b *evidence.Bundle){
		"layout":                 func(b *evidence.Bundle) { b.Schema = "swarmgrade-bundle/9" },
		"later points to nobody": func(b *evidence.Bundle) { b.Episodes[0].Traces[0].Sequence[0] = 7 },
		"later adds up to less":  func(b *evidence.Bundle) { b.Episodes[0].Traces[0].Sent = 2 },
		"a probe of nobody":      func(b *evidence.Bundle) { b.Probing().Probes[0].Who = 1 },
		"a probe of no error":    func(b *evidence.Bundle) { b.Probing().Probes[0].Who = -2 },
		"a probe at nothing":     func(b *evidence.Bundle) { b.Probing().Probes[0].To = 2 },
		"a probe at less":        func(b *evidence.Bundle) { b.Probing().Probes[0].To = -1 },
		"probes out of order":    func(b *evidence.Bundle) { b.Probing().Probes[2].At = 0 },
		"two of one name":        func(b *evidence.Bundle) { b.Episodes = append(b.Episodes, b.Episodes[0]) },
		"answers not counted":    func(b *evidence.Bundle) { b.Probing().Responders[0].Count = 3 },
		"failures not counted":   func(b *evidence.Bundle) { b.Probing().Errors[0].Count = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			b := bundle()
			change(b)
			blob, err := evidence.Encode(b)
			require.NoError(t, err)
			_, err = evidence.DecodeBundle(blob)
			require.Error(t, err)
		})
	}
	for name, change := range map[string]func(w *evidence.Window){
		"layout":             func(w *evidence.Window) { w.Schema = evidence.BundleSchema },
		"polls out of order": func(w *evidence.Window) { w.Polls[2].At = 500 },
	} {
		t.Run(name, func(t *testing.T) {
			w := window()
			change(w)
			blob, err := evidence.Encode(w)
			require.NoError(t, err)
			_, err = evidence.DecodeWindow(blob)
			require.Error(t, err)
		})
	}
	_, err := evidence.DecodeWindow([]byte(`{"schema":"swarmgrade-window/1"} {}`))
	require.ErrorContains(t, err, "follow")
	_, err = evidence.DecodeWindow([]byte(strings.Repeat(" ", evidence.MaxBlob+1)))
	require.ErrorContains(t, err, "more than")
}

// TestReplay: a poll that got no answer is no sample, and what goes is gone.
func TestReplay(t *testing.T) {
	type state struct {
		at    int64
		down  bool
		tasks int
	}
	var seen []state
	window().Replay(func(p *evidence.Poll, nodes map[string]*evidence.Node, tasks map[string]*evidence.Task) bool {
		seen = append(seen, state{p.At, nodes["n2"].State == "down", len(tasks)})
		return true
	})
	require.Equal(t, []state{{0, false, 2}, {2000, true, 2}}, seen)
	calls := 0
	window().Replay(func(*evidence.Poll, map[string]*evidence.Node, map[string]*evidence.Task) bool { calls++; return false })
	require.Equal(t, 1, calls)
}

// FuzzDecode: whatever a blob holds, decoding ends with an error or with
// evidence that can be encoded and read again.
func FuzzDecode(f *testing.F) {
	for _, v := range []any{bundle(), window(), &evidence.Snapshot{Schema: evidence.SnapshotSchema}} {
		blob, err := evidence.Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(blob)
	}
	f.Add([]byte(`{"schema":"swarmgrade-bundle/1","probing":{"probes":[{"t":1,"who":-9223372036854775808}]}}`))
	f.Add([]byte(`{"schema":"swarmgrade-window/1","polls":[{"at_ms":5},{"at_ms":1}]}`))
	f.Fuzz(func(t *testing.T, blob []byte) {
		if w, err := evidence.DecodeWindow(blob); err == nil {
			w.Replay(func(*evidence.Poll, map[string]*evidence.Node, map[string]*evidence.Task) bool { return true })
			again, err := evidence.Encode(w)
			require.NoError(t, err)
			_, err = evidence.DecodeWindow(again)
			require.NoError(t, err)
		}
		if b, err := evidence.DecodeBundle(blob); err == nil {
			again, err := evidence.Encode(b)
			require.NoError(t, err)
			_, err = evidence.DecodeBundle(again)
			require.NoError(t, err)
		}
	})
}
