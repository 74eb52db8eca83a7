package web

import (
	"context"
	"html/template"
	"strconv"
	"sync"

	"swarmgrade/grader/desk"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// seat is a student of the class and where they are in its data; at is -1 for who is in no data yet.
type seat struct {
	id, name, key string
	at            int
}

// seat finds a student, of the class's data or of its roster as it is now.
func (q *Request) seat(d *result.Data, id string) (seat, bool) {
	all, err := q.seats(q.Context(), d)
	if err != nil {
		return seat{}, false
	}
	i, ok := all.by[id]
	if !ok {
		return seat{}, false
	}
	return all.list[i], true
}

// seats are everybody in the roster, in its order, and then who has only left results.
type seats struct {
	of   *result.Data
	info *desk.ClassInfo
	list []seat
	by   map[string]int
}

func (q *Request) seats(ctx context.Context, d *result.Data) (*seats, error) {
	info, err := q.Desk().Class(ctx)
	if err != nil {
		return nil, err
	}
	return q.site.rows.seats(d, info), nil
}

// rows keep lines of the grid as they are written, as long as what they say is the same.
type rows struct {
	mu   sync.Mutex
	kept map[rowKey]row
	all  *seats
	head map[i18n.Lang]head
}

// head is what stands around the lines.
type head struct {
	of    *result.Data
	class *page.Class
}

// classOf is what stands around the grid's lines, worked out once.
func (q *Request) classOf(d *result.Data, pager *report.Pager) *page.Class {
	r := &q.site.rows
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.head[q.Lang]; h.of == d {
		return h.class
	}
	if r.head == nil {
		r.head = map[i18n.Lang]head{}
	}
	r.head[q.Lang] = head{d, pager.Class()}
	return r.head[q.Lang].class
}

type rowKey struct {
	lang i18n.Lang
	id   string
}

type row struct {
	of   *result.Data
	live live
	html template.HTML
}

func (r *rows) seats(d *result.Data, info *desk.ClassInfo) *seats {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all != nil && r.all.of == d && r.all.info == info {
		return r.all
	}
	x := &seats{of: d, info: info, by: map[string]int{}}
	at := make(map[string]int, len(d.Students))
	for i := range d.Students {
		at[d.Students[i].ID] = i
	}
	add := func(id, name string) {
		if _, ok := x.by[id]; ok {
			return
		}
		i, ok := at[id]
		if !ok {
			i = -1
		}
		x.by[id] = len(x.list)
		x.list = append(x.list, seat{id, name, "s" + strconv.Itoa(len(x.list)+1), i})
	}
	for _, s := range info.Students {
		add(s.ID, s.Name)
	}
	for i := range d.Students {
		add(d.Students[i].ID, d.Students[i].Name)
	}
	r.all = x
	return x
}

// line is a line of the grid as its template is handed it.
type line struct {
	page.Row
	To   string
	Live live
}

// row writes a student's line, or has it written already.
func (q *Request) row(d *result.Data, pager *report.Pager, s seat, now live) (template.HTML, error) {
	r, key := &q.site.rows, rowKey{q.Lang, s.id}
	r.mu.Lock()
	if k, ok := r.kept[key]; ok && k.of == d && k.live == now {
		r.mu.Unlock()
		return k.html, nil
	}
	r.mu.Unlock()
	l := line{To: studentPath(s.id), Live: now}
	if s.at >= 0 {
		l.Row = pager.Row(s.at)
		if x := &d.Students[s.at]; len(x.Verdicts) == 0 && len(x.Overrides) == 0 && !x.Damaged { // nobody has graded them
			l.Points, l.Max, l.Open = "–", "", false
		}
	} else {
		l.Row = page.Row{ID: page.Clip(s.id, mostID), Name: page.Clip(s.name, mostID), Points: "–"}
		for _, c := range q.classOf(d, pager).Columns {
			l.Cells = append(l.Cells, page.Cell{Mark: page.Absent, Word: q.Lang.T("page.absent"), First: c.First})
		}
	}
	l.Key = s.key
	text, err := part(q.Lang, "class-line", l)
	if err != nil {
		return "", err
	}
	html := template.HTML(text) // html/template wrote it
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil || len(r.kept) > 4*mostKeys {
		r.kept = map[rowKey]row{}
	}
	r.kept[key] = row{d, now, html}
	return html, nil
}
