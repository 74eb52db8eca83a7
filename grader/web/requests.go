package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// requestPages are what students want looked at again, and how an instructor answers.
var requestPages = []Route{
	{Pattern: "GET /class/requests", Role: Instructor, Do: requests},
	{Pattern: "GET /class/requests/events", Role: Instructor, Do: requestEvents, Streams: true},
	{Pattern: "POST /class/requests/{id}", Role: Instructor, Do: answerRequest},
}

// requestsShown is how many a page has.
const requestsShown = 40

// requestsPage is what /class/requests shows.
type requestsPage struct {
	Count result.RequestCount
	Items []requestItem
	paging
}

// requestItem is one of them, with what the score rests on.
type requestItem struct {
	ID     int64
	Key    string // of its element
	Who    person
	Target string // what it is about
	State  string
	Open   bool
	Here   bool        // the student is in the class
	Back   bool        // it was withdrawn, and takes no answer
	Card   *page.Check // of a check
	Stands string      // what counts now, of a task or the lab
	Words  []wordItem
	Max    string // that can be set
	Busy   bool   // the student is being graded again for it
	Seen   int    // changes by hand that are known here
	// What was typed to set points, if it was not recorded since there are newer changes.
	Newer       []historyLine
	Points, Why string
}

// wordItem is one thing that was said.
type wordItem struct {
	Who, Did, When, Text string
	Student              bool
}

func requests(w http.ResponseWriter, q *Request) error {
	now := q.Desk().Now() // before anything is read, so that no event is missed
	d, pager, err := q.Standing(q.Context())
	if err != nil {
		return err
	}
	all, err := q.Desk().Requests(q.Context())
	if err != nil {
		return err
	}
	p := requestsPage{Count: countRequests(all)}
	from, to, part := q.paged(len(all), requestsShown)
	p.paging = part
	for _, r := range inTurn(all)[from:to] {
		p.Items = append(p.Items, q.requestItem(r, d, pager))
	}
	return q.Show(w, Page{Name: "requests", Title: q.Lang.T("web.req_title"), Events: "/class/requests/events", After: now, Data: p})
}

func countRequests(all []result.Request) (n result.RequestCount) {
	for i := range all {
		n.All++
		if all[i].Open() {
			n.Open++
		}
	}
	return n
}

