package swarm

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// TestEveryProblemHasItsSentences reads the problems out of the source.
func TestEveryProblemHasItsSentences(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := 0
	check := func(arg ast.Expr, prefix string) {
		lit, ok := arg.(*ast.BasicLit)
		if !ok {
			return
		}
		name, err := strconv.Unquote(lit.Value)
		require.NoError(t, err)
		found++
		for _, lang := range i18n.Langs {
			for _, key := range []string{"swarm." + prefix + name, "swarm." + prefix + name + "_hint"} {
				if _, ok := lang.Raw(key); !ok && (prefix == "" || name != "quorum") {
					t.Errorf("%s has no sentence %s", lang, key)
				}
			}
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch fun := call.Fun.(type) {
			case *ast.Ident:
				if fun.Name == "fail" {
					check(call.Args[2], "")
				}
			case *ast.SelectorExpr:
				if fun.Sel.Name == "say" {
					check(call.Args[1], "doctor_")
				}
			}
			return true
		})
	}
	require.Greater(t, found, 40)
}

// TestNoHoleIsLeft says errors with the values that the code gives them.
func TestNoHoleIsLeft(t *testing.T) {
	for _, e := range []*Error{
		fail("tcp://e", "x", "refused", errors.New("cause")),
		fail("tcp://e", "x", "too_large", nil, "mib", 64),
		fail("", "x", "context_missing", nil, "context", "c", "dir", "d"),
	} {
		for _, lang := range i18n.Langs {
			for _, text := range []string{lang.Text(e.Msg), lang.Text(e.Hint)} {
				require.NotContains(t, text, "{", text)
			}
		}
	}
}

// TestFailuresWithinAnError: what kept endpoints from answering is told with
// whatever else went wrong, none of it lost.
func TestFailuresWithinAnError(t *testing.T) {
	one, all := fail("tcp://a:1", "denied", "denied", nil), fail("", "no-manager", "no_manager", nil)
	all.Others = []*Error{one}
	other := diag.Misuse(i18n.M("cli.no_class"), i18n.Msg{})
	got := diag.Failures(errors.Join(fmt.Errorf("dial: %w", all), other))
	require.Equal(t, []*diag.Failure{&all.Failure, &one.Failure, other}, got)
	require.Equal(t, "no-manager", diag.Code(all))
}
