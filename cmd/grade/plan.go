package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/rubric"
)

func newPlanCmd(a *app) *cobra.Command {
	var f runFlags
	c := &cobra.Command{Use: "plan --class CLASS", Short: a.lang().T("cli.plan_short"), Args: cobra.NoArgs}
	f.classFlags.register(a, c)
	f.registerLoad(a, c)
	f.dryRun = true
	c.RunE = func(c *cobra.Command, _ []string) error { return a.grade(c.Context(), &f) }
	return c
}

// planJSON is the plan for scripts.
type planJSON struct {
	Schema string   `json:"schema"`
	Class  string   `json:"class"`
	Rubric string   `json:"rubric"`
	Tasks  []string `json:"tasks"`
	// Requests are those sent at most, Expected those where all is as it should be.
	Requests int `json:"requests"`
	Expected int `json:"requests_expected"`
	// Seconds and Most are of the whole run, faults included.
	Seconds  float64       `json:"seconds_at_least"`
	Most     float64       `json:"seconds_at_most"`
	Students []planStudent `json:"students"`
	Faults   []planFault   `json:"faults"`
	Actions  []planAction  `json:"actions,omitempty"`
	// Inside is how many students' networks a helper looks names up in.
	Inside int `json:"inside,omitempty"`
	// Workers are those that send the load, if not this machine.
	Workers *planWorkers `json:"workers,omitempty"`
}

// planWorkers says how many workers are brought for the run, and to which swarm: that of Context or Endpoints, or the
// class's own without both.
type planWorkers struct {
	Count     int      `json:"count"`
	Context   string   `json:"context,omitempty"`
	Endpoints []string `json:"endpoints,omitempty"`
}

// planAction is what the rubric has done to students' own services, or to a node, and
// whom it does not concern.
type planAction struct {
	ID       string            `json:"id"`
	Kind     string            `json:"kind"`
	Target   string            `json:"target,omitempty"` // the node that it hits
	Students []string          `json:"students"`
	Missed   map[string]string `json:"missed,omitempty"`
}

type planFault struct {
	Kind     string   `json:"kind"`
	Target   string   `json:"target"`
	Leader   bool     `json:"leader"`
	Seconds  float64  `json:"seconds_at_most"`
	Students []string `json:"students"`
	Stops    []string `json:"stops"`
}

type planStudent struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Vars    map[string]string `json:"vars"`
	Targets []evidence.Target `json:"targets"`
	Skipped []planSkip        `json:"skipped"`
	// NoFault is why no fault concerns a student whose tasks ask for one.
	NoFault *planSkip `json:"no_fault,omitempty"`
}

type planSkip struct {
	Load string `json:"load"`
	Why  string `json:"why"`
}

// showPlan prints what would be done and sends nothing.
func (a *app) showPlan(j *grader.Job, p grader.Preview) error {
	plan, snap, span := p.Plan, p.Snapshot, p.Span
	least, most := math.Ceil(span.Least.Seconds()), math.Ceil(span.Most.Seconds())
	if a.json {
		out := planJSON{
			Schema: "swarmgrade-plan/1", Class: j.Class.Name, Rubric: j.Rubric.ID, Tasks: j.Tasks,
			Requests: plan.AllRequests(snap), Expected: plan.AllExpected(snap), Seconds: least, Most: most, Students: []planStudent{}, Faults: []planFault{},
			Inside: plan.Inside(),
		}
		if w := j.Class.Settings.Workers; w != nil {
			out.Workers = &planWorkers{w.Count, w.Context, w.Endpoints}
		}
		for _, s := range plan.Students {
			p := planStudent{ID: s.Who.ID, Name: s.Who.Name, Vars: s.Vars, Targets: s.Targets, Skipped: []planSkip{}}
			if p.Targets == nil {
				p.Targets = []evidence.Target{}
			}
			for _, k := range s.Skipped {
				p.Skipped = append(p.Skipped, planSkip(k))
			}
			if s.Watch != nil && s.Watch.Gap != nil {
				p.NoFault = &planSkip{Load: s.Watch.Gap.What, Why: s.Watch.Gap.Code}
			}
			out.Students = append(out.Students, p)
		}
		for _, f := range plan.Faults {
			x := planFault{
				Kind: f.Fault.Kind, Target: f.Fault.Hostname, Leader: f.Fault.Leader,
				Seconds: float64(f.LimitMS) / 1000, Students: f.Students, Stops: []string{},
			}
			for _, c := range f.Stops {
				x.Stops = append(x.Stops, strings.Join(c.Names, "/"))
			}
			out.Faults = append(out.Faults, x)
		}
		for _, e := range plan.Episodes {
			x := planAction{ID: e.ID, Kind: e.Kind, Target: e.Done().Hostname, Students: []string{}, Missed: map[string]string{}}
			for _, t := range e.Students {
				if t.Gap != nil {
					x.Missed[t.Student] = t.Gap.Code
				} else {
					x.Students = append(x.Students, t.Student)
				}
			}
			out.Actions = append(out.Actions, x)
		}
		return a.printJSON(out)
	}
	lang := a.lang()
	_, err := fmt.Fprintf(a.Stdout, "%s\n\n%s\n\n%s\n%s\n",
		lang.T("cli.plan_head", "class", j.Class.Name, "rubric", j.Rubric.Title, "tasks", a.taskWords(j.Tasks), "students", len(plan.Students),
			"nodes", len(snap.Nodes)),
		a.planTable(j, plan),
		lang.T("cli.plan_foot", "requests", plan.AllRequests(snap), "expected", plan.AllExpected(snap), "rate", j.Class.Settings.Rate,
			"least", (time.Duration(least)*time.Second).String(), "most", (time.Duration(most)*time.Second).String())+a.planWorkers(j), a.planFaults(plan))
	return err
}

