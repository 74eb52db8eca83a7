package rubric

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/strictyaml"
)

// task reads a task. It is false if its points cannot be counted with.
func (l *loader) task(n *yaml.Node, seen map[string]int) (Task, bool) {
	d := l.doc
	o := d.Object(n, "id", "title", "points", "when", "checks")
	t := Task{ID: l.id(o.Need("id"), checkIDForm), Title: l.text(o.Need("title"))}
	if t.ID != "" {
		if first := seen[t.ID]; first > 0 {
			l.doc.Report(o.Get("id"), i18n.M("rubric.duplicate_task", "id", t.ID, "line", first), i18n.M("rubric.duplicate_hint"))
		} else {
			seen[t.ID] = o.Get("id").Line
		}
	}
	t.When = l.when(o.Get("when"))
	points, ok := l.points(o.Need("points"))
	t.Points = points
	checks := o.Need("checks")
	if checks == nil {
		return t, ok
	}
	items := d.List(checks)
	if checks.Kind == yaml.SequenceNode && len(items) == 0 {
		d.Report(checks, i18n.M("rubric.no_checks", "task", t.ID), i18n.M("rubric.no_checks_hint"))
	}
	var sum Points
	counted := ok
	for _, item := range items {
		c, checkOK := l.check(item, t.ID)
		counted = counted && checkOK
		sum += c.Points
		t.Checks = append(t.Checks, c)
	}
	if counted && len(items) > 0 && sum != t.Points {
		d.Report(o.Get("points"), i18n.M("rubric.task_sum", "task", t.ID, "points", t.Points, "sum", sum),
			i18n.M("rubric.sum_hint", "sum", sum))
	}
	return t, ok
}

func (l *loader) when(n *yaml.Node) *When {
	if n == nil {
		return nil
	}
	o := l.doc.Object(n, "service", "endpoint_mode", "balancer", "port", "network")
	w := &When{Service: l.varRef(o.Need("service"))}
	if m := o.Get("endpoint_mode"); m != nil {
		w.EndpointMode = l.doc.OneOf(m, "vip", "dnsrr")
	}
	if b := o.Get("balancer"); b != nil {
		w.Balancer, w.Port = l.varRef(b), l.varRef(o.Need("port"))
	}
	if net := o.Get("network"); net != nil {
		w.Network = l.varRef(net)
	}
	return w
}

// varRef reads the name of a variable that exists.
func (l *loader) varRef(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	if len(l.vars) == 0 { // that there are none is said already
		return l.doc.Text(n)
	}
	name := l.doc.Text(n)
	if name == "" || slices.Contains(l.vars, name) {
		return name
	}
	if l.firstMiss(name) {
		return l.doc.OneOf(n, l.vars...)
	}
	return ""
}

// firstMiss notes a variable that does not exist.
func (l *loader) firstMiss(name string) bool {
	if slices.Contains(l.unknown, name) {
		return false
	}
	l.unknown = append(l.unknown, name)
	return true
}

func (l *loader) check(n *yaml.Node, task string) (*Check, bool) {
	d := l.doc
	o := d.Object(n, "id", "kind", "points", "title", "after", "needs", "with", "credit")
	c := &Check{ID: l.id(o.Need("id"), checkIDForm), Task: task, Title: l.text(o.Need("title"))}
	if c.ID != "" {
		if first := l.checkIDs[c.ID]; first != nil {
			l.doc.Report(o.Get("id"), i18n.M("rubric.duplicate_check", "id", c.ID, "line", first.Line), i18n.M("rubric.duplicate_hint"))
			c.ID = ""
		} else {
			l.checkIDs[c.ID] = o.Get("id")
		}
	}
	points, ok := l.points(o.Need("points"))
	c.Points = points
	for _, item := range d.List(o.Get("needs")) {
		// A need that cannot be read keeps its place, so that needs and nodes
		// go side by side later.
		c.Needs = append(c.Needs, d.Text(item))
	}
	l.after(o.Get("after"), c)
	l.kind(o, c)
	if credit := o.Get("credit"); credit != nil {
		l.credit(credit, c, ok)
	}
	if needs := o.Get("needs"); needs != nil {
		l.needNodes = append(l.needNodes, needNode{c, needs.Content})
	}
	return c, ok
}

