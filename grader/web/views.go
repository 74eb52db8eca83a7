package web

import (
	"context"
	"slices"
	"sync"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// views keep what it takes to say the class's results, of each language, until there are others.
type views struct {
	mu  sync.Mutex
	all map[i18n.Lang]view
}

type view struct {
	of    *result.Data
	pager *report.Pager
	place map[string]int // of students, by ID
}

// Standing is what counts for the class, with who says it in the reader's language.
func (q *Request) Standing(ctx context.Context) (*result.Data, *report.Pager, error) {
	d, err := q.Desk().Standing(ctx)
	if err != nil {
		return nil, nil, err
	}
	v := q.site.view.of(q.Lang, d)
	return d, v.pager, nil
}

// Place is where a student stands in the class's data, -1 for nowhere.
func (q *Request) Place(d *result.Data, id string) int {
	if i, ok := q.site.view.of(q.Lang, d).place[id]; ok {
		return i
	}
	return -1
}

func (x *views) of(lang i18n.Lang, d *result.Data) view {
	x.mu.Lock()
	defer x.mu.Unlock()
	if v := x.all[lang]; v.of == d { // data that was given is never changed
		return v
	}
	v := view{of: d, pager: report.NewPager(d, report.Options{Lang: lang}), place: map[string]int{}}
	for i := range d.Students {
		v.place[d.Students[i].ID] = i
	}
	if x.all == nil {
		x.all = map[i18n.Lang]view{}
	}
	x.all[lang] = v
	return v
}

// Own is what the student who asks may read of themselves: their part of the class's results, and
// who says it without anything of anybody else.
func (q *Request) Own(ctx context.Context) (*result.Student, *report.Pager, error) {
	_, class, err := q.Standing(ctx)
	if err != nil {
		return nil, nil, err
	}
	d, err := q.Desk().Student(ctx, q.Who.Student)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(d.Students, func(s result.Student) bool { return s.ID == q.Who.Student })
	if i < 0 {
		return nil, nil, errNotFound
	}
	s := &d.Students[i]
	return s, class.For(s), nil
}
