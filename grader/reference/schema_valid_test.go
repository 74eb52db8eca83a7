package reference_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/reference"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// validator reads rubrics/schema.json as an editor does.
func validator(t *testing.T) func(text []byte) error {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(rubrics.Schema()))
	require.NoError(t, err)
	require.NoError(t, c.AddResource("rubric.schema.json", doc))
	schema, err := c.Compile("rubric.schema.json")
	require.NoError(t, err)
	return func(text []byte) error {
		var v any
		if err := yaml.Unmarshal(text, &v); err != nil {
			return err
		}
		data, err := json.Marshal(v)
		require.NoError(t, err)
		inst, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		require.NoError(t, err)
		return schema.Validate(inst)
	}
}

// TestSchemaTakes: whatever the loader takes, the schema does: built-in rubrics,
// those of the page, and the one with every key.
func TestSchemaTakes(t *testing.T) {
	valid := validator(t)
	for _, id := range rubrics.IDs() {
		data, _ := rubrics.Find(id)
		require.NoError(t, valid(data), id)
	}
	examples := readPage(t, rubricPage).examples("yaml", "rubric")
	require.NotEmpty(t, examples)
	for _, e := range examples {
		require.NoError(t, valid([]byte(e[0].Text)), "line %d", e[0].Line)
	}
	require.NoError(t, valid([]byte(everyKey)))
}

// structural are the messages about the form of a file, which a schema can know.
var structural = regexp.MustCompile(`^yaml\.(unknown_key|missing_key|want_map|want_list|want_bool|want_number|want_int|range|blank)$|` +
	`^rubric\.(schema|bad_id|bad_var|bad_header|reserved|no_tasks|no_checks|negative|points_too_many|unknown_kind|unknown_action_kind|` +
	`no_measure|credit_empty|credit_twice|bands_empty|band_bound|rule_ways|pattern_too_long|need_twice)|^formula\.too_long`)

// ofForm reports whether one of the problems is with the form.
func ofForm(problems diag.Problems) bool {
	return slices.ContainsFunc(problems, func(p diag.Problem) bool {
		inner, ok := p.Msg.Args["problem"].(i18n.Msg)
		ofFile := []string{"check.param_no_var", "check.param_time_range", "check.param_count_range", "check.param_host", "check.param_held"}
		return structural.MatchString(p.Msg.Key) || ok && !slices.Contains(ofFile, inner.Key)
	})
}

// TestSchemaAgrees puts values of all sorts in the place of every field and every
// parameter: what the loader takes, the schema takes, and what it refuses for its
// form, the schema refuses.
func TestSchemaAgrees(t *testing.T) {
	valid, f := validator(t), rubricFormat(t)
	values := []any{
		"a", "a b", "", "A-b", "service", "7", nonsense, 7, 0, -1, 1.5, 10_000_000, true, nil, []any{}, []any{"service"}, []any{7}, []any{"", 1},
		map[string]any{}, map[string]any{"zh": "x", "en": "y"}, map[string]any{nonsense: 1}, strings.Repeat("a", 600), "per_unit", "vip", "whoami",
	}
	took, refused := 0, 0
	try := func(path []any, change func(o map[string]any)) {
		problems, text := f.changed(t, path, change)
		err := valid(text)
		switch {
		case len(problems) == 0:
			took++
			require.NoError(t, err, "%s", text)
		case ofForm(problems):
			refused++
			require.Error(t, err, "%v\n%s", problems, text)
		}
	}
	for _, p := range rubricPlaces {
		for _, key := range append(f.keys(t, p), nonsense) {
			try(p.path, func(o map[string]any) { delete(o, key) })
			for _, v := range values {
				try(p.path, func(o map[string]any) { o[key] = v })
			}
		}
	}
	for _, k := range check.All() {
		for _, p := range rubric.ParamsOf(k.NewParams()) {
			for _, v := range values {
				try([]any{"tasks", 0, "checks", 1}, func(o map[string]any) {
					delete(o, "credit")
					delete(o, "after")
					o["kind"], o["with"] = k.Name, map[string]any{p.Name: v}
				})
			}
		}
	}
	require.Greater(t, took, 100)
	require.Greater(t, refused, 1000)
}

// TestSchemaRefuses: what the loader refuses for its form, the schema does, in every
// faulty rubric of the corpus.
func TestSchemaRefuses(t *testing.T) {
	valid, f := validator(t), rubricFormat(t)
	lab, err := os.ReadFile("../rubric/testdata/good/lab.yaml")
	require.NoError(t, err)
	require.NoError(t, valid(lab))
	files, err := filepath.Glob("../rubric/testdata/bad/*.diff")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	refused := 0
	for _, file := range files {
		diff, err := os.ReadFile(file)
		require.NoError(t, err)
		patched, ok := reference.Patched(string(lab), string(diff))
		require.True(t, ok, file)
		text := []byte(patched)
		var problems diag.Problems
		require.True(t, errors.As(f.load(t, text), &problems), "%s is not faulty", file)
		if ofForm(problems) {
			refused++
			require.Error(t, valid(text), "the schema takes %s: %v", file, problems)
		}
	}
	require.Greater(t, refused, 25, "of "+strconv.Itoa(len(files)))
}
