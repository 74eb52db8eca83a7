package reference_test

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// source is a package as it is written: what reflection doesn't show.
type source struct {
	fields map[string]map[string]string // comments, by type and field
	funcs  map[string]*ast.FuncDecl     // methods too, by their own names
	values map[string]ast.Expr          // of constants and variables
	docs   map[string]string            // of constants and variables
}

func readSource(t testing.TB, dir string) *source {
	t.Helper()
	s := &source{map[string]map[string]string{}, map[string]*ast.FuncDecl{}, map[string]ast.Expr{}, map[string]string{}}
	files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		parsed, err := parser.ParseFile(token.NewFileSet(), file, data, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				s.funcs[d.Name.Name] = d
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					s.take(d, spec)
				}
			}
		}
	}
	return s
}

func (s *source) take(d *ast.GenDecl, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		st, ok := spec.Type.(*ast.StructType)
		if !ok {
			return
		}
		s.fields[spec.Name.Name] = map[string]string{}
		for _, f := range st.Fields.List {
			for _, name := range f.Names {
				s.fields[spec.Name.Name][name.Name] = f.Doc.Text()
			}
		}
	case *ast.ValueSpec:
		for i, name := range spec.Names {
			if i < len(spec.Values) {
				s.values[name.Name] = spec.Values[i]
			}
			s.docs[name.Name] = d.Doc.Text()
		}
	}
}

// number is the value of a constant.
func (s *source) number(t testing.TB, name string) int64 {
	t.Helper()
	require.Contains(t, s.values, name)
	v, err := types.Eval(token.NewFileSet(), nil, token.NoPos, types.ExprString(s.values[name]))
	require.NoError(t, err, name)
	n, ok := constant.Int64Val(v.Value)
	require.True(t, ok, name)
	return n
}

// words are the texts in a variable's fields of a name.
func (s *source) words(t testing.TB, name, field string) []string {
	t.Helper()
	var out []string
	ast.Inspect(s.values[name], func(n ast.Node) bool {
		kv, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		if id, ok := kv.Key.(*ast.Ident); ok && id.Name == field {
			ast.Inspect(kv.Value, func(n ast.Node) bool {
				if text, ok := literal(n); ok {
					out = append(out, text)
				}
				return true
			})
		}
		return true
	})
	require.NotEmpty(t, out, name)
	return out
}

// literals are all texts in the package's functions and variables, sorted.
func (s *source) literals() []string {
	seen := map[string]bool{}
	var out []string
	note := func(n ast.Node) bool {
		if text, ok := literal(n); ok && !seen[text] {
			seen[text] = true
			out = append(out, text)
		}
		return true
	}
	for _, f := range s.funcs {
		ast.Inspect(f, note)
	}
	for _, v := range s.values {
		ast.Inspect(v, note)
	}
	slices.Sort(out)
	return out
}

func literal(n ast.Node) (string, bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

var word = regexp.MustCompile(`[A-Za-z]+`)

// sentence is a field's comment for the page: one line, with fields by their
// names in the file; "" if there is none.
func (s *source) sentence(typ, field string, key func(field string) string) string {
	text := oneLine(s.fields[typ][field])
	_, rest, ok := strings.Cut(text, " ")
	if first, _, _ := strings.Cut(text, " "); !ok || first != field {
		return "" // a comment begins with what it is about
	}
	text = word.ReplaceAllStringFunc(rest, func(w string) string {
		if _, is := s.fields[typ][w]; is && w != strings.ToUpper(w) {
			return "`" + key(w) + "`"
		}
		return w
	})
	for _, verb := range []string{"is ", "are "} {
		text = strings.TrimPrefix(text, verb)
	}
	return upper(code(text))
}

// verbatim is what a page shows as code: quoted words, flags, templates, what
// looks like a tag.
var verbatim = regexp.MustCompile(`"[^" ]+"|--[a-z-]+|\{\{\.\w+\}\}|[\w.]*<\w+>`)

func code(text string) string {
	return verbatim.ReplaceAllStringFunc(text, func(w string) string { return "`" + strings.Trim(w, `"`) + "`" })
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func upper(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// snake is a field's name as files write it.
func snake(field string) string {
	var b strings.Builder
	for i, r := range field {
		if i > 0 && r >= 'A' && r <= 'Z' && field[i-1] >= 'a' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
