package web

import (
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
)

func (s *served) post(target, token string, pairs ...string) (status int, to, text string) {
	w := s.do(ask("POST", target, token, formOf(token, pairs...)))
	return w.Code, w.Header().Get("Location"), w.Body.String()
}

// What a run would do is shown before it is begun, and what was agreed to is what is begun.
func TestRunIsPlannedAndBegun(t *testing.T) {
	s := serve(t)
	text := s.page(t, "/class/run")
	require.Contains(t, text, "A new run")
	require.NotContains(t, text, "The plan</h2>")
	require.Empty(t, s.plans, "nothing is read unless it is asked for")
	status, to, _ := s.post("/class/run/plan", tokenT, "task", "1", "students", idA+"，\n"+idB)
	require.Equal(t, http.StatusSeeOther, status)
	require.Empty(t, s.plans)
	text = s.page(t, strings.TrimSuffix(to, "#plan-h"))
	require.Equal(t, []string{idA, idB}, s.plans[0].Students)
	require.Equal(t, []string{"1"}, s.plans[0].Tasks)
	for _, want := range []string{"2 students", "10 s to 2 min", "Docker is stopped on node worker-1&#34;&gt;", "Agree to these faults and start", `name="agreed" value="f1"`, "张三&lt;script&gt;"} {
		require.Contains(t, text, want)
	}
	status, to, _ = s.post("/class/run/start", tokenT, "task", "1", "students", idA, "agreed", "f1")
	require.Equal(t, http.StatusSeeOther, status)
	require.Equal(t, "/class/run", to)
	require.Equal(t, desk.RunOptions{Tasks: []string{"1"}, Students: []string{idA}, Agreed: "f1", Who: "instructor"}, s.starts[0])

	// Without faults there is nothing to agree to.
	text = s.page(t, "/class/run?plan=yes&nofault=yes")
	require.True(t, s.plans[1].NoFault)
	require.Contains(t, text, "No fault; the checks that wait for one stay open")
	require.NotContains(t, text, "Agree to these")

	// The plan has become another one: it is shown anew.
	status, to, _ = s.post("/class/run/start", tokenT, "task", "1", "students", idA, "agreed", "")
	require.Equal(t, http.StatusSeeOther, status)
	u, err := url.Parse(to)
	require.NoError(t, err)
	require.Equal(t, "yes", u.Query().Get("changed"))
	require.Equal(t, idA, u.Query().Get("students"))
	require.Contains(t, s.page(t, u.RequestURI()), "The cluster has changed and nothing was begun")

	// All tasks are no choice of tasks.
	var all []string
	for _, x := range s.class.Rubric.Tasks {
		all = append(all, x.ID)
	}
	form := formOf(tokenT)
	form["task"] = all
	w := s.do(ask("POST", "/class/run/plan", tokenT, form))
	require.NotContains(t, w.Header().Get("Location"), "task=")

	status, _, text = s.post("/class/run/plan", tokenT, "students", strings.Repeat("x,", 3000))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, text, "Too many students")
}

// Why a run is not begun is said, and what was chosen is kept.
func TestRunRefused(t *testing.T) {
	s := serve(t)
	s.planErr = diag.Misuse(i18n.M("desk.no_resume"), i18n.M("desk.no_resume_hint"))
	w := s.get("/class/run?plan=yes&students=kept", tokenT)
	require.Equal(t, http.StatusConflict, w.Code)
	require.Contains(t, w.Body.String(), "no run was interrupted")
	require.Contains(t, w.Body.String(), ">kept</textarea>")
	status, _, text := s.post("/class/run/start", tokenT, "students", "kept")
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, text, "no run was interrupted")
	require.Contains(t, text, ">kept</textarea>")
	s.planErr = errors.New("disk on fire")
	require.Equal(t, http.StatusInternalServerError, s.get("/class/run?plan=yes", tokenT).Code)
	status, _, text = s.post("/class/run/undo", tokenT)
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, text, "no fault to be undone")
	s.o.NoFault = true
	s.planErr = nil
	require.Contains(t, s.page(t, "/class/run?plan=yes"), "--no-fault")
	require.True(t, s.plans[len(s.plans)-1].NoFault, "whatever is asked for")
	for _, path := range []string{"plan", "start", "resume", "stop", "undo"} {
		status, _, _ := s.post("/class/run/"+path, tokenA, "students", idA)
		require.Equal(t, http.StatusForbidden, status)
	}
	require.Len(t, s.starts, 1)
	require.Zero(t, s.stops)
}

