package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// An instructor sees all of a student, and nothing of it acts.
func TestStudentOfClass(t *testing.T) {
	s := serve(t)
	x := &s.data.Students[0]
	x.Attempts = []result.Attempt{{Task: "1", Run: "20260101-000000", Tries: 2}}
	x.History = []result.Change{{Kind: result.SetPoints, Points: 500, Reason: evil, Who: "old"}, {Kind: result.Remark, Text: "newest", Who: "new", When: time.Now()}}
	x.Requests = []result.Request{{ID: 1, Student: idA, Check: s.class.Rubric.Tasks[0].Checks[0].ID, Words: []result.Word{{Kind: result.RequestAsked, Student: true, Text: evil}}}}
	s.of.trials = map[string][]gradebook.Trial{idA: {{Tasks: []string{"1"}, Finished: time.Now(), Verdicts: []judge.Verdict{{Check: s.class.Rubric.Tasks[0].Checks[0].ID, Outcome: check.Fail, Max: 200}}}}}
	text := s.page(t, "/class/student/"+idA)
	for _, want := range []string{"of 2 attempts", "newest", "task 1: 0/2", "failed: ", "张三&lt;script&gt;", "Grade this student again", `action="/class/student/` + idA + `/hand"`, "to-requests"} {
		if want == "to-requests" {
			want = `href="/class/requests"`
		}
		require.Contains(t, text, want)
	}
	require.Less(t, strings.Index(text, "newest"), strings.Index(text, "old:"), "the newest first")
	require.Equal(t, strings.Count(text, "<form"), strings.Count(text, `name="form"`))
	for _, id := range []string{"999", "2024", "%2e%2e", "a%2Fb", strings.Repeat("x", 300)} {
		w := s.get("/class/student/"+id, tokenT)
		require.Equal(t, http.StatusNotFound, w.Code, id)
		require.Equal(t, http.StatusNotFound, s.do(ask("POST", "/class/student/"+id+"/hand", tokenT, formOf(tokenT, "what", "all"))).Code, id)
	}
	for _, path := range []string{"", "/evidence", "/events"} {
		require.Equal(t, http.StatusForbidden, s.get("/class/student/"+idA+path, tokenA).Code, "not even of themselves")
	}
	require.Empty(t, s.hands)

	// Evidence in words.
	require.Contains(t, s.page(t, "/class/student/"+idB+"/evidence"), "there is no evidence")
	s.file = &grader.CaseFile{Run: "20260101-000000", Bundle: &evidence.Bundle{}}
	s.file.Bundle.Student.ID, s.file.Bundle.Student.Name = idA, nameA
	text = s.page(t, "/class/student/"+idA+"/evidence")
	require.Contains(t, text, "20260101-000000")
	require.Contains(t, text, "张三&lt;script&gt;")
}

// Each refusal stands beside its field, and what was typed is kept.
func TestHandRefused(t *testing.T) {
	s := serve(t)
	c := s.class.Rubric.Tasks[0].Checks[0].ID
	long := strings.Repeat("长", result.MaxText+1)
	for name, x := range map[string]struct {
		form []string
		err  error
		want string
		id   string
	}{
		"no reason":  {form: []string{"what", "all", "do", "points", "points", "5"}, want: "Say why", id: "no-reason"},
		"blank":      {form: []string{"what", "all", "do", "excused", "reason", " \n "}, want: "Say why", id: "no-reason"},
		"long":       {form: []string{"what", "all", "do", "excused", "reason", long}, want: "at most 1000", id: "no-reason"},
		"no points":  {form: []string{"what", "check:" + c, "do", "points", "reason", "kept why"}, want: "Write the points", id: "no-points"},
		"bad points": {form: []string{"what", "all", "do", "points", "points", "<b>", "reason", "kept why"}, want: "“&lt;b&gt;” is no number", id: "no-points"},
		"NaN":        {form: []string{"what", "all", "do", "points", "points", "NaN", "reason", "kept why"}, want: "is no number", id: "no-points"},
		"no target":  {form: []string{"what", "check:nothing", "do", "excused", "reason", "kept why"}, want: "Choose what to change", id: "no-what"},
		"no task":    {form: []string{"what", "task:99", "do", "excused", "reason", "kept why"}, want: "Choose what to change", id: "no-what"},
		"no deed":    {form: []string{"what", "all", "do", "everything", "reason", "kept why"}, want: "Choose what to do", id: "no-do"},
		"check late": {form: []string{"what", "check:" + c, "do", "on_time", "reason", "kept why"}, want: "Lateness is a task", id: "no-what"},
		"remark":     {form: []string{"remark_only", "yes", "remark", long}, want: "at most 1000", id: "no-remark"},
		"too many": {form: []string{"what", "all", "do", "points", "points", "9999", "reason", "kept why"},
			err: diag.Misuse(i18n.M("hand.points", "student", idA, "what", "x", "points", "9999", "max", "100"), i18n.M("hand.points_hint", "max", "100")), want: "it takes 0 to 100", id: "no-points"},
		"nothing": {form: []string{"what", "all", "do", "remove", "reason", "kept why"},
			err: diag.Misuse(i18n.M("hand.nothing", "student", idA, "what", "x"), i18n.M("hand.nothing_hint", "class", "x", "student", idA)), want: "nothing to take back", id: "no-do"},
		"damaged": {form: []string{"what", "all", "do", "excused", "reason", "kept why"},
			err: diag.Misuse(i18n.M("hand.damaged", "student", idA), i18n.M("hand.damaged_hint", "class", "x", "student", idA)), want: "are damaged", id: "hand"},
	} {
		t.Run(name, func(t *testing.T) {
			s.handErr = x.err
			w := s.do(ask("POST", "/class/student/"+idA+"/hand", tokenT, formOf(tokenT, x.form...)))
			text := w.Body.String()
			require.Equal(t, http.StatusUnprocessableEntity, w.Code)
			require.Empty(t, acts(t, text))
			require.Contains(t, text, x.want)
			require.Contains(t, text, `id="`+x.id+`"`)
			require.Contains(t, text, "Nothing was recorded")
			for i := 0; i < len(x.form); i += 2 {
				if v := x.form[i+1]; v == "kept why" || v == "9999" {
					require.Contains(t, text, v, "what was typed is kept")
				}
			}
			require.Empty(t, s.hands)
		})
	}
}

