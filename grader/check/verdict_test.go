package check_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/strictyaml"
)

// want is what a check has to say, of 10 points.
type want struct {
	outcome     check.Outcome
	key, points string
	facts       []fact
}

type fact struct {
	in, key string
	value   any
}

func pass(key string) want            { return want{outcome: check.Pass, key: key, points: "10"} }
func fail(key string) want            { return want{outcome: check.Fail, key: key, points: "0"} }
func partial(key, points string) want { return want{outcome: check.Partial, key: key, points: points} }
func open(key string) want            { return want{outcome: check.Ungraded, key: key, points: "0"} }

// saw, asked and says are facts that matter: observed, expected, and values in
// the message; a message among them is given by its key.
func (w want) saw(key string, value any) want   { return w.with("observed", key, value) }
func (w want) asked(key string, value any) want { return w.with("expected", key, value) }
func (w want) says(key string, value any) want  { return w.with("message", key, value) }

// hints is a part of the hint's text, or with "not " before it of none.
func (w want) hints(text string) want { return w.with("hint", text, nil) }

func (w want) with(in, key string, value any) want {
	w.facts = append(w.facts[:len(w.facts):len(w.facts)], fact{in, key, value})
	return w
}

// kase is one deployment, judged with parameters as they stand in a rubric.
type kase struct {
	name   string
	with   string
	change func(d *deployment)
	want   want
}

// perUnit and linear are ways to give credit.
var perUnit = rubric.Credit{PerUnit: true}

func linear(from, to float64) rubric.Credit {
	return rubric.Credit{Linear: &rubric.Linear{From: from, To: to}}
}

// requireKind judges each case's deployment by a check of one kind, worth 10
// points.
func requireKind(t *testing.T, kind string, base func() *deployment, credit rubric.Credit, cases []kase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := base()
			if c.change != nil {
				c.change(d)
			}
			v := d.verdicts(&rubric.Check{ID: "it", Kind: kind, Points: 1000, Credit: credit, Params: params(t, kind, c.with)})[0]
			requireVerdict(t, c.want, v)
		})
	}
}

// verdicts judges checks of one task.
func (d *deployment) verdicts(checks ...*rubric.Check) []judge.Verdict {
	rub := &rubric.Rubric{Tasks: []rubric.Task{{ID: "1", Checks: checks}}}
	return judge.New(rub).Verdicts([]string{"1"}, d.observed(), "")
}

func requireVerdict(t *testing.T, w want, v judge.Verdict) {
	t.Helper()
	text := i18n.EN.Text(v.Message)
	require.Equal(t, w.key, v.Message.Key, text)
	require.Equal(t, w.outcome, v.Outcome, text)
	require.Equal(t, w.points, v.Points.String(), text)
	switch v.Outcome {
	case check.Fail, check.Partial:
		require.False(t, v.Hint.Empty(), "a loss without a hint: %s", text)
	case check.Pass:
		require.True(t, v.Hint.Empty(), "a hint though nothing is lost: %s", text)
	}
	for _, lang := range i18n.Langs {
		for _, bad := range []string{"{", "check.", "map[", "<nil>"} {
			require.NotContains(t, lang.Text(v.Message), bad)
			require.NotContains(t, strings.ReplaceAll(lang.Text(v.Hint), "{{printf", ""), bad)
		}
	}
	for _, f := range w.facts {
		if f.in == "hint" {
			text, not := strings.CutPrefix(f.key, "not ")
			require.Equal(t, !not, strings.Contains(i18n.EN.Text(v.Hint), text), i18n.EN.Text(v.Hint))
			continue
		}
		from := map[string]map[string]any{"observed": v.Observed, "expected": v.Expected, "message": v.Message.Args}[f.in]
		require.Contains(t, from, f.key, "%s of %s", f.in, text)
		got := from[f.key]
		if m, ok := got.(i18n.Msg); ok {
			got = m.Key
		}
		require.EqualValues(t, f.value, got, "%s %s of %s", f.in, f.key, text)
	}
}

// params reads parameters as the loader of rubrics does, and has them valid for
// the variables that are there.
func params(t *testing.T, kind, with string) any {
	t.Helper()
	p, errs := readParams(t, kind, with)
	require.Empty(t, errs)
	return p
}

// vocabulary is every variable that a rubric of these tests may have.
var vocabulary = []string{"service", "published", "haproxy", "frontend", "visited", "network", "nn", "web", "door", "lb", "gate", "gate2", "lan", "group", "store"}

func readParams(t *testing.T, kind, with string) (p any, errs []rubric.ParamError) {
	t.Helper()
	p, ok := check.Set{}.NewParams(kind)
	require.True(t, ok, kind)
	if with != "" {
		doc := strictyaml.Parse([]byte("{"+with+"}"), "with")
		require.NotNil(t, doc.Root, with)
		doc.Decode(doc.Root, p)
		require.NoError(t, doc.Err())
	}
	if v, ok := p.(interface {
		Validate(vars []string) []rubric.ParamError
	}); ok {
		errs = v.Validate(vocabulary)
	}
	return p, errs
}

// requireRefused has parameters refused, each by "<parameter> <message key>".
func requireRefused(t *testing.T, kind string, cases map[string][]string) {
	t.Helper()
	for with, want := range cases {
		_, errs := readParams(t, kind, with)
		var got []string
		for _, e := range errs {
			require.NotContains(t, i18n.EN.Text(e.Msg), "{")
			got = append(got, e.Param+" "+e.Msg.Key)
		}
		require.Equal(t, want, got, "%s with %s", kind, with)
	}
}
