package worker

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"swarmgrade/grader/evidence"
	"swarmgrade/loadgen"
)

// liar answers as a worker does, but for one kind of message.
func liar(t *testing.T, p *Pool, lie func(w *wire, m *message) bool) {
	t.Helper()
	near, far := net.Pipe()
	over := make(chan struct{})
	t.Cleanup(func() { _ = far.Close(); <-over })
	go func() {
		defer close(over)
		w := &wire{in: far, out: far, max: maxToWorker}
		w.first(secret, true, "")
		m, err := w.receive()
		if err != nil {
			return
		}
		theirs := m.Session
		w.first(secret, true, theirs)
		_ = w.send(&message{Kind: kWelcome, Version: version, Session: "liar"})
		w.both(secret, true, theirs, "liar")
		w.inN, w.outN = 0, 0
		began := time.Now()
		for {
			m, err := w.receive()
			if err != nil {
				return
			}
			if m.Kind == kPing && !lie(w, m) {
				now := int64(time.Since(began)) + 1
				time.Sleep(time.Microsecond)
				_ = w.send(&message{Kind: kPong, At: m.At, Got: now, Now: int64(time.Since(began)) + 1})
			} else if m.Kind != kPing {
				lie(w, m)
			}
		}
	}()
	require.NoError(t, p.Join(t.Context(), Line{"liar", near}))
}

func done(m *message, change func(*evidence.Trace)) *message {
	n := m.Order.Target.Requests
	trace := traceOf(m.Order.Target, m.Order.Nonce, n)
	change(&trace)
	text, err := json.Marshal(trace)
	if err != nil {
		panic(err)
	}
	l := latencies(trace.Answered())
	return &message{Kind: kDone, ID: m.ID, Gen: m.Gen, Trace: text, Latencies: &l, Began: 1}
}

