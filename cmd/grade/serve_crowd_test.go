package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
)

// TestServeACrowd has forty students with their pages open ask for a check at once, while the instructor looks on: each
// hears of their place, of their checks and of their end, and of nobody else anything.
func TestServeACrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("brings up an embedded cluster")
	}
	const students = 40
	d, _, base := sampleOnPages(t, fmt.Sprintf("gen-%d", students))
	made, err := d.NewLinks(t.Context(), grader.LinkOptions{})
	require.NoError(t, err)
	require.Len(t, made, students)
	office, err := d.NewLinks(t.Context(), grader.LinkOptions{Teacher: true})
	require.NoError(t, err)
	teacher, _ := opens(t, base+"/k/"+office[0].Token)

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	heard := make([]string, students)
	var all sync.WaitGroup
	for i, l := range made {
		r, page := opens(t, base+"/k/"+l.Token)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/me/events?after="+field(t, afterField, page), nil)
		require.NoError(t, err)
		events, err := r.Do(req)
		require.NoError(t, err)
		all.Go(func() {
			defer events.Body.Close()
			lines := bufio.NewScanner(events.Body)
			lines.Buffer(nil, 1<<20)
			for !strings.Contains(heard[i], "Checked at") && lines.Scan() {
				heard[i] += lines.Text() + "\n"
			}
		})
		r.text(r.do(http.MethodPost, "/me/check", url.Values{"form": {field(t, formField, page)}, "task": {""}}))
	}
	for range 20 {
		require.Contains(t, teacher.get("/class"), made[students-1].Student.ID)
	}
	all.Wait()
	for i, l := range made {
		require.Contains(t, heard[i], "Checked at", l.Student.ID)
		require.Contains(t, heard[i], `\"now-c1\"`, l.Student.ID)
		require.Contains(t, heard[i], fmt.Sprintf("s%04d", i+1), "their own service")
		for k, other := range made {
			if k == i {
				continue
			}
			require.NotContains(t, heard[i], other.Student.ID)
			require.NotRegexp(t, fmt.Sprintf(`\bs%04d\b`, k+1), heard[i])
		}
	}
	require.Zero(t, d.Queue().Running+d.Queue().Waiting)
}
