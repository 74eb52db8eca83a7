package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
	load "swarmgrade/loadgen/worker"
)

// dying takes so many messages of a worker's, and then it is dead.
type dying struct {
	io.Writer
	left int
}

var errDead = errors.New("dead")

func (d *dying) Write(b []byte) (int, error) {
	if d.left--; d.left < 0 {
		return 0, errDead
	}
	return d.Writer.Write(b)
}

// TestAWorkerDiesAtAnyPoint: before it says anything, while it is greeted, as it says what it did: whoever is
// left drives everything, once, and nothing of it stays.
func TestAWorkerDiesAtAnyPoint(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Hostname: 7be04d19c2f6") }))
	t.Cleanup(server.Close) // after all of them
	for after, early := range map[int]int{0: 1, 1: 1, 5: 1, 9: 0} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			t.Parallel() // a lost one's lease takes its time
			var died atomic.Bool
			_, c, snap := playedOn(t, func(ctx context.Context, in io.Reader, out io.Writer, env []string) error {
				if !died.Swap(true) {
					out = &dying{out, after}
				}
				return playWorker(ctx, in, out, env)
			})
			crew, a, session := begun(t, c, snap)
			p := load.New(load.Options{Secret: []byte("s3cret")})
			p.Refill(func(ctx context.Context, name string) error { _, err := crew.Again(ctx, name); return err })
			n, why, err := crew.Start(t.Context(), 2, "s3cret", joining(p))
			require.NoError(t, err)
			require.Equal(t, 2, n, "what died before it had joined is made anew")
			require.Len(t, why, early)
			l := p.Loader(rubric.Attribution{}, nil)
			for range 4 {
				trace, err := l.Load(t.Context(), evidence.Target{ID: "mesh/x", Kind: "mesh", Address: strings.TrimPrefix(server.URL, "http://"), Requests: 20, PerConnection: 1, Workers: 1})
				require.NoError(t, err)
				require.Equal(t, 20, trace.Answered())
			}
			require.NoError(t, p.Close())
			require.NoError(t, session.Restore(t.Context()))
			gone(t, c, a)
		})
	}
}
