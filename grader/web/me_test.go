package web

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

// state sets where a student's check stands.
func (s *served) state(o desk.OwnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own[idA] = o
}

func (s *served) me(t *testing.T) string {
	t.Helper()
	w := s.get("/me", tokenA)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Empty(t, acts(t, w.Body.String()))
	for _, secret := range []string{idB, nameB} {
		require.NotContains(t, w.Body.String(), secret)
	}
	return w.Body.String()
}

// verdicts are those of the rubric's first task, n of them, the first of which has failed.
func (s *served) verdicts(n int) (out []judge.Verdict) {
	for i, c := range s.data.Rubric.Tasks[0].Checks[:n] {
		v := judge.Verdict{Task: s.data.Rubric.Tasks[0].ID, Check: c.ID, Outcome: check.Pass, Points: c.Points, Max: c.Points}
		if i == 0 {
			v.Outcome, v.Points = check.Fail, 0
		}
		out = append(out, v)
	}
	return out
}

// TestACheckInEachState: what a student sees, with and without a script, from asking to the sum.
func TestACheckInEachState(t *testing.T) {
	s := serve(t)
	page := s.me(t)
	require.Contains(t, page, `action="/me/check"`)
	require.Contains(t, page, "Check now")
	require.Contains(t, page, "2 students wait in the queue now.")
	require.NotContains(t, page, `http-equiv="refresh"`, "nothing goes on")
	require.Contains(t, page, `<details class="graded" id="graded" open>`)

	s.state(desk.OwnState{Phase: desk.Waits, Place: 3, Paused: desk.ForRun})
	page = s.me(t)
	require.Contains(t, page, "Waiting: you are number 3 in the queue.")
	require.Contains(t, page, "The class is being graded. Your check waits")
	require.Contains(t, page, `<noscript><meta http-equiv="refresh" content="5; url=/me"></noscript>`)
	require.Contains(t, page, `action="/me/cancel"`)
	require.NotContains(t, page, `action="/me/check"`)

	s.state(desk.OwnState{Phase: desk.Checking, Done: 30, Of: 120, Tasks: []string{"1"}, Verdicts: s.verdicts(3)})
	page = s.me(t)
	require.Contains(t, page, `<progress max="120" value="30"`)
	for _, id := range []string{"now-c1", "now-c2", "now-c3"} {
		require.Contains(t, page, `id="`+id+`"`)
	}
	require.NotContains(t, page, "now-c4")
	require.Contains(t, page, `http-equiv="refresh"`)

	s.state(desk.OwnState{Phase: desk.Checking, CheckOptions: desk.CheckOptions{Kill: true}})
	require.Contains(t, s.me(t), "One of your containers will be killed")

	all := s.verdicts(len(s.data.Rubric.Tasks[0].Checks))
	s.state(desk.OwnState{Last: &desk.Ended{At: time.Now(), Tasks: []string{"1"}, Verdicts: all}, Next: time.Now().Add(time.Minute)})
	page = s.me(t)
	require.Contains(t, page, "To mend: 1 place")
	require.Contains(t, page, `href="#now-c1"`)
	require.Contains(t, page, "I have mended it: check again")
	require.Contains(t, page, "You may check again from")
	require.Contains(t, page, `<button id="go" class="big" data-wait="60" aria-describedby="next">`)
	require.Contains(t, page, `<option value="1" selected>`, "the same task again")
	require.Contains(t, page, `<details class="graded" id="graded">`, "what was found since goes before it")
	require.NotContains(t, page, "Everything passes")

	all[0].Outcome, all[0].Points = check.Pass, all[0].Max
	s.state(desk.OwnState{Last: &desk.Ended{At: time.Now(), Tasks: []string{"1"}, Verdicts: all}})
	require.Contains(t, s.me(t), "Everything passes")

	for i := range all[:3] {
		all[i].Outcome, all[i].Points, all[i].Message = check.Ungraded, 0, i18n.M("check.window_self_check")
	}
	s.state(desk.OwnState{Last: &desk.Ended{At: time.Now(), Tasks: []string{"1"}, Verdicts: all, Untried: true}})
	page = s.me(t)
	require.Contains(t, page, "3 checks were left open this time")
	require.NotContains(t, page, `<article class="check ungraded" id="now-`, "one reason is told once")
	require.Contains(t, page, "use “Check with a fault” above")

	s.state(desk.OwnState{Last: &desk.Ended{At: time.Now(), Cancelled: true}})
	require.Contains(t, s.me(t), "was cancelled")
	s.state(desk.OwnState{Last: &desk.Ended{At: time.Now(), Failed: []*diag.Failure{{Code: "conn", Msg: i18n.M("desk.failed"), Cause: errors.New("secret")}}}})
	page = s.me(t)
	require.Contains(t, page, "that says nothing about your work")
	require.Contains(t, page, "through no fault of yours")
	require.NotContains(t, page, "secret")
}

