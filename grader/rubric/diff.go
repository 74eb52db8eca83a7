package rubric

import (
	"slices"
	"strings"
)

// Change is one difference between two rubrics.
type Change struct {
	// Of is what has changed: "rubric", "var", "task", "check", "action" or "rule";
	// ID names it, "" for the rubric.
	Of string `json:"of"`
	ID string `json:"id,omitempty"`
	// What is "added", "removed", "moved" (to another task) or "changed".
	What string `json:"what"`
	// Field is what of it is another, as the file calls it: "points", "title.zh",
	// "with.within"; "task" for what has moved, "points" for what came or went.
	Field string `json:"field"`
	// Old and New are the values as a file has them; "" for none.
	Old string `json:"old"`
	New string `json:"new"`
}

// Diff says in what two rubrics differ, in the order of the new one, with what is
// gone at the end of each kind of thing. Parameters are compared as they are in
// force: one that says what is the default anyway is no change. The order of checks
// and tasks is none either.
func Diff(old, now *Rubric) []Change {
	var d differ
	d.fields("rubric", "", old.fields(), now.fields())
	d.things("var", old.varThings(), now.varThings())
	d.things("action", old.actionThings(), now.actionThings())
	d.order("actions", old.actionThings(), now.actionThings())
	d.things("rule", old.ruleThings(), now.ruleThings())
	d.order("attribution", old.ruleThings(), now.ruleThings())
	d.things("task", old.taskThings(), now.taskThings())
	d.things("check", old.checkThings(), now.checkThings())
	return d.out
}

// field is a value under its name in the file.
type field struct{ name, text string }

// thing is an object of a rubric with all that counts of it.
type thing struct {
	id, task, sum string
	fields        []field
}

type differ struct{ out []Change }

func (d *differ) things(of string, old, now []thing) {
	find := func(all []thing, id string) int {
		return slices.IndexFunc(all, func(t thing) bool { return t.id == id })
	}
	for _, n := range now {
		i := find(old, n.id)
		if i < 0 {
			d.out = append(d.out, Change{Of: of, ID: n.id, What: "added", Field: "points", New: n.sum})
			continue
		}
		if old[i].task != n.task {
			d.out = append(d.out, Change{Of: of, ID: n.id, What: "moved", Field: "task", Old: old[i].task, New: n.task})
		}
		d.fields(of, n.id, old[i].fields, n.fields)
	}
	for _, o := range old {
		if find(now, o.id) < 0 {
			d.out = append(d.out, Change{Of: of, ID: o.id, What: "removed", Field: "points", Old: o.sum})
		}
	}
}

// order says that what both have comes in another order, where that counts.
func (d *differ) order(name string, old, now []thing) {
	both := func(all, other []thing) (ids []string) {
		for _, t := range all {
			if slices.ContainsFunc(other, func(o thing) bool { return o.id == t.id }) {
				ids = append(ids, t.id)
			}
		}
		return ids
	}
	d.fields("rubric", "", []field{{name, list(both(old, now))}}, []field{{name, list(both(now, old))}})
}

func (d *differ) fields(of, id string, old, now []field) {
	value := func(all []field, name string) string {
		for _, f := range all {
			if f.name == name {
				return f.text
			}
		}
		return ""
	}
	change := func(name, before, after string) {
		if before != after {
			d.out = append(d.out, Change{Of: of, ID: id, What: "changed", Field: name, Old: before, New: after})
		}
	}
	for _, n := range now {
		change(n.name, value(old, n.name), n.text)
	}
	for _, o := range old {
		if !slices.ContainsFunc(now, func(n field) bool { return n.name == o.name }) {
			change(o.name, o.text, "")
		}
	}
}

func title(t Text) []field { return []field{{"title.zh", t.ZH}, {"title.en", t.EN}} }

func with(params any) []field {
	var out []field
	for _, p := range ParamsOf(params) {
		out = append(out, field{"with." + p.Name, p.Text()})
	}
	return out
}

func list(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "[" + strings.Join(words, ", ") + "]"
}

func (r *Rubric) fields() []field {
	return append([]field{{"id", r.ID}, {"points", r.Points.String()}}, title(r.Title)...)
}

func (r *Rubric) varThings() (out []thing) {
	for _, v := range r.Vars {
		out = append(out, thing{id: v.Name, fields: append([]field{{"kind", v.Kind}, {"expr", v.Expr}}, title(v.Title)...)})
	}
	return out
}

func (r *Rubric) actionThings() (out []thing) {
	for _, a := range r.Actions {
		out = append(out, thing{id: a.ID, fields: append(append([]field{{"kind", a.Kind}}, title(a.Title)...), with(a.Params)...)})
	}
	return out
}

func (r *Rubric) ruleThings() (out []thing) {
	for _, x := range r.Attribution.Rules {
		out = append(out, thing{id: x.Name, fields: []field{{"builtin", x.Builtin}, {"header", x.Header}, {"pattern", x.Pattern}}})
	}
	return out
}

func (r *Rubric) taskThings() (out []thing) {
	for _, t := range r.Tasks {
		f := append([]field{{"points", t.Points.String()}}, title(t.Title)...)
		if w := t.When; w != nil {
			f = append(f, field{"when.service", w.Service}, field{"when.endpoint_mode", w.EndpointMode},
				field{"when.balancer", w.Balancer}, field{"when.port", w.Port}, field{"when.network", w.Network})
		}
		out = append(out, thing{id: t.ID, sum: t.Points.String(), fields: f})
	}
	return out
}

func (r *Rubric) checkThings() (out []thing) {
	for _, t := range r.Tasks {
		for _, c := range t.Checks {
			f := append([]field{{"points", c.Points.String()}}, title(c.Title)...)
			f = append(f, field{"kind", c.Kind}, field{"after", c.After}, field{"needs", list(slices.Sorted(slices.Values(c.Needs)))},
				field{"credit", c.Credit.String()})
			out = append(out, thing{id: c.ID, task: t.ID, sum: c.Points.String(), fields: append(f, with(c.Params)...)})
		}
	}
	return out
}
