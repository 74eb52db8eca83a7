package reference_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/formula"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/naming"
	"swarmgrade/grader/reference"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

const rubricPage = "../../rubrics/README.md"

// everyKey is a rubric with every object that there can be in one.
const everyKey = `
schema: swarmgrade-rubric/1
id: every-key
version: 1
title: {zh: 题, en: title}
points: 3
vars:
  - {name: service, kind: name, expr: '"s" + id', title: {zh: 题, en: title}}
  - {name: published, kind: port, expr: 8000 + int(id), title: {zh: 题, en: title}}
actions: [{id: scaled, kind: scale, title: {zh: 题, en: title}, with: {replicas: 3}}]
attribution: [{name: whoami, builtin: whoami}]
tasks:
  - id: "1"
    title: {zh: 题, en: title}
    points: 3
    when: {service: service, endpoint_mode: vip, balancer: service, port: published, network: service}
    checks:
      - id: a
        kind: service-replicas
        points: 1
        title: {zh: 题, en: title}
        credit: {bands: [{at_least: 0.5, points: 0.5}]}
      - id: b
        kind: service-replicas
        points: 2
        title: {zh: 题, en: title}
        needs: [a]
        after: scaled
        with: {at_least: 2}
        credit: {linear: {from: 0, to: 1}}
`

func rubricFormat(t *testing.T) format {
	t.Helper()
	src := readSource(t, "rubric")
	src.fields["Both"] = readSource(t, "i18n").fields["Both"]
	return format{src: src, base: everyKey, vars: []string{"service", "published"},
		load: func(_ *testing.T, data []byte) error {
			_, err := rubric.Load(data, "x.yaml", check.Set{}, action.Set{})
			return err
		}}
}

var rubricPlaces = []place{
	{name: "rubric", typ: "Rubric"},
	{name: "var", path: []any{"vars", 0}, typ: "Var"},
	{name: "task", path: []any{"tasks", 0}, typ: "Task"},
	{name: "when", path: []any{"tasks", 0, "when"}, typ: "When"},
	{name: "check", path: []any{"tasks", 0, "checks", 1}, typ: "Check", field: map[string]string{"with": "Params"}},
	{name: "action", path: []any{"actions", 0}, typ: "Action", field: map[string]string{"with": "Params"}},
	{name: "credit", path: []any{"tasks", 0, "checks", 0, "credit"}, typ: "Credit", instead: map[string]string{"linear": "bands"}},
	{name: "band", path: []any{"tasks", 0, "checks", 0, "credit", "bands", 0}, typ: "Band"},
	{name: "linear", path: []any{"tasks", 0, "checks", 1, "credit", "linear"}, typ: "Linear"},
	{name: "rule", path: []any{"attribution", 0}, typ: "Rule"},
	{name: "title", path: []any{"title"}, typ: "Both"},
}

// TestRubricPage: what rubrics/README.md says of fields, formulas, kinds and
// wrong files is what the code says.
func TestRubricPage(t *testing.T) {
	p, f := readPage(t, rubricPage), rubricFormat(t)
	require.NoError(t, f.load(t, []byte(f.base)))
	for _, at := range rubricPlaces {
		p.put(t, "fields of "+at.name, f.table(t, at))
	}
	// Rules that nobody gives are all that are built in, in the same order.
	rule := rubricPlaces[slices.IndexFunc(rubricPlaces, func(p place) bool { return p.name == "rule" })]
	require.Equal(t, quoted(readSource(t, "../loadgen").words(t, "defaultAttribution", "Builtin")), f.takes(t, rule, "builtin"))
	p.put(t, "functions", functions(t))
	p.put(t, "formulas", formulas(t))
	p.put(t, "kinds", kinds(t))
	p.put(t, "actions", actions(t))
	first := p.examples("yaml", "rubric")[0][0].Text
	wrong := p.examples("diff", "rubric")
	require.GreaterOrEqual(t, len(wrong), 3)
	for i, e := range wrong {
		text, ok := reference.Patched(first, e[0].Text)
		require.True(t, ok, "line %d: the first example has no such line", e[0].Line)
		p.put(t, fmt.Sprintf("wrong %d", i+1), "```text\n"+lint(t, text)+"```\n")
	}
	p.same(t)
}

