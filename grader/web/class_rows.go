package web

import (
	"context"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"swarmgrade/grader/check"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// perPage is how many lines the grid has at most; others are on further pages.
const perPage = 200

// filter says which lines of the grid are wanted.
type filter struct {
	words string
	show  string // one of shows
	check string // who is stuck on it
	page  int    // from 0
}

// shows are what lines can be chosen by, "" being all of them.
var shows = []string{"", "now", "lost", "open", "none", "asked"}

// mostWords bounds what is looked for, in bytes.
const mostWords = 200

func filterOf(v url.Values) filter {
	f := filter{words: strings.TrimSpace(v.Get("words")), show: v.Get("show"), check: v.Get("stuck")}
	if len(f.words) > mostWords || len(f.check) > mostWords {
		f = filter{}
	}
	if !slices.Contains(shows, f.show) {
		f.show = ""
	}
	if n, err := strconv.Atoi(v.Get("page")); err == nil && n > 0 && n < 10000 {
		f.page = n - 1
	}
	return f
}

// query is the filter as an address has it, with a page from 0.
func (f filter) query(n int) string {
	v := url.Values{}
	for key, word := range map[string]string{"words": f.words, "show": f.show, "stuck": f.check} {
		if word != "" {
			v.Set(key, word)
		}
	}
	if n > 0 {
		v.Set("page", strconv.Itoa(n+1))
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

// gridPart is the lines that are wanted.
type gridPart struct {
	*page.Class
	Lines      []template.HTML
	From, To   int // of those that are wanted, from 1
	Wanted, Of int
	Words      string
	Shows      []showChoice
	Stuck      string // that only those are shown who are stuck on a check
	Check      string // its ID
	Prev, Next string
}

type showChoice struct {
	Value, Text string
	Here        bool
}

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

// live is what a student does at the moment, or did last, in words.
type live struct{ Sign, Text string }

// lives are everybody's.
type lives struct {
	own    map[string]live // of who has asked for a check since the server's start
	trials map[string]gradebook.Trial
	say    func(gradebook.Trial) live
	busy   map[string]bool
}

func (x *lives) of(id string) live {
	if l, ok := x.own[id]; ok {
		return l
	}
	if t, ok := x.trials[id]; ok {
		return x.say(t)
	}
	return live{}
}

func (q *Request) lives(ctx context.Context, pager *report.Pager) (*lives, error) {
	trials, err := q.Desk().LastTrials(ctx)
	if err != nil {
		return nil, err
	}
	x := &lives{own: map[string]live{}, busy: map[string]bool{}, trials: trials}
	x.say = func(t gradebook.Trial) live { return live{"", q.checked(t.Finished, t.Verdicts, pager)} }
	for id, own := range q.Desk().Checks() {
		switch last := own.Last; {
		case own.Phase == desk.Checking:
			x.busy[id] = true
			x.own[id] = live{"▸", q.Lang.T("web.class_checking", "tasks", own.Tasks, "n", len(own.Verdicts))}
			if len(own.Tasks) == 0 {
				x.own[id] = live{"▸", q.Lang.T("web.class_begins")}
			}
		case own.Phase == desk.Waits:
			x.busy[id] = true
			x.own[id] = live{"…", q.Lang.T("web.class_waits")}
		case last != nil && len(last.Failed) > 0:
			x.own[id] = live{"!", q.Lang.T("web.class_failed", "time", moment(last.At))}
		case last != nil && !last.Cancelled:
			x.own[id] = live{"", q.checked(last.At, last.Verdicts, pager)}
		}
	}
	return x, nil
}

// checked says how a self-check came out.
func (q *Request) checked(at time.Time, verdicts []judge.Verdict, pager *report.Pager) string {
	points, of, _ := pager.Sum(verdicts)
	return q.Lang.T("web.class_checked", "time", moment(at), "points", points.String(), "of", of.String())
}

// moment is a time of today, or a day and a time.
func moment(at time.Time) string {
	at = at.Local()
	if now := time.Now().Local(); at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return at.Format("15:04")
	}
	return at.Format("01-02 15:04")
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

// grid is the lines that a filter leaves, those of one page.
func (q *Request) grid(ctx context.Context, d *result.Data, pager *report.Pager, f filter) (gridPart, error) {
	p := gridPart{Class: q.classOf(d, pager), Words: f.words, Check: f.check}
	all, err := q.seats(ctx, d)
	if err != nil {
		return p, err
	}
	now, err := q.lives(ctx, pager)
	if err != nil {
		return p, err
	}
	list, err := q.wanted(ctx, d, all.list, now, f)
	if err != nil {
		return p, err
	}
	for _, show := range shows {
		p.Shows = append(p.Shows, showChoice{show, q.Lang.T("web.class_show_" + showKey(show)), show == f.show})
	}
	if f.check != "" {
		p.Stuck = q.Lang.T("web.class_stuck_on", "check", pager.Check(f.check))
	}
	p.Wanted, p.Of = len(list), len(all.list)
	last := max(0, (len(list)-1)/perPage)
	at := min(f.page, last)
	p.From = min(at*perPage+1, len(list))
	p.To = min((at+1)*perPage, len(list))
	if at > 0 {
		p.Prev = "/class" + f.query(at-1) + "#scores-h"
		if at == 1 && f.query(0) == "" {
			p.Prev = "/class#scores-h"
		}
	}
	if at < last {
		p.Next = "/class" + f.query(at+1) + "#scores-h"
	}
	for _, s := range list[at*perPage : p.To] {
		html, err := q.row(d, pager, s, now.of(s.id))
		if err != nil {
			return p, err
		}
		p.Lines = append(p.Lines, html)
	}
	return p, nil
}

func showKey(show string) string {
	if show == "" {
		return "all"
	}
	return show
}

// wanted are the students that a filter leaves.
func (q *Request) wanted(ctx context.Context, d *result.Data, all []seat, now *lives, f filter) ([]seat, error) {
	words := strings.Fields(strings.ToLower(f.words))
	if len(words) == 0 && f.show == "" && f.check == "" {
		return all, nil
	}
	var stuck map[string]bool
	if f.check != "" {
		ats, err := q.Desk().Stuck(ctx)
		if err != nil {
			return nil, err
		}
		stuck = map[string]bool{}
		for _, at := range ats {
			if at.Check == f.check {
				for _, id := range at.Students {
					stuck[id] = true
				}
			}
		}
	}
	var out []seat
	for _, s := range all {
		text := strings.ToLower(s.id + " " + s.name)
		if stuck != nil && !stuck[s.id] || slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) ||
			!shown(f.show, d, s, now) {
			continue
		}
		out = append(out, s)
	}
	return out, nil
}

// shown reports whether a student is one of those to be shown.
func shown(show string, d *result.Data, s seat, now *lives) bool {
	if show == "" {
		return true
	}
	if show == "now" {
		return now.busy[s.id]
	}
	if s.at < 0 {
		return show == "none"
	}
	x := &d.Students[s.at]
	switch show {
	case "none":
		return len(x.Verdicts) == 0
	case "open":
		return len(x.Verdicts) > 0 && x.Tally().Open
	case "asked":
		return slices.ContainsFunc(x.Requests, func(r result.Request) bool { return r.Open() })
	}
	return slices.ContainsFunc(x.Verdicts, func(v judge.Verdict) bool { return v.Outcome == check.Fail || v.Outcome == check.Partial })
}
