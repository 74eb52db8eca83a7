package reference_test

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/diag"
)

// format is one kind of file, with a loader that can be asked.
type format struct {
	src *source
	// base is a file with every object that there can be.
	base string
	// load gives what is wrong with a file.
	load func(t *testing.T, data []byte) error
	// vars are the variables of the base.
	vars []string
}

// place is an object within the base.
type place struct {
	name string // of the page's part
	path []any  // keys and numbers
	// typ is the Go type that it becomes, whose comments tell of its keys; field
	// gives the field of a key where they are not called alike.
	typ   string
	field map[string]string
	// instead are keys that must go for another to be looked at.
	instead map[string]string
	// defaults is the Go value of a file that says nothing.
	defaults any
}

// problems are what the loader says of the base with a change to an object.
func (f format) problems(t *testing.T, path []any, change func(object map[string]any)) diag.Problems {
	t.Helper()
	problems, _ := f.changed(t, path, change)
	return problems
}

// changed is the base with a change to an object, and what the loader says of it.
func (f format) changed(t *testing.T, path []any, change func(object map[string]any)) (diag.Problems, []byte) {
	t.Helper()
	var doc any
	require.NoError(t, yaml.Unmarshal([]byte(f.base), &doc))
	at := doc
	for _, step := range path {
		switch step := step.(type) {
		case string:
			at = at.(map[string]any)[step]
		case int:
			at = at.([]any)[step]
		}
	}
	object, ok := at.(map[string]any)
	require.True(t, ok, "the base has no object at %v", path)
	change(object)
	data, err := yaml.Marshal(doc)
	require.NoError(t, err)
	err = f.load(t, data)
	var problems diag.Problems
	require.True(t, err == nil || errors.As(err, &problems), "%v", err)
	return problems, data
}

// keys are those that the loader knows at a place, in its own order.
func (f format) keys(t *testing.T, p place) []string {
	t.Helper()
	stranger := strings.Repeat("z", 20)
	for _, x := range f.problems(t, p.path, func(o map[string]any) { o[stranger] = 1 }) {
		if x.Msg.Key == "yaml.unknown_key" && x.Msg.Args["key"] == stranger {
			words, ok := x.Hint.Args["words"].([]string)
			require.True(t, ok, "%v", x.Hint)
			return words
		}
	}
	t.Fatalf("%s takes any key", p.name)
	return nil
}

// takes says which values a key takes, as far as the loader's answers to wrong
// ones tell.
func (f format) takes(t *testing.T, p place, key string) string {
	t.Helper()
	set := func(value any) diag.Problems {
		return f.problems(t, p.path, func(o map[string]any) {
			delete(o, p.instead[key])
			o[key] = value
		})
	}
	for _, x := range set(nonsense) {
		if !strings.Contains(x.Source, nonsense) {
			continue
		}
		switch x.Msg.Key {
		case "yaml.want_map":
			return "map"
		case "yaml.want_list":
			return "list"
		case "yaml.want_bool":
			return "true or false"
		case "yaml.want_number":
			return "number"
		case "yaml.want_int":
			for _, y := range set(1 << 50) {
				if y.Msg.Key == "yaml.range" {
					return fmt.Sprintf("whole number, %v to %v", y.Msg.Args["low"], y.Msg.Args["high"])
				}
			}
			return "whole number"
		case "yaml.not_one_of":
			words := x.Msg.Args["words"].([]string)
			if slices.Equal(words, f.vars) {
				return "variable"
			}
			for _, y := range set(map[string]any{nonsense: 1}) {
				if y.Msg.Key == "yaml.unknown_key" {
					return quoted(words) + " or a map"
				}
			}
			return quoted(words)
		}
	}
	return "text"
}

// initial is what stands where the file says nothing.
func (f format) initial(t *testing.T, p place, key, field string) string {
	t.Helper()
	missed := func(without string) bool {
		return slices.ContainsFunc(f.problems(t, p.path, func(o map[string]any) {
			delete(o, key)
			delete(o, without)
		}), func(x diag.Problem) bool { return x.Msg.Key == "yaml.missing_key" && x.Msg.Args["key"] == key })
	}
	if missed("") {
		for _, other := range f.keys(t, p) {
			if other != key && !missed(other) {
				return "must be given with `" + other + "`"
			}
		}
		return "must be given"
	}
	if p.defaults != nil {
		if v := reflect.ValueOf(p.defaults).FieldByName(field); !v.IsZero() {
			return "`" + fmt.Sprint(v.Interface()) + "`"
		}
	}
	return "none"
}

// about is the field that a key becomes, and what its comment says.
func (f format) about(t *testing.T, p place, key string) (field, doc string) {
	t.Helper()
	field = p.field[key]
	for name := range f.src.fields[p.typ] {
		if field == "" && strings.EqualFold(strings.ReplaceAll(key, "_", ""), name) {
			field = name
		}
	}
	doc = f.src.sentence(p.typ, field, snake)
	if key == "schema" {
		doc = "The layout of rubric files, by its name: `swarmgrade-rubric/1`."
		require.Contains(t, f.base, "schema: swarmgrade-rubric/1")
	}
	require.NotEmpty(t, doc, "key %s: field %s.%s needs a comment above it that begins with its name", key, p.typ, field)
	return field, doc
}

// table lists the keys of a place.
func (f format) table(t *testing.T, p place) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| field | takes | default | |\n|---|---|---|---|\n")
	for _, key := range f.keys(t, p) {
		field, doc := f.about(t, p, key)
		row(&b, key, f.takes(t, p, key), f.initial(t, p, key, field), doc)
	}
	return b.String()
}

func row(b *strings.Builder, key string, cells ...string) {
	b.WriteString("| `" + key + "` |")
	for _, c := range cells {
		b.WriteString(" " + strings.ReplaceAll(c, "|", `\|`) + " |")
	}
	b.WriteString("\n")
}

// form is what loaders say of a value's form alone, not of what goes with it.
var form = regexp.MustCompile(`^(rubric|roster)\.(bad_|points_|decimals|negative|no_|reserved|pattern|endpoint|tls)|^formula\.too`)

// says holds what the loader says of a value against a message's key; "" is
// nothing about its form. A nil value takes the key away.
func (f format) says(t *testing.T, path []any, key string, value any, want string) {
	t.Helper()
	var says []string
	for _, x := range f.problems(t, path, func(o map[string]any) {
		if o[key] = value; value == nil {
			delete(o, key)
		}
	}) {
		if x.Msg.Key == want || want == "" && form.MatchString(x.Msg.Key) {
			says = append(says, x.Msg.Key)
		}
	}
	require.Equal(t, want, strings.Join(slices.Compact(says), " "), "%v %s: %v", path, key, value)
}
