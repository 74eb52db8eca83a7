package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"swarmgrade/grader/check"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// studentOfClassPages are an instructor's view of one student.
var studentOfClassPages = []Route{
	{Pattern: "GET /class/student/{id}", Role: Instructor, Do: student},
	{Pattern: "GET /class/student/{id}/events", Role: Instructor, Do: studentEvents, Streams: true},
	{Pattern: "GET /class/student/{id}/evidence", Role: Instructor, Do: studentEvidence},
	{Pattern: "POST /class/student/{id}/hand", Role: Instructor, Do: studentHand},
}

// studentPage is what /class/student/{id} shows.
type studentPage struct {
	ID, Name, Lab, Class string
	Fields               []page.Field
	Own                  string // where it is
	Run                  string // where this student is graded again
	Part                 studentPart
	Hand                 handForm
}

// studentPart is what changes while one looks.
type studentPart struct {
	Standing page.Student
	Graded   bool
	Own      string
	Does     live
	Attempts []string
	Trials   []trialLine
	History  []historyLine
	Requests []requestLine
}

type trialLine struct{ When, Text, Lost string }

type historyLine struct{ When, Text string }

type requestLine struct {
	What, Text string
	Open       bool
}

// mostLines bounds what is listed of attempts, self-checks and changes.
const mostLines = 50

// ofClass is the student that an address names, with the class's data and who words it: nobody else has
// a page.
func (q *Request) ofClass() (at seat, d *result.Data, pager *report.Pager, err error) {
	if d, pager, err = q.Standing(q.Context()); err != nil {
		return at, nil, nil, err
	}
	id := q.PathValue("id")
	at, ok := q.seat(d, id)
	if !ok || len(id) > 200 {
		return at, nil, nil, NotFound()
	}
	return at, d, pager, nil
}

func student(w http.ResponseWriter, q *Request) error {
	f := handForm{Remark: ""}
	switch q.URL.Query().Get("saved") {
	case "yes":
		f.Saved = q.Lang.T("web.hand_saved")
	case "total", "task":
		f.Saved = q.Lang.T("web.hand_saved")
		f.Above = q.Lang.T("web.hand_above_" + q.URL.Query().Get("saved"))
	}
	return q.showStudent(w, http.StatusOK, f)
}

// showStudent shows a student's page with what stands in its forms.
func (q *Request) showStudent(w http.ResponseWriter, status int, f handForm) error {
	now := q.Desk().Now() // before anything is read, so that no event is missed
	at, _, pager, err := q.ofClass()
	if err != nil {
		return err
	}
	own, err := q.oneOf(q.Context(), at.id)
	if err != nil {
		return err
	}
	p := studentPage{
		ID: page.Clip(at.id, mostID), Name: page.Clip(at.name, 80), Lab: pager.Lab(), Class: pager.ClassName(), Fields: pager.Fields(own),
		Own: studentPath(at.id), Run: "/class/run" + runChoice{students: at.id}.query(),
	}
	if p.Part, err = q.studentPart(q.Context(), own, pager); err != nil {
		return err
	}
	p.Hand = q.handForm(own, pager, f)
	p.Hand.To = p.Own + "/hand"
	refresh := 0
	if p.Part.Does.Sign != "" && status == http.StatusOK && q.Method == http.MethodGet {
		refresh = refreshed
	}
	return q.show(w, status, Page{
		Name: "student-of-class", Title: q.Lang.T("page.student_title", "id", p.ID, "name", p.Name, "lab", p.Lab),
		Events: p.Own + "/events", After: now, Refresh: refresh, Data: p,
	})
}

// oneOf is what counts for one student, with their fault window.
func (q *Request) oneOf(ctx context.Context, id string) (*result.Student, error) {
	d, err := q.Desk().Student(ctx, id)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(d.Students, func(s result.Student) bool { return s.ID == id })
	if i < 0 {
		return nil, NotFound()
	}
	return &d.Students[i], nil
}

