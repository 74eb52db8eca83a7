package worker

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/loadgen"
)

type nowhere struct{ io.Reader }

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) Close() error                { return nil }

// FuzzAWorkersMessages: whatever a worker says that knows the secret, what is taken of it is a trace
// of the target that it has, which adds up.
func FuzzAWorkersMessages(f *testing.F) {
	of := target("mesh/1", 20)
	of.TimeoutMS = 5000
	good, err := json.Marshal(traceOf(of, "n", 20))
	require.NoError(f, err)
	l := latencies(20)
	whole, err := json.Marshal(message{Kind: kDone, ID: 1, Gen: 1, Began: 1, Trace: good, Latencies: &l})
	require.NoError(f, err)
	f.Add(string(whole))
	for _, s := range []string{`{"kind":"pong"}`, `{"kind":"progress","id":1,"gen":1,"answered":-1}`, `{"kind":"want","n":1}`, `{"kind":"done","id":1,"gen":1,"trace":{}}`, `{"kind":"reached","id":7}`, `null`, `[]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var m message
		if json.Unmarshal([]byte(text), &m) != nil {
			return
		}
		p := New(Options{Nonce: "n", Limiter: loadgen.NewLimiter(1000)})
		h := newHand(p, Line{"m", nowhere{strings.NewReader("")}})
		h.samples, h.granted, h.ordered = []sample{{}}, 20, 20
		done := make(chan outcome, 1)
		h.leases[1] = &lease{gen: 1, order: &order{Target: of, Nonce: "n", Chunk: 20}, done: done, moved: time.Now()}
		_ = h.hear(&m)
		select {
		case out := <-done:
			if out.err == nil {
				tr := out.result.Trace
				require.Equal(t, of, tr.Target)
				require.LessOrEqual(t, tr.Sent, 20)
				require.Equal(t, tr.Sent, tr.Answered()+tr.Failed())
			}
		default:
		}
	})
}
