package reference_test

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
)

// about are the sentences on fields, kinds and parameters, by their keys in the
// catalogs, in order.
type about struct{ keys, texts []string }

func (a *about) add(key, text string) {
	if i := slices.Index(a.keys, key); i < 0 {
		a.keys, a.texts = append(a.keys, key), append(a.texts, text)
	}
}

// params adds those of a kind. The key is the type that they are fields of, so that
// what many kinds share is said once.
func (a *about) params(t *testing.T, src *source, kind check.Kind, vars, words []string) {
	t.Helper()
	for _, p := range (asker{kind, vars, words}).params(t, src) {
		a.add(p.in+"."+p.name, p.doc)
	}
}

// TestAbout: what the program itself says of a rubric's fields, and of kinds and
// their parameters, is in English what the comments say. The Chinese beside it is
// written by hand.
func TestAbout(t *testing.T) {
	var kinds, fields about
	src := readSource(t, "check")
	defines, _ := kindFuncs(src)
	for _, k := range check.All() {
		kinds.add("kind."+k.Name, kindDoc(defines[k.Name].Doc.Text(), defines[k.Name].Name.Name))
		kinds.params(t, src, k, nil, nil)
	}
	src = readSource(t, "action")
	for _, k := range action.All() {
		if k.NewParams != nil {
			kinds.add("does."+k.Name, aimDoc(t, src, k))
			kinds.params(t, src, check.Kind{Name: k.Name, NewParams: k.NewParams}, nil, src.literals())
		}
	}
	f := rubricFormat(t)
	for _, at := range rubricPlaces {
		for _, key := range f.keys(t, at) {
			_, doc := f.about(t, at, key)
			fields.add(at.name+"."+key, doc)
		}
	}
	sameCatalog(t, "../i18n/catalog/about-kinds.yaml", "# What checks and actions do, and their parameters.", kinds)
	sameCatalog(t, "../i18n/catalog/about-fields.yaml", "# The fields of a rubric.", fields)
}

// aimDoc is what the comment of an action's Aim says, or of its Role.
func aimDoc(t *testing.T, src *source, k action.Kind) string {
	t.Helper()
	aim := reflect.ValueOf(k.Aim)
	if k.Aim == nil {
		aim = reflect.ValueOf(k.Role)
	}
	path := runtime.FuncForPC(aim.Pointer()).Name()
	name := path[strings.LastIndexByte(path, '.')+1:]
	require.Contains(t, src.funcs, name, "%s: Aim, or Role, is a function of its own, with a comment", k.Name)
	doc := kindDoc(src.funcs[name].Doc.Text(), name)
	require.NotEmpty(t, doc, "%s needs a comment that says what %s does", name, k.Name)
	return doc
}

// sameCatalog holds a catalog's English to what it is made from.
func sameCatalog(t *testing.T, file, head string, a about) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	old := map[string]map[string]string{}
	require.NoError(t, yaml.Unmarshal(data, &old))
	var b strings.Builder
	b.WriteString(head + " The English is made from the comments in\n# the code (go test ./grader/reference -update), the Chinese written by hand.\n")
	for i, key := range a.keys {
		zh := old[key]["zh"]
		if old[key]["en"] != a.texts[i] {
			zh = "" // it says something else: a blank one is no good, so that somebody writes it anew
		}
		fmt.Fprintf(&b, "%s:\n  zh: %s\n  en: %s\n", key, strconv.Quote(zh), strconv.Quote(a.texts[i]))
	}
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
		return
	}
	require.Equal(t, b.String(), string(data), "%s is behind the code: go test ./grader/reference -update, then mend the Chinese", file)
}
