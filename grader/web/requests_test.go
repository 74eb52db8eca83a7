package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/result"
)

func TestRequestsInTurn(t *testing.T) {
	s := serveOffice(t)
	text := s.get("/class/requests", tokenT).Body.String()
	require.Contains(t, text, "requests to look again: 4, of which 2 wait")
	last := -1
	for _, id := range []string{`id="r1"`, `id="r4"`, `id="r3"`, `id="r2"`} { // those that wait, the oldest first; the others, the newest first
		at := strings.Index(text, id)
		require.Greater(t, at, last, id)
		last = at
	}
	require.Contains(t, text, `<article class="check fail" id="r1-c1">`, "the check beside what is said of it")
	require.Equal(t, 2, strings.Count(text, "<details id=\"r")-1, "what was withdrawn takes no answer")
	require.NotContains(t, text, evil)
	require.NotContains(t, text, "<img")
	require.NotContains(t, text, nameA)
	require.Contains(t, text, "I have left")
	require.Contains(t, s.do(zh(ask("GET", "/class/requests", tokenT, nil))).Body.String(), "复查申请 4 个，2 个等答复")
}

func zh(r *http.Request) *http.Request {
	r.Header.Set("Accept-Language", "zh")
	return r
}

func TestAnswers(t *testing.T) {
	check := newFake(t).data.Students[0].Verdicts[0].Check
	for name, c := range map[string]struct {
		to   string
		form []string
		want int
		said string // kind and text
		hand string // points
	}{
		"a word":                 {"1", []string{"do", "say", "text", " seen\n it "}, 303, "said seen it", ""},
		"declined":               {"2", []string{"do", "decline", "text", "没有证据"}, 303, "declined 没有证据", ""},
		"without a reason":       {"2", []string{"do", "decline", "text", " \n"}, 422, "", ""},
		"points":                 {"1", []string{"do", "set", "points", "2.5", "text", "shown"}, 303, "set 2.5/40 shown", "2.5"},
		"points without why":     {"1", []string{"do", "set", "points", "2.5"}, 422, "", ""},
		"no number":              {"1", []string{"do", "set", "points", "<b>", "text", "x"}, 422, "", ""},
		"less than nothing":      {"1", []string{"do", "set", "points", "-1", "text", "x"}, 422, "", ""},
		"no way":                 {"1", []string{"text", "x"}, 422, "", ""},
		"another way":            {"1", []string{"do", "asked", "text", "x"}, 422, "", ""},
		"no request":             {"99", []string{"do", "say", "text", "x"}, 404, "", ""},
		"no number of a request": {"x", []string{"do", "say", "text", "x"}, 404, "", ""},
		"too large a number":     {"99999999999999999999", []string{"do", "say", "text", "x"}, 404, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveOffice(t)
			w := s.do(ask("POST", "/class/requests/"+c.to, tokenT, formOf(tokenT, c.form...)))
			require.Equal(t, c.want, w.Code, w.Body)
			if c.said == "" {
				require.Empty(t, s.stub().answers)
			} else {
				require.Len(t, s.stub().answers, 1)
				a := s.stub().answers[0]
				require.Equal(t, c.said, string(a.Kind)+" "+a.Text)
				require.Equal(t, c.to, a.Who)
				require.False(t, a.Student)
				require.Equal(t, "/class/requests#r"+c.to, w.Header().Get("Location"))
			}
			if c.hand == "" {
				require.Empty(t, s.stub().hands)
			} else {
				require.Equal(t, c.hand, s.stub().hands[0].Points.String())
				require.Equal(t, check, s.stub().hands[0].Check)
				require.Equal(t, result.SetPoints, s.stub().hands[0].Kind)
			}
			require.NotContains(t, w.Body.String(), "<b>")
		})
	}
}