// kind reads a check's kind and its parameters.
func (l *loader) kind(o *strictyaml.Object, c *Check) {
	kind := o.Need("kind")
	c.Kind = l.doc.Text(kind)
	if c.Kind == "" {
		return
	}
	params, ok := l.kinds.NewParams(c.Kind)
	if !ok {
		l.doc.Report(kind, i18n.M("rubric.unknown_kind", "kind", c.Kind), strictyaml.Suggest(c.Kind, l.kinds.Names()))
		c.Kind = ""
		return
	}
	c.Params = params
	l.params(kind, o.Get("with"), params)
}

// params reads the parameters of a kind, whose name stands at a node.
func (l *loader) params(kind, with *yaml.Node, params any) {
	if with != nil {
		l.doc.Decode(with, params)
	}
	v, ok := params.(interface {
		Validate(vars []string) []ParamError
	})
	if !ok {
		return
	}
	at := with
	if at == nil {
		at = kind
	}
	for _, e := range v.Validate(slices.Clone(l.vars)) {
		if e.Var != "" && !l.firstMiss(e.Var) {
			continue
		}
		where, hint := find(at, e.Param), e.Hint
		switch {
		case where == at && hint.Empty(): // it is not there
			hint = i18n.M("rubric.param_absent_hint", "param", e.Param)
		case where != at && l.doc.Reported(where): // what could not be read is what it should not be
			continue
		}
		l.doc.Report(where, i18n.M("rubric.param", "param", e.Param, "problem", e.Msg), hint)
	}
}

// find is the value of a parameter ("a.b" of one inside another), or the
// nearest thing around it that is there.
func find(n *yaml.Node, param string) *yaml.Node {
	key, rest, _ := strings.Cut(param, ".")
	if n.Kind != yaml.MappingNode || key == "" {
		return n
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return find(n.Content[i+1], rest)
		}
	}
	return n
}

// ruleBuiltins are the rules of attribution that need no pattern.
var ruleBuiltins = []string{"whoami", "json", "processed-by", "headers"}

var (
	ruleGroups = []string{"hostname", "address", "student"}
	headerForm = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")
)

func (l *loader) attribution(n *yaml.Node) Attribution {
	var a Attribution
	seen := map[string]int{}
	for _, item := range l.doc.List(n) {
		o := l.doc.Object(item, "name", "builtin", "header", "pattern")
		r := Rule{Name: l.id(o.Need("name"), checkIDForm)}
		if r.Name != "" {
			if seen[r.Name] > 0 {
				l.doc.Report(o.Get("name"), i18n.M("rubric.duplicate_rule", "name", r.Name, "line", seen[r.Name]), i18n.M("rubric.duplicate_hint"))
			}
			seen[r.Name] = o.Get("name").Line
		}
		ways := 0
		for _, key := range []string{"builtin", "header", "pattern"} {
			if o.Get(key) != nil {
				ways++
			}
		}
		if ways != 1 && item.Kind == yaml.MappingNode {
			l.doc.Report(item, i18n.M("rubric.rule_ways", "n", ways), i18n.M("rubric.rule_ways_hint"))
		}
		r.Builtin = l.doc.OneOf(o.Get("builtin"), ruleBuiltins...)
		if h := o.Get("header"); h != nil {
			if r.Header = l.doc.Text(h); r.Header != "" && !headerForm.MatchString(r.Header) {
				l.report(h, "rubric.bad_header", "header", r.Header)
			}
		}
		if p := o.Get("pattern"); p != nil {
			if r.Pattern = l.doc.Text(p); r.Pattern != "" {
				l.pattern(p, r.Pattern)
			}
		}
		a.Rules = append(a.Rules, r)
	}
	return a
}

func (l *loader) pattern(n *yaml.Node, src string) {
	if len(src) > 500 {
		l.report(n, "rubric.pattern_too_long", "limit", 500)
		return
	}
	re, err := regexp.Compile(src)
	if err != nil {
		detail := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		l.doc.Report(n, i18n.M("rubric.bad_pattern", "detail", detail), i18n.M("rubric.bad_pattern_hint"))
		return
	}
	named := 0
	for _, g := range re.SubexpNames() {
		if g == "" {
			continue
		}
		named++
		if !slices.Contains(ruleGroups, g) {
			l.doc.Report(n, i18n.M("rubric.unknown_group", "group", g), strictyaml.Suggest(g, ruleGroups))
		}
	}
	if named == 0 {
		l.doc.Report(n, i18n.M("rubric.no_group"), i18n.M("rubric.no_group_hint", "words", ruleGroups))
	}
}
