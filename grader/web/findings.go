package web

import (
	"net/http"

	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
)

// findingPages are what an instructor should look at.
var findingPages = []Route{{Pattern: "GET /class/findings", Role: Instructor, Do: findings}}

// Of findings so many are on a page, and of one so many students are led to.
const (
	findingsShown = 100
	findingWho    = 20
)

// findingsPage is what /class/findings shows.
type findingsPage struct {
	Items []findingItem
	paging
}

type findingItem struct {
	page.Finding
	Who  []person
	More int // students beside them
}

// findings reads all evidence, once as long as nothing new is recorded.
func findings(w http.ResponseWriter, q *Request) error {
	d, err := q.Desk().Findings(q.Context())
	if err != nil {
		return err
	}
	pager, name := report.NewPager(d, report.Options{Lang: q.Lang}), people(d)
	var p findingsPage
	from, to, part := q.paged(len(d.Findings), findingsShown)
	p.paging = part
	for _, f := range d.Findings[from:to] {
		x := findingItem{Finding: pager.Finding(f)}
		for _, id := range f.Students {
			if len(x.Who) == findingWho {
				x.More++
				continue
			}
			x.Who = append(x.Who, name(id))
		}
		p.Items = append(p.Items, x)
	}
	return q.Show(w, Page{Name: "findings", Title: q.Lang.T("web.find_title"), Data: p})
}
