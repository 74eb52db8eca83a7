package gradebook

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/evidence"
)

// TestDamageNeverHangs: whichever row of whichever table, or blob of whichever kind, is
// not what was written, everything that reads comes to an end, and says so.
func TestDamageNeverHangs(t *testing.T) {
	type hurt struct{ name, sql string }
	var all []hurt
	for _, kind := range []string{KindBundle, KindSnapshot, KindWindow, KindRubric} {
		for name, change := range map[string]string{
			"first byte": "UPDATE blobs SET data=x'00'||substr(data,2) WHERE kind='%s'",
			"a byte":     "UPDATE blobs SET data=substr(data,1,length(data)/2)||x'5a5a'||substr(data,length(data)/2+3) WHERE kind='%s'",
			"cut off":    "UPDATE blobs SET data=substr(data,1,length(data)/2) WHERE kind='%s'",
			"another":    "UPDATE blobs SET data=(SELECT data FROM blobs b WHERE b.kind<>blobs.kind LIMIT 1) WHERE kind='%s'",
			"empty":      "UPDATE blobs SET data=x'' WHERE kind='%s'",
			"gone":       "PRAGMA foreign_keys=0; DELETE FROM blobs WHERE kind='%s'",
		} {
			all = append(all, hurt{"blob " + kind + " " + name, fmt.Sprintf(change, kind)})
		}
	}
	for table, columns := range sealed {
		for _, c := range append([]string{"sum"}, columns...) {
			other := c + "||'x'"
			if c == "seq" { // which takes numbers alone
				other = "seq+1000"
			}
			all = append(all, hurt{table + "." + c, fmt.Sprintf("PRAGMA foreign_keys=0; UPDATE OR IGNORE %s SET %s=%s", table, c, other)})
		}
	}
	for _, h := range all {
		t.Run(h.name, func(t *testing.T) {
			path, run := whole(t)
			_, g := openBook(t, path)
			_, err := g.db.Exec(h.sql)
			require.NoError(t, err)
			require.NoError(t, g.Close())
			_, g = openBook(t, path)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			readsEnd(t, func() {
				for _, of := range []string{"01", "02"} {
					_, _ = g.Case(ctx, run, of)
				}
				_, _ = g.StandingData(ctx, halab(t), Rules{Attempts: Best})
				_, _ = g.Changes(ctx, "ha-lb")
				_, _ = g.Requests(ctx, "ha-lb")
				_, _ = g.LastTrials(ctx, "ha-lb")
				_, _ = g.LinkOf(ctx, hashOf("a"))
				_ = g.Check(ctx)
				_ = g.Damage()
			})
			cancel() // a signal
			readsEnd(t, func() {
				_, err := g.Case(ctx, run, "01")
				require.Error(t, err)
				_, err = g.StandingData(ctx, halab(t), Rules{Attempts: Best})
				require.ErrorIs(t, err, context.Canceled)
			})
		})
	}
}

// whole makes a gradebook with evidence of every kind.
func whole(t *testing.T) (path, run string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "2024A.gradebook")
	ctx, g := openBook(t, path)
	r, err := g.BeginRun(ctx, begin(day, "01", "02"))
	require.NoError(t, err)
	before, err := g.PutSnapshot(ctx, snapshot(1))
	require.NoError(t, err)
	w := &evidence.Window{Schema: evidence.WindowSchema, Speed: 1, End: "recovered", Polls: []evidence.Poll{}}
	data, err := evidence.Encode(w)
	require.NoError(t, err)
	window, err := g.PutBlob(ctx, KindWindow, data)
	require.NoError(t, err)
	for _, id := range []string{"01", "02"} {
		b := bundle(r.ID, id, before)
		e := b.Begin(evidence.FaultEpisode)
		e.Before, e.After = before, before
		e.Probing = &evidence.Probing{Window: window, Service: "s1", Targets: []evidence.Target{}}
		_, err := g.SaveBundle(ctx, r.ID, b)
		require.NoError(t, err)
		require.NoError(t, g.SaveVerdicts(ctx, r.ID, id, marks("1", 10, 5)))
		c, err := g.Case(ctx, r.ID, id)
		require.NoError(t, err)
		require.NotNil(t, c.Before)
	}
	require.NoError(t, g.FinishRun(ctx, r.ID, Finished, day))
	require.NoError(t, g.AddLinks(ctx, link("01", "a", day, time.Time{})))
	require.NoError(t, g.SaveTrial(ctx, trial("01", "1", 5)))
	_, err = g.Ask(ctx, asks("01", "task1.a", "look"))
	require.NoError(t, err)
	require.NoError(t, g.Close())
	return path, r.ID
}

// readsEnd fails the test if f does not end within seconds.
func readsEnd(t *testing.T, f func()) {
	t.Helper()
	over := make(chan struct{})
	go func() { defer close(over); f() }()
	select {
	case <-over:
	case <-time.After(10 * time.Second):
		t.Fatal("it hangs")
	}
}