// Grading a student again makes nothing fail that was not shown, and the request says so once it is over and went well.
func TestGradedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		end  []desk.What
		said int
	}{
		"well":           {[]desk.What{desk.RunBegan{}, desk.RunStep{}, desk.RunOver{}}, 1},
		"stopped":        {[]desk.What{desk.RunBegan{}, desk.RunOver{RunEnded: desk.RunEnded{Stopped: true}}}, 0},
		"failed":         {[]desk.What{desk.RunBegan{}, desk.RunOver{RunEnded: desk.RunEnded{Failed: []*diag.Failure{{Msg: i18n.M("desk.down")}}}}}, 0},
		"another's end":  {[]desk.What{desk.RunOver{}}, 0},
		"server is over": {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serveOffice(t)
				s.stub().faults = "abc"
				w := s.do(ask("POST", "/class/requests/1", tokenT, formOf(tokenT, "do", "again")))
				require.Equal(t, http.StatusOK, w.Code)
				require.Contains(t, w.Body.String(), `name="agreed" value="abc"`)
				require.Empty(t, s.stub().starts, "it asks first")
				w = s.do(ask("POST", "/class/requests/1", tokenT, formOf(tokenT, "do", "again", "agreed", "abc")))
				require.Equal(t, http.StatusSeeOther, w.Code)
				require.Equal(t, []string{idA}, s.stub().starts[0].Students)
				require.Equal(t, "abc", s.stub().starts[0].Agreed)
				require.False(t, s.stub().starts[0].NoFault)
				require.Contains(t, s.get("/class/requests", tokenT).Body.String(), "being graded again")
				require.Empty(t, s.stub().answers)
				for i, e := range c.end {
					s.events <- desk.Event{ID: uint64(80 + i), What: e}
				}
				if c.end == nil {
					s.Close()
				}
				synctest.Wait()
				require.Len(t, s.stub().answers, c.said)
				if c.said > 0 {
					require.Equal(t, result.RequestGraded, s.stub().answers[0].Kind)
				}
				require.NotContains(t, s.get("/class/requests", tokenT).Body.String(), "being graded again")
			})
		})
	}
	s := serveOffice(t, func(o *Options) { o.NoFault = true })
	s.stub().faults = "abc"
	require.Equal(t, http.StatusSeeOther, s.do(ask("POST", "/class/requests/1", tokenT, formOf(tokenT, "do", "again"))).Code)
	require.True(t, s.stub().starts[0].NoFault)
	s = serveOffice(t) // nothing is made to fail
	require.Equal(t, http.StatusSeeOther, s.do(ask("POST", "/class/requests/3", tokenT, formOf(tokenT, "do", "again"))).Code)
	require.Empty(t, s.stub().starts[0].Tasks)
}

// What is shown of a run's faults is said in both languages, with its nodes and containers.
func TestFaultLines(t *testing.T) {
	plan := &observe.Plan{
		Faults: []observe.Fault{{
			LimitMS: 90_000, Step: action.Step{
				Fault: evidence.Action{Kind: "node-stop", Hostname: "manager-2", Leader: true}, Students: []string{idA, idB}, Stops: []evidence.Container{{Names: []string{"web-1", "web"}}},
			},
		}},
		Episodes: []observe.Episode{{}, {Node: &evidence.Action{Hostname: "manager-3"}, Students: []observe.Touched{{Student: idA}}}},
	}
	for _, lang := range i18n.Langs {
		q := &Request{Lang: lang}
		lines := q.faultLines(plan)
		require.Len(t, lines, 2, "what touches nobody is not done")
		require.Contains(t, lines[0], "manager-2")
		require.Contains(t, lines[0], "1m30s")
		require.Contains(t, lines[0], "web-1/web")
		require.Contains(t, lines[1], "manager-3")
		require.NotContains(t, strings.Join(lines, ""), "{")
	}
	require.Empty(t, (&Request{Lang: i18n.EN}).faultLines(nil))
}

func TestRequestPatches(t *testing.T) {
	s := serveOffice(t)
	for _, lang := range i18n.Langs {
		q := &Request{Request: ask("GET", "/class/requests/events", tokenT, nil), site: s.Site, Lang: lang, Who: Who{Teacher: true}}
		patches, err := q.requestPatches(t.Context(), desk.Event{What: desk.RequestChanged{Student: idA, ID: 1}})
		require.NoError(t, err)
		require.Len(t, patches, 2)
		require.Contains(t, patches[0].HTML, `id="count"`)
		require.True(t, patches[1].Append)
		require.Contains(t, patches[1].HTML, `id="r1"`)
		require.NotContains(t, patches[1].HTML, "<img")
		patches, err = q.requestPatches(t.Context(), desk.Event{What: desk.QueueMoved{}})
		require.NoError(t, err)
		require.Empty(t, patches)
	}
}

// A long list has pages; what is asked for beside them is led back to one that there is.
func TestPages(t *testing.T) {
	s := serveOffice(t)
	for i := range 3*requestsShown + 1 {
		s.stub().requests = append(s.stub().requests, result.Request{ID: int64(100 + i), Student: idA, Words: []result.Word{{Kind: result.RequestAsked, Student: true, When: time.Unix(int64(i), 0)}}})
	}
	for query, want := range map[string]int{"": requestsShown, "?page=2": requestsShown, "?page=4": 5, "?page=99": 5, "?page=-3": requestsShown, "?page=x": requestsShown, "?page=99999999999999999999": requestsShown} {
		text := s.get("/class/requests"+query, tokenT).Body.String()
		require.Equal(t, want, strings.Count(text, `<section class="request"`), query)
		require.Contains(t, text, "of 125")
	}
}
