package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// attemptPages are what was found of a student before: when the class was graded, and by self-checks.
var attemptPages = []Route{
	{Pattern: "GET /me/attempts", Role: Student, Do: meAttempts},
	{Pattern: "GET /me/attempts/run/{id}", Role: Student, Do: meRunAttempt},
	{Pattern: "GET /me/attempts/check/{id}", Role: Student, Do: meTrial},
}

// mostAttempts is how many runs are looked through, the newest.
const mostAttempts = 40

// attemptsPage is what /me/attempts shows.
type attemptsPage struct {
	ownHead
	Rule string // which attempt counts
	All  []attemptPart
	More bool // there are older ones
}

// attemptPart is an attempt in brief.
type attemptPart struct {
	To      string
	Self    bool // a self-check
	When    string
	at      time.Time
	Tasks   []string // titles
	Points  string
	Of      string
	Percent string
	Open    string // points that are open
	Counts  string // why it counts, or that it does not
	Does    bool
	Late    string
	Again   string // that it was judged anew
}

func meAttempts(w http.ResponseWriter, q *Request) error {
	s, pager, err := q.Own(q.Context())
	if err != nil {
		return err
	}
	p := attemptsPage{ownHead: headOf(s, pager)}
	runs, more, err := q.attempts(q.Context(), s)
	if err != nil {
		return err
	}
	p.More = more
	class, err := q.Desk().Class(q.Context())
	if err != nil {
		return err
	}
	policy := ""
	if d, _, err := q.Standing(q.Context()); err == nil {
		policy = d.Run.Policy
	}
	p.Rule = q.sentence("web.attempts_rule_", policy)
	for _, x := range runs {
		p.All = append(p.All, q.attemptPart(x, s, class.Late, policy, pager))
	}
	trials, err := q.Desk().Trials(q.Context(), s.ID)
	if err != nil {
		return err
	}
	for _, t := range trials {
		a := q.brief(t.Verdicts, t.Tasks, pager)
		a.Self, a.at, a.To = true, t.Finished, "/me/attempts/check/"+strconv.FormatInt(t.ID, 10)
		a.When, a.Counts = t.Finished.Local().Format("2006-01-02 15:04"), q.Lang.T("web.attempts_self")
		p.All = append(p.All, a)
	}
	slices.SortStableFunc(p.All, func(a, b attemptPart) int { return b.at.Compare(a.at) })
	return q.Show(w, Page{Name: "me-attempts", Title: q.Lang.T("web.attempts_head"), Data: p})
}

// sentence is one of several by a word that comes from elsewhere, "" if there is none for it.
func (q *Request) sentence(prefix, word string, pairs ...any) string {
	if _, ok := q.Lang.Raw(prefix + word); !ok || word == "" {
		return ""
	}
	return q.Lang.T(prefix+word, pairs...)
}

// attempt is what one run found of a student.
type attempt struct {
	run      grader.RunInfo
	data     *result.Data // as it was judged last
	verdicts []judge.Verdict
	again    bool // it was judged anew
}

// attempts are what the class's runs of the lab found of the student, the newest first.
func (q *Request) attempts(ctx context.Context, s *result.Student) (out []attempt, more bool, err error) {
	class, err := q.Desk().Class(ctx)
	if err != nil {
		return nil, false, err
	}
	runs, err := q.Desk().Runs(ctx)
	if err != nil {
		return nil, false, err
	}
	n := 0
	for _, r := range runs {
		if r.Regrades != "" || r.RubricID != class.Rubric.ID && r.JudgedBy.RubricID != class.Rubric.ID {
			continue
		}
		if n++; n > mostAttempts {
			return out, true, nil
		}
		a, err := q.attempt(ctx, r, s.ID)
		if err != nil {
			return nil, false, err
		}
		if a != nil {
			out = append(out, *a)
		}
	}
	return out, false, nil
}

// attempt is what a run found of a student, nil for nothing.
func (q *Request) attempt(ctx context.Context, r grader.RunInfo, student string) (*attempt, error) {
	for _, id := range []string{r.JudgedBy.ID, r.ID} {
		if id == "" {
			continue
		}
		d, err := q.Desk().RunData(ctx, id)
		if err != nil {
			return nil, err
		}
		for i := range d.Students {
			if x := &d.Students[i]; x.ID == student && len(x.Verdicts) > 0 && !x.Damaged {
				return &attempt{run: r, data: d, verdicts: x.Verdicts, again: id != r.ID}, nil
			}
		}
	}
	return nil, nil
}

