package desk

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

// TestTwoHundredReadersCostOneRead, until something changes, here or elsewhere.
func TestTwoHundredReadersCostOneRead(t *testing.T) {
	f := newFake("1", "2")
	f.reading = time.Second
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		reads := func() int {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.read["scores"]
		}
		look := func(n int) {
			t.Helper()
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() {
					got, err := d.Standing(t.Context())
					require.NoError(t, err)
					require.Len(t, got.Students, 2)
				})
			}
			wg.Wait()
		}
		look(200)
		require.Equal(t, 1, reads())
		pass(time.Hour)
		look(200)
		require.Equal(t, 1, reads(), "the mark is the same")
		require.Equal(t, 2, f.marks(), "which is asked for once by all")
		f.mu.Lock()
		f.marked = "2" // the command line has recorded something
		f.mu.Unlock()
		pass(time.Second)
		look(200)
		require.Equal(t, 2, reads())
		d.cache.forget("") // we have
		look(200)
		require.Equal(t, 3, reads())

		// One student's is cut out of it.
		one, err := d.Student(t.Context(), "2")
		require.NoError(t, err)
		require.Len(t, one.Students, 1)
		require.Equal(t, "2", one.Students[0].ID)
		_, err = d.Student(t.Context(), "9")
		code2(t, "usage", err)
		require.Equal(t, 3, reads())

		// Who leaves keeps nobody from it, and what is read while we change it is read again.
		d.cache.forget("")
		gone := within(t, time.Second/2)
		_, err = d.Standing(gone)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		look(1)
		require.Equal(t, 4, reads(), "the reading went on")
		d.cache.forget("")
		_, err = d.Standing(within(t, time.Second/2))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		d.cache.forget("")
		look(1)
		require.Equal(t, 6, reads())
	})
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestWhatMostAreStuckAt(t *testing.T) {
	f := newFake("1", "2", "3")
	inTime(t, f, Options{Every: -1}, func(t *testing.T, d *Desk) {
		stuck, err := d.Stuck(t.Context())
		require.NoError(t, err)
		require.Equal(t, []StuckAt{{"1", "c", 3, []string{"1", "2", "3"}}}, stuck, "by what counts")
		_, err = d.Check(t.Context(), "2", CheckOptions{})
		require.NoError(t, err)
		pass(7 * time.Second)
		stuck, err = d.Stuck(t.Context())
		require.NoError(t, err)
		want := []StuckAt{{"1", "c", 2, []string{"1", "3"}}, {"1", "b", 1, []string{"2"}}}
		require.Equal(t, want, stuck, "by a check under way")
		pass(time.Minute)
		stuck, err = d.Stuck(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, stuck, "by one that is over")
	})
}

// TestWhatOthersChangeIsTold to who listens: the command line works beside the desk.
func TestWhatOthersChangeIsTold(t *testing.T) {
	f := newFake("1")
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		pass(time.Hour)
		require.Zero(t, f.marks(), "nobody listens")
		own, stop := d.Subscribe(OfStudent("1"), d.Now())
		defer stop()
		pass(time.Minute)
		require.Empty(t, all(own))
		f.mu.Lock()
		f.marked = "2"
		f.mu.Unlock()
		pass(5 * time.Second)
		require.Equal(t, []What{ScoreChanged{"1"}}, all(own))
	})
}

func TestWhatCanBeGoneOnWith(t *testing.T) {
	run := func(id, regrades string, s gradebook.Status) grader.RunInfo {
		return grader.RunInfo{Run: gradebook.Run{ID: id, Regrades: regrades, Status: s}}
	}
	for _, c := range []struct {
		all []grader.RunInfo
		id  string
		ok  bool
	}{
		{nil, "", false},
		{[]grader.RunInfo{run("2", "", gradebook.Finished), run("1", "", gradebook.Interrupted)}, "2", false},
		{[]grader.RunInfo{run("3", "1", gradebook.Finished), run("2", "", gradebook.Interrupted)}, "2", true},
		{[]grader.RunInfo{run("2", "", gradebook.Running)}, "2", false},
	} {
		got, ok := unfinished(c.all)
		require.Equal(t, c.id, got.ID)
		require.Equal(t, c.ok, ok)
	}
}

// TestFaultWindowsAreDrawnOneByOne, however many ask at once, and who asked last comes first; what was drawn is
// drawn again only when it rests on something else.
func TestFaultWindowsAreDrawnOneByOne(t *testing.T) {
	f := newFake("1")
	inTime(t, f, Options{}, func(t *testing.T, d *Desk) {
		student := func(id, evidence string) *result.Student {
			return &result.Student{ID: id, Verdicts: []judge.Verdict{{Check: "c", Evidence: evidence}, {Check: "d", Evidence: evidence}}}
		}
		var all sync.WaitGroup
		for _, id := range []string{"a", "b", "c", "lost"} {
			all.Go(func() {
				got, err := d.drawer.of(t.Context(), student(id, "1"), true)
				require.Equal(t, id == "lost", err != nil)
				require.Equal(t, id == "lost", got == nil)
			})
			synctest.Wait()
		}
		all.Go(func() { // joins who asked before
			_, err := d.drawer.of(t.Context(), student("b", "1"), true)
			require.NoError(t, err)
		})
		all.Wait()
		require.Equal(t, []string{"a", "lost", "c", "b"}, f.drawn)
		require.Equal(t, 1, f.read["timelines"])

		for _, id := range []string{"a", "lost"} {
			_, err := d.drawer.of(t.Context(), student(id, "1"), true)
			require.Equal(t, id == "lost", err != nil, "it is tried again")
		}
		require.Equal(t, []string{"a", "lost", "c", "b", "lost"}, f.drawn)
		_, err := d.drawer.of(t.Context(), student("a", "2"), true)
		require.NoError(t, err)
		_, err = d.drawer.of(t.Context(), student("a", "1"), false) // of a former attempt
		require.NoError(t, err)
		_, err = d.drawer.of(t.Context(), student("a", "2"), true)
		require.NoError(t, err)
		require.Len(t, f.drawn, 7)

		synctest.Wait() // who draws has seen that nobody waits
		f.unread = errors.New("disk on fire")
		for _, id := range []string{"x", "y"} {
			all.Go(func() {
				_, err := d.drawer.of(t.Context(), student(id, "1"), true)
				require.ErrorIs(t, err, f.unread)
			})
		}
		all.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = d.drawer.of(ctx, student("z", "1"), true)
		require.ErrorIs(t, err, context.Canceled)
	})
}
