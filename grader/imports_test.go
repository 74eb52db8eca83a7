// Package grader_test holds the direction of imports that ARCHITECTURE.md
// describes.
package grader_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "swarmgrade/"

// pure are the packages that scores are made of. None of them may reach the
// world outside, not even through a dependency.
var pure = []string{
	"grader/check", "grader/diag", "grader/evidence", "grader/explain", "grader/finding", "grader/form", "grader/formula", "grader/haproxy",
	"grader/i18n", "grader/judge", "grader/leak", "grader/mention", "grader/metrics", "grader/naming", "grader/page", "grader/recovery", "grader/report", "grader/result", "grader/roster",
	"grader/rubric", "grader/sheetfile", "grader/sight", "grader/stats", "grader/strictyaml", "grader/takeback", "grader/trouble", "loadgen/policy", "rubrics",
}

const (
	docker = "github.com/docker/docker/"
	vegeta = "github.com/tsenart/vegeta/"
	sqlite = "modernc.org/sqlite"
)

// goPackage is the part of go list's answer that matters here.
type goPackage struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string // of the package itself, without its tests
	Deps       []string // all that it reaches
}

// list asks the go command for this module's packages, by path in the module.
func list(t *testing.T) map[string]goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,GoFiles,Imports,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("go list: %v\n%s", err, exit.Stderr)
	}
	require.NoError(t, err)
	packages := map[string]goPackage{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		packages[strings.TrimPrefix(p.ImportPath, module)] = p
	}
	for _, name := range pure {
		require.Contains(t, packages, name, "the list of pure packages names one that is gone")
	}
	return packages
}

// under reports whether an import path is one of the given paths or below it.
func under(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		root = strings.TrimSuffix(root, "/")
		return path == root || strings.HasPrefix(path, root+"/")
	})
}

func TestImportDirections(t *testing.T) {
	packages := list(t)

	// reach: what packages may not reach, directly or through others.
	reach := []struct {
		why    string
		who    func(path string) bool
		forbid []string
	}{
		{
			why:    "a score must not depend on the network, a program or a database",
			who:    func(p string) bool { return slices.Contains(pure, p) },
			forbid: []string{"net", "net/http", "os/exec", "os/signal", "database/sql", docker, vegeta, sqlite},
		},
		{
			why:    "grading must not know what stands in for the world, nor how load is driven",
			who:    func(p string) bool { return under(p, "grader") },
			forbid: []string{module + "fixtures", module + "loadgen", module + "cmd", vegeta},
		},
		{
			why:    "the application has no face of its own",
			who:    func(p string) bool { return under(p, "grader") },
			forbid: []string{"github.com/spf13", "golang.org/x/term"},
		},
		{
			why:    "what a case shows does not depend on who judges it, nor on what is asked for",
			who:    func(p string) bool { return p == "grader/sight" },
			forbid: []string{module + "grader/check", module + "grader/rubric", module + "grader/judge", module + "grader/observe", module + "grader/report", module + "grader/gradebook"},
		},
		{
			why:    "what is found in a class does not depend on what it earns",
			who:    func(p string) bool { return p == "grader/finding" },
			forbid: []string{module + "grader/check", module + "grader/rubric", module + "grader/judge", module + "grader/observe"},
		},
		{
			why:    "the application knows none of its faces, and a page's desk no page",
			who:    func(p string) bool { return p == "grader" || p == "grader/desk" },
			forbid: []string{module + "grader/web"},
		},
		{
			why:    "the application is the same for who comes once and for who is served",
			who:    func(p string) bool { return under(p, "grader") && p != "grader/desk" && p != "grader/web" },
			forbid: []string{module + "grader/desk"},
		},
		{
			why:    "only the adapter may know Docker's types",
			who:    func(p string) bool { return under(p, "grader", "loadgen") && p != "grader/swarm" },
			forbid: []string{docker},
		},
		{
			why:    "what stands in for the world must not be made to please the grader",
			who:    func(p string) bool { return under(p, "fixtures") },
			forbid: []string{module + "grader/check", module + "grader/sight", module + "grader/judge", module + "grader/observe", module + "grader/report", module + "grader/gradebook", module + "loadgen", module + "cmd"},
		},
		{
			why:    "load is driven without knowing who judges it",
			who:    func(p string) bool { return under(p, "loadgen") },
			forbid: []string{module + "grader/check", module + "grader/sight", module + "grader/judge", module + "grader/observe", module + "grader/swarm", module + "grader/report", module + "grader/gradebook", module + "fixtures"},
		},
		{
			why:    "a page's looks know nothing of scores",
			who:    func(p string) bool { return p == "grader/page" },
			forbid: []string{module + "grader/check", module + "grader/result", module + "grader/judge", module + "grader/rubric", module + "grader/report", module + "grader/gradebook"},
		},
		{
			why:    "what is stored does not depend on how it is shown",
			who:    func(p string) bool { return p == "grader/gradebook" || p == "grader/result" },
			forbid: []string{module + "grader/report"},
		},
		{
			why:    "the adapter to Docker only observes",
			who:    func(p string) bool { return p == "grader/swarm" },
			forbid: []string{module + "grader/check", module + "grader/sight", module + "grader/judge", module + "grader/observe", module + "grader/report", module + "grader/gradebook"},
		},
		{
			why:    "observing must not judge, and consumes cluster, load and store through its own interfaces",
			who:    func(p string) bool { return p == "grader/observe" },
			forbid: []string{module + "grader/judge", module + "grader/report", module + "grader/gradebook", module + "grader/swarm", "net/http", "database/sql"},
		},
	}
	for _, rule := range reach {
		held := 0
		for path, p := range packages {
			if !rule.who(path) {
				continue
			}
			held++
			for _, dep := range p.Deps {
				for _, bad := range rule.forbid {
					// Packages of the standard library are meant exactly:
					// net/netip and net/url only parse.
					hit := dep == bad
					if strings.Contains(bad, ".") || strings.HasPrefix(bad, module) {
						hit = under(dep, bad)
					}
					if hit {
						t.Errorf("%s reaches %s: %s", path, dep, rule.why)
					}
				}
			}
		}
		require.NotZero(t, held, "no package left under the rule: %s", rule.why)
	}

	// only: who may import something at all.
	only := []struct {
		what string
		by   []string
	}{
		{docker + "client", []string{"grader/swarm", "fixtures", "cmd/grade"}},
		{vegeta, []string{"loadgen"}},
		{sqlite, []string{"grader/gradebook"}},
		{"github.com/spf13/cobra", []string{"cmd/grade"}},
		{"golang.org/x/crypto/ssh", []string{"grader/remote", "grader/swarm", "grader/action"}},
	}
	for _, rule := range only {
		for path, p := range packages {
			for _, imported := range p.Imports {
				if under(imported, rule.what) && !under(path, rule.by...) {
					t.Errorf("%s imports %s, which only %v may", path, imported, rule.by)
				}
			}
		}
	}
}

