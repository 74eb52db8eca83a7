package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/page"
	"swarmgrade/grader/result"
)

// officePages are an instructor's beside the class itself: what students ask for, what is to be looked at,
// what was done, and what is handed out.
var officePages = slices.Concat(requestPages, findingPages, historyPages, filePages, linkPages)

var officeNav = []entry{
	{"/class/requests", "web.nav_requests"}, {"/class/findings", "web.nav_findings"}, {"/class/history", "web.nav_history"},
	{"/class/files", "web.nav_files"}, {"/class/links", "web.nav_links"},
}

// officeDesk is what these pages need of a class.
type officeDesk interface {
	Requests(ctx context.Context) ([]result.Request, error)
	Answer(ctx context.Context, id int64, w result.Word) error
	ByHand(ctx context.Context, student, task string, h grader.ByHand) (*grader.Done, error)
	Plan(ctx context.Context, o desk.RunOptions) (*desk.Plan, error)
	Start(ctx context.Context, o desk.RunOptions) error

	Findings(ctx context.Context) (*result.Data, error)
	Runs(ctx context.Context) ([]grader.RunInfo, error)
	Export(ctx context.Context, e grader.Export) (files []string, err error)

	Links(ctx context.Context) ([]grader.LinkInfo, error)
	NewLinks(ctx context.Context, o grader.LinkOptions) ([]grader.NewLink, error)
	RevokeLinks(ctx context.Context, o grader.LinkOptions) (n int, err error)
}

// office is what these pages keep in mind as long as the site is up.
type office struct {
	mu      sync.Mutex
	grading map[int64]bool // requests whose student is being graded again
	held    int            // files that are being written or handed out
	writing chan struct{}  // has one in it while files are written
}

// paging is a part of a long list.
type paging struct {
	N          int    // in all
	From, To   int    // from 1; of what is shown
	Prev, Next string // addresses, "" for none
}

// paged is which of n things the page that was asked for shows.
func (q *Request) paged(n, size int) (from, to int, p paging) {
	at, err := strconv.Atoi(q.URL.Query().Get("page"))
	last := max(1, (n+size-1)/size)
	if err != nil || at < 1 {
		at = 1
	}
	at = min(at, last)
	from, to = (at-1)*size, min(at*size, n)
	p = paging{N: n, From: from + 1, To: to}
	if at > 1 {
		p.Prev = "?page=" + strconv.Itoa(at-1)
	}
	if at < last {
		p.Next = "?page=" + strconv.Itoa(at+1)
	}
	return from, to, p
}

// person is a student as lists name them.
type person struct{ ID, Name, To string }

func personOf(id, name string) person {
	return person{ID: page.Clip(id, 64), Name: page.Clip(name, 80), To: "/class/student/" + url.PathEscape(id)}
}

// people are the names of students by ID.
func people(d *result.Data) func(id string) person {
	names := make(map[string]string, len(d.Students))
	for i := range d.Students {
		names[d.Students[i].ID] = d.Students[i].Name
	}
	return func(id string) person { return personOf(id, names[id]) }
}

// minute is a time as lists have it.
func minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04")
}

// formText is a text that somebody wrote into a form; what is longer than may be kept is refused where it is kept.
func (q *Request) formText(name string) string { return result.OneParagraph(q.PostForm.Get(name)) }