// lint is what grade rubric lint prints of a wrong rubric; a test of the program
// itself holds it to that.
func lint(t *testing.T, text string) string {
	t.Helper()
	_, err := rubric.Load([]byte(text), "my-lab.yaml", check.Set{}, action.Set{})
	var problems diag.Problems
	require.True(t, errors.As(err, &problems), "%v", err)
	return i18n.EN.T("cli.error_mark") + problems.Render(i18n.EN) + "\n    → " + i18n.EN.T("cli.problems_found", "n", problems.Count()) + "\n"
}

// TestRubricExamples: each rubric of the page loads, and gives a student names.
func TestRubricExamples(t *testing.T) {
	examples := readPage(t, rubricPage).examples("yaml", "rubric")
	require.GreaterOrEqual(t, len(examples), 2)
	for _, e := range examples {
		t.Run("line "+strconv.Itoa(e[0].Line), func(t *testing.T) {
			rub, err := rubric.Load([]byte(e[0].Text), "README.md", check.Set{}, action.Set{})
			require.NoError(t, err)
			_, err = naming.Derive(rub, &roster.Class{Students: []roster.Student{{ID: "0020240107", Name: "张三"}}})
			require.NoError(t, err)
		})
	}
}

// TestRubricWords: what comments say of forms and lengths in words is so.
func TestRubricWords(t *testing.T) {
	f := rubricFormat(t)
	long := func(n int) string { return strings.Repeat("a", n) }
	tests := []struct {
		path  []any
		key   string
		value any
		says  string // the message's key, "" for nothing about the form
	}{
		{nil, "id", long(64), ""}, {nil, "id", long(65), "rubric.bad_id"}, {nil, "id", "a.b", "rubric.bad_id"}, {nil, "id", "-a", "rubric.bad_id"},
		{nil, "points", 1000000, ""}, {nil, "points", 1000001, "rubric.points_too_many"},
		{nil, "points", 0.01, ""}, {nil, "points", 0.001, "rubric.decimals"}, {nil, "points", -1, "rubric.negative"},
		{nil, "vars", []any{}, ""}, {nil, "tasks", []any{}, "rubric.no_tasks"},
		{[]any{"vars", 1}, "name", long(32), ""}, {[]any{"vars", 1}, "name", long(33), "rubric.bad_var"}, {[]any{"vars", 1}, "name", "_a", "rubric.bad_var"},
		{[]any{"vars", 1}, "name", "id", "rubric.reserved_var"}, {[]any{"vars", 1}, "name", "digits", "rubric.reserved_var"},
		{[]any{"vars", 1}, "expr", "'" + long(498) + "'", ""}, {[]any{"vars", 1}, "expr", "'" + long(499) + "'", "formula.too_long"},
		{[]any{"tasks", 0}, "id", "a.b_c-1", ""}, {[]any{"tasks", 0}, "id", ".a", "rubric.bad_id"}, {[]any{"tasks", 0}, "checks", []any{}, "rubric.no_checks"},
		{[]any{"attribution", 0}, "header", long(100), ""}, {[]any{"attribution", 0}, "header", long(101), "rubric.bad_header"},
		{[]any{"attribution", 0}, "pattern", long(501), "rubric.pattern_too_long"}, {[]any{"attribution", 0}, "pattern", long(500), "rubric.no_group"},
		{[]any{"attribution", 0}, "pattern", "(?P<hostname>a)", "rubric.rule_ways"},
	}
	for _, tt := range tests {
		f.says(t, tt.path, tt.key, tt.value, tt.says)
	}
}

// functions are those of formulas, as their comment lists them.
func functions(t *testing.T) string {
	t.Helper()
	doc := readSource(t, "formula").docs["Functions"]
	var b strings.Builder
	b.WriteString("```text\n")
	for line := range strings.Lines(doc) {
		if rest, ok := strings.CutPrefix(line, "\t"); ok {
			b.WriteString(rest)
		}
	}
	b.WriteString("```\n")
	for _, name := range formula.Functions {
		require.Contains(t, b.String(), name+"(", "the comment of formula.Functions does not tell of it")
	}
	return b.String()
}

