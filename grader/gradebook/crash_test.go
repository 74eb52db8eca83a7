package gradebook

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// writeForever is a grader that stores traces until it is killed, and says so
// after each.
func writeForever(path string) {
	ctx := context.Background()
	g, err := Open(ctx, path)
	must(err)
	run, ok, err := g.Unfinished(ctx, Fingerprint{lab().SHA256, "sha256:roster", "1"})
	must(err)
	if ok {
		run, err = g.Resume(ctx, run.ID)
	} else {
		run, err = g.BeginRun(ctx, begin(day, "01"))
	}
	must(err)
	kept, err := g.Traces(ctx, run.ID, "01")
	must(err)
	for i := len(kept); ; i++ {
		t := trace(fmt.Sprintf("mesh/%06d", i))
		t.Target.Path = strings.Repeat("/a", 2000)
		must(g.SaveTrace(ctx, run.ID, "01", t))
		fmt.Println(t.Target.ID)
	}
}

func must(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func TestKilledWhileWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "killed.gradebook")
	told := 0
	for round := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "GRADEBOOK_TEST_WRITER="+path)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for n := 0; n < 7+5*round && lines.Scan(); n++ {
			require.Equal(t, fmt.Sprintf("mesh/%06d", told), lines.Text())
			told++
		}
		if round == 0 { // meanwhile nobody else may begin
			ctx, g := openBook(t, path)
			_, err := g.BeginRun(ctx, begin(day, "01"))
			require.ErrorIs(t, err, ErrBusy)
			require.ErrorContains(t, err, fmt.Sprintf("pid %d", cmd.Process.Pid))
			require.NoError(t, g.Close())
		}
		require.NoError(t, cmd.Process.Kill())
		for lines.Scan() {
			told++ // what it still said before it died
		}
		require.Error(t, cmd.Wait())

		ctx, g := openBook(t, path)
		var verdict string
		require.NoError(t, g.db.QueryRow("PRAGMA integrity_check").Scan(&verdict))
		require.Equal(t, "ok", verdict)
		runs, err := g.Runs(ctx)
		require.NoError(t, err)
		require.Len(t, runs, 1)
		require.Equal(t, Interrupted, runs[0].Status, "nobody is at it")
		traces, err := g.Traces(ctx, runs[0].ID, "01")
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(traces), told, "what was stored was promised to stay")
		require.LessOrEqual(t, len(traces), told+1)
		told = len(traces)
		require.NoError(t, g.Close())
	}
	ctx, g := openBook(t, path)
	_, err := g.BeginRun(ctx, begin(day, "02"))
	require.NoError(t, err, "the dead hold nothing")
}

func TestManyWriters(t *testing.T) {
	ids := make([]string, 8)
	for i := range ids {
		ids[i] = fmt.Sprintf("%02d", i)
	}
	ctx, g := newBook(t)
	_, second := openBook(t, g.Path())
	run, err := g.BeginRun(ctx, begin(day, ids...))
	require.NoError(t, err)
	before, err := g.PutSnapshot(ctx, snapshot(1))
	require.NoError(t, err)
	var wg sync.WaitGroup
	errs := make(chan error, 100)
	for i, id := range ids {
		book := g
		if i%2 == 1 {
			book = second
		}
		wg.Go(func() {
			for n := range 3 {
				errs <- book.SaveTrace(ctx, run.ID, id, trace(fmt.Sprintf("mesh/%d", n)))
			}
			_, err := book.SaveBundle(ctx, run.ID, bundle(run.ID, id, before))
			errs <- err
			_, err = book.Case(ctx, run.ID, id)
			errs <- err
			errs <- book.SaveVerdicts(ctx, run.ID, id, marks("1", 10, 5))
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	verdicts, err := second.Verdicts(ctx, run.ID)
	require.NoError(t, err)
	require.Len(t, verdicts, len(ids))
}

// TestCancelledWithinAWrite: the driver's words would hide that it was asked
// to stop.
func TestCancelledWithinAWrite(t *testing.T) {
	_, g := newBook(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := g.write(ctx, func(tx *sql.Tx) error {
		cancel()
		_ = tx.Rollback() // as database/sql does at once or a little later
		_, err := tx.Exec("SELECT 1")
		return err
	})
	require.ErrorIs(t, err, context.Canceled)
}

// A write whose context is cancelled is not done, and spoils nothing.
func TestCancelledWrite(t *testing.T) {
	ctx, g := newBook(t)
	run, err := g.BeginRun(ctx, begin(day, "01"))
	require.NoError(t, err)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, g.SaveVerdicts(gone, run.ID, "01", marks("1", 10)), context.Canceled)
	verdicts, err := g.Verdicts(ctx, run.ID)
	require.NoError(t, err)
	require.Empty(t, verdicts)
	require.NoError(t, g.FinishRun(context.WithoutCancel(gone), run.ID, Interrupted, day))
}
