package web

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// askPages are requests to look again at what was graded.
var askPages = []Route{
	{Pattern: "POST /me/ask", Role: Student, Do: meAsk},
	{Pattern: "POST /me/withdraw", Role: Student, Do: meWithdraw},
}

// askPart is what a student may ask, and has asked, about one check.
type askPart struct {
	Key              string // of its elements
	At               string // to come back to
	Task, Check, Run string
	Title            string
	Threads          []threadPart
	May              bool   // ask anew
	Limit            string // what the bounds are
	Most             int    // characters
}

// threadPart is a request with all that was said.
type threadPart struct {
	ID    int64
	Key   string
	At    string
	About string
	State string
	Open  bool
	Words []wordPart
	// Say says that the student may say more, Withdraw that they may take it back.
	Say, Withdraw bool
	Most          int
}

type wordPart struct {
	Own        bool
	Head, Text string
}

// addAsks puts requests beside the checks that they are about.
func (q *Request) addAsks(p *gradedPart, s *result.Student, pager *report.Pager) {
	p.Asks = map[string]*askPart{}
	if len(s.Verdicts) == 0 || s.Damaged {
		return
	}
	open := 0
	for i := range s.Requests {
		if s.Requests[i].Open() {
			open++
		}
	}
	limit, may := q.Lang.T("web.ask_limit", "open", open, "most", result.MaxOpenRequests, "left", result.MaxRequests-len(s.Requests)), true
	switch {
	case len(s.Requests) >= result.MaxRequests:
		limit, may = q.Lang.T("web.ask_all_used", "most", result.MaxRequests), false
	case open >= result.MaxOpenRequests:
		limit, may = q.Lang.T("web.ask_open_used", "most", result.MaxOpenRequests), false
	}
	shown := map[int64]bool{}
	for _, t := range p.Tasks {
		for _, c := range t.Cards {
			mine := s.OfTarget(c.Task, c.ID)
			if c.Mark == "ungraded" && len(mine) == 0 {
				continue // nothing is lost there
			}
			a := &askPart{Key: "ask-" + c.Anchor, At: c.Anchor, Task: c.Task, Check: c.ID, Run: runOf(s, c.Task), Title: c.Title, May: may && c.Mark != "ungraded", Limit: limit, Most: result.MaxWord}
			for i := range mine {
				th := q.thread(&mine[i], pager)
				th.At = c.Anchor
				a.Threads, shown[th.ID] = append(a.Threads, th), true
				a.May = a.May && !th.Say // they go on there
			}
			p.Asks[c.Anchor] = a
		}
	}
	for i := range s.Requests {
		if r := &s.Requests[i]; !shown[r.ID] {
			p.Others = append(p.Others, q.thread(r, pager))
		}
	}
	if len(s.Requests) > 0 {
		p.Asking = limit
	}
}

// runOf is the run whose verdicts on a task the student sees.
func runOf(s *result.Student, task string) string {
	for _, a := range s.Attempts {
		if a.Task == task {
			return a.Judged
		}
	}
	return ""
}

func (q *Request) thread(r *result.Request, pager *report.Pager) threadPart {
	t := threadPart{ID: r.ID, Key: "req-" + strconv.FormatInt(r.ID, 10), State: report.RequestState(q.Lang, r), Open: r.Open(), Most: result.MaxWord}
	t.At = t.Key
	switch {
	case r.Check != "":
		t.About = pager.Check(r.Check)
	case r.Task != "":
		t.About = pager.Task(r.Task)
	default:
		t.About = q.Lang.T("requests.whole")
	}
	own, gone := 0, false
	for _, w := range r.Words {
		if w.Student {
			own++
		}
		gone = w.Kind == result.RequestWithdrawn
		t.Words = append(t.Words, q.word(w, pager))
	}
	t.Withdraw = t.Open
	t.Say = !gone && own < result.MaxOwnWords && len(r.Words) < result.MaxWords
	return t
}

func (q *Request) word(w result.Word, pager *report.Pager) wordPart {
	who := q.Lang.T("web.ask_you")
	if !w.Student {
		who = q.Lang.T("requests.by_instructor")
	}
	kind := string(w.Kind)
	if slices.Contains(result.RequestKinds, w.Kind) {
		kind = q.Lang.T("requests.kind_" + kind)
	}
	at := ""
	if !w.When.IsZero() {
		at = w.When.Local().Format("2006-01-02 15:04")
	}
	return wordPart{Own: w.Student, Head: q.Lang.T("requests.line", "when", at, "who", who, "kind", kind), Text: pager.Told(page.Clip(w.Text, 2*result.MaxText))}
}

var anchorLike = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// backTo is /me at the place that a form names.
func backTo(w http.ResponseWriter, q *Request) error {
	if at := q.PostForm.Get("at"); anchorLike.MatchString(at) {
		return SeeOther(w, "/me#"+at)
	}
	return SeeOther(w, "/me#standing")
}

// Bounds of what a form names; the words themselves are bounded where they are kept.
const (
	mostCheckID = 128
	mostRunID   = 64
)

// meAsk asks to look again, or says more about what was asked.
func meAsk(w http.ResponseWriter, q *Request) error {
	form := q.PostForm
	word := result.Word{Kind: result.RequestAsked, Student: true, Who: q.Who.Student, Text: form.Get("text"), When: time.Now()}
	if form.Get("id") != "" {
		id, err := requestID(q)
		if err != nil {
			return err
		}
		word.Kind = result.RequestSaid
		if err := q.Desk().Say(q.Context(), q.Who.Student, id, word); err != nil {
			return err
		}
		return backTo(w, q)
	}
	r := result.Request{Student: q.Who.Student, Task: form.Get("task"), Check: form.Get("check"), Run: form.Get("run"), Words: []result.Word{word}}
	if r.Check == "" || len(r.Check) > mostCheckID || len(r.Task) > mostTaskID || len(r.Run) > mostRunID {
		return Wrong("web.ask_no_check")
	}
	s, _, err := q.Own(q.Context())
	if err != nil {
		return err
	}
	if _, judged := s.Verdict(r.Check); !judged {
		return Wrong("web.ask_no_check")
	}
	if _, err := q.Desk().Ask(q.Context(), r); err != nil {
		return err
	}
	return backTo(w, q)
}

// meWithdraw takes a request back.
func meWithdraw(w http.ResponseWriter, q *Request) error {
	id, err := requestID(q)
	if err != nil {
		return err
	}
	word := result.Word{Kind: result.RequestWithdrawn, Student: true, Who: q.Who.Student, When: time.Now()}
	if err := q.Desk().Say(q.Context(), q.Who.Student, id, word); err != nil {
		return err
	}
	return backTo(w, q)
}

func requestID(q *Request) (int64, error) {
	id, err := strconv.ParseInt(q.PostForm.Get("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, NotFound()
	}
	return id, nil
}