// TestAKeptCheckIsShown after the server was started anew, unless the class was graded since.
func TestAKeptCheckIsShown(t *testing.T) {
	s := serve(t)
	at := time.Date(2024, 12, 3, 20, 0, 0, 0, time.Local)
	s.of.trials = map[string][]gradebook.Trial{idA: {{ID: 4, Student: idA, Tasks: []string{"1"}, Finished: at, Verdicts: s.verdicts(2)}}}
	require.Contains(t, s.me(t), "Checked at 2024-12-03 20:00")
	s.data.Run.Started = at.Add(time.Hour)
	require.NotContains(t, s.me(t), "Checked at")
}

// TestAFaultIsAskedAbout on a page of its own, so that it needs no script; by no other way is anything broken.
func TestAFaultIsAskedAbout(t *testing.T) {
	s := serve(t)
	w := s.do(ask("POST", "/me/check", tokenA, formOf(tokenA, "task", "1", "kill", "ask")))
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/me/kill?task=1", w.Header().Get("Location"))
	require.Empty(t, s.checks)
	w = s.get("/me/kill?task=1", tokenA)
	require.Contains(t, w.Body.String(), `name="kill" value="yes"`)
	require.Contains(t, w.Body.String(), `<option value="1" selected>`)
	require.Empty(t, acts(t, w.Body.String()))
	require.Equal(t, http.StatusSeeOther, s.do(ask("POST", "/me/check", tokenA, formOf(tokenA, "task", "1", "kill", "yes"))).Code)
	require.Equal(t, []string{idA + " 1 kill"}, s.checks)
	require.Equal(t, http.StatusSeeOther, s.do(ask("POST", "/me/check", tokenA, formOf(tokenA, "task", "1", "kill", "1"))).Code)
	require.Equal(t, idA+" 1", s.checks[1])

	s = serve(t, func(o *Options) { o.NoFault = true })
	require.NotContains(t, s.me(t), `name="kill"`)
	require.Equal(t, http.StatusNotFound, s.get("/me/kill", tokenA).Code)
	require.Equal(t, http.StatusSeeOther, s.do(ask("POST", "/me/check", tokenA, formOf(tokenA, "kill", "yes"))).Code)
	require.Equal(t, []string{idA + " "}, s.checks)
}

// TestDue: when it is due, and what is late, for one student.
func TestDue(t *testing.T) {
	due := time.Date(2024, 12, 5, 23, 59, 0, 0, time.FixedZone("", 8*3600))
	l := &result.Late{Due: due, Grace: 10 * time.Minute, PerDay: result.Amount{Hundredths: 1000, Percent: true}, Cap: result.Amount{Hundredths: 2000}, Total: 10000,
		Dues: map[string]time.Time{idB: due.AddDate(0, 0, 7)}}
	q := &Request{Lang: i18n.EN}
	rule := "When you are graded decides whether it is late; each day that has begun takes off 10% of the points, at most 20 points."
	for name, x := range map[string]struct {
		who  string
		now  time.Time
		want string
		over bool
	}{
		"days":    {idA, due.Add(-50 * time.Hour), "Due 2024-12-05 23:59, 2 days from now.", false},
		"hours":   {idA, due.Add(-3 * time.Hour), "Due 2024-12-05 23:59, 3 hours from now.", false},
		"minutes": {idA, due.Add(-61 * time.Second), "Due 2024-12-05 23:59, 1 minute from now.", false},
		"grace":   {idA, due.Add(4 * time.Minute), "This was due 2024-12-05 23:59; for 6 minutes more it does not count as late.", false},
		"late":    {idA, due.Add(25 * time.Hour), "This was due 2024-12-05 23:59. Graded now it would be 2 days late, which takes 20% off.", true},
		"own":     {idB, due.Add(25 * time.Hour), "Yours is due 2024-12-12 23:59 (set for you alone), 5 days from now.", false},
	} {
		t.Run(name, func(t *testing.T) {
			lines, over := q.due(l, x.who, x.now)
			require.Equal(t, []string{x.want, rule}, lines)
			require.Equal(t, x.over, over)
		})
	}
	lines, _ := q.due(nil, idA, due)
	require.Empty(t, lines)
	s := serve(t)
	s.class.Late = l
	require.Contains(t, s.me(t), "This was due 2024-12-05 23:59.")
	require.NotContains(t, s.me(t), "2024-12-12", "another's due time")
}