// inTurn are requests as they are to be answered: those that wait, the oldest word first, and then the others, the newest
// first.
func inTurn(all []result.Request) []*result.Request {
	out := make([]*result.Request, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	slices.SortStableFunc(out, func(a, b *result.Request) int {
		switch {
		case a.Open() != b.Open():
			if a.Open() {
				return -1
			}
			return 1
		case a.Open():
			return cmp.Or(a.Moved().Compare(b.Moved()), cmp.Compare(a.ID, b.ID))
		}
		return cmp.Or(b.Moved().Compare(a.Moved()), cmp.Compare(b.ID, a.ID))
	})
	return out
}

// requestItem says one request.
func (q *Request) requestItem(r *result.Request, d *result.Data, pager *report.Pager) requestItem {
	x := requestItem{
		ID: r.ID, Key: "r" + strconv.FormatInt(r.ID, 10), Who: personOf(r.Student, ""), Open: r.Open(), Target: q.requestTarget(r, pager), State: report.RequestState(q.Lang, r),
		Back: len(r.Words) > 0 && r.Words[len(r.Words)-1].Kind == result.RequestWithdrawn, Busy: q.site.office.isGrading(r.ID),
	}
	for _, w := range r.Words {
		x.Words = append(x.Words, q.wordItem(w))
	}
	i := q.Place(d, r.Student)
	if i < 0 { // has left the class
		return x
	}
	s := &d.Students[i]
	x.Who, x.Here, x.Seen = personOf(s.ID, s.Name), !s.Left, len(s.History)
	if r.Check == "" {
		x.Stands = report.ScoreText(q.Lang, s.Score(r.Task, ""))
		x.Max = s.Most(r.Task, "", d.Rubric).String()
		return x
	}
	if v, ok := s.Verdict(r.Check); ok {
		card := pager.Counted(s, v, x.Key, 3)
		x.Card, x.Max = &card, v.Max.String()
	} else {
		x.Stands = q.Lang.T("web.req_none_there")
		if c, ok := d.Rubric.Check(r.Check); ok {
			x.Max = c.Points.String()
		}
	}
	return x
}

// requestTarget is what a request is about.
func (q *Request) requestTarget(r *result.Request, pager *report.Pager) string {
	switch {
	case r.Check != "":
		return pager.Check(r.Check)
	case r.Task != "":
		return pager.Task(r.Task)
	}
	return q.Lang.T("requests.whole")
}

// wordItem says who said what.
func (q *Request) wordItem(w result.Word) wordItem {
	x := wordItem{When: minute(w.When), Text: page.Clip(w.Text, result.MaxText), Student: w.Student, Did: string(w.Kind), Who: q.Lang.T("requests.by_instructor")}
	key := "requests.kind_" + string(w.Kind)
	if _, ok := q.Lang.Raw(key); ok { // else of a newer program
		x.Did = q.Lang.T(key)
	}
	switch {
	case w.Student:
		x.Who = q.Lang.T("requests.by_student")
	case w.Who != "":
		x.Who = page.Clip(w.Who, 80)
	}
	return x
}

// requestEvents keeps /class/requests up to date.
func requestEvents(w http.ResponseWriter, q *Request) error {
	return q.Stream(w, desk.Class, q.requestPatches)
}

func (q *Request) requestPatches(ctx context.Context, e desk.Event) ([]Patch, error) {
	moved, ok := e.What.(desk.RequestChanged)
	if !ok {
		return nil, nil
	}
	d, pager, err := q.Standing(ctx)
	if err != nil {
		return nil, err
	}
	all, err := q.Desk().Requests(ctx)
	if err != nil {
		return nil, err
	}
	html, err := q.Part("requests-count", countRequests(all))
	out := []Patch{{ID: "count", HTML: html}}
	i := slices.IndexFunc(all, func(r result.Request) bool { return r.ID == moved.ID })
	if err != nil || i < 0 {
		return out, err
	}
	x := q.requestItem(&all[i], d, pager)
	html, err = q.Part("request", x)
	return append(out, Patch{ID: "requests", HTML: html, Append: true, Say: q.Lang.T("web.req_said", "student", x.Who.ID, "state", x.State)}), err
}

// answerRequest adds an instructor's word, and does what it says.
func answerRequest(w http.ResponseWriter, q *Request) error {
	id, err := strconv.ParseInt(q.PathValue("id"), 10, 64)
	if err != nil {
		return errNotFound
	}
	all, err := q.Desk().Requests(q.Context())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(r result.Request) bool { return r.ID == id })
	if i < 0 {
		return errNotFound
	}
	r, text := &all[i], q.formText("text")
	say := func(kind result.RequestKind, text string) error {
		if err := q.Desk().Answer(q.Context(), id, result.Word{Kind: kind, Who: q.Who.Name, Text: text, When: time.Now()}); err != nil {
			return err
		}
		return SeeOther(w, "/class/requests#r"+strconv.FormatInt(id, 10))
	}
	switch q.PostForm.Get("do") {
	case "say":
		return say(result.RequestSaid, text)
	case "decline":
		if text == "" {
			return Wrong("web.req_no_reason")
		}
		return say(result.RequestDeclined, text)
	case "set":
		if text == "" {
			return Wrong("web.req_no_reason")
		}
		done, err := q.setFor(r, text)
		if newer := (*grader.Newer)(nil); errors.As(err, &newer) {
			return q.showNewer(w, r, newer, text)
		}
		if err != nil {
			return err
		}
		return say(result.RequestSet, page.Clip(done+" "+text, result.MaxText))
	case "again":
		return q.gradeAgain(w, r)
	}
	return Wrong("web.req_no_way")
}

// showNewer shows a request by itself, with what was recorded since its form was made and what was typed into it.
func (q *Request) showNewer(w http.ResponseWriter, r *result.Request, newer *grader.Newer, why string) error {
	now := q.Desk().Now()
	d, pager, err := q.Standing(q.Context())
	if err != nil {
		return err
	}
	all, err := q.Desk().Requests(q.Context())
	if err != nil {
		return err
	}
	x := q.requestItem(r, d, pager)
	x.Newer, x.Seen, x.Points, x.Why = q.changeLines(newer.Changes), newer.Seen, page.Clip(q.formText("points"), 20), why
	p := requestsPage{Count: countRequests(all), Items: []requestItem{x}}
	return q.show(w, http.StatusConflict, Page{Name: "requests", Title: q.Lang.T("web.req_title"), Events: "/class/requests/events", After: now, Data: p})
}

// setFor sets the points of what a request is about; it gives them with their maximum.
func (q *Request) setFor(r *result.Request, reason string) (string, error) {
	word := q.formText("points")
	points, err := rubric.TypedPoints(word)
	if err != nil || points < 0 || len(word) > 60 {
		return "", Wrong("web.req_bad_points", "points", page.Clip(word, 20))
	}
	task := r.Task
	if r.Check != "" {
		task = "" // a check has its own
	}
	done, err := q.Desk().ByHand(q.Context(), r.Student, task, grader.ByHand{
		Check: r.Check, Kind: result.SetPoints, Points: points, Reason: reason, Who: q.by(), When: time.Now(), Seen: q.seen(),
	})
	if err != nil {
		return "", err
	}
	return report.ScoreText(q.Lang, done.Student.Score(r.Task, r.Check)), nil
}
