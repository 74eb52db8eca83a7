package desk

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func ids(events <-chan Event) (out []uint64) {
	for {
		select {
		case e, open := <-events:
			if !open {
				return append(out, 0)
			}
			out = append(out, e.ID)
		default:
			return out
		}
	}
}

func TestStreamsGoOnWhereTheyWere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		start := h.now()
		mine := OfStudent("1")
		h.tell(ScoreChanged{"1"}, mine)       // 1
		h.tell(ScoreChanged{"2"}, Class)      // 2
		h.tell(LinksChanged{}, Class, mine)   // 3, 4
		all, stop := h.subscribe(mine, start) // what a page asks for that was made before all of it
		require.Equal(t, []uint64{start + 1, start + 4}, ids(all))
		stop()
		stop()
		require.Equal(t, []uint64{0}, ids(all), "closed")
		rest, stop := h.subscribe(mine, start+1)
		require.Equal(t, []uint64{start + 4}, ids(rest))
		stop()
		none, stop := h.subscribe(mine, start+4)
		require.Empty(t, ids(none))
		h.tell(ScoreChanged{"1"}, mine)
		require.Equal(t, []uint64{start + 5}, ids(none))
		stop()
		live, stop := h.subscribe(mine, 0)
		defer stop()
		require.Empty(t, ids(live))

		// A server that starts anew knows nothing of before, nor what a clock that was ahead gave.
		time.Sleep(time.Millisecond)
		next := newHub()
		require.Greater(t, next.now(), h.now())
		for _, after := range []uint64{1, start + 4, next.now() + 1} {
			events, stop := next.subscribe(mine, after)
			e := <-events
			require.Equal(t, Reset{}, e.What)
			require.Equal(t, next.now(), e.ID, "from which it goes on")
			stop()
		}
	})
}

func TestWhatIsTooOldIsReset(t *testing.T) {
	h := newHub()
	start := h.now()
	mine := OfStudent("1")
	for range 10 * keptOfStudent {
		h.tell(ScoreChanged{"1"}, mine)
	}
	require.Less(t, len(h.streams[mine].kept), 2*keptOfStudent)
	old, stop := h.subscribe(mine, start+5)
	defer stop()
	require.IsType(t, Reset{}, (<-old).What)
	last := h.now()
	new, stop := h.subscribe(mine, last-keptOfStudent)
	defer stop()
	got := ids(new)
	require.Len(t, got, keptOfStudent)
	require.Equal(t, last-keptOfStudent+1, got[0])
}

// TestWhoReadsTooSlowlyIsNotWaitedFor, and can go on from where they were.
func TestWhoReadsTooSlowlyIsNotWaitedFor(t *testing.T) {
	h := newHub()
	slow, stop := h.subscribe(Class, 0)
	defer stop()
	for range slack + 1 {
		h.tell(LinksChanged{}, Class)
	}
	got := ids(slow)
	require.Len(t, got, slack+1)
	require.Zero(t, got[slack], "closed")
	rest, stop := h.subscribe(Class, got[slack-1])
	defer stop()
	require.Equal(t, []uint64{got[slack-1] + 1}, ids(rest))
	h.close()
	h.tell(LinksChanged{}, Class)
	require.Equal(t, []uint64{0}, ids(rest))
	gone, stop := h.subscribe(Class, 0)
	defer stop()
	require.Equal(t, []uint64{0}, ids(gone))
}