// Evidence is read for ever, so nothing outside Go's own library may change
// how.
func TestEvidenceImportsOnlyTheStandardLibrary(t *testing.T) {
	deps := list(t)["grader/evidence"].Deps
	require.NotEmpty(t, deps)
	for _, dep := range deps {
		first, _, _ := strings.Cut(dep, "/")
		require.NotContains(t, first, ".", "grader/evidence reaches %s", dep)
		require.NotEqual(t, strings.TrimSuffix(module, "/"), first, "grader/evidence reaches %s", dep)
	}
}

// The same evidence must give the same verdicts and the same files on any day
// and in any place.
func TestPurePackagesReadNoClockAndRollNoDice(t *testing.T) {
	clock := []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep", "Local"}
	packages := list(t)
	files := 0
	for _, name := range pure {
		p := packages[name]
		for _, file := range p.GoFiles {
			fset := token.NewFileSet()
			parsed, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			files++
			for _, dice := range []string{"math/rand", "math/rand/v2", "crypto/rand"} {
				require.Empty(t, importedAs(parsed, dice), "%s/%s imports %s", name, file, dice)
			}
			alias := importedAs(parsed, "time")
			if alias == "" {
				continue
			}
			require.NotEqual(t, ".", alias, "%s/%s: a dot import of time hides the clock", name, file)
			ast.Inspect(parsed, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok || !slices.Contains(clock, sel.Sel.Name) {
					return true
				}
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == alias {
					t.Errorf("%s: time.%s in a pure package", fset.Position(sel.Pos()), sel.Sel.Name)
				}
				return true
			})
		}
	}
	require.Greater(t, files, len(pure), "hardly any file was read")
}

// importedAs gives the name that a file has for a package, "" if it does not
// import it.
func importedAs(file *ast.File, path string) string {
	for _, spec := range file.Imports {
		if got, err := strconv.Unquote(spec.Path.Value); err != nil || got != path {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path[strings.LastIndexByte(path, '/')+1:]
	}
	return ""
}

// Whoever looks on chooses the language: the application hands messages on and
// says none.
func TestTheApplicationSaysNothingItself(t *testing.T) {
	p := list(t)["grader"]
	require.NotEmpty(t, p.GoFiles)
	for _, file := range p.GoFiles {
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		chance := importedAs(parsed, "crypto/rand") // its Text is for no reader
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == chance {
				return true
			}
			if slices.Contains([]string{"T", "Text", "Render", "Fprint", "Fprintf", "Fprintln", "Print", "Println"}, sel.Sel.Name) {
				t.Errorf("%s: %s in package grader, which has no language and no screen", fset.Position(call.Pos()), sel.Sel.Name)
			}
			return true
		})
	}
}
