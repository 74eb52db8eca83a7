package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/roster"
)

func (s *served) page(t *testing.T, target string) string {
	t.Helper()
	w := s.get(target, tokenT)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Empty(t, acts(t, w.Body.String()))
	return w.Body.String()
}

// What goes on, who is stuck, and who does what.
func TestClassShowsWhatGoesOn(t *testing.T) {
	s := serve(t)
	first := s.class.Rubric.Tasks[0]
	text := s.page(t, "/class")
	require.Contains(t, text, "Nobody just now")
	require.Contains(t, text, `href="/class/run"`)
	require.Contains(t, text, `<noscript><meta http-equiv="refresh"`, "the fake has a check under way")

	s.own[idA] = desk.OwnState{Phase: desk.Checking, Tasks: []string{"1"}, Verdicts: s.data.Students[0].Verdicts[:2]}
	s.own[idB] = desk.OwnState{Phase: desk.Waits, Place: 1}
	s.stuck = []desk.StuckAt{{Task: "1", Check: first.Checks[0].ID, N: 2, Students: []string{idA, idB}}}
	s.data.Students[0].Requests = []result.Request{{ID: 1, Student: idA, Words: []result.Word{{Kind: result.RequestAsked, Student: true, Text: evil}}}}
	text = s.page(t, "/class")
	require.Contains(t, text, "checks task 1, 2 decided")
	require.Contains(t, text, "waits</td>")
	require.Contains(t, text, "2 of 2 fail")
	require.Contains(t, text, `<span class="n">1</span> to be looked at again`)
	require.Contains(t, text, `href="/class/student/`+idA+`"`)
	require.Contains(t, text, "张三&lt;script&gt;")

	// What was checked, when nothing goes on.
	delete(s.own, idA)
	s.of.trials = map[string][]gradebook.Trial{idA: {{Student: idA, Finished: time.Now().Add(-72 * time.Hour), Verdicts: []judge.Verdict{{Check: "x", Outcome: check.Pass, Points: 300, Max: 500}}}}}
	require.Contains(t, s.page(t, "/class"), "checked 3/5")
	s.own[idA] = desk.OwnState{Phase: desk.Idle, Last: &desk.Ended{At: time.Now(), Failed: desk.Words(context.Canceled)}}
	require.Contains(t, s.page(t, "/class"), "a check came to nothing")

	// A run goes on.
	s.run = desk.RunState{On: true, Stage: desk.Waiting, Of: 2, Done: 1}
	require.Contains(t, s.page(t, "/class"), "Waiting for self-checks under way: 1 of 2")
}

// Lines are chosen by a form that is no more than an address.
func TestClassIsFiltered(t *testing.T) {
	s := serve(t)
	s.own[idB] = desk.OwnState{Phase: desk.Waits}
	s.stuck = []desk.StuckAt{{Task: "1", Check: s.class.Rubric.Tasks[0].Checks[0].ID, N: 1, Students: []string{idA}}}
	s.class.Students = append(s.class.Students, roster.Student{ID: "2024003", Name: "王五"}) // in no data yet
	for query, want := range map[string]string{
		"": "1 2 3", "?words=2024002": "2", "?words=李+2024": "2", "?words=nobody": "", "?show=now": "2", "?show=lost": "1", "?show=none": "3",
		"?show=open": "", "?show=asked": "", "?show=evil": "1 2 3", "?stuck=" + url.QueryEscape(s.stuck[0].Check): "1", "?stuck=other": "",
		"?page=999": "1 2 3", "?page=-1": "1 2 3", "?words=" + strings.Repeat("x", 300): "1 2 3",
	} {
		text := s.page(t, "/class"+query)
		var got []string
		for i := 1; i <= 3; i++ {
			if strings.Contains(text, fmt.Sprintf(`<tr id="s%d">`, i)) {
				got = append(got, fmt.Sprint(i))
			}
		}
		require.Equal(t, want, strings.Join(got, " "), query)
		require.Equal(t, want == "", strings.Contains(text, "No student is like that"), query)
	}
	s.data.Students = append(s.data.Students, result.Student{ID: "2024003", Name: "王五"}) // and in data that nobody has graded
	s.class = &desk.ClassInfo{Name: s.class.Name, Rubric: s.class.Rubric, Students: s.class.Students}
	require.Contains(t, s.page(t, "/class?show=none"), `<td class="total">–</td>`)
	text := s.page(t, "/class?words="+url.QueryEscape(evil))
	require.NotContains(t, text, "<img")
	require.Contains(t, text, `data-events="/class/events?words=`)
}

// A reader's stream bears what their filter shows, and of checks what has changed.
func TestClassStream(t *testing.T) {
	s := serve(t)
	q := &Request{Request: ask("GET", "/class/events", tokenT, nil), site: s.Site, Lang: "en", Who: Who{Teacher: true}}
	x := &classStream{q: q, f: filter{words: idA}, shown: map[string]live{}}
	patches := func(what desk.What) map[string]string {
		t.Helper()
		all, err := x.patches(t.Context(), desk.Event{What: what})
		require.NoError(t, err)
		out := map[string]string{}
		for _, p := range all {
			out[p.ID] = p.HTML
			require.Contains(t, p.HTML, `id="`+p.ID+`"`)
		}
		return out
	}
	s.own[idB] = desk.OwnState{Phase: desk.Waits}
	require.Contains(t, patches(desk.QueueMoved{})["s2"], "waits")
	require.NotContains(t, patches(desk.QueueMoved{}), "s2", "it is the same as was sent")
	delete(s.own, idB)
	require.NotContains(t, patches(desk.QueueMoved{})["s2"], "waits", "it was cancelled")
	require.Contains(t, patches(desk.Ended{Student: idA}), "stuck")
	grid := patches(desk.ScoreChanged{})["grid"]
	require.Contains(t, grid, idA)
	require.NotContains(t, grid, idB)
	require.Contains(t, patches(desk.ScoreChanged{Student: idB}), "s2")
	require.Contains(t, patches(desk.RunStep{}), "queue")
	require.Empty(t, patches(desk.LinksChanged{}))
}

// A thousand students are pages of some, each written in no time once it was.
func TestThousandStudents(t *testing.T) {
	s := serve(t)
	for i := range 1000 {
		one := s.data.Students[i%2]
		one.ID, one.Name = fmt.Sprintf("30%05d", i), fmt.Sprintf("学生%d", i)
		s.data.Students = append(s.data.Students, one)
		s.class.Students = append(s.class.Students, roster.Student{ID: one.ID, Name: one.Name})
	}
	began := time.Now()
	text := s.page(t, "/class")
	cold := time.Since(began)
	require.Equal(t, perPage, strings.Count(text, `<tr id="s`))
	require.Contains(t, text, `rel="next"`)
	require.NotContains(t, text, `rel="prev"`)
	text = s.page(t, "/class?page=6")
	require.Equal(t, 2, strings.Count(text, `<tr id="s`))
	require.Contains(t, text, `rel="prev"`)
	times := make([]time.Duration, 0, 20)
	for range 20 {
		began := time.Now()
		require.Equal(t, http.StatusOK, s.get("/class", tokenT).Code)
		times = append(times, time.Since(began))
	}
	best := times[0]
	for _, d := range times {
		best = min(best, d)
	}
	anew := *s.data // scores were changed: all is said anew
	s.data = &anew
	began = time.Now()
	text = s.get("/class", tokenT).Body.String()
	t.Logf("cold %s, warm %s, other data %s, %d bytes", cold, best, time.Since(began), len(text))
	require.Less(t, best, 100*time.Millisecond)
}