// planWorkers is a line that says where load comes from, "" where it is this machine.
func (a *app) planWorkers(j *grader.Job) string {
	w := j.Class.Settings.Workers
	if w == nil {
		return ""
	}
	where := i18n.M("workers.plan_own")
	switch {
	case w.Context != "":
		where = i18n.M("workers.plan_context", "name", w.Context)
	case len(w.Endpoints) > 0:
		where = i18n.M("workers.plan_endpoints", "endpoints", strings.Join(w.Endpoints, ", "))
	}
	return "\n" + diag.Plain(a.lang().T("workers.plan", "n", w.Count, "where", where))
}

func (a *app) planFaults(plan *observe.Plan) string {
	head := "observe.faults_head"
	if len(plan.Episodes) > 0 {
		head = "observe.changes_head"
	}
	text := a.lang().T("observe.faults_none")
	if what := a.faultText(plan); what != "" {
		text = a.lang().T(head) + "\n" + diag.Plain(what)
	}
	if n := plan.Inside(); n > 0 {
		text = a.lang().T("observe.inside_plan", "n", n) + "\n" + text
	}
	if missed := a.missedText(plan); missed != "" {
		text += "\n" + missed
	}
	return text
}

// taskWords says which tasks are graded.
func (a *app) taskWords(tasks []string) string {
	if slices.Equal(tasks, observe.Auto) {
		return a.lang().T("cli.tasks_auto")
	}
	return a.lang().T("cli.tasks_named", "n", len(tasks), "tasks", tasks)
}

// planTable has a column for each name of the rubric's where there is room for it.
func (a *app) planTable(j *grader.Job, plan *observe.Plan) string {
	whole := a.planRows(j, plan, j.Rubric.Vars)
	line, _, _ := strings.Cut(whole, "\n")
	if a.ui.width > 0 && text.StringWidthWithoutEscSequences(line) > a.ui.width {
		return a.planRows(j, plan, nil)
	}
	return whole
}

func (a *app) planRows(j *grader.Job, plan *observe.Plan, vars []rubric.Var) string {
	lang := a.lang()
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	head := table.Row{lang.T("cli.plan_id"), lang.T("cli.plan_name")}
	for _, v := range vars {
		if v.Kind != "text" {
			head = append(head, v.Title.In(lang))
		}
	}
	t.AppendHeader(append(head, lang.T("cli.plan_requests"), lang.T("cli.plan_targets")))
	for _, s := range plan.Students {
		row := table.Row{diag.Plain(s.Who.ID), diag.Plain(s.Who.Name)}
		for _, v := range vars {
			if v.Kind != "text" {
				row = append(row, diag.Plain(s.Vars[v.Name]))
			}
		}
		t.AppendRow(append(row, s.Requests(), a.targets(&s)))
	}
	return t.Render()
}

// targets are a student's, those of the mesh together.
func (a *app) targets(s *observe.Student) string {
	var parts []string
	mesh, each := 0, 0
	for _, t := range s.Targets {
		if t.Kind == "mesh" {
			mesh, each = mesh+1, t.Requests
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s × %d", t.ID, t.Address, t.Requests))
	}
	lang := a.lang()
	if mesh > 0 {
		parts = append([]string{lang.T("cli.plan_mesh", "n", mesh, "each", each)}, parts...)
	}
	for _, k := range s.Skipped {
		if text := lang.T("cli.skip_" + underscored(k.Why)); !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, lang.T("cli.between_targets"))
}
