package web

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

func newerThan(seen int, changes ...result.Change) error {
	return &diag.Failure{Code: "changed", Msg: i18n.M("hand.newer", "student", idA, "n", len(changes)), Hint: i18n.M("hand.newer_hint"),
		Cause: &grader.Newer{Changes: changes, Seen: seen}}
}

// Two instructors have a student's page open. Whose form is older is shown what the other recorded beside what they
// typed, and decides.
func TestAnOlderFormDoesNotWriteOverANewerChange(t *testing.T) {
	for _, lang := range []i18n.Lang{i18n.EN, i18n.ZH} {
		s := serve(t, func(o *Options) { o.Lang = lang })
		path := "/class/student/" + idA
		require.Contains(t, s.page(t, path), `name="seen" value="0"`)
		other := result.Change{Kind: result.SetPoints, Points: 2000, Reason: "shown to me " + evil, Who: "li"}
		s.data.Students[0].History = []result.Change{other, {Kind: result.Remark, Text: "later still"}}
		s.handErr = newerThan(1, other)
		form := formOf(tokenT, "seen", "0", "what", "task:1", "do", "points", "points", "12.5", "reason", "kept why")
		w := s.do(ask("POST", path+"/hand", tokenT, form))
		text := w.Body.String()
		require.Equal(t, http.StatusConflict, w.Code)
		require.Empty(t, acts(t, text))
		for _, want := range []string{"shown to me", "li", `value="12.5"`, "kept why", `value="task:1" selected`, `name="seen" value="1"`, lang.T("web.hand_newer_go")} {
			require.Contains(t, text, want)
		}
		require.NotContains(t, text, `name="seen" value="2"`, "the one that was not told")

		// What the form is sent with is what its maker has seen.
		s.handErr = nil
		form.Set("seen", "1")
		require.Equal(t, http.StatusSeeOther, s.do(ask("POST", path+"/hand", tokenT, form)).Code)
		require.Equal(t, 1, *s.hands[0].Seen)
		form.Del("seen")
		require.Equal(t, http.StatusSeeOther, s.do(ask("POST", path+"/hand", tokenT, form)).Code)
		require.Equal(t, 0, *s.hands[1].Seen, "a form that does not say so has seen none")

		// A remark's form has the other button, and keeps the remark that was typed.
		s.handErr = newerThan(2, result.Change{Kind: result.Remark, Text: "theirs", Who: "li"})
		w = s.do(ask("POST", path+"/hand", tokenT, formOf(tokenT, "remark_only", "yes", "seen", "1", "remark", "my own remark")))
		require.Equal(t, http.StatusConflict, w.Code)
		require.Contains(t, w.Body.String(), "theirs")
		require.Contains(t, w.Body.String(), ">my own remark</textarea>")
		require.Contains(t, w.Body.String(), lang.T("web.hand_go")+"</button>")
	}
}

// A button that is pressed twice records once and warns of nobody else.
func TestAButtonPressedTwiceIsNoConflict(t *testing.T) {
	s := serve(t)
	who := i18n.EN.T("requests.by_instructor")
	mine := result.Change{Task: "1", Kind: result.SetPoints, Points: 1250, Reason: "why", Who: who}
	send := func() int {
		return s.do(ask("POST", "/class/student/"+idA+"/hand", tokenT, formOf(tokenT, "seen", "0", "what", "task:1", "do", "points", "points", "12.5", "reason", "why"))).Code
	}
	s.handErr = newerThan(1, mine)
	require.Equal(t, http.StatusSeeOther, send())
	for _, change := range []func(c *result.Change){
		func(c *result.Change) { c.Who = "li" },
		func(c *result.Change) { c.Points = 1300 },
		func(c *result.Change) { c.Task = "2" },
		func(c *result.Change) { c.Reason = "another" },
	} {
		other := mine
		change(&other)
		s.handErr = newerThan(1, other)
		require.Equal(t, http.StatusConflict, send(), "%+v", other)
	}
}

// So it is where a request is answered with points.
func TestAnOlderAnswerToARequestDoesNotWriteOverANewerChange(t *testing.T) {
	s := serveOffice(t)
	s.requests = []result.Request{{ID: 7, Student: idA, Task: "1", Words: []result.Word{{Kind: result.RequestAsked, Student: true, Text: "please"}}}}
	require.Contains(t, s.get("/class/requests", tokenT).Body.String(), `name="seen" value="0"`)
	s.fakeOffice.handErr = newerThan(3, result.Change{Kind: result.Excused, Reason: "was ill", Who: "li"})
	w := s.do(ask("POST", "/class/requests/7", tokenT, formOf(tokenT, "seen", "2", "do", "set", "points", "8.25", "text", "kept why")))
	require.Equal(t, http.StatusConflict, w.Code)
	for _, want := range []string{"was ill", `value="8.25"`, `value="kept why"`, `name="seen" value="3"`, "record mine all the same"} {
		require.Contains(t, w.Body.String(), want)
	}
	require.Empty(t, s.answers, "nothing was said to the student")
}

// What only programs take for a number is no number of points, and it is said how to write one.
func TestPointsAreDigits(t *testing.T) {
	for _, text := range []string{"1e2", "1E2", "+5", "0x10", "0b1", "1_000", "1,000", "inf", "NaN", ".5", "5.", "2.555", "１ｅ２", "1 0", "½", "٣", "--5", strings1000} {
		s := serve(t)
		w := s.do(ask("POST", "/class/student/"+idA+"/hand", tokenT, formOf(tokenT, "what", "all", "do", "points", "points", text, "reason", "kept why")))
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, text)
		require.Contains(t, w.Body.String(), "write digits, with at most two decimal places", text)
		require.Empty(t, s.hands)

		o := serveOffice(t)
		o.requests = []result.Request{{ID: 7, Student: idA, Task: "1", Words: []result.Word{{Kind: result.RequestAsked, Student: true, Text: "please"}}}}
		w = o.do(ask("POST", "/class/requests/7", tokenT, formOf(tokenT, "do", "set", "points", text, "text", "why")))
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, text)
		require.Contains(t, w.Body.String(), "Write digits, with at most two decimal places", text)
		require.Empty(t, o.fakeOffice.hands)
	}
}

const strings1000 = "0000000000000000000000000000000000000000000000000000000000000000000000000001"