// TestUngraded: before the first run there is a button, and no score.
func TestUngraded(t *testing.T) {
	s := serve(t)
	s.data.Students = []result.Student{{ID: idA, Name: nameA}, {ID: idB, Name: nameB}}
	page := s.me(t)
	require.Contains(t, page, "Nothing has been graded yet")
	require.NotContains(t, page, `class="got"`)
	require.Contains(t, page, "Check now")
	require.NotContains(t, page, `action="/me/ask"`)
	require.Contains(t, s.get("/me/attempts", tokenA).Body.String(), "There is none yet.")
}

// TestAttempts: class runs and self-checks, which one counts and why, each to be opened by nobody else.
func TestAttempts(t *testing.T) {
	s := serve(t)
	at := time.Date(2024, 12, 1, 10, 0, 0, 0, time.Local)
	run := func(id string, day int) grader.RunInfo {
		return grader.RunInfo{Run: gradebook.Run{ID: id, RubricID: s.data.Rubric.ID, Started: at.AddDate(0, 0, day)}}
	}
	s.of.runs = []grader.RunInfo{run("r3", 3), run("r2", 2), run("r1", 1)}
	s.of.runs[2].JudgedBy = gradebook.Run{ID: "g1", Regrades: "r1"}
	with := func(who ...string) *result.Data {
		d := &result.Data{Rubric: s.data.Rubric}
		for _, id := range who {
			d.Students = append(d.Students, result.Student{ID: id, Name: "n", Verdicts: s.verdicts(3), Remark: "of that run"})
		}
		return d
	}
	s.of.found = map[string]*result.Data{"r3": with(idB), "r2": with(idA, idB), "r1": with(idA), "g1": with(idA)}
	s.of.found["r2"].Students[0].Verdicts[0].Observed = check.Facts{"name": "copied from " + idB + " " + nameB}
	s.of.trials = map[string][]gradebook.Trial{
		idA: {{ID: 7, Tasks: []string{"1"}, Finished: at.AddDate(0, 0, 4), Verdicts: s.verdicts(2), Untried: true}},
		idB: {{ID: 8, Tasks: []string{"1"}, Finished: at.AddDate(0, 0, 4), Verdicts: s.verdicts(1)}},
	}
	s.data.Run.Policy = "best"
	s.data.Students[0].Attempts = []result.Attempt{{Task: "1", Run: "r2", Judged: "r2", Tries: 2}}
	s.class.Late = &result.Late{Due: at.AddDate(0, 0, 1).Add(time.Hour), PerDay: result.Amount{Hundredths: 1000, Percent: true}}

	page := s.get("/me/attempts", tokenA).Body.String()
	var order []string
	for _, m := range regexp.MustCompile(`href="/me/attempts/([a-z]+/\w+)"`).FindAllStringSubmatch(page, -1) {
		order = append(order, m[1])
	}
	require.Equal(t, []string{"check/7", "run/r2", "run/r1"}, order, "newest first, nothing of others")
	require.Contains(t, page, "Of several times a task was graded, the best one counts")
	require.Contains(t, page, ": the best of several.")
	require.Contains(t, page, "Does not count: another attempt does.")
	require.Contains(t, page, "1 day late.")
	require.Contains(t, page, "It was judged anew later")
	require.Contains(t, page, "A self-check; does not count.")
	require.Empty(t, acts(t, page))

	for path, want := range map[string]int{
		"/me/attempts/run/r2": 200, "/me/attempts/run/r1": 200, "/me/attempts/check/7": 200,
		"/me/attempts/run/r3": 404, "/me/attempts/run/g1": 404, "/me/attempts/run/none": 404,
		"/me/attempts/check/8": 404, "/me/attempts/check/x": 404, "/me/attempts/check/07": 404,
	} {
		w := s.get(path, tokenA)
		require.Equal(t, want, w.Code, path)
		require.NotContains(t, w.Body.String(), idB, path)
		require.NotContains(t, w.Body.String(), nameB, path)
		require.Empty(t, acts(t, w.Body.String()))
	}
	require.Contains(t, s.get("/me/attempts/run/r2", tokenA).Body.String(), `id="a-c1"`)
	require.Contains(t, s.get("/me/attempts/check/7", tokenA).Body.String(), `href="#a-c1"`)
}