func (q *Request) studentPart(ctx context.Context, s *result.Student, pager *report.Pager) (p studentPart, err error) {
	p.Own, p.Graded = studentPath(s.ID), len(s.Verdicts) > 0
	if p.Standing, err = pager.Student(s, "s", 4); err != nil {
		return p, err
	}
	now, err := q.lives(ctx, pager)
	if err != nil {
		return p, err
	}
	p.Does = now.of(s.ID)
	for _, a := range s.Attempts {
		p.Attempts = append(p.Attempts, q.Lang.T("web.student_attempt", "task", a.Task, "run", a.Run, "tries", a.Tries))
	}
	trials, err := q.Desk().Trials(ctx, s.ID)
	if err != nil {
		return p, err
	}
	for _, t := range trials[:min(len(trials), mostLines)] {
		p.Trials = append(p.Trials, trialLine{moment(t.Finished), q.trial(t.Tasks, t.Verdicts, pager), q.lost(t.Verdicts, pager)})
	}
	p.History = q.changeLines(s.History)
	for _, r := range slices.Backward(s.Requests) {
		line := requestLine{What: q.Lang.T("web.student_whole"), Open: r.Open()}
		switch {
		case r.Check != "":
			line.What = pager.Check(r.Check)
		case r.Task != "":
			line.What = pager.Task(r.Task)
		}
		if n := len(r.Words); n > 0 {
			line.Text = page.Clip(r.Words[n-1].Text, 500)
		}
		p.Requests = append(p.Requests, line)
	}
	return p, nil
}

// changeLines are changes by hand in words, the newest first, at most mostLines.
func (q *Request) changeLines(all []result.Change) (lines []historyLine) {
	for _, c := range slices.Backward(all) {
		if len(lines) == mostLines {
			break
		}
		line := historyLine{Text: page.Clip(report.ChangeLine(q.Lang, c), 1000)}
		if !c.When.IsZero() {
			line.When = c.When.Local().Format("2006-01-02 15:04")
		}
		lines = append(lines, line)
	}
	return lines
}

// trial says how a self-check came out.
func (q *Request) trial(tasks []string, verdicts []judge.Verdict, pager *report.Pager) string {
	points, of, open := pager.Sum(verdicts)
	if open > 0 {
		return q.Lang.T("web.student_trial_open", "tasks", tasks, "points", points.String(), "of", of.String(), "open", open.String())
	}
	return q.Lang.T("web.student_trial", "tasks", tasks, "points", points.String(), "of", of.String())
}

// lost are the checks that failed, in words; "" for none.
func (q *Request) lost(verdicts []judge.Verdict, pager *report.Pager) string {
	var all []string
	for _, v := range verdicts {
		if v.Outcome == check.Fail || v.Outcome == check.Partial {
			all = append(all, pager.Check(v.Check))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return q.Lang.T("web.student_trial_lost", "checks", all)
}

// studentEvents keeps a student's page up to date.
func studentEvents(w http.ResponseWriter, q *Request) error {
	at, _, _, err := q.ofClass()
	if err != nil {
		return err
	}
	return q.Stream(w, desk.OfStudent(at.id), func(ctx context.Context, e desk.Event) ([]Patch, error) {
		_, pager, err := q.Standing(ctx)
		if err != nil {
			return nil, err
		}
		switch e.What.(type) {
		case desk.Queued, desk.Started, desk.Looking, desk.Verdict:
			now, err := q.lives(ctx, pager)
			if err != nil {
				return nil, err
			}
			html, err := q.Part("student-does", now.of(at.id))
			return []Patch{{ID: "does", HTML: html}}, err
		case desk.Ended, desk.ScoreChanged, desk.RequestChanged:
			s, err := q.oneOf(ctx, at.id)
			if err != nil {
				return nil, err
			}
			p, err := q.studentPart(ctx, s, pager)
			if err != nil {
				return nil, err
			}
			html, err := q.Part("student-part", p)
			return []Patch{{ID: "part", HTML: html}}, err
		}
		return nil, nil
	})
}

// evidencePage is what a student's score rests on, in words.
type evidencePage struct{ ID, Name, Own, Text string }

// mostEvidence bounds what is told of evidence, in bytes.
const mostEvidence = 400 << 10

func studentEvidence(w http.ResponseWriter, q *Request) error {
	at, class, _, err := q.ofClass()
	if err != nil {
		return err
	}
	p := evidencePage{ID: page.Clip(at.id, mostID), Name: page.Clip(at.name, 80), Own: studentPath(at.id)}
	// Nothing that was graded is no error here: it is said.
	if at.at >= 0 && len(class.Students[at.at].Attempts) > 0 {
		f, err := q.Desk().Evidence(q.Context(), at.id)
		if err != nil {
			return err
		}
		if f != nil && f.Bundle != nil {
			s := report.Seen{Run: f.Run, Case: f.Case(), Names: check.NamesOf(class.Rubric)}
			if len(f.Verdicts) > 0 {
				s.Evidence = f.Verdicts[0].Evidence
			}
			var b strings.Builder
			if err := report.Evidence(&b, &s, report.Text{Lang: q.Lang}); err != nil {
				return err
			}
			p.Text = page.Clip(b.String(), mostEvidence)
		}
	}
	title := q.Lang.T("web.student_evidence_of", "id", p.ID, "name", p.Name)
	return q.Show(w, Page{Name: "student-evidence", Title: title, Data: p})
}