// formulas are examples with what they give.
func formulas(t *testing.T) string {
	t.Helper()
	exprs := []string{
		"last(digits(id), 2)", `"s" + nn`, "8000 + int(nn)", "8000 + int(nn) * 10 + 1", `"web-" + lower(first(id, 3))`, "upper(id)",
		`"p" + text(int(nn) % 3)`, `int(nn) < 50 ? "a" + nn : "b" + nn`,
	}
	vars := map[string]string{"id": "2024Ab0107", "name": "张三", "nn": "07"}
	var b strings.Builder
	b.WriteString("| formula | gives |\n|---|---|\n")
	for _, e := range exprs {
		f, errs := formula.Compile(e, []string{"id", "name", "nn"})
		require.Empty(t, errs, e)
		got, err := f.Eval(vars)
		require.NoError(t, err, e)
		b.WriteString("| `" + e + "` | `" + got + "` |\n")
	}
	for _, name := range formula.Functions {
		require.Contains(t, b.String(), name+"(", "no example of it")
	}
	return b.String()
}

var measured = regexp.MustCompile(`Units are|The measure is`)

// kinds are all kinds of check, in their order.
func kinds(t *testing.T) string {
	t.Helper()
	src := readSource(t, "check")
	defines, _ := kindFuncs(src)
	words := src.literals()
	var vars []string
	for _, k := range check.All() {
		vars = append(vars, asker{kind: k}.strings()...)
	}
	var b strings.Builder
	for _, k := range check.All() {
		require.Contains(t, defines, k.Name, "the source does not define it by name")
		doc := kindDoc(defines[k.Name].Doc.Text(), defines[k.Name].Name.Name)
		require.NotEmpty(t, doc, "%s needs a comment that begins with its name", defines[k.Name].Name.Name)
		credit := "no"
		if k.Measures {
			credit = "yes"
			require.Regexp(t, measured, doc, "%s measures; its comment should say what", k.Name)
		}
		stated := factsOf(t, src, k.Name).text()
		require.NotEmpty(t, stated, k.Name)
		fmt.Fprintf(&b, "### `%s`\n\n%s\n\nNeeds: %s. Credit: %s. Facts: %s.\n\n", k.Name, doc, needs(t, k), credit, stated)
		b.WriteString("| parameter | takes | default | |\n|---|---|---|---|\n")
		for _, p := range (asker{k, vars, words}).params(t, src) {
			typ := p.typ
			if p.bounds != "" {
				typ += ", " + p.bounds
			}
			row(&b, p.name, strings.Replace(typ, "word, ", "", 1), p.def, p.doc)
		}
		b.WriteString("\n")
	}
	b.WriteString("Any check may also state: " + everywhere(t, src) + ".\n")
	return b.String()
}

// actions are the kinds of action that a rubric can ask for.
func actions(t *testing.T) string {
	t.Helper()
	src := readSource(t, "action")
	var b strings.Builder
	for _, k := range action.All() {
		if k.NewParams == nil {
			continue
		}
		fmt.Fprintf(&b, "### `%s`\n\n%s\n\n| parameter | takes | default | |\n|---|---|---|---|\n", k.Name, aimDoc(t, src, k))
		for _, p := range (asker{kind: check.Kind{Name: k.Name, NewParams: k.NewParams}, words: src.literals()}).params(t, src) {
			typ := p.typ
			if p.bounds != "" {
				typ += ", " + p.bounds
			}
			row(&b, p.name, strings.Replace(typ, "word, ", "", 1), p.def, p.doc)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// kindDoc is what a kind's comment says of passing and of measuring.
func kindDoc(comment, name string) string {
	var out []string
	for i, par := range strings.Split(comment, "\n\n") {
		par = oneLine(par)
		if i == 0 {
			rest, ok := strings.CutPrefix(par, name+" ")
			if !ok {
				return ""
			}
			par = upper(rest)
		}
		if i == 0 || measured.MatchString(par) {
			out = append(out, par)
		}
	}
	return code(strings.Join(out, " "))
}