// TestAskingToLookAgain: the form beside what was lost, the thread, the bounds.
func TestAskingToLookAgain(t *testing.T) {
	s := serve(t)
	first := s.data.Rubric.Tasks[0].Checks[0].ID
	page := s.me(t)
	require.Contains(t, page, `name="check" value="`+first+`"`)
	require.Contains(t, page, "Up to 3 requests may wait at once; 0 wait now, and 20 more can be made in this lab.")

	w := s.do(ask("POST", "/me/ask", tokenA, formOf(tokenA, "task", "1", "check", first, "at", "s-c1", "text", evil)))
	require.Equal(t, "/me#s-c1", w.Header().Get("Location"), w.Body)
	require.Len(t, s.of.asks, 1)
	require.Equal(t, idA, s.of.asks[0].Student)
	require.Equal(t, first, s.of.asks[0].Check)
	require.Equal(t, evil, s.of.asks[0].Words[0].Text)
	w = s.do(ask("POST", "/me/ask", tokenA, formOf(tokenA, "check", "none", "text", "x")))
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	w = s.do(ask("POST", "/me/ask", tokenA, formOf(tokenA, "check", first, "at", "//evil", "text", "x")))
	require.Equal(t, "/me#standing", w.Header().Get("Location"))

	at := time.Date(2024, 12, 6, 9, 0, 0, 0, time.Local)
	own := &s.data.Students[0]
	own.Requests = []result.Request{{ID: 5, Student: idA, Task: "1", Check: first, Words: []result.Word{
		{Kind: result.RequestAsked, Student: true, Text: evil, When: at},
		{Kind: result.RequestDeclined, Who: "老师", Text: "As for " + idB + " " + nameB + evil, When: at.Add(time.Hour)},
		{Kind: result.RequestSaid, Student: true, Text: "once more", When: at.Add(2 * time.Hour)},
	}}}
	page = s.me(t)
	require.Contains(t, page, "2024-12-06 09:00 you asked to look again")
	require.Contains(t, page, "2024-12-06 10:00 instructor declined")
	require.Contains(t, page, "&lt;script&gt;alert(2)&lt;/script&gt;")
	require.Contains(t, page, "once more")
	require.Contains(t, page, `action="/me/withdraw"`)
	require.Contains(t, page, `name="id" value="5"`)
	require.NotContains(t, page, `id="ask-s-c1-box"`, "it goes on where it is")
	require.Contains(t, page, `id="ask-s-c2-box"`)

	require.Equal(t, "/me#req-5", s.do(ask("POST", "/me/ask", tokenA, formOf(tokenA, "id", "5", "at", "req-5", "text", "and"))).Header().Get("Location"))
	require.Equal(t, http.StatusSeeOther, s.do(ask("POST", "/me/withdraw", tokenA, formOf(tokenA, "id", "5"))).Code)
	require.Equal(t, http.StatusNotFound, s.do(ask("POST", "/me/withdraw", tokenA, formOf(tokenA, "id", "-1"))).Code)
	require.Equal(t, []result.RequestKind{result.RequestSaid, result.RequestWithdrawn}, []result.RequestKind{s.of.said[0].word.Kind, s.of.said[1].word.Kind})
	require.Equal(t, idA, s.of.said[1].student, "somebody else's is none of theirs")
	s.of.no = diag.Misuse(i18n.M("requests.long", "n", 501, "max", 500), i18n.M("requests.long_hint"))
	w = s.do(ask("POST", "/me/ask", tokenA, formOf(tokenA, "check", first, "text", strings.Repeat("x", 501))))
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), "500 is the most there may be")

	// A request about what is lost no more stands by itself; beyond the bounds there is a sentence.
	for i := range result.MaxOpenRequests {
		own.Requests = append(own.Requests, result.Request{ID: int64(10 + i), Student: idA, Words: []result.Word{{Kind: result.RequestAsked, Student: true, Text: "all of it", When: at}}})
	}
	page = s.me(t)
	require.Contains(t, page, "Other requests")
	require.Contains(t, page, "the whole lab")
	require.Contains(t, page, "3 of your requests wait for an answer already.")
	require.NotContains(t, page, `class="ask-new"`)
	own.Requests[0].Words = append(own.Requests[0].Words, result.Word{Kind: result.RequestWithdrawn, Student: true, When: at.Add(3 * time.Hour)})
	require.NotContains(t, s.me(t), `id="req-5-box"`, "what was taken back is over")
}