// attemptPart says an attempt in brief.
func (q *Request) attemptPart(x attempt, s *result.Student, due *result.Late, policy string, pager *report.Pager) attemptPart {
	var tasks []string
	for _, v := range x.verdicts {
		if !slices.Contains(tasks, v.Task) {
			tasks = append(tasks, v.Task)
		}
	}
	a := q.brief(x.verdicts, tasks, pager)
	a.at, a.To = x.run.Started, "/me/attempts/run/"+x.run.ID
	a.When = x.run.Started.Local().Format("2006-01-02 15:04")
	var counts, only []string
	for _, t := range s.Attempts {
		switch {
		case t.Run != x.run.ID:
		case t.Tries == 1:
			only = append(only, pager.Task(t.Task))
		default:
			counts = append(counts, pager.Task(t.Task))
		}
	}
	switch a.Does = len(counts)+len(only) > 0; {
	case len(counts) > 0:
		a.Counts = cmp.Or(q.sentence("web.attempts_counts_", policy, "tasks", counts), q.Lang.T("web.attempts_counts_only", "tasks", counts))
	case len(only) > 0:
		a.Counts = q.Lang.T("web.attempts_counts_only", "tasks", only)
	default:
		a.Counts = q.Lang.T("web.attempts_not")
	}
	if late := due.Of(s.ID, x.run.Started); late != nil {
		a.Late = q.Lang.T("web.attempts_late", "days", late.Days)
	}
	if x.again {
		a.Again = q.Lang.T("web.attempts_again")
	}
	return a
}

// brief is what verdicts come to.
func (q *Request) brief(verdicts []judge.Verdict, tasks []string, pager *report.Pager) (a attemptPart) {
	points, most, open := judge.Total(verdicts)
	known := most - open
	a.Points, a.Of = points.String(), known.String()
	if known > 0 {
		a.Percent = page.Share(points.Float() / known.Float())
	}
	if open > 0 {
		a.Open = open.String()
	}
	for _, t := range tasks {
		a.Tasks = append(a.Tasks, pager.Task(t))
	}
	return a
}

// attemptPage is one attempt.
type attemptPage struct {
	ownHead
	Brief   attemptPart
	Found   foundPart
	Untried bool
}

func meRunAttempt(w http.ResponseWriter, q *Request) error {
	s, pager, err := q.Own(q.Context())
	if err != nil {
		return err
	}
	runs, err := q.Desk().Runs(q.Context())
	if err != nil {
		return err
	}
	id := q.PathValue("id")
	i := slices.IndexFunc(runs, func(r grader.RunInfo) bool { return r.ID == id && r.Regrades == "" })
	if i < 0 {
		return NotFound()
	}
	x, err := q.attempt(q.Context(), runs[i], s.ID)
	if err != nil {
		return err
	}
	if x == nil {
		return NotFound()
	}
	d, _, err := q.Standing(q.Context())
	if err != nil {
		return err
	}
	class, err := q.Desk().Class(q.Context())
	if err != nil {
		return err
	}
	// Said by the rubric that it was judged with, and hidden from by who is in the class now.
	then := *x.data
	then.Students = d.Students
	old := report.NewPager(&then, report.Options{Lang: q.Lang}).For(s)
	own := result.Student{ID: s.ID, Name: s.Name, Verdicts: x.verdicts}
	if own.Timeline, err = q.Desk().Timeline(q.Context(), own); err != nil {
		return err
	}
	p := attemptPage{ownHead: headOf(s, pager), Brief: q.attemptPart(*x, s, class.Late, d.Run.Policy, pager)}
	one, err := old.Student(&own, "a", 4)
	if err != nil {
		return err
	}
	p.Found = foundOf(one)
	return q.Show(w, Page{Name: "me-attempt", Title: q.Lang.T("web.attempt_title", "when", p.Brief.When), Data: p})
}

// meTrial shows a self-check that is kept.
func meTrial(w http.ResponseWriter, q *Request) error {
	s, pager, err := q.Own(q.Context())
	if err != nil {
		return err
	}
	all, err := q.Desk().Trials(q.Context(), s.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(t gradebook.Trial) bool { return strconv.FormatInt(t.ID, 10) == q.PathValue("id") })
	if i < 0 {
		return NotFound() // also where it is somebody else's
	}
	t := all[i]
	p := attemptPage{ownHead: headOf(s, pager), Brief: q.brief(t.Verdicts, t.Tasks, pager), Untried: t.Untried}
	p.Brief.Self, p.Brief.When, p.Brief.Counts = true, t.Finished.Local().Format("2006-01-02 15:04"), q.Lang.T("web.attempts_self")
	if p.Found, err = q.found(s, t.Verdicts, "a", pager); err != nil {
		return err
	}
	return q.Show(w, Page{Name: "me-attempt", Title: q.Lang.T("web.attempt_title", "when", p.Brief.When), Data: p})
}
