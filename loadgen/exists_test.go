package loadgen

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/mention"
	"swarmgrade/grader/rubric"
)

// A cluster of three tasks, one that HAProxy runs in, one with a host name of
// its own, and two with one address.
const (
	fullA = "7be04d19c2f6a3581e9d02b7c4568f1a0d3e9b27f6c81a4550d9e3f7b218c64a"
	fullB = "d81c60fa39e5b2740c6f1e8a9d3b57c2e40f18a6b9d27c3e5f80416a2b9d7c3e"
	shrtA = "7be04d19c2f6"
	shrtB = "d81c60fa39e5"
)

func cluster() *evidence.Snapshot {
	task := func(id, service, container string, slot int, addrs ...string) evidence.Task {
		t := evidence.Task{ID: id, ServiceID: service, NodeID: "n1", Slot: slot, Desired: "running", State: "running", ContainerID: container}
		for _, a := range addrs {
			t.Addresses = append(t.Addresses, evidence.TaskAddress{Address: a})
		}
		return t
	}
	return &evidence.Snapshot{
		Nodes:    []evidence.Node{{ID: "n1", Hostname: "manager-1", State: "ready"}},
		Services: []evidence.Service{{ID: "s1", Name: "s01"}, {ID: "s2", Name: "s02", Hostname: "app-{{.Task.Slot}}"}},
		Tasks: []evidence.Task{
			task("a", "s1", fullA, 1, "10.0.1.5/24", "10.0.0.7/24"),
			task("b", "s1", fullB, 2, "10.0.1.6/24", "fd00::6/64"),
			task("c", "s2", strings.Repeat("c1", 32), 3, "10.0.1.8/24"),
			task("d", "s2", strings.Repeat("e2", 32), 4, "10.0.1.8/24"),
		},
	}
}

// form is one answer of testdata/forms.json: Container is what it proves, ""
// for nothing; Address the same.
type form struct {
	Name, Asked, Head, Body string
	Container, Address      string
	Mentions                []string
	Torn                    bool
}

func forms(t testing.TB) []form {
	t.Helper()
	text, err := os.ReadFile("testdata/forms.json")
	require.NoError(t, err)
	text = []byte(strings.NewReplacer("$FULLA", fullA, "$FULLB", fullB, "$UPA", strings.ToUpper(shrtA), "$A", shrtA, "$B", shrtB).Replace(string(text)))
	var out []form
	require.NoError(t, json.Unmarshal(text, &out))
	return out
}

// Who answered does not depend on the wording.
func TestForms(t *testing.T) {
	a, err := Compile(rubric.Attribution{})
	require.NoError(t, err)
	known := mention.New(cluster())
	all := forms(t)
	require.GreaterOrEqual(t, len(all), 50)
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			f := found{known: known, asked: c.Asked}
			head, body := []byte(c.Head), []byte(c.Body)
			a.find(&f, head, body)
			id := f.identity()
			container := ""
			if known.ID([]byte(id.Hostname)) {
				container = strings.ToLower(id.Hostname[:mention.ShortID])
			}
			require.Equal(t, c.Container, container, "%+v", id)
			address := ""
			if len(id.Addresses) > 0 {
				address = id.Addresses[0]
			}
			require.Equal(t, c.Address, address, "%+v", id)
			require.Equal(t, c.Torn, f.torn)
			mentions, _ := f.mentions()
			for _, m := range c.Mentions {
				require.Contains(t, mentions, m)
			}
			require.Zero(t, testing.AllocsPerRun(20, func() { a.find(&f, head, body) }), "allocations")
		})
	}
}

// What came up since the snapshot is kept for judging, and what changes with
// every answer makes no new responder.
func TestMentionsAreKept(t *testing.T) {
	a, err := Compile(rubric.Attribution{})
	require.NoError(t, err)
	f := found{known: mention.New(cluster())}
	require.Nil(t, a.find(&f, nil, []byte("I'm 5a5a5a5a5a5a at 10.0.1.77, visit 41 of 2024-11-21")))
	words, field := f.mentions()
	require.Equal(t, []string{"10.0.1.77", "5a5a5a5a5a5a"}, words)
	require.Empty(t, field)
	key := string(f.key)
	a.find(&f, nil, []byte("At 10.0.1.77 I'm 5a5a5a5a5a5a, visit 42 of 2024-11-22"))
	require.Equal(t, key, string(f.key))
	require.Nil(t, a.find(&f, nil, []byte("request 123e4567-e89b-12d3-a456-426614174000 done")))
	words, _ = f.mentions()
	require.Empty(t, words, "a UUID's last part is no container")
}

// BenchmarkExists is the cost of finding who answered by what exists beside that
// of the wording's rules alone, in turn on the same machine; 0 allocs/op.
func BenchmarkExists(b *testing.B) {
	a, err := Compile(defaultAttribution)
	require.NoError(b, err)
	f := found{known: mention.New(cluster())}
	for _, c := range forms(b) {
		switch c.Name {
		case "labelled-server-name", "bare-id", "nested-json", "table-cells", "whoami":
		default:
			continue
		}
		b.Run(c.Name, func(b *testing.B) {
			const batch = 1000
			head, body := []byte(c.Head), []byte(c.Body)
			var all, wording []float64
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				for range batch {
					a.wording(&f, head, body)
				}
				middle := time.Now()
				for range batch {
					a.find(&f, head, body)
				}
				wording = append(wording, float64(middle.Sub(start))/batch)
				all = append(all, float64(time.Since(middle))/batch)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(all), "ns/answer")
			b.ReportMetric(median(all)/median(wording), "x-wording")
		})
	}
}
