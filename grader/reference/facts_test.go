package reference_test

import (
	"encoding/json"
	"go/ast"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// shared are the results that many kinds give: the page tells of them once.
var shared = []string{"noService", "ungraded", "unstable", "standIn"}

// facts are what a kind's source states, in the order of the source.
type facts struct {
	src                *source
	judges             map[string]string // functions that judge, and their kinds
	observed, expected []string
	of                 []string // other kinds whose judges are asked
	seen               map[string]bool
	done               map[ast.Node]bool
}

// kindFuncs finds the function that defines each kind, and what judges it.
func kindFuncs(src *source) (defines map[string]*ast.FuncDecl, judge map[string]ast.Expr) {
	defines, judge = map[string]*ast.FuncDecl{}, map[string]ast.Expr{}
	for _, f := range src.funcs {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || called(call) != "define" {
				return true
			}
			if name, ok := literal(call.Args[0]); ok {
				defines[name] = f
				last := call.Args[len(call.Args)-1]
				for inner, ok := last.(*ast.CallExpr); ok; inner, ok = last.(*ast.CallExpr) { // sparing(…, whichever(judge))
					last = inner.Args[len(inner.Args)-1]
				}
				judge[name] = last
			}
			return true
		})
	}
	return defines, judge
}

func factsOf(t *testing.T, src *source, kind string) *facts {
	t.Helper()
	_, judge := kindFuncs(src)
	require.Contains(t, judge, kind)
	f := &facts{src: src, judges: map[string]string{}, seen: map[string]bool{}, done: map[ast.Node]bool{}}
	for k, j := range judge {
		if id, ok := j.(*ast.Ident); ok && k != kind {
			f.judges[id.Name] = k
		}
	}
	if id, ok := judge[kind].(*ast.Ident); ok {
		f.enter(id.Name)
	} else {
		f.read(judge[kind])
	}
	return f
}

func (f *facts) enter(name string) {
	if f.seen[name] {
		return
	}
	f.seen[name] = true
	f.read(f.src.funcs[name].Body)
}

func (f *facts) read(body ast.Node) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && side(id.Name) {
				f.literal(n.Value, id.Name)
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if sel, ok := left.(*ast.SelectorExpr); ok && side(sel.Sel.Name) && i < len(n.Rhs) {
					f.literal(n.Rhs[i], sel.Sel.Name)
				}
				if at, ok := left.(*ast.IndexExpr); ok {
					f.index(at)
				}
			}
		case *ast.RangeStmt: // for name, n := range map[string]int{…} { f[name] = n }
			if lit, ok := n.X.(*ast.CompositeLit); ok {
				if _, ok := lit.Type.(*ast.MapType); ok {
					f.keys(lit, "Observed")
				}
			}
		case *ast.CompositeLit:
			f.literal(n, "Observed")
		case *ast.CallExpr:
			f.call(called(n))
		}
		return true
	})
}

func side(name string) bool { return name == "Observed" || name == "Expected" }

func (f *facts) literal(n ast.Expr, side string) {
	lit, ok := n.(*ast.CompositeLit)
	if !ok || f.done[lit] {
		return
	}
	if id, ok := lit.Type.(*ast.Ident); ok && id.Name == "Facts" {
		f.done[lit] = true
		f.keys(lit, side)
	}
}

func (f *facts) keys(lit *ast.CompositeLit, side string) {
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := literal(kv.Key); ok {
				f.add(key, side)
			}
		}
	}
}

// index is r.Observed["x"], or f["x"] where f are facts.
func (f *facts) index(at *ast.IndexExpr) {
	key, ok := literal(at.Index)
	if !ok {
		return
	}
	switch x := at.X.(type) {
	case *ast.SelectorExpr:
		if side(x.Sel.Name) {
			f.add(key, x.Sel.Name)
		}
	case *ast.Ident:
		if x.Name == "f" {
			f.add(key, "Observed")
		}
	}
}

func (f *facts) add(key, side string) {
	list := &f.observed
	if side == "Expected" {
		list = &f.expected
	}
	if !slices.Contains(*list, key) {
		*list = append(*list, key)
	}
}

// call follows what gives or takes results and facts.
func (f *facts) call(name string) {
	decl := f.src.funcs[name]
	if kind := f.judges[name]; kind != "" {
		if !slices.Contains(f.of, kind) {
			f.of = append(f.of, kind)
		}
		return
	}
	if decl == nil || slices.Contains(shared, name) || !aboutResults(decl) {
		return
	}
	f.enter(name)
}

func aboutResults(decl *ast.FuncDecl) bool {
	about := false
	note := func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		about = about || ok && (id.Name == "Facts" || id.Name == "Result")
		return true
	}
	ast.Inspect(decl.Type, note)
	if decl.Recv != nil {
		ast.Inspect(decl.Recv, note)
	}
	return about
}

func called(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		return fun.Sel.Name
	}
	return ""
}

// text is how the page lists them.
func (f *facts) text() string {
	var parts []string
	if len(f.observed) > 0 {
		parts = append(parts, "observed "+quoted(f.observed))
	}
	if len(f.expected) > 0 {
		parts = append(parts, "expected "+quoted(f.expected))
	}
	// That there is no HAProxy is told once, for all kinds.
	if of := slices.DeleteFunc(slices.Clone(f.of), func(k string) bool { return k == "haproxy-found" }); len(of) > 0 {
		parts = append(parts, "those of "+quoted(of))
	}
	return strings.Join(parts, "; ")
}

func quoted(words []string) string { return "`" + strings.Join(words, "`, `") + "`" }

// everywhere are the facts that checks of any kind may state.
func everywhere(t *testing.T, src *source) string {
	t.Helper()
	f := &facts{src: src, seen: map[string]bool{}, done: map[ast.Node]bool{}}
	for _, name := range shared {
		require.Contains(t, src.funcs, name)
		f.enter(name)
	}
	return f.text()
}

// TestStatedFacts: what the released gradebook's checks stated is on the page.
func TestStatedFacts(t *testing.T) {
	data, ok := rubrics.Find("ha-lb")
	require.True(t, ok)
	rub, err := rubric.Load(data, "ha-lb", check.Set{}, action.Set{})
	require.NoError(t, err)
	judged, err := os.ReadFile("../gradebook/testdata/released.jsonl")
	require.NoError(t, err)
	src, held := readSource(t, "check"), map[string]bool{}
	known := func(kind string) (observed, expected []string) {
		f := factsOf(t, src, kind)
		observed, expected = f.observed, f.expected
		for _, other := range append(f.of, "service-exists") {
			o := factsOf(t, src, other)
			observed, expected = append(observed, o.observed...), append(expected, o.expected...)
		}
		return observed, expected
	}
	for line := range strings.Lines(string(judged)) {
		_, text, _ := strings.Cut(line, " ")
		var v struct {
			Check, Outcome     string
			Observed, Expected map[string]any
		}
		require.NoError(t, json.Unmarshal([]byte(text), &v))
		c, ok := rub.Check(v.Check)
		if !ok || v.Outcome == "blocked" {
			continue
		}
		held[c.Kind] = true
		observed, expected := known(c.Kind)
		require.Subset(t, append(observed, "missing", "tasks_before", "tasks_after"), slices.Collect(maps.Keys(v.Observed)), "%s: %s", c.Kind, line)
		require.Subset(t, expected, slices.Collect(maps.Keys(v.Expected)), "%s: %s", c.Kind, line)
	}
	require.Greater(t, len(held), 15)
}