// TestStudentsPagesInBothLanguages have no sentence that is missing, and none of the other language.
func TestStudentsPagesInBothLanguages(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"/me", "/me/kill", "/me/attempts"} {
		r := ask("GET", path, tokenA, nil)
		r.Header.Set("Accept-Language", "zh-CN")
		w := s.do(r)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "zh", w.Header().Get("Content-Language"))
		require.NotContains(t, w.Body.String(), "web.")
	}
}

// TestPatchesOfAStudentsPage: each event changes the part that shows it, in words for who listens, and tells
// nothing that is meant for others.
func TestPatchesOfAStudentsPage(t *testing.T) {
	s := serve(t)
	q := &Request{Request: ask("GET", "/me/events", tokenA, nil), site: s.Site, Lang: i18n.EN, Who: grader.Who{Student: idA}, token: tokenA}
	verdicts := s.verdicts(2)
	ids := func(what desk.What) (out []string, html, say string) {
		t.Helper()
		all, err := q.mePatches(t.Context(), desk.Event{What: what})
		require.NoError(t, err)
		for _, p := range all {
			require.Contains(t, p.HTML, "<")
			require.NotContains(t, p.HTML+p.Say, idB)
			require.Empty(t, acts(t, p.HTML))
			out, html, say = append(out, p.ID), html+p.HTML, strings.TrimSpace(say+" "+p.Say)
		}
		return out, html, say
	}
	s.state(desk.OwnState{Phase: desk.Waits, Place: 2, Paused: desk.ForRun})
	at, html, say := ids(desk.Queued{Student: idA, Place: 2, Paused: desk.ForRun})
	require.Equal(t, []string{"check"}, at)
	require.Contains(t, html, `<div id="check"`)
	require.Contains(t, say, "you are number 2 in the queue. The class is being graded.")
	s.state(desk.OwnState{Phase: desk.Checking, Verdicts: verdicts})
	at, html, say = ids(desk.Verdict{Student: idA, Verdict: verdicts[1]})
	require.Equal(t, []string{"checks"}, at)
	require.Contains(t, html, `id="now-c2"`)
	require.NotContains(t, html, `id="now-c1"`)
	require.Contains(t, say, "pass")
	at, html, _ = ids(desk.Step{Student: idA, Done: 5, Of: 10})
	require.Equal(t, []string{"progress"}, at)
	require.Contains(t, html, "5 of 10 requests")
	at, _, _ = ids(desk.Step{Student: idA})
	require.Empty(t, at)
	end := &desk.Ended{Student: idA, At: time.Now(), Tasks: []string{"1"}, Verdicts: verdicts}
	s.state(desk.OwnState{Last: end})
	at, html, say = ids(*end)
	require.Equal(t, []string{"check"}, at)
	require.Contains(t, html, "To mend")
	require.Contains(t, say, "Checked at")
	at, _, say = ids(desk.Noted{Student: idA, Msg: i18n.M("desk.unsaved")})
	require.Equal(t, []string{"notes"}, at)
	require.Contains(t, say, "could not be kept")
	at, _, _ = ids(desk.Noted{Student: idA, Msg: i18n.M("observe.kill_none")})
	require.Empty(t, at, "it speaks of the command line")
	at, _, say = ids(desk.ScoreChanged{Student: idA})
	require.Equal(t, []string{"score", "standing"}, at)
	require.Equal(t, "Your score has been updated.", say)
	_, html, say = ids(desk.RequestChanged{Student: idA, ID: 5})
	require.Contains(t, html, `<div id="standing"`)
	require.Equal(t, "There is something new about your request.", say)
}
