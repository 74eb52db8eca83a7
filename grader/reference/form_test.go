package reference_test

import (
	"go/ast"
	"strings"
	"testing"
)

// refuses reports whether the loader finds fault with a value's own form, or with
// more than that: with anything whose message has a word in its key.
func (f format) refuses(t *testing.T, p place, key string, value any, word string) bool {
	t.Helper()
	for _, x := range f.problems(t, p.path, func(o map[string]any) {
		delete(o, p.instead[key])
		o[key] = value
	}) {
		if word == "" && (form.MatchString(x.Msg.Key) && x.Msg.Key != "rubric.no_measure" && x.Msg.Key != "rubric.no_group" && !strings.HasPrefix(x.Msg.Key, "rubric.reserved")) ||
			word != "" && strings.Contains(x.Msg.Key, word) {
			return true
		}
	}
	return false
}

// limit is how long a text may be, 0 for no limit but its form's.
func (f format) limit(t *testing.T, p place, key string) int {
	t.Helper()
	for _, x := range f.problems(t, p.path, func(o map[string]any) { o[key] = strings.Repeat("a", 100_000) }) {
		if n, ok := x.Msg.Args["limit"].(int); ok && strings.HasSuffix(x.Msg.Key, "too_long") {
			return n
		}
	}
	return 0
}

// texts are those within an expression.
func (s *source) texts(e ast.Expr) (out []string) {
	ast.Inspect(e, func(n ast.Node) bool {
		if text, ok := literal(n); ok {
			out = append(out, text)
		}
		return true
	})
	return out
}
