package reference_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/rubric"
)

// param is a row of a kind's table; in is the type that it is a field of.
type param struct {
	name, in, typ, def, bounds, doc string
	// span and words are the bounds of a number and the words that are taken; some
	// says that a list has at least one.
	span  span
	words []string
	some  bool
	value any // where a file says nothing
}

// asker finds out what a parameter takes by giving it values.
type asker struct {
	kind  check.Kind
	vars  []string // all that defaults name
	words []string // all that a parameter could want
}

const nonsense = "zz_no_such"

// complaints are what is said of one parameter when it has a value.
func (a asker) complaints(path []int, name string, value any) []rubric.ParamError {
	p := a.kind.NewParams()
	reflect.ValueOf(p).Elem().FieldByIndex(path).Set(reflect.ValueOf(value))
	var out []rubric.ParamError
	for _, e := range p.(interface {
		Validate(vars []string) []rubric.ParamError
	}).Validate(a.vars) {
		if e.Param == name {
			out = append(out, e)
		}
	}
	return out
}

func (a asker) takes(path []int, name string, value any) bool {
	return len(a.complaints(path, name, value)) == 0
}

// params are the parameters of a kind, in the order of its structs.
func (a asker) params(t *testing.T, src *source) []param {
	t.Helper()
	var out []param
	root := reflect.ValueOf(a.kind.NewParams()).Elem()
	var walk func(v reflect.Value, path []int)
	walk = func(v reflect.Value, path []int) {
		for i := range v.NumField() {
			f, at := v.Type().Field(i), append(slices.Clone(path), i)
			name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if opts == "inline" {
				walk(v.Field(i), at)
				continue
			}
			require.NotEmpty(t, name, "%s: a parameter without a name", a.kind.Name)
			p := param{name: name, in: v.Type().Name(), doc: src.sentence(v.Type().Name(), f.Name, snake)}
			require.NotEmpty(t, p.doc, "%s.%s needs a comment above it that begins with its name", v.Type().Name(), f.Name)
			p.value = v.Field(i).Interface()
			a.kindOf(t, at, v.Field(i), &p)
			p.def = a.defaultOf(at, name, v.Field(i))
			out = append(out, p)
		}
	}
	walk(root, nil)
	return out
}

func (a asker) kindOf(t *testing.T, path []int, v reflect.Value, p *param) {
	t.Helper()
	name := p.name
	switch x := v.Interface().(type) {
	case bool:
		p.typ = "true or false"
	case int:
		p.typ, p.span = "whole number", edges(float64(x), true, func(f float64) bool { return a.takes(path, name, int(f)) })
		p.bounds = p.span.text()
	case float64:
		p.typ, p.span = "number", edges(x, false, func(f float64) bool { return a.takes(path, name, f) })
		p.bounds = p.span.text()
	case string:
		a.wordsOf(path, p, func(s string) any { return s })
	case []string:
		a.wordsOf(path, p, func(s string) any { return []string{s} })
		if p.some = !a.takes(path, name, []string{}); p.some {
			p.bounds = strings.TrimPrefix(p.bounds+"; at least one", "; ")
		}
		p.typ = "list of " + p.typ + "s"
	default:
		t.Fatalf("%s.%s: the page knows no word for a %s", a.kind.Name, name, v.Type())
	}
}

// wordsOf tells a variable, one of a few words, and any text apart.
func (a asker) wordsOf(path []int, p *param, value func(string) any) {
	errs := a.complaints(path, p.name, value(nonsense))
	switch {
	case len(errs) == 0:
		p.typ = "text"
		return
	case errs[0].Var == nonsense:
		p.typ = "variable"
		return
	case errs[0].Msg.Key == "check.param_time_range":
		p.typ = "range of times"
		return
	case errs[0].Msg.Key == "check.param_count_range":
		p.typ = "range of whole numbers"
		return
	}
	for _, w := range a.words {
		if a.takes(path, p.name, value(w)) {
			p.words = append(p.words, w)
		}
	}
	p.typ, p.bounds = "word", quoted(p.words)
}