// TestLiars: whatever a worker says that it must not, it is let go of by name, its targets are
// driven by an honest one, and what comes back is that one's.
func TestLiars(t *testing.T) {
	onLoad := func(answer func(w *wire, m *message)) func(*wire, *message) bool {
		return func(w *wire, m *message) bool {
			if m.Kind == kLoad {
				answer(w, m)
			}
			return false
		}
	}
	wrong := func(change func(*evidence.Trace)) func(*wire, *message) bool {
		return onLoad(func(w *wire, m *message) { _ = w.send(done(m, change)) })
	}
	for name, c := range map[string]struct {
		lie  func(w *wire, m *message) bool
		want string
	}{
		"a trace of another student's target": {wrong(func(t *evidence.Trace) { t.Target.Address = "127.0.0.1:8081" }), "another target"},
		"a trace of another run":              {wrong(func(t *evidence.Trace) { t.Nonce = "ffffffffffffffff" }), "another run"},
		"more than was asked for":             {wrong(func(t *evidence.Trace) { *t = traceOf(t.Target, t.Nonce, t.Sent+1) }), "more than was asked for"},
		"counts that don't add up":            {wrong(func(t *evidence.Trace) { t.Sent-- }), "can't be"},
		"a sequence that points nowhere":      {wrong(func(t *evidence.Trace) { t.Sequence[0] = 9 }), "points to nobody"},
		"negative numbers":                    {wrong(func(t *evidence.Trace) { t.Responders[0].Browser = -1 }), "add up"},
		"a timeline of others":                {wrong(func(t *evidence.Trace) { t.Timeline[0].OK = 1 }), "add up"},
		"half of a load":                      {wrong(func(t *evidence.Trace) { *t = traceOf(t.Target, t.Nonce, 10); t.Stopped = "cancelled" }), "not told to end"},
		"an end that nobody allowed":          {wrong(func(t *evidence.Trace) { *t = traceOf(t.Target, t.Nonce, 10); t.Stopped = "enough" }), "fewer requests"},
		"a word nobody knows":                 {wrong(func(t *evidence.Trace) { t.Stopped = "tired" }), "asked for"},
		"endless texts":                       {wrong(func(t *evidence.Trace) { t.Responders[0].Sample = strings.Repeat("x", 100_000) }), "longer texts"},
		"endless lists": {wrong(func(t *evidence.Trace) {
			t.Responders = append(t.Responders, make([]evidence.Responder, 500)...)
		}), "longer lists"},
		"a list of nothings": {onLoad(func(w *wire, m *message) {
			_ = w.send(&message{Kind: kDone, ID: m.ID, Gen: m.Gen, Trace: json.RawMessage(`{"responders":[` + strings.Repeat(`{},`, maxThings) + `{}]}`)})
		}), "more than any"},
		"what exists, from a worker": {onLoad(func(w *wire, m *message) {
			_ = w.send(&message{Kind: kDone, ID: m.ID, Gen: m.Gen, Trace: json.RawMessage(`{"names":[` + strings.Repeat(`"\"",`, maxStrings) + `""]}`)})
		}), "more than any"},
		"failures that its order has not": {wrong(func(t *evidence.Trace) {
			t.Responders[0].Count--
			t.Sequence = t.Sequence[1:]
			t.Errors = []evidence.ErrorClass{{Class: "reset", Count: 1}}
		}), "can't be"},
		"a name that moves the cursor": {wrong(func(t *evidence.Trace) { t.Responders[0].Hostname = "web\x1b[2J" }), "add up"},
		"a student that does":          {wrong(func(t *evidence.Trace) { t.Responders[0].StudentID = "1\r" }), "add up"},
		"an address that does":         {wrong(func(t *evidence.Trace) { t.Responders[0].Addresses = []string{"10.0.0.1\n"} }), "add up"},
		"a time before its own":        {wrong(func(t *evidence.Trace) { t.Took = 1 << 40 }), "times"},
		"latencies of others": {onLoad(func(w *wire, m *message) {
			d := done(m, func(*evidence.Trace) {})
			d.Latencies.Service.Buckets = [][2]uint32{{5, 1}}
			_ = w.send(d)
		}), "latencies"},
		"no JSON": {onLoad(func(w *wire, m *message) {
			_ = w.send(&message{Kind: kDone, ID: m.ID, Gen: m.Gen, Trace: json.RawMessage(`"x"`), Latencies: &loadgen.Latencies{}})
		}), "can't be"},
		"a load that nobody gave it": {onLoad(func(w *wire, m *message) { m.ID++; _ = w.send(done(m, func(*evidence.Trace) {})) }), "no sense"},
		"an earlier generation":      {onLoad(func(w *wire, m *message) { m.Gen--; _ = w.send(done(m, func(*evidence.Trace) {})) }), "no sense"},
		"a giant message":            {onLoad(func(w *wire, _ *message) { _, _ = w.out.Write([]byte("\xff\xff\xff\xff" + strings.Repeat("x", 64))) }), "longer than any"},
		"a message of no secret": {onLoad(func(w *wire, _ *message) {
			w.keys(true, w.inKey, []byte("guessed"))
			_ = w.send(&message{Kind: kPong})
		}), "not signed"},
		"a message once more":  {onLoad(func(w *wire, _ *message) { w.outN--; _ = w.send(&message{Kind: kPong}) }), "not signed"},
		"a coordinator's word": {onLoad(func(w *wire, _ *message) { _ = w.send(&message{Kind: kGrant, N: 1}) }), "no sense"},
		"progress backwards": {onLoad(func(w *wire, m *message) {
			_ = w.send(&message{Kind: kWant, N: 2})
			time.Sleep(2 * time.Second)
			_ = w.send(&message{Kind: kProgress, ID: m.ID, Gen: m.Gen, Answered: 2})
			_ = w.send(&message{Kind: kProgress, ID: m.ID, Gen: m.Gen, Answered: 1})
		}), "no sense"},
		"signs of life that nobody asked for": {onLoad(func(w *wire, _ *message) {
			for range 3 {
				_ = w.send(&message{Kind: kPong, Got: 1 << 40, Now: 1 << 40})
			}
		}), "no sense"},
		"progress without end": {onLoad(func(w *wire, m *message) {
			for range 1000 {
				if w.send(&message{Kind: kProgress, ID: m.ID, Gen: m.Gen}) != nil {
					return
				}
			}
		}), "more often"},
		"sending without leave": {wrong(func(*evidence.Trace) {}), "leave"},
		"asking for all of it":  {onLoad(func(w *wire, _ *message) { _ = w.send(&message{Kind: kWant, N: 1_000_000}) }), "no sense"},
		"asking for ever": {func(w *wire, m *message) bool {
			if m.Kind == kLoad || m.Kind == kGrant {
				_ = w.send(&message{Kind: kWant, N: 2})
			}
			return false
		}, "leave"},
		"never ending": {func(*wire, *message) bool { return false }, "get on"},
		"silence":      {func(_ *wire, m *message) bool { return m.Kind == kPing && m.At > int64(3*time.Second) }, "nothing was heard"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFarm(t, 0)
				why := make(chan error, 2)
				lim := rate.NewLimiter(100, 2)
				if c.want != "leave" && !strings.HasPrefix(name, "progress") && !strings.HasPrefix(name, "asking") {
					lim = nil // what is sent without leave would be found first
				}
				p, l := pool(t, Options{Limiter: lim, Lost: func(_ string, err error) { why <- err }})
				liar(t, p, c.lie)
				var r Result
				var err error
				over := make(chan struct{})
				go func() {
					defer close(over)
					r, err = l.Drive(t.Context(), target("mesh/1", 20), How{}, nil)
				}()
				time.Sleep(time.Millisecond) // it is the liar's before there is another
				join(t, p, "honest", f.run("honest"))
				<-over
				require.NoError(t, err)
				gone := <-why
				require.ErrorContains(t, gone, c.want)
				require.Equal(t, cmp.Or(map[string]string{"silence": "silent", "never ending": "stuck"}[name], "wrong"), Reason(gone))
				require.Equal(t, "honest", r.Worker)
				require.Equal(t, 2, r.Tries)
				require.Equal(t, 20, r.Trace.Answered())
				require.Equal(t, 20, f.sent["mesh/1"])
				require.Equal(t, []string{"honest"}, p.Workers())
			})
		})
	}
}

// TestWhoeverHasNotTheSecret neither becomes a worker nor has one do anything.
func TestWhoeverHasNotTheSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := pool(t, Options{})
		near, far := net.Pipe()
		over := make(chan error, 1)
		go func() {
			over <- serve(t.Context(), far, far, []byte("another"), newFarm(t, 0).run("x"))
			_ = far.Close()
		}()
		require.Error(t, p.Join(t.Context(), Line{"x", near}))
		require.ErrorIs(t, <-over, errForged)
		near, far = net.Pipe() // says nothing at all
		go func() { _, _ = io.Copy(io.Discard, far) }()
		require.ErrorIs(t, p.Join(t.Context(), Line{"y", near}), context.DeadlineExceeded)
		require.Empty(t, p.Workers())
	})
}
