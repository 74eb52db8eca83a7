package web

import (
	"net/http"
	"slices"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// historyPages are what was done with the class.
var historyPages = []Route{{Pattern: "GET /class/history", Role: Instructor, Do: history}}

// Of what was done so much is on a page, and so much of it is looked through: the newest.
const (
	historyShown = 100
	historyMost  = 20000
)

// historyPage is what /class/history shows.
type historyPage struct {
	Items []happened
	paging
}

// happened is one thing that was done: a run, a change by hand, a word about a request.
type happened struct {
	When string
	What string // the kind, in a word
	Kind string // run, hand or request
	// Class is the kind for the looks.
	Class string
	Who   *person
	To    string // where there is more, "" for nowhere
	Text  string

	at time.Time
	do func(*happened) // says it; only what is shown is said
}

func history(w http.ResponseWriter, q *Request) error {
	d, pager, err := q.Standing(q.Context())
	if err != nil {
		return err
	}
	runs, err := q.Desk().Runs(q.Context())
	if err != nil {
		return err
	}
	requests, err := q.Desk().Requests(q.Context())
	if err != nil {
		return err
	}
	all := slices.Concat(q.ran(runs), q.changed(d), q.asked(d, pager, requests))
	slices.SortStableFunc(all, func(a, b happened) int { return b.at.Compare(a.at) })
	all = all[:min(len(all), historyMost)]
	from, to, part := q.paged(len(all), historyShown)
	p := historyPage{Items: all[from:to], paging: part}
	for i := range p.Items {
		x := &p.Items[i]
		x.When, x.What = minute(x.at), q.Lang.T("web.hist_"+x.Kind)
		x.Class = map[string]string{"run": "ran", "hand": "by-hand", "request": "asked"}[x.Kind]
		x.do(x)
	}
	return q.Show(w, Page{Name: "history", Title: q.Lang.T("web.hist_title"), Data: p})
}

func (q *Request) ran(runs []grader.RunInfo) (out []happened) {
	for _, r := range runs {
		out = append(out, happened{Kind: "run", at: r.Started, do: func(x *happened) { x.Text = q.runLine(&r) }})
	}
	return out
}

// runLine says a run as the command line lists it.
func (q *Request) runLine(r *grader.RunInfo) string {
	took := "-"
	if !r.Finished.IsZero() {
		took = r.Finished.Sub(r.Started).Round(time.Second).String()
	}
	what := q.Lang.T("cli.run_" + string(r.Status))
	if r.Regrades != "" {
		what += " " + q.Lang.T("cli.run_regrades", "run", r.Regrades)
	}
	if by := r.JudgedBy; by.ID != "" {
		what += " " + q.Lang.T("record.run_judged", "run", by.ID, "rubric", grader.RubricName(by.RubricID, by.RubricVersion, by.RubricSHA256))
	}
	return q.Lang.T("web.hist_ran", "run", r.ID, "took", took, "task", r.Task, "students", r.Students,
		"rubric", grader.RubricName(r.RubricID, r.RubricVersion, r.RubricSHA256), "status", what)
}

func (q *Request) changed(d *result.Data) (out []happened) {
	for i := range d.Students {
		s := &d.Students[i]
		for _, c := range s.History {
			out = append(out, happened{Kind: "hand", at: c.When, do: func(x *happened) {
				who := personOf(s.ID, s.Name)
				x.Who, x.To, x.Text = &who, who.To, page.Clip(report.ChangeLine(q.Lang, c), 2*result.MaxText)
			}})
		}
	}
	return out
}

func (q *Request) asked(d *result.Data, pager *report.Pager, requests []result.Request) (out []happened) {
	name := people(d)
	for i := range requests {
		r := &requests[i]
		for _, w := range r.Words {
			out = append(out, happened{Kind: "request", at: w.When, do: func(x *happened) {
				who, said := name(r.Student), q.wordItem(w)
				x.Who, x.Text = &who, q.Lang.T("web.hist_said", "target", q.requestTarget(r, pager), "who", said.Who, "did", said.Did)
				if said.Text != "" {
					x.Text = q.Lang.T("web.hist_said_text", "target", q.requestTarget(r, pager), "who", said.Who, "did", said.Did, "text", said.Text)
				}
			}})
		}
	}
	return out
}