// defaultOf is what stands where a file says nothing.
func (a asker) defaultOf(path []int, name string, v reflect.Value) string {
	switch {
	case !a.takes(path, name, v.Interface()):
		return "must be given"
	case v.Kind() == reflect.Slice && v.Len() == 0, v.Kind() == reflect.String && v.Len() == 0:
		return "none"
	case v.Kind() == reflect.Slice:
		return "`[" + strings.Join(v.Interface().([]string), ", ") + "]`"
	}
	return "`" + fmt.Sprint(v.Interface()) + "`"
}

// span is from where to where numbers are taken, infinite for no bound; lowIn and
// highIn say that the bound itself is. The zero one knows nothing.
type span struct {
	low, high     float64
	lowIn, highIn bool
}

// edges finds the smallest and the largest number that are taken around one
// that is: the default, or else a small one.
func edges(from float64, whole bool, takes func(float64) bool) span {
	if !takes(from) {
		from = 1
	}
	if !takes(from) {
		return span{low: math.Inf(-1), high: math.Inf(1)}
	}
	var s span
	s.low, s.lowIn = edge(from, -1, whole, takes)
	s.high, s.highIn = edge(from, 1, whole, takes)
	return s
}

func (s span) text() string {
	text := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	switch {
	case math.IsInf(s.low, 0) && math.IsInf(s.high, 0):
		return ""
	case math.IsInf(s.high, 0):
		return "from " + text(s.low)
	case s.lowIn && s.highIn:
		return text(s.low) + " to " + text(s.high)
	case s.lowIn:
		return text(s.low) + " to less than " + text(s.high)
	}
	return "more than " + text(s.low) + ", to " + text(s.high)
}

func edge(from, way float64, whole bool, takes func(float64) bool) (at float64, in bool) {
	step := 1.0
	for takes(from + way*step) {
		if step *= 2; step > 1e9 {
			return math.Inf(int(way)), false
		}
	}
	good, bad := from, from+way*step
	for math.Abs(bad-good) > 1e-9 {
		mid := (good + bad) / 2
		if whole {
			if mid = math.Trunc(mid); mid == good || mid == bad {
				break
			}
		}
		if takes(mid) {
			good = mid
		} else {
			bad = mid
		}
	}
	at = math.Round(good*1e6) / 1e6
	return at + 0, takes(at) // + 0: no negative zero
}

// need is how the page words a piece of evidence.
var need = map[string]string{
	"snapshot": "the cluster", "proxy": "HAProxy and its configuration", "load/mesh": "requests through every node",
	"load/haproxy": "requests through HAProxy", "load/cookies": "requests through HAProxy by clients that keep cookies",
	"load/returning": "requests through HAProxy by clients that come back with cookies", "load/held": "requests through HAProxy, some of them held open", "window": "a fault", "load/later": "requests after the fault",
	"names": "what engines say of the name",
}

// needs are what a kind wants to be observed, with any word in "via".
func needs(t *testing.T, k check.Kind) string {
	t.Helper()
	var out []string
	for _, via := range []string{"mesh", "haproxy"} {
		p := k.NewParams()
		if f := reflect.ValueOf(p).Elem().FieldByName("Via"); f.IsValid() {
			f.SetString(via)
		}
		for _, n := range k.Needs(p) {
			require.Contains(t, need, n.Load(), "%s needs what the page has no words for", k.Name)
			if !slices.Contains(out, need[n.Load()]) {
				out = append(out, need[n.Load()])
			}
		}
	}
	if len(out) > 1 && slices.Contains(out, need["load/mesh"]) && slices.Contains(out, need["load/haproxy"]) {
		return need["snapshot"] + "; " + need["load/mesh"] + ", or through HAProxy, as `via` says"
	}
	return strings.Join(out, "; ")
}

// strings are the texts among a kind's defaults: most name variables.
func (a asker) strings() (out []string) {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.String:
			out = append(out, v.String())
		}
	}
	walk(reflect.ValueOf(a.kind.NewParams()).Elem())
	return out
}