// Points may be written as a Chinese keyboard writes them.
func TestHandWideDigits(t *testing.T) {
	s := serve(t)
	w := s.do(ask("POST", "/class/student/"+idA+"/hand", tokenT, formOf(tokenT, "what", "all", "do", "points", "points", "１２．５", "reason", "late bus")))
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Len(t, s.hands, 1)
	require.Equal(t, "12.5", s.hands[0].Points.String())
}

// What is asked for is what is recorded.
func TestHand(t *testing.T) {
	s := serve(t)
	c, task := s.class.Rubric.Tasks[0].Checks[0].ID, s.class.Rubric.Tasks[0].ID
	do := func(pairs ...string) grader.ByHand {
		t.Helper()
		n := len(s.hands)
		w := s.do(ask("POST", "/class/student/"+idA+"/hand", tokenT, formOf(tokenT, pairs...)))
		require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
		require.True(t, strings.HasPrefix(w.Header().Get("Location"), "/class/student/"+idA+"?saved="))
		require.Len(t, s.hands, n+1)
		h := s.hands[n]
		require.NotEmpty(t, h.Who)
		require.False(t, h.When.IsZero())
		return h
	}
	h := do("what", "check:"+c, "do", "points", "points", "2.5", "reason", "shown in class")
	require.Equal(t, c, h.Check)
	require.Equal(t, rubric.Points(250), h.Points)
	require.Equal(t, result.SetPoints, h.Kind)
	require.Nil(t, h.Remark)
	require.Equal(t, result.Excused, do("what", "task:"+task, "do", "excused", "reason", "ill").Kind)
	require.Equal(t, result.OnTime, do("what", "all", "do", "on_time", "reason", "ill").Kind)
	require.Equal(t, result.NotOnTime, do("what", "all", "do", "not_on_time", "reason", "was not").Kind)
	require.Equal(t, result.Remove, do("what", "all", "do", "remove", "reason", "was not").Kind)
	h = do("remark_only", "yes", "remark", " well done ")
	require.Equal(t, "well done", *h.Remark)
	require.Empty(t, h.Kind)
	require.Equal(t, []string{idA + " ", idA + " " + task, idA + " ", idA + " ", idA + " ", idA + " "}, s.handTo)
	s.above = &result.Override{}
	w := s.do(ask("POST", "/class/student/"+idA+"/hand", tokenT, formOf(tokenT, "what", "check:"+c, "do", "points", "points", "1", "reason", "x")))
	require.Contains(t, w.Header().Get("Location"), "saved=total")
	require.Contains(t, s.page(t, "/class/student/"+idA+"?saved=total"), "the total is set by hand")
	require.Equal(t, http.StatusForbidden, s.do(ask("POST", "/class/student/"+idA+"/hand", tokenA, formOf(tokenA, "what", "all", "do", "excused", "reason", "me"))).Code)
	require.Equal(t, http.StatusForbidden, s.do(ask("POST", "/class/student/"+idA+"/hand", tokenT, formOf(tokenA, "what", "all"))).Code, "a form of another session")
}

// A student's stream tells of that student alone.
func TestStudentStream(t *testing.T) {
	s := serve(t)
	s.events <- desk.Event{ID: 78, What: desk.ScoreChanged{Student: idA}}
	close(s.events)
	w := s.get("/class/student/"+idA+"/events", tokenT)
	require.Contains(t, w.Body.String(), `"id":"part"`)
	require.NotContains(t, w.Body.String(), "/class/student/"+idB)
}
