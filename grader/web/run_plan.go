package web

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"swarmgrade/grader/check"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/page"
	"swarmgrade/grader/report"
)

// runChoice is what of a run was chosen.
type runChoice struct {
	plan     bool // it is to be shown what it would do
	tasks    []string
	students string // as it was typed: IDs, ends of IDs or names
	noFault  bool
	resume   bool
}

// Bounds of what is chosen, so that an address has room for it.
const (
	mostTasks    = 50
	mostStudents = 3000 // bytes
)

func choiceOf(v url.Values) runChoice {
	c := runChoice{
		plan: v.Get("plan") != "", tasks: v["task"], students: strings.TrimSpace(v.Get("students")), noFault: v.Get("nofault") != "",
		resume: v.Get("resume") != "",
	}
	if len(c.tasks) > mostTasks {
		c.tasks = c.tasks[:mostTasks]
	}
	return c
}

// query is an address's, at which it is shown what the run would do.
func (c runChoice) query() string {
	v := url.Values{"plan": {"yes"}}
	for _, t := range c.tasks {
		v.Add("task", t)
	}
	if c.students != "" {
		v.Set("students", c.students)
	}
	if c.noFault {
		v.Set("nofault", "yes")
	}
	if c.resume {
		v.Set("resume", "yes")
	}
	return "?" + v.Encode()
}

// names are the students that were typed, with commas or lines between.
func (c runChoice) names() (out []string) {
	for _, n := range strings.FieldsFunc(c.students, func(r rune) bool { return strings.ContainsRune(",;\r\n，；、", r) }) {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, n)
		}
	}
	return out
}

func (c runChoice) options(q *Request) desk.RunOptions {
	o := desk.RunOptions{Tasks: c.tasks, Students: c.names(), NoFault: c.noFault || q.site.o.NoFault, Resume: c.resume, Who: q.by()}
	if c.resume { // it has what it was begun with
		o.Tasks, o.Students = nil, nil
	}
	return o
}

// runForm is with what a run can be begun.
type runForm struct {
	Tasks    []taskBox
	Students string
	NoFault  bool
	Never    bool // no page makes anything fail
}

type taskBox struct {
	ID, Title string
	On        bool
}

func (q *Request) runForm(c runChoice, pager *report.Pager) *runForm {
	f := &runForm{Students: page.Clip(c.students, mostStudents), NoFault: c.noFault, Never: q.site.o.NoFault}
	for _, t := range pager.Tasks() {
		f.Tasks = append(f.Tasks, taskBox{t.ID, pager.Task(t.ID), len(c.tasks) == 0 || slices.Contains(c.tasks, t.ID)})
	}
	return f
}

// planPart is what a run would do, and what is sent back to begin it.
type planPart struct {
	Head, Span  string
	Faults      []planFault
	Missed      []string
	MoreMissed  int
	Students    []planStudent
	More        int
	Fingerprint string
	Tasks       []string
	Names       string
	NoFault     bool
	Resume      bool
	Left        bool // faults were left out
}

type planFault struct {
	Text string
	More []string
}

type planStudent struct{ ID, Name, Tasks, Note string }

// So many students of a plan are listed, and so many reasons why somebody is left out.
const (
	mostPlanned = 200
	mostMissed  = 30
)

func (q *Request) planPart(plan *desk.Plan, c runChoice, pager *report.Pager) *planPart {
	p := &planPart{
		Fingerprint: plan.Fingerprint, Tasks: c.tasks, Names: c.students, NoFault: c.noFault, Resume: c.resume,
		Left: c.noFault || q.site.o.NoFault,
	}
	var tasks []string
	for _, s := range plan.Plan.Students {
		for _, t := range s.Tasks {
			if title := pager.Task(t); !slices.Contains(tasks, title) {
				tasks = append(tasks, title)
			}
		}
	}
	p.Head = q.Lang.T("web.run_plan_head", "students", len(plan.Plan.Students), "tasks", tasks, "requests", plan.Plan.AllRequests(plan.Snapshot), "expected", plan.Plan.AllExpected(plan.Snapshot))
	if c.resume {
		p.Head = q.Lang.T("web.run_plan_resumes", "run", plan.Resumes) + " " + p.Head
	}
	p.Span = q.Lang.T("web.run_plan_span", "least", q.lasting(plan.Span.Least), "most", q.lasting(plan.Span.Most))
	q.planFaults(p, plan.Plan)
	for i := range plan.Plan.Students {
		if len(p.Students) == mostPlanned {
			p.More = len(plan.Plan.Students) - mostPlanned
			break
		}
		p.Students = append(p.Students, q.planned(&plan.Plan.Students[i], pager))
	}
	return p
}

func (q *Request) planned(s *observe.Student, pager *report.Pager) planStudent {
	x := planStudent{ID: page.Clip(s.Who.ID, mostID), Name: page.Clip(s.Who.Name, mostID)}
	var tasks, down, notes []string
	for _, t := range s.Tasks {
		tasks = append(tasks, pager.Task(t))
	}
	for _, t := range s.NotUp {
		down = append(down, pager.Task(t))
	}
	x.Tasks = q.Lang.List(tasks)
	if len(down) > 0 {
		notes = append(notes, q.Lang.T("web.run_not_up", "tasks", down))
	}
	for _, k := range s.Skipped {
		key := "cli.skip_" + strings.ReplaceAll(k.Why, "-", "_")
		if _, ok := q.Lang.Raw(key); !ok {
			continue
		}
		if text := q.Lang.T(key); !slices.Contains(notes, text) {
			notes = append(notes, text)
		}
	}
	x.Note = strings.Join(notes, q.Lang.T("cli.between_targets"))
	return x
}

