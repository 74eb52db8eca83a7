package web

import (
	"context"
	"net/http"

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
	Rows  []page.Row
	Queue desk.QueueState
}

func class(w http.ResponseWriter, q *Request) error {
	now := q.Desk().Now() // before anything is read, so that no event is missed
	_, pager, err := q.Standing(q.Context())
	if err != nil {
		return err
	}
	p := grid(pager)
	p.Queue = q.Desk().Queue()
	return q.Show(w, Page{Name: "class", Title: p.Title, Events: "/class/events", After: now, Data: p})
}

// classEvents keeps /class up to date.
func classEvents(w http.ResponseWriter, q *Request) error {
	return q.Stream(w, desk.Class, q.classPatches)
}

func (q *Request) classPatches(ctx context.Context, e desk.Event) ([]Patch, error) {
	switch x := e.What.(type) {
	case desk.QueueMoved:
		html, err := q.Part("class-queue", desk.QueueState{Running: x.Running, Waiting: x.Waiting})
		return []Patch{{ID: "queue", HTML: html}}, err
	case desk.ScoreChanged:
		d, pager, err := q.Standing(ctx)
		if err != nil {
			return nil, err
		}
		return q.rowPatches(d, pager, x.Student)
	}
	return nil, nil
}

// rowPatches are the grid's lines that are others now: one student's, or everybody's.
func (q *Request) rowPatches(d *result.Data, pager *report.Pager, id string) (out []Patch, err error) {
	if id == "" {
		html, err := q.Part("class-grid", grid(pager))
		return []Patch{{ID: "grid", HTML: html}}, err
	}
	i := q.Place(d, id)
	if i < 0 {
		return nil, nil
	}
	row := pager.Row(i)
	html, err := q.Part("class-row", row)
	return []Patch{{ID: row.Key, HTML: html}}, err
}

func grid(pager *report.Pager) classPage {
	p := classPage{Class: pager.Class()}
	for r := range pager.Rows() {
		p.Rows = append(p.Rows, r)
	}
	return p
}