// Every state of a run is told, with what can be done in it.
func TestRunStates(t *testing.T) {
	s := serve(t)
	for _, lang := range []i18n.Lang{i18n.EN, i18n.ZH} {
		for stage := range stages {
			s.run = desk.RunState{On: true, ID: "20260101-000000", Stage: stage, Done: 1, Of: 2, Began: time.Now(), ETA: time.Now().Add(time.Minute)}
			r := ask("GET", "/class/run", tokenT, nil)
			r.AddCookie(&http.Cookie{Name: langCookie, Value: string(lang)})
			w := s.do(r)
			require.Equal(t, http.StatusOK, w.Code)
			require.Contains(t, html.UnescapeString(w.Body.String()), lang.T(stages[stage], "done", 1, "of", 2))
			require.Equal(t, stage != desk.Stopping && stage != desk.Healing, strings.Contains(w.Body.String(), `action="/class/run/stop"`))
			require.Contains(t, w.Body.String(), `http-equiv="refresh"`)
			require.NotContains(t, w.Body.String(), `action="/class/run/start"`)
		}
	}
	stuck := action.NewStuck(evidence.Action{Kind: "node-stop", Hostname: "worker-1"}, "2024A", nil, nil)
	s.run = desk.RunState{On: true, Stage: desk.Fault, Stuck: stuck, Fault: &desk.FaultState{Kind: "node-stop", Target: evil, Phase: desk.InForce, Until: time.Now().Add(42 * time.Second), Settled: 1, Of: 3}}
	text := s.page(t, "/class/run")
	for _, want := range []string{"In force.", "1 of 3 services", `data-left="42"`, ">0:42<", `action="/class/run/undo"`, "grade restore --class 2024A", "&lt;script&gt;"} {
		require.Contains(t, text, want)
	}
	status, to, _ := s.post("/class/run/undo", tokenT)
	require.Equal(t, http.StatusSeeOther, status)
	require.Equal(t, "/class/run", to)
	require.Equal(t, 1, s.undone)
	s.run.Fault.ByHand = true
	text = s.page(t, "/class/run")
	require.Contains(t, text, "To be undone now")
	require.NotContains(t, text, `action="/class/run/undo"`)
	for phase, button := range map[desk.FaultPhase]bool{desk.Coming: true, desk.Undoing: false, desk.After: false} {
		s.run.Fault = &desk.FaultState{Kind: "unheard-of", Phase: phase}
		require.Equal(t, button, strings.Contains(s.page(t, "/class/run"), `action="/class/run/undo"`), phase)
	}
	_, _, _ = s.post("/class/run/stop", tokenT)
	require.Equal(t, 1, s.stops)

	// How it ended.
	for want, last := range map[string]desk.RunEnded{
		"came to its end": {ID: "r1"}, "was interrupted": {ID: "r1", Stopped: true}, "undone by hand": {ID: "r1", Undone: true},
		"The run did not come to its end": {Failed: []*diag.Failure{{Msg: i18n.M("desk.failed"), Hint: i18n.M("desk.failed_hint")}}},
	} {
		last.At = time.Now()
		s.run = desk.RunState{Last: &last}
		require.Contains(t, s.page(t, "/class/run"), want)
	}
	s.run = desk.RunState{Stuck: stuck}
	text = s.page(t, "/class/run")
	require.Contains(t, text, "grade restore --class 2024A")
	require.Contains(t, text, `role="alert"`)
	s.run = desk.RunState{}
	old := grader.RunInfo{Students: 3}
	old.ID, old.Status, old.Task = "20251231-000000", gradebook.Interrupted, "1"
	s.of.runs, s.resume = []grader.RunInfo{old}, &old
	text = s.page(t, "/class/run")
	require.Contains(t, text, "20251231-000000 was interrupted and can be gone on with: Task 1, 3 students")
	status, to, _ = s.post("/class/run/resume", tokenT)
	require.Equal(t, http.StatusSeeOther, status)
	s.page(t, strings.TrimSuffix(to, "#plan-h"))
	require.True(t, s.plans[len(s.plans)-1].Resume)
	old.Status = gradebook.Running
	s.of.runs = []grader.RunInfo{old}
	require.Contains(t, s.page(t, "/class/run"), "Another program grades")
}

