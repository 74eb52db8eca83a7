package web

import (
	"context"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/check"
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
