package explain_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/explain"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/reference"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

func load(t *testing.T, data []byte) *rubric.Rubric {
	t.Helper()
	rub, err := rubric.Load(data, "x.yaml", check.Set{}, action.Set{})
	require.NoError(t, err)
	return rub
}

func builtin(t *testing.T) *rubric.Rubric {
	t.Helper()
	data, ok := rubrics.Find("ha-lb")
	require.True(t, ok)
	return load(t, data)
}

func find(t *testing.T, rub *rubric.Rubric, id string) explain.Check {
	t.Helper()
	all := explain.Rubric(rub, action.Set{})
	i := slices.IndexFunc(all, func(c explain.Check) bool { return c.ID == id })
	require.GreaterOrEqual(t, i, 0, id)
	return all[i]
}

// TestEverythingHasWords: of every kind that there is, and of each of its
// parameters, there is something to say in both languages.
func TestEverythingHasWords(t *testing.T) {
	said := func(key string) {
		for _, lang := range i18n.Langs {
			_, ok := lang.Raw(key)
			require.True(t, ok, "%s in %s", key, lang)
		}
	}
	for _, k := range check.All() {
		said("about.kind." + k.Name)
		for _, p := range rubric.ParamsOf(k.NewParams()) {
			said("about." + p.In + "." + p.Name)
		}
	}
	for _, name := range (action.Set{}).Names() {
		said("about.does." + name)
		params, _ := action.Set{}.NewParams(name)
		for _, p := range rubric.ParamsOf(params) {
			said("about." + p.In + "." + p.Name)
		}
	}
}

func TestLoads(t *testing.T) {
	rub := builtin(t)
	require.Empty(t, find(t, rub, "task2.replicas").Sends)

	mesh := find(t, rub, "task2.mesh-spread").Sends
	require.Equal(t, []explain.Load{{Name: "load/mesh", From: "mesh", Port: "published", Spread: true, Least: 28, Usual: 160, Early: true, Expected: 38}}, mesh)
	direct := find(t, rub, "task3.spread").Sends
	require.Len(t, direct, 1)
	require.Equal(t, []string{"visited"}, direct[0].Or)
	require.Greater(t, direct[0].Usual, 3*mesh[0].Usual, "dealing directly is less even, so that more is asked")

	probed := find(t, rub, "task1.outage")
	require.True(t, probed.Fault)
	require.Equal(t, []explain.Load{{Name: "window", Port: "published", Rate: check.UsualRate}}, probed.Sends)
	later := find(t, rub, "task1.later-spread")
	require.True(t, later.Fault)
	require.Equal(t, "load/later", later.Sends[len(later.Sends)-1].Name)
	require.Equal(t, []string{"snapshot", "proxy"}, find(t, rub, "task2.haproxy").Reads)
}

func TestParams(t *testing.T) {
	c := find(t, builtin(t), "task3.answers")
	values := map[string]string{}
	changed := []string{}
	for _, p := range c.Params {
		values[p.Name] = p.Text()
		if !p.Default {
			changed = append(changed, p.Name)
		}
	}
	require.Equal(t, map[string]string{
		"service": "service", "via": "haproxy", "port": "frontend", "max_errors": "0.01", "or": "[visited]", "direct": "true", "name": "haproxy", "host": "",
	}, values)
	require.Equal(t, []string{"via", "port", "or", "direct"}, changed, "what a file repeats is the default all the same")
}

func TestSamples(t *testing.T) {
	rub := builtin(t)
	require.Equal(t, []explain.Sample{{1, 3, 100}, {2, 3, 200}}, find(t, rub, "task1.running").Samples)
	require.Equal(t, []explain.Sample{{90, 0, 200}, {75, 0, 300}}, find(t, rub, "task1.recovers").Samples)
	require.Equal(t, []explain.Sample{{0, 0, 0}, {0.5, 0, 200}, {1, 0, 399}}, find(t, rub, "task2.answers").Samples)
	require.Empty(t, find(t, rub, "task1.service").Samples)
}

// TestAction: of a check after an action it is said what is done.
func TestAction(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "rubrics", "README.md"))
	require.NoError(t, err)
	seen := false
	for _, e := range reference.Examples(string(page)) {
		if e.Lang != "yaml" || e.Kind != "rubric" {
			continue
		}
		for _, c := range explain.Rubric(load(t, []byte(e.Text)), action.Set{}) {
			if c.After == "" {
				continue
			}
			seen = true
			require.Equal(t, "about.does.scale", c.Action.Does.Key)
			require.Equal(t, "replicas", c.Action.Params[0].Name)
			for _, l := range c.Sends {
				require.Equal(t, "episode/"+c.After, l.Name)
			}
		}
	}
	require.True(t, seen, "no example has an action")
}
