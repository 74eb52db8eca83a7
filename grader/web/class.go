package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"swarmgrade/grader/desk"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// classPages are the instructor's overview of the class.
var classPages = []Route{
	{Pattern: "GET /class", Role: Instructor, Do: class},
	{Pattern: "GET /class/events", Role: Instructor, Do: classEvents, Streams: true},
}

// classPage is what /class shows.
type classPage struct {
	*page.Class
	Now   nowPart
	Stuck stuckPart
	Grid  gridPart
}

// nowPart is what goes on, and where an instructor is asked for.
type nowPart struct {
	Running, Waiting int
	Paused           string
	Open             int // requests to look again
	Run              string
	On               bool
	Left             string // what could not be undone
	Trouble          []string
}

// refreshed is how often pages of what goes on look again where there is no script, in seconds.
const refreshed = 5

func class(w http.ResponseWriter, q *Request) error {
	now := q.Desk().Now() // before anything is read, so that no event is missed
	d, pager, err := q.Standing(q.Context())
	if err != nil {
		return err
	}
	f := filterOf(q.URL.Query())
	p := classPage{Class: q.classOf(d, pager), Now: q.now(d)}
	if p.Grid, err = q.grid(q.Context(), d, pager, f); err != nil {
		return err
	}
	if p.Stuck, err = q.stuck(q.Context(), d, pager); err != nil {
		return err
	}
	refresh := 0
	if p.Now.On || p.Now.Running+p.Now.Waiting > 0 {
		refresh = refreshed
	}
	return q.Show(w, Page{Name: "class", Title: p.Title, Events: "/class/events" + f.query(f.page), After: now, Refresh: refresh, Data: p})
}

// now says what goes on in the class.
func (q *Request) now(d *result.Data) nowPart {
	queue, run := q.Desk().Queue(), q.Desk().Run()
	p := nowPart{Running: queue.Running, Waiting: queue.Waiting, Paused: q.classPaused(queue.Paused), Open: d.Requests().Open, On: run.On}
	if run.On {
		p.Run = q.stage(run)
	} else if run.Stuck != nil {
		p.Left = q.Lang.Text(run.Stuck.Msg())
	}
	for _, t := range q.Desk().Troubles() {
		p.Trouble = append(p.Trouble, moment(t.At)+" "+q.failure(t.Failure))
	}
	return p
}

func (q *Request) classPaused(why desk.Pause) string {
	switch why {
	case desk.ForRun:
		return q.Lang.T("web.class_paused_run")
	case desk.Elsewhere:
		return q.Lang.T("web.class_paused_elsewhere")
	}
	return ""
}

// stuckPart is where most students fail now.
type stuckPart struct{ Checks []stuckCheck }

type stuckCheck struct {
	Check, Title, Task string
	N, Of              int
	Width, To          string
	Who                []whoLink
	More               int
}

// whoLink leads to a student.
type whoLink struct{ To, ID, Name string }

// So many checks that fail are listed, and so many names of each.
const (
	mostStuck = 6
	mostNames = 12
)

func (q *Request) stuck(ctx context.Context, d *result.Data, pager *report.Pager) (p stuckPart, err error) {
	all, err := q.Desk().Stuck(ctx)
	if err != nil {
		return p, err
	}
	for _, at := range all[:min(len(all), mostStuck)] {
		x := stuckCheck{
			Check: at.Check, Title: pager.Check(at.Check), Task: q.Lang.T("report.task", "task", page.Clip(at.Task, mostID)), N: at.N, Of: max(at.N, len(d.Students)),
			To: filter{check: at.Check}.query(0),
		}
		x.Width = page.Share(float64(x.N) / float64(max(x.Of, 1)))
		for _, id := range at.Students[:min(len(at.Students), mostNames)] {
			l := whoLink{To: studentPath(id), ID: page.Clip(id, mostID)}
			if i := q.Place(d, id); i >= 0 {
				l.Name = page.Clip(d.Students[i].Name, mostID)
			}
			x.Who = append(x.Who, l)
		}
		x.More = len(at.Students) - len(x.Who)
		p.Checks = append(p.Checks, x)
	}
	return p, nil
}

// mostID bounds an ID, or a name, where it is one of many words.
const mostID = 40

// studentPath is where a student's page is.
func studentPath(id string) string { return "/class/student/" + url.PathEscape(id) }

// classEvents keeps /class up to date, as it was filtered.
func classEvents(w http.ResponseWriter, q *Request) error {
	x := &classStream{q: q, f: filterOf(q.URL.Query()), shown: map[string]live{}}
	return q.Stream(w, desk.Class, x.patches)
}

// classStream is one reader of the class's page, and what of the students' checks was sent to them.
type classStream struct {
	q     *Request
	f     filter
	shown map[string]live
}

func (x *classStream) patches(ctx context.Context, e desk.Event) (out []Patch, err error) {
	d, pager, err := x.q.Standing(ctx)
	if err != nil {
		return nil, err
	}
	add := func(id, name string, data any) {
		html, perr := x.q.Part(name, data)
		if err = cmpErr(err, perr); perr == nil {
			out = append(out, Patch{ID: id, HTML: html})
		}
	}
	rows := func(ids ...string) {
		more, rerr := x.changed(ctx, d, pager, ids)
		out, err = append(out, more...), cmpErr(err, rerr)
	}
	stuck := func() {
		p, serr := x.q.stuck(ctx, d, pager)
		if err = cmpErr(err, serr); serr == nil {
			add("stuck", "class-stuck", p)
		}
	}
	switch what := e.What.(type) {
	case desk.Started, desk.Looking, desk.Verdict:
		rows()
	case desk.QueueMoved, desk.RequestChanged:
		add("queue", "class-queue", x.q.now(d))
		rows()
	case desk.RunBegan, desk.RunStep, desk.RunOver, desk.FaultOn, desk.FaultOff, desk.TroubleMoved:
		add("queue", "class-queue", x.q.now(d))
	case desk.Ended:
		rows(what.Student)
		stuck()
	case desk.ScoreChanged:
		stuck()
		if what.Student != "" {
			rows(what.Student)
			break
		}
		g, gerr := x.q.grid(ctx, d, pager, x.f)
		if err = cmpErr(err, gerr); gerr == nil {
			add("grid", "class-grid", g)
		}
	}
	return out, err
}

// cmpErr is the first error of two.
func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// changed are the lines of students whose checks stand otherwise than was sent, and of those named.
func (x *classStream) changed(ctx context.Context, d *result.Data, pager *report.Pager, named []string) (out []Patch, err error) {
	now, err := x.q.lives(ctx, pager)
	if err != nil {
		return nil, err
	}
	for id, l := range now.own {
		if x.shown[id] != l && !slices.Contains(named, id) {
			named = append(named, id)
		}
		x.shown[id] = l
	}
	for id := range x.shown {
		if _, still := now.own[id]; !still { // they cancelled it
			delete(x.shown, id)
			if !slices.Contains(named, id) {
				named = append(named, id)
			}
		}
	}
	for _, id := range named {
		s, ok := x.q.seat(d, id)
		if !ok {
			continue
		}
		html, err := x.q.row(d, pager, s, now.of(id))
		if err != nil {
			return out, err
		}
		out = append(out, Patch{ID: s.key, HTML: string(html)})
	}
	return out, nil
}
