package desk

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/roster"
)

func TestOneWayForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dialled, closed, fails := 0, 0, false
		s := Share(func(ctx context.Context, _ roster.Cluster) (grader.Conn, error) {
			time.Sleep(time.Second)
			if fails {
				return grader.Conn{}, errBroken
			}
			dialled++
			return grader.Conn{Close: func() { closed++ }}, ctx.Err()
		})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				c, err := s.Dial(t.Context(), roster.Cluster{})
				require.NoError(t, err)
				time.Sleep(time.Second)
				c.Close()
			})
		}
		wg.Wait()
		require.Equal(t, []int{1, 0}, []int{dialled, closed})

		// One that broke is closed once its last user is done.
		old, err := s.Dial(t.Context(), roster.Cluster{})
		require.NoError(t, err)
		s.Renew()
		next, err := s.Dial(t.Context(), roster.Cluster{})
		require.NoError(t, err)
		require.Equal(t, []int{2, 0}, []int{dialled, closed})
		old.Close()
		old.Close()
		require.Equal(t, []int{2, 1}, []int{dialled, closed})

		// Who leaves does not keep the others from it.
		s.Renew()
		next.Close()
		gone, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err = s.Dial(gone, roster.Cluster{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		c, err := s.Dial(t.Context(), roster.Cluster{})
		require.NoError(t, err)
		c.Close()
		require.Equal(t, []int{3, 2}, []int{dialled, closed})

		fails = true
		s.Renew()
		_, err = s.Dial(t.Context(), roster.Cluster{})
		require.ErrorIs(t, err, errBroken)
		fails = false
		c, err = s.Dial(t.Context(), roster.Cluster{})
		require.NoError(t, err)
		s.Close()
		require.Equal(t, 3, closed)
		c.Close()
		require.Equal(t, 4, closed)
		_, err = s.Dial(t.Context(), roster.Cluster{})
		code(t, "down", err)
	})
}
