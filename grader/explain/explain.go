// Package explain tells what each check of a rubric sends, needs and decides, from
// the data that observing and judging go by. It is pure.
package explain

import (
	"cmp"
	"reflect"
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
)

// The class that numbers of requests are told for, besides the least: so many
// containers of a student's on so many nodes.
const (
	UsualContainers = 3
	UsualNodes      = 3
)

// manyNodes are more than any swarm has.
const manyNodes = 1_000_000

// Check is what one check is about.
type Check struct {
	*rubric.Check
	// Passes says when it passes, and what it measures.
	Passes i18n.Msg
	// Reads are what it needs of the cluster that takes no requests: "snapshot",
	// "proxy".
	Reads []string
	// Sends are the requests that it asks for. Checks that ask for the same share them.
	Sends []Load
	// Fault says that it needs the class's fault.
	Fault bool
	// Action is the rubric's that it is about, nil for none.
	Action *Action
	Params []Param
	// Measures says that its kind measures, so that it may have credit.
	Measures bool
	// Samples are examples of what it is worth, worst first, where it does not pass;
	// none without credit.
	Samples []Sample
}

// Load is what a check has sent.
type Load struct {
	// Name is as in plans: "load/mesh", "load/haproxy", "load/later", "window" for
	// probes.
	Name string
	// From is where it comes in: "mesh" or "haproxy"; "" for probes.
	From string
	// Port is the variable with the port; Or are those that may stand for it.
	Port string
	Or   []string
	// Spread says that there are enough requests to judge evenness.
	Spread bool
	// Least is how many requests each target gets at least, Usual how many where
	// [UsualContainers] run on [UsualNodes]; each comes on a new connection. Rate is how
	// many probes a second there are instead.
	Least, Usual int
	Rate         float64
	// Early says that the load ends once it is settled: Usual is then how many there are
	// at most, and Expected how many where all is as it should be.
	Early    bool
	Expected int
}

// Param is a parameter in force.
type Param struct {
	rubric.Param
	// Default says that it is what a file has that says nothing of it.
	Default bool
	About   i18n.Msg
}

// Action is one that checks are about.
type Action struct {
	*rubric.Action
	Does   i18n.Msg
	Params []Param
}

// Sample is what a measure is worth: Got of Want units where units are counted,
// else Got alone.
type Sample struct {
	Got, Want float64
	Points    rubric.Points
}

// Rubric tells of all checks of a rubric, in its order; actions are the kinds that
// there are.
func Rubric(rub *rubric.Rubric, actions rubric.ActionKinds) []Check {
	var out []Check
	for _, t := range rub.Tasks {
		for _, c := range t.Checks {
			out = append(out, checkOf(rub, c, actions))
		}
	}
	return out
}

func checkOf(rub *rubric.Rubric, c *rubric.Check, actions rubric.ActionKinds) Check {
	out := Check{Check: c, Passes: i18n.M("about.kind." + c.Kind), Measures: check.Set{}.Measures(c.Kind)}
	usual, _ := check.Set{}.NewParams(c.Kind)
	out.Params = params(c.Params, usual)
	if a, ok := rub.Action(c.After); ok {
		usual, _ := actions.NewParams(a.Kind)
		out.Action = &Action{Action: a, Does: i18n.M("about.does." + a.Kind), Params: params(a.Params, usual)}
	}
	for _, n := range check.NeedsOf(c) {
		out.Fault = out.Fault || n.Kind == "window" && n.After == ""
		switch n.Kind {
		case "load", "window":
			out.Sends = append(out.Sends, loadOf(n))
		default:
			if !slices.Contains(out.Reads, n.Kind) {
				out.Reads = append(out.Reads, n.Kind)
			}
		}
	}
	out.Samples = samples(c)
	return out
}

func loadOf(n check.Need) Load {
	l := Load{Name: n.Load(), From: n.From, Port: n.Port, Or: n.Or, Spread: n.Spread}
	if n.Kind == "window" {
		l.Rate = cmp.Or(n.Rate, check.UsualRate)
		return l
	}
	nodes := 1
	if n.From == "mesh" {
		nodes = UsualNodes
	}
	// The more nodes, the fewer does each get.
	l.Least, l.Usual = n.Requests(1, manyNodes), n.Requests(UsualContainers, nodes)
	if n.From != "mesh" {
		l.Least = n.Requests(1, 1)
	}
	if l.Early = n.Early(); l.Early {
		l.Least, l.Expected = n.Least(), n.Expected(UsualContainers, nodes)
	}
	return l
}

// params are those in force, beside those of a kind that nothing is said to.
func params(now, usual any) []Param {
	var out []Param
	before := rubric.ParamsOf(usual)
	for i, p := range rubric.ParamsOf(now) {
		same := i < len(before) && reflect.DeepEqual(before[i].Value, p.Value)
		out = append(out, Param{Param: p, Default: same, About: i18n.M("about." + p.In + "." + p.Name)})
	}
	return out
}

// samples are measures with what judging gives for them.
func samples(c *rubric.Check) []Sample {
	var out []Sample
	add := func(got, want float64) {
		out = append(out, Sample{got, want, judge.Credit(c, check.Measure{Got: got, Want: want})})
	}
	switch k := c.Credit; {
	case k.PerUnit:
		add(1, UsualContainers)
		add(2, UsualContainers)
	case k.Linear != nil:
		add(k.Linear.From, 0)
		add((k.Linear.From+k.Linear.To)/2, 0)
		add(k.Linear.To, 0)
	default:
		for _, b := range slices.Backward(k.Bands) {
			if b.AtLeast != nil {
				add(*b.AtLeast, 0)
			} else if b.AtMost != nil {
				add(*b.AtMost, 0)
			}
		}
	}
	return out
}
