package reference_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/formula"
	"swarmgrade/grader/rubric"
)

const schemaFile = "../../rubrics/schema.json"

// object is one of JSON.
type object = map[string]any

// scalars are the types that a text may have in YAML, where 7 and true need no quotes.
var scalars = []string{"string", "number", "boolean"}

// schemas makes the JSON Schema of rubrics, as the loader answers.
type schemas struct {
	t     *testing.T
	f     format
	forms map[string]string // regular expressions of the loader, by their names
	defs  object
}

// TestSchema: rubrics/schema.json, which grade rubric schema prints, is what the
// loader, the kinds and their comments say.
func TestSchema(t *testing.T) {
	s := schemas{t: t, f: rubricFormat(t), forms: map[string]string{}, defs: object{}}
	for name, v := range s.f.src.values {
		if strings.HasSuffix(name, "Form") {
			for _, text := range s.f.src.texts(v) {
				s.forms[name] = text
			}
		}
	}
	require.GreaterOrEqual(t, len(s.forms), 4)
	for _, at := range rubricPlaces {
		s.defs[at.name] = s.place(at)
	}
	s.kinds()
	root := s.defs["rubric"].(object)
	delete(s.defs, "rubric")
	root["$schema"], root["$defs"] = "https://json-schema.org/draft/2020-12/schema", s.defs
	root["title"] = rubric.Schema

	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	require.NoError(t, enc.Encode(root))
	if *update {
		require.NoError(t, os.WriteFile(schemaFile, b.Bytes(), 0o600))
	}
	want, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "%s is behind the code: go test ./grader/reference -update", schemaFile)
}

// place is the schema of one object of a rubric.
func (s schemas) place(p place) object {
	props, required, together := object{}, []string{}, object{}
	for _, key := range s.f.keys(s.t, p) {
		field, doc := s.f.about(s.t, p, key)
		x := s.value(p, key)
		if _, is := x["enumDescriptions"]; !is && doc != "" {
			x["description"] = doc
		}
		props[key] = x
		switch must, with, _ := strings.Cut(s.f.initial(s.t, p, key, field), " with "); {
		case must != "must be given":
		case with != "":
			other := strings.Trim(with, "`")
			together[other] = []string{key}
		default:
			required = append(required, key)
		}
	}
	out := object{"type": "object", "additionalProperties": false, "properties": props}
	if len(required) > 0 {
		out["required"] = required
	}
	if len(together) > 0 {
		out["dependentRequired"] = together
	}
	if ways := oneOf[p.name]; ways != nil {
		var each []any
		for _, key := range ways {
			require.Contains(s.t, props, key)
			each = append(each, object{"required": []string{key}})
		}
		out["oneOf"] = each
	}
	return out
}

// oneOf are the keys of which an object has exactly one. TestSchemaRefuses holds them
// to the loader.
var oneOf = map[string][]string{"rule": {"builtin", "header", "pattern"}, "band": {"at_least", "at_most"}, "credit": {"bands", "linear"}}

// value is the schema of a key's value.
func (s schemas) value(p place, key string) object {
	if key == "title" {
		return object{"$ref": "#/$defs/title"}
	}
	takes := s.f.takes(s.t, p, key)
	inner, list := s.within(p, key)
	switch {
	case key == "schema":
		return object{"const": rubric.Schema}
	case list:
		return s.list(p, key, object{"$ref": "#/$defs/" + inner})
	case takes == "list":
		x := s.list(p, key, object{"type": scalars, "minLength": 1})
		x["uniqueItems"] = s.f.refuses(s.t, p, key, []any{nonsense, nonsense}, "_twice")
		return x
	case strings.HasSuffix(takes, " or a map"):
		return object{"anyOf": []any{object{"enum": words(takes)}, object{"$ref": "#/$defs/" + inner}}}
	case inner != "":
		return object{"$ref": "#/$defs/" + inner}
	case takes == "map":
		return object{"type": "object"}
	case takes == "variable":
		return object{"type": "string", "pattern": s.forms["varForm"]}
	case takes == "number":
		return numbers("number", edges(1, true, func(f float64) bool { return !s.f.refuses(s.t, p, key, int(f), "") }))
	case strings.HasPrefix(takes, "whole number"):
		n := regexp.MustCompile(`\d+`).FindAllString(takes, -1)
		low, _ := strconv.ParseFloat(n[0], 64)
		high, _ := strconv.ParseFloat(n[1], 64)
		return numbers("integer", span{low, high, true, true})
	case strings.HasPrefix(takes, "`"):
		return object{"enum": words(takes)}
	}
	return s.text(p, key)
}

