package rubric

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/formula"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/strictyaml"
)

// topKeys are those of a rubric's own.
var topKeys = []string{"schema", "id", "version", "title", "points", "vars", "actions", "attribution", "tasks"}

// varKinds are the kinds of a [Var].
var varKinds = []string{"port", "name", "text"}

var (
	idForm      = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	checkIDForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	varForm     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
)

// Load reads a rubric. file is its name in messages. Without actions, the kinds and
// parameters of a rubric's own are taken as they stand: for one that was read before
// and is not to be graded by. The error is a [diag.Problems] with everything that is
// wrong; no rubric comes with one.
func Load(data []byte, file string, kinds Kinds, actions ActionKinds) (*Rubric, error) {
	l := &loader{
		doc: strictyaml.Parse(data, file), kinds: kinds, actionKinds: actions,
		checkIDs: map[string]*yaml.Node{}, actionIDs: map[string]*yaml.Node{},
	}
	if l.doc.Foreign(topKeys...) {
		return nil, diag.Problems{{Pos: diag.Pos{File: file}, Msg: i18n.M("rubric.foreign"), Hint: i18n.M("rubric.foreign_hint")}}
	}
	if l.doc.Root == nil {
		return nil, l.doc.Err()
	}
	r := l.rubric(l.doc.Root)
	if err := l.doc.Err(); err != nil {
		return nil, err
	}
	for _, no := range kinds.Refuse(r) {
		at := l.checkIDs[no.Check]
		if no.Action != "" {
			at = l.actionIDs[no.Action]
		}
		l.doc.Report(at, no.Msg, no.Hint)
	}
	if err := l.doc.Err(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	r.SHA256 = "sha256:" + hex.EncodeToString(sum[:])
	r.Source = slices.Clone(data)
	r.File = file
	return r, nil
}

type loader struct {
	doc   *strictyaml.Doc
	kinds Kinds
	// actionKinds is nil if actions are not looked into.
	actionKinds ActionKinds
	vars        []string
	// unknown are the variables that were missed already: one misspelt name in
	// vars is one error, not one for each check that uses it.
	unknown []string
	// checkIDs holds where each check's ID stands.
	checkIDs map[string]*yaml.Node
	// actionIDs does that for actions.
	actionIDs map[string]*yaml.Node
	needNodes []needNode
}

func (l *loader) report(n *yaml.Node, key string, pairs ...any) {
	l.doc.Report(n, i18n.M(key, pairs...), i18n.Msg{})
}

func (l *loader) rubric(n *yaml.Node) *Rubric {
	d := l.doc
	o := d.Object(n, topKeys...)
	r := &Rubric{
		ID:      l.id(o.Need("id"), idForm),
		Version: d.Int(o.Need("version"), 1, math.MaxInt32),
		Title:   l.text(o.Need("title")),
	}
	if s := o.Need("schema"); s != nil && d.Text(s) != "" && s.Value != Schema {
		d.Report(s, i18n.M("rubric.schema", "got", s.Value), i18n.M("rubric.schema_hint", "schema", Schema))
	}
	r.Vars = l.varList(o.Get("vars"))
	r.Actions = l.actions(o.Get("actions"))
	r.Attribution = l.attribution(o.Get("attribution"))

	points, ok := l.points(o.Need("points"))
	r.Points = points
	if tasks := o.Need("tasks"); tasks != nil {
		items := d.List(tasks)
		if tasks.Kind == yaml.SequenceNode && len(items) == 0 {
			l.report(tasks, "rubric.no_tasks")
		}
		var sum Points
		seen := map[string]int{}
		for _, item := range items {
			t, taskOK := l.task(item, seen)
			ok = ok && taskOK
			sum += t.Points
			r.Tasks = append(r.Tasks, t)
		}
		if ok && len(items) > 0 && sum != r.Points {
			d.Report(o.Get("points"), i18n.M("rubric.sum", "points", r.Points, "sum", sum), i18n.M("rubric.sum_hint", "sum", sum))
		}
		l.needs(r)
	}
	if ok && r.Points == 0 {
		l.report(o.Get("points"), "rubric.zero")
	}
	return r
}

// id reads an identifier.
func (l *loader) id(n *yaml.Node, form *regexp.Regexp) string {
	s := l.doc.Text(n)
	if s != "" && !form.MatchString(s) {
		l.doc.Report(n, i18n.M("rubric.bad_id", "id", s), i18n.M("rubric.bad_id_hint"))
		return ""
	}
	return s
}

// text reads a phrase in both languages.
func (l *loader) text(n *yaml.Node) Text {
	if n == nil {
		return Text{}
	}
	o := l.doc.Object(n, "zh", "en")
	return Text{ZH: l.doc.Text(o.Need("zh")), EN: l.doc.Text(o.Need("en"))}
}

// points reads a number of points. It is false if there is none to count
// with.
func (l *loader) points(n *yaml.Node) (Points, bool) {
	s := l.doc.Decimal(n)
	if s == "" {
		return 0, false
	}
	_, places, _ := strings.Cut(s, ".")
	p, err := ParsePoints(s)
	switch {
	case len(places) > 2:
		l.doc.Report(n, i18n.M("rubric.decimals", "got", s), i18n.M("rubric.decimals_hint", "near", rounded(s)))
		return 0, false
	case err != nil || p > 1_000_000_00:
		l.report(n, "rubric.points_too_many", "got", s)
		return 0, false
	case strings.HasPrefix(s, "-"):
		l.report(n, "rubric.negative", "got", s)
		return 0, false
	}
	return p, true
}

// rounded is the nearest number of points with two places.
func rounded(s string) Points {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return PointsOf(f)
}

func (l *loader) varList(n *yaml.Node) []Var {
	var vars []Var
	seen := map[string]int{}
	all := l.varNames(n)
	for _, item := range l.doc.List(n) {
		o := l.doc.Object(item, "name", "kind", "expr", "title")
		v := Var{
			Name:  l.varName(o.Need("name"), seen),
			Kind:  l.doc.OneOf(o.Need("kind"), varKinds...),
			Expr:  l.doc.Text(o.Need("expr")),
			Title: l.text(o.Need("title")),
		}
		if v.Expr != "" {
			l.expression(o.Get("expr"), v.Expr, all)
		}
		if v.Name != "" {
			l.vars = append(l.vars, v.Name)
		}
		vars = append(vars, v)
	}
	return vars
}

// varNames are the names of all variables, to tell a later one from one that
// is not there at all.
func (l *loader) varNames(n *yaml.Node) []string {
	var names []string
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	for _, item := range n.Content {
		for i := 0; i+1 < len(item.Content); i += 2 {
			if item.Kind == yaml.MappingNode && item.Content[i].Value == "name" {
				names = append(names, item.Content[i+1].Value)
			}
		}
	}
	return names
}

func (l *loader) varName(n *yaml.Node, seen map[string]int) string {
	s := l.doc.Text(n)
	switch {
	case s == "":
		return ""
	case !varForm.MatchString(s):
		l.doc.Report(n, i18n.M("rubric.bad_var", "name", s), i18n.M("rubric.bad_var_hint"))
		return ""
	case s == "id" || s == "name" || slices.Contains(formula.Functions, s):
		l.report(n, "rubric.reserved_var", "name", s)
		return ""
	case seen[s] > 0:
		l.doc.Report(n, i18n.M("rubric.duplicate_var", "name", s, "line", seen[s]), i18n.M("rubric.duplicate_hint"))
		return ""
	}
	seen[s] = n.Line
	return s
}

// expression checks a formula over id, name and the variables before it.
func (l *loader) expression(n *yaml.Node, src string, all []string) {
	_, errs := formula.Compile(src, append([]string{"id", "name"}, l.vars...))
	for _, e := range errs {
		msg, hint := e.Msg, e.Hint
		if name, _ := msg.Args["name"].(string); msg.Key == "formula.unknown_name" && slices.Contains(all, name) {
			msg, hint = i18n.M("rubric.later_var", "name", name), i18n.M("rubric.later_var_hint", "name", name)
		}
		l.doc.ReportInside(n, e.Offset, e.Length, msg, hint)
	}
}
