package main

import (
	"encoding/json"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
)

// away is what a browser says of pages whose server is gone, which is as it is meant to be while it is.
var away = []string{"ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE"}

// wasAway holds what a window has seen so far to what may be, but for that the server was away.
func (b *tab) wasAway() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = slices.DeleteFunc(b.wrong, func(text string) bool {
		return slices.ContainsFunc(away, func(e string) bool { return strings.Contains(text, e) })
	})
	require.Empty(b.t, b.wrong)
}

// begins has a run begun by what the window shows.
func (b *tab) begins() {
	b.t.Helper()
	for range 20 {
		b.goes("#start")
		if !strings.Contains(b.text("main"), "nothing was begun") {
			return
		}
	}
	b.fails("the plan never held")
}

// TestBrowserOutlivesItsServer has the server end in the middle of a run, as it is told to and by SIGKILL, and begin again at
// the same address. Windows come back by themselves, nobody needs a link anew, and the run is gone on with.
func TestBrowserOutlivesItsServer(t *testing.T) {
	x := besideCluster(t)
	program := startBrowser(t)
	r, link := x.serves()
	links := x.w.start(t, "serve", "links", "--class", x.class, "--students", "2024001", "--url", "http://"+x.listen)
	require.Equal(t, exitOK, x.wait(links), links.out)
	base := "http://" + x.listen
	teacher, student := openTab(t, program, base, "en"), openTab(t, program, base, "en")
	teacher.visit(strings.TrimPrefix(link, base))
	student.visit(strings.TrimPrefix(printedLink.FindString(links.out.String()), base))
	require.Contains(t, student.text("main"), "Nothing has been graded yet")

	runs := map[string]bool{}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		teacher.visit("/class/run?plan=yes&task=1&students=2024001,2024004,2024008")
		teacher.begins()
		_, over := x.journalAt(r, action.StepInjected)
		require.False(t, over, r.out)
		teacher.until(`document.querySelector('.fault-now.in')`)
		for _, b := range []*tab{teacher, student} {
			eval[bool](b, "window.before = true")
		}
		if status := r.end(t, sig); sig == syscall.SIGTERM {
			require.Equal(t, exitOK, status, r.out)
			x.whole()
		} else {
			require.Equal(t, -int(sig), status)
		}
		r, _ = x.serves()
		for _, b := range []*tab{teacher, student} {
			b.until("!window.before && document.readyState === 'complete' && document.querySelector('#net').hidden") // nobody did anything
		}
		require.Equal(t, base+"/me", eval[string](student, "location.href"))
		teacher.until(`document.querySelector('form[action="/class/run/resume"]')`)
		require.Contains(t, teacher.text("#run"), "was interrupted and can be gone on with: Task 1, 3 students")
		if sig == syscall.SIGKILL {
			require.Contains(t, teacher.text("#run"), "left on the cluster was undone at")
		}
		x.whole()
		teacher.goes(`form[action="/class/run/resume"] button`)
		eval[bool](student, "window.heard = true")
		teacher.begins()
		teacher.until(`/came to its end/.test(document.querySelector('#run').innerText)`)
		student.until(`/\b30\s*\/\s*30\b/.test(document.querySelector('#score').innerText) && /updated/.test(document.querySelector('#said').textContent)`)
		require.True(t, eval[bool](student, "window.heard"), "without a reload")
		teacher.wasAway()
		student.wasAway()

		// Each student has scores, and there is one run of each that was begun.
		out := x.w.start(t, "runs", "--class", x.class, "--json")
		require.Equal(t, exitOK, x.wait(out), out.out)
		_, text, _ := strings.Cut(out.out.String(), "{")
		var all struct {
			Runs []struct{ ID, Status string }
		}
		require.NoError(t, json.Unmarshal([]byte("{"+text), &all), text)
		for _, run := range all.Runs {
			require.Equal(t, "finished", run.Status)
			runs[run.ID] = true
		}
		out = x.w.start(t, "show", "--class", x.class, "--json")
		require.Equal(t, exitOK, x.wait(out), out.out)
		_, text, _ = strings.Cut(out.out.String(), "{")
		var class classJSON
		require.NoError(t, json.Unmarshal([]byte("{"+text), &class), text)
		scored := map[string]float64{}
		for _, s := range class.Students {
			require.NotContains(t, scored, s.ID, "nobody twice")
			scored[s.ID] = s.Points
			for _, c := range s.Checks {
				require.NotEqual(t, "ungraded", c.Outcome, "%s: %v", s.ID, c)
			}
		}
		require.Len(t, scored, 3, "who was graded")
		require.Equal(t, 30.0, scored["2024001"])
		require.NotZero(t, scored["2024004"])
		require.NotZero(t, scored["2024008"])
	}
	require.Len(t, runs, 2)
	teacher.fine()
	student.fine()
	require.Equal(t, exitOK, r.end(t, syscall.SIGTERM), r.out)
	x.whole()
}
