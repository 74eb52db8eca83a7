package sight_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wholeList is what a class's snapshot, or a window, has of everybody.
var wholeList = regexp.MustCompile(`(^|\.)(Snap|Snap\(\)|snap|Before|After|[wW]indow|Window\(\))\.(Services|Tasks|Containers|Networks|Configs|Polls)$`)

// mayRead are the functions that go through such a list: what is made once of each snapshot or window, and
// what looks at all of it once some student has something that is rare.
var mayRead = map[string]string{
	"TimelineOf":  "a service by its ID, once for a picture of it",
	"addressesOf": "made once of each snapshot",
	"NewContents": "made once of each snapshot",
}

// TestNobodyReadsTheWholeClass: judging one student looks up what it wants to know of a snapshot. A loop
// over all that everybody has would make judging a class grow with its square; that is in what is written, so
// that no clock has to show it.
func TestNobodyReadsTheWholeClass(t *testing.T) {
	var read int
	for _, dir := range []string{"sight", "check", "judge", "finding", "result"} {
		files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			src, err := os.ReadFile(file)
			require.NoError(t, err)
			fset := token.NewFileSet()
			tree, err := parser.ParseFile(fset, file, src, 0)
			require.NoError(t, err)
			read++
			for _, d := range tree.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				if _, may := mayRead[f.Name.Name]; may {
					continue
				}
				for _, list := range listsOf(f) {
					t.Errorf("%s: %s goes through %s, which everybody's are in: have sight.Index find it", file, f.Name.Name, list)
				}
			}
		}
	}
	require.Greater(t, read, 50)
	require.True(t, wholeList.MatchString("v.idx.Snap.Services"))
	require.True(t, wholeList.MatchString("in.View.Snap().Containers"))
	require.False(t, wholeList.MatchString("svc.Networks"))
}

// listsOf are such lists that a function ranges over or hands to package slices. What indexes are made of is a
// snapshot called s.
func listsOf(f *ast.FuncDecl) (out []string) {
	note := func(e ast.Expr) {
		if text := types.ExprString(e); wholeList.MatchString(text) && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.RangeStmt:
			note(n.X)
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 0 {
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "slices" {
					note(n.Args[0])
				}
			}
		}
		return true
	})
	return out
}