// planFaults say what is made to fail, or done to services, and who is left out of it.
func (q *Request) planFaults(p *planPart, plan *observe.Plan) {
	for i, f := range plan.Faults {
		x := planFault{Text: q.Lang.T("observe.step", "n", i+1, "kind", q.Lang.T("observe.kind_"+strings.ReplaceAll(f.Fault.Kind, "-", "_")),
			"node", f.Fault.Hostname, "students", len(f.Students), "limit", q.lasting(time.Duration(f.LimitMS)*time.Millisecond))}
		if f.Fault.Leader {
			x.More = append(x.More, q.Lang.T("observe.leader"))
		}
		var names []string
		for _, c := range f.Stops {
			names = append(names, strings.Join(c.Names, "/"))
		}
		if len(names) > 0 {
			x.More = append(x.More, page.Clip(q.Lang.T("observe.stops", "n", len(names), "names", names), 600))
		}
		if f.Unseen {
			x.More = append(x.More, q.Lang.T("observe.unseen", "node", f.Fault.Hostname))
		}
		p.Faults = append(p.Faults, x)
	}
	for i := range plan.Episodes {
		e := &plan.Episodes[i]
		switch n := e.Touches(); {
		case n == 0:
		case e.Node != nil:
			p.Faults = append(p.Faults, planFault{Text: q.Lang.T("observe.node_step", "action", e.Title, "node", e.Node.Hostname, "n", n)})
		default:
			p.Faults = append(p.Faults, planFault{Text: q.Lang.T("observe.act_step", "action", e.Title, "n", n)})
		}
	}
	miss := func(line string) {
		if line = strings.TrimSpace(line); slices.Contains(p.Missed, line) {
			return
		}
		if len(p.Missed) == mostMissed {
			p.MoreMissed++
			return
		}
		p.Missed = append(p.Missed, page.Clip(line, 400))
	}
	for _, s := range plan.Students {
		if s.Watch != nil && s.Watch.Gap != nil && s.Watch.Gap.Code != "left-out" {
			miss(q.Lang.T("observe.missed", "id", s.Who.ID, "why", q.Lang.Text(check.GapReason(*s.Watch.Gap))))
		}
	}
	for i := range plan.Episodes {
		e := &plan.Episodes[i]
		for _, t := range e.Students {
			switch {
			case t.Gap == nil || t.Gap.Code == "left-out":
			case e.Class() && t.Gap.Code != "no-service": // the same for all
				miss(q.Lang.T("observe.node_missed", "action", e.Title, "why", q.Lang.Text(check.ActionReason(*t.Gap))))
			default:
				miss(q.Lang.T("observe.act_missed", "id", t.Student, "action", e.Title, "why", q.Lang.Text(check.ActionReason(*t.Gap))))
			}
		}
	}
}

// lasting is a length of time in the reader's language.
func (q *Request) lasting(d time.Duration) string {
	if d < 10*time.Second {
		return q.Lang.T("web.run_seconds", "n", strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64))
	}
	switch s := int(math.Ceil(d.Seconds())); {
	case s < 60:
		return q.Lang.T("web.run_seconds", "n", strconv.Itoa(s))
	case s%60 == 0:
		return q.Lang.T("web.run_minutes", "m", strconv.Itoa(s/60))
	default:
		return q.Lang.T("web.run_both", "m", strconv.Itoa(s/60), "n", strconv.Itoa(s%60))
	}
}

// chosen reads a form about a run.
func (q *Request) chosen() (runChoice, error) {
	c := choiceOf(q.PostForm)
	c.plan = true
	if len(c.students) > mostStudents {
		return c, Wrong("web.run_many_names", "most", strconv.Itoa(mostStudents))
	}
	if pager, err := q.pager(); err == nil && len(c.tasks) == len(pager.Tasks()) {
		c.tasks = nil // all of them
	}
	return c, nil
}

func (q *Request) pager() (*report.Pager, error) {
	_, pager, err := q.Standing(q.Context())
	return pager, err
}

// runPlan leads to what a run would do.
func runPlan(w http.ResponseWriter, q *Request) error {
	c, err := q.chosen()
	if err != nil {
		return err
	}
	return SeeOther(w, "/class/run"+c.query()+"#plan-h")
}

// runResume leads to what is left of the run that was interrupted.
func runResume(w http.ResponseWriter, q *Request) error {
	return SeeOther(w, "/class/run"+runChoice{resume: true, noFault: q.PostForm.Get("nofault") != ""}.query()+"#plan-h")
}

// runStart begins a run whose plan was shown and agreed to. Where the plan has become another it is shown anew.
func runStart(w http.ResponseWriter, q *Request) error {
	c, err := q.chosen()
	if err != nil {
		return err
	}
	o := c.options(q)
	o.Agreed = q.PostForm.Get("agreed")
	switch err := q.Desk().Start(q.Context(), o); {
	case err == nil:
		return SeeOther(w, "/class/run")
	case diag.Code(err) == "changed":
		return SeeOther(w, "/class/run"+c.query()+"&changed=yes#plan-h")
	case !q.tells(err):
		return err
	default:
		c.plan = false
		return q.showRun(w, http.StatusConflict, c, q.told(err))
	}
}