// text is the schema of a text: what the loader takes, as far as its form goes.
func (s schemas) text(p place, key string) object {
	takes := func(v any) bool { return !s.f.refuses(s.t, p, key, v, "") }
	x := object{"minLength": 1}
	types := []string{"string"}
	switch {
	case takes(1.5):
		types = append(types, "number")
	case takes(7):
		types = append(types, "integer")
	}
	if len(types) > 1 && !takes(-1) {
		x["minimum"] = 0
	}
	if takes(true) {
		types = append(types, "boolean")
	}
	if x["type"] = types; len(types) == 1 {
		x["type"] = "string"
	}
	if limit := s.f.limit(s.t, p, key); limit > 0 {
		x["maxLength"] = limit
	}
	if !takes("!\x20!") { // it has a form: the one that agrees with the loader throughout
		samples := []string{"a", "a-b", "a_b", "a.b", "_a", "9a", "A", "a+", strings.Repeat("a", 33), strings.Repeat("a", 65), strings.Repeat("a", 101)}
		for _, name := range slices.Sorted(maps.Keys(s.forms)) {
			re := regexp.MustCompile(s.forms[name])
			if !slices.ContainsFunc(samples, func(v string) bool { return re.MatchString(v) != takes(v) }) {
				x["pattern"] = s.forms[name]
			}
		}
		delete(x, "minLength")
		require.Contains(s.t, x, "pattern", "no form of the loader's is that of %s.%s", p.name, key)
	}
	var not []string
	for _, word := range append([]string{"id", "name", rubric.FaultAction}, formula.Functions...) {
		if s.f.refuses(s.t, p, key, word, "reserved_") {
			not = append(not, word)
		}
	}
	if len(not) > 0 {
		x["not"] = object{"enum": not}
	}
	return x
}

// within is the place that a key leads to, and whether it is a list of such.
func (s schemas) within(p place, key string) (name string, list bool) {
	path := func(steps []any) string {
		var b strings.Builder
		for _, step := range steps {
			if i, ok := step.(int); ok {
				step = i * 0
			}
			b.WriteString("/" + jsonText(s.t, step))
		}
		return b.String()
	}
	here := path(p.path) + "/" + jsonText(s.t, key)
	for _, q := range rubricPlaces {
		switch path(q.path) {
		case here:
			return q.name, false
		case here + "/0":
			return q.name, true
		}
	}
	return "", false
}

func jsonText(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

func (s schemas) list(p place, key string, items object) object {
	x := object{"type": "array", "items": items}
	if s.f.refuses(s.t, p, key, []any{}, "no_tasks") || s.f.refuses(s.t, p, key, []any{}, "no_checks") || s.f.refuses(s.t, p, key, []any{}, "_empty") {
		x["minItems"] = 1
	}
	if n := s.f.src.number(s.t, "maxActions"); s.f.refuses(s.t, p, key, make([]any, n+1), "many_") {
		x["maxItems"] = n
	}
	return x
}

func numbers(typ string, s span) object {
	x := object{"type": typ}
	bound := func(f float64, in bool, name, exclusive string) {
		if math.IsInf(f, 0) {
			return
		}
		if !in {
			name = exclusive
		}
		x[name] = f
	}
	bound(s.low, s.lowIn, "minimum", "exclusiveMinimum")
	bound(s.high, s.highIn, "maximum", "exclusiveMaximum")
	return x
}

// words are those quoted in what the page says.
func words(takes string) []string {
	var out []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(takes, -1) {
		out = append(out, m[1])
	}
	return out
}