// What happens in a run comes to who looks.
func TestRunStream(t *testing.T) {
	s := serve(t)
	q := &Request{Request: ask("GET", "/class/run/events", tokenT, nil), site: s.Site, Lang: "zh", Who: Who{Teacher: true}, token: tokenT}
	for _, what := range []desk.What{desk.RunBegan{}, desk.RunStep{}, desk.FaultOn{}, desk.FaultOff{}, desk.RunOver{}} {
		patches, err := q.runPatches(t.Context(), desk.Event{What: what})
		require.NoError(t, err)
		if _, began := what.(desk.RunBegan); began {
			require.Len(t, patches, 2)
			require.Equal(t, "notes", patches[1].ID, "of the run before")
		} else {
			require.Len(t, patches, 1)
		}
		require.Contains(t, patches[0].HTML, `id="run"`)
		require.Equal(t, strings.Count(patches[0].HTML, "<form"), strings.Count(patches[0].HTML, `name="form"`))
	}
	// Notes are there for who looks later too, each once.
	at := time.Date(2024, 12, 2, 9, 0, 0, 0, time.Local)
	s.run.Notes = []desk.Noted{{At: at, Msg: i18n.M("observe.kill_none")}, {At: at.Add(time.Minute), Msg: i18n.M("desk.unsaved"), Hint: i18n.M("desk.failed_hint")}}
	patches, err := q.runPatches(t.Context(), desk.Event{What: s.run.Notes[1]})
	require.NoError(t, err)
	require.False(t, patches[0].Append)
	require.Equal(t, 2, strings.Count(patches[0].HTML, "<li>"))
	text := s.page(t, "/class/run")
	require.Contains(t, text, "<li>09:01:00 what this check found could not be kept")
	require.Equal(t, 1, strings.Count(text, "09:01:00"))
	for _, what := range []desk.What{desk.Noted{Student: idA, Msg: i18n.M("desk.failed")}, desk.QueueMoved{}, desk.LinksChanged{}} {
		patches, err := q.runPatches(t.Context(), desk.Event{What: what})
		require.NoError(t, err)
		require.Empty(t, patches)
	}
}

// What is the matter, and what to do, stands on the class's page.
func TestTroublesAreShown(t *testing.T) {
	s := serve(t)
	s.matters = []desk.Trouble{{At: time.Now(), Failure: &diag.Failure{
		Msg: i18n.M("gradebook.broken", "file", "x.db"+evil, "n", 1, "what", []string{"run-1/01"}), Hint: i18n.M("gradebook.broken_hint"),
	}}}
	text := s.page(t, "/class")
	require.Contains(t, text, "1 record is not as written (run-1/01)")
	require.Contains(t, text, "Seen since the server was started")
	require.Contains(t, text, "grade regrade judges them anew")
	require.NotContains(t, text, "<script>alert")
	q := &Request{Request: ask("GET", "/class/events", tokenT, nil), site: s.Site, Lang: "zh", Who: Who{Teacher: true}}
	x := &classStream{q: q, shown: map[string]live{}}
	patches, err := x.patches(t.Context(), desk.Event{What: desk.TroubleMoved{}})
	require.NoError(t, err)
	require.Contains(t, patches[0].HTML, "有 1 处记录和当初写入的不一致")
	require.NotContains(t, s.get("/me", tokenA).Body.String(), "run-1/01")
}

// What a program that is gone left is told on the class's page too, with what to type and a button.
func TestWhatWasLeftIsOffered(t *testing.T) {
	s := serve(t)
	s.run = desk.RunState{On: true, Stage: desk.Healing, Fault: &desk.FaultState{Kind: "node-stop", Target: "worker-1", Phase: desk.Undoing}}
	text := s.page(t, "/class/run")
	require.Contains(t, text, "What was left of a fault is being undone")
	require.Contains(t, text, "Being undone.")
	require.NotContains(t, text, `action="/class/run/undo"`)
	status, _, text := s.post("/class/run/heal", tokenT)
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, text, "a run of this class is on")

	stuck := action.NewStuck(evidence.Action{Kind: "node-stop", Hostname: "worker-1" + evil}, "2024A", nil, nil)
	failed := &diag.Failure{Code: "stuck", Msg: stuck.Msg(), Hint: stuck.Hint()}
	s.run = desk.RunState{Stuck: stuck, Last: &desk.RunEnded{Healed: true, At: time.Now(), Failed: []*diag.Failure{failed}, Stuck: []*action.Stuck{stuck}}}
	text = s.page(t, "/class/run")
	for _, want := range []string{"could not all be undone", "grade restore --class 2024A", `action="/class/run/heal"`} {
		require.Contains(t, text, want)
	}
	require.Equal(t, 1, strings.Count(text, "could NOT be undone"), "said once")
	require.NotContains(t, text, "<script>alert")
	text = s.page(t, "/class")
	require.Contains(t, text, "could NOT be undone")
	status, to, _ := s.post("/class/run/heal", tokenT)
	require.Equal(t, http.StatusSeeOther, status)
	require.Equal(t, "/class/run", to)
	require.Equal(t, 1, s.heals)
	status, _, _ = s.post("/class/run/heal", tokenA)
	require.Equal(t, http.StatusForbidden, status)

	s.run = desk.RunState{Last: &desk.RunEnded{Healed: true, At: time.Now()}}
	text = s.page(t, "/class/run")
	require.Contains(t, text, "left on the cluster was undone at")
	require.NotContains(t, text, `action="/class/run/heal"`)
	require.NotContains(t, s.page(t, "/class"), "could NOT be undone")
}
