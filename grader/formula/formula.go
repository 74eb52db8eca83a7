// Package formula computes names and ports from a student's ID: small
// expressions such as "8000 + int(nn)" or '"haproxy-" + nn'.
//
// The syntax is that of github.com/expr-lang/expr, of which only the parser is
// used; its own evaluation is too lenient for grading (1/0 is infinite, sums
// wrap around, a missing name is nil). Here a formula knows text, whole
// numbers and truth values, is checked when it is compiled, and either gives an
// exact value or an error that can be shown to people. It has no loops and
// bounded results.
//
// Variables are text: id, name and whatever was computed before. Operators:
// + - * / % on numbers (/ must come out even), + on texts, comparisons, not,
// and, or, and the conditional ?: one. Functions: see [Functions].
package formula

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// Limits of a formula and of a text that it makes, in characters.
const (
	MaxLength = 500
	MaxText   = 1024
	maxNodes  = 200
)

// Functions are what a formula may call.
//
//	digits(text)   the digits of a text; it must have some
//	int(text)      a text of digits as a number
//	text(number)   a number as text
//	first(text, n) the first n characters, fewer if there are not so many
//	last(text, n)  the last n characters
//	upper(text), lower(text)
var Functions = []string{"digits", "first", "int", "last", "lower", "text", "upper"}

type kind int

const (
	kindNone kind = iota // unknown after an error: fits everything
	kindText
	kindInt
	kindBool
)

var signatures = map[string]struct {
	args   []kind
	result kind
}{
	"digits": {[]kind{kindText}, kindText},
	"int":    {[]kind{kindText}, kindInt},
	"text":   {[]kind{kindInt}, kindText},
	"first":  {[]kind{kindText, kindInt}, kindText},
	"last":   {[]kind{kindText, kindInt}, kindText},
	"upper":  {[]kind{kindText}, kindText},
	"lower":  {[]kind{kindText}, kindText},
}

// Error is what is wrong with a formula, or with its result for one student.
type Error struct {
	// Offset and Length say where in the formula, in characters.
	Offset, Length int
	Msg, Hint      i18n.Msg
}

func (e *Error) Error() string { return i18n.EN.Text(e.Msg) }

// Formula is a compiled expression.
type Formula struct{ root ast.Node }

// Compile checks an expression over text variables with the given names. All
// mistakes are listed; with any, the Formula is nil.
func Compile(src string, vars []string) (*Formula, []*Error) {
	if n := utf8.RuneCountInString(src); n > MaxLength {
		return nil, []*Error{{Length: n, Msg: i18n.M("formula.too_long", "limit", MaxLength)}}
	}
	root, err := parse(src)
	if err != nil {
		return nil, []*Error{err}
	}
	c := checker{vars: vars}
	if k := c.kind(root); k == kindBool {
		c.report(root, i18n.M("formula.result_bool"), i18n.Msg{})
	}
	if len(c.errs) > 0 {
		return nil, c.errs
	}
	return &Formula{root: root}, nil
}

// parse turns source into a tree. The parser is made for trusted input; a
// panic of its is a syntax error like others.
func parse(src string) (root ast.Node, problem *Error) {
	whole := func(detail string) *Error {
		return &Error{Length: utf8.RuneCountInString(src), Msg: i18n.M("formula.syntax", "detail", detail)}
	}
	defer func() {
		if r := recover(); r != nil {
			root, problem = nil, whole(fmt.Sprint(r))
		}
	}()
	off := make(map[string]bool, len(builtin.Builtins))
	for _, f := range builtin.Builtins {
		off[f.Name] = true
	}
	tree, err := parser.ParseWithConfig(src, &conf.Config{MaxNodes: maxNodes, Disabled: off, DisableIfOperator: true})
	if err == nil {
		return tree.Node, nil
	}
	if fe := (*file.Error)(nil); errors.As(err, &fe) {
		p := whole(fe.Message)
		p.Offset, p.Length = fe.From, max(1, fe.To-fe.From)
		if strings.Contains(fe.Message, "strconv.") { // a number that no machine word holds
			r := []rune(src)
			from := min(max(fe.From, 0), len(r))
			p.Msg = i18n.M("formula.number_too_big", "text", string(r[from:min(len(r), from+20)]))
		}
		return nil, p
	}
	return nil, whole(err.Error())
}

// checker finds the type of every part.
type checker struct {
	vars []string
	errs []*Error
}

func (c *checker) report(n ast.Node, msg, hint i18n.Msg) kind {
	at := n.Location()
	c.errs = append(c.errs, &Error{Offset: at.From, Length: max(1, at.To-at.From), Msg: msg, Hint: hint})
	return kindNone
}

func (c *checker) kind(n ast.Node) kind {
	switch n := n.(type) {
	case *ast.StringNode:
		return kindText
	case *ast.IntegerNode:
		return kindInt
	case *ast.BoolNode:
		return kindBool
	case *ast.IdentifierNode:
		if slices.Contains(c.vars, n.Value) {
			return kindText
		}
		return c.report(n, i18n.M("formula.unknown_name", "name", n.Value), c.suggest(n.Value))
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		c.want(n.Cond, kindBool, "?:")
		a, b := c.kind(n.Exp1), c.kind(n.Exp2)
		if a != b && a != kindNone && b != kindNone {
			return c.report(n.Exp2, i18n.M("formula.branches"), i18n.Msg{}) // the parser gives n itself no useful place
		}
		return a
	case *ast.CallNode:
		return c.call(n)
	case nil:
		c.errs = append(c.errs, &Error{Length: 1, Msg: i18n.M("formula.empty")})
		return kindNone
	}
	return c.report(n, i18n.M("formula.not_allowed"), i18n.M("formula.not_allowed_hint", "words", Functions))
}

func (c *checker) suggest(name string) i18n.Msg {
	if near := diag.Nearest(name, c.vars); near != "" {
		return i18n.M("formula.did_you_mean", "word", near)
	}
	return i18n.M("formula.known_names", "words", c.vars)
}

// want checks that a part has the type that its place asks for.
func (c *checker) want(n ast.Node, want kind, place string) {
	got := c.kind(n)
	if got == want || got == kindNone {
		return
	}
	hint := i18n.Msg{}
	if got == kindText && want == kindInt {
		hint = i18n.M("formula.int_hint", "part", n.String())
	}
	c.report(n, i18n.M("formula.wrong_type", "place", place, "want", kindName(want), "got", kindName(got)), hint)
}

func (c *checker) unary(n *ast.UnaryNode) kind {
	switch n.Operator {
	case "-", "+":
		c.want(n.Node, kindInt, n.Operator)
		return kindInt
	case "not", "!":
		c.want(n.Node, kindBool, n.Operator)
		return kindBool
	}
	return c.report(n, i18n.M("formula.operator", "op", n.Operator), i18n.Msg{})
}

func (c *checker) binary(n *ast.BinaryNode) kind {
	switch n.Operator {
	case "+":
		a, b := c.kind(n.Left), c.kind(n.Right)
		switch {
		case a == kindNone || b == kindNone:
			return kindNone
		case a == b && a != kindBool:
			return a
		}
		text := n.Left
		if b == kindText {
			text = n.Right
		}
		return c.report(n, i18n.M("formula.mixed_sum"), i18n.M("formula.int_hint", "part", text.String()))
	case "-", "*", "/", "%":
		c.want(n.Left, kindInt, n.Operator)
		c.want(n.Right, kindInt, n.Operator)
		return kindInt
	case "<", "<=", ">", ">=":
		c.want(n.Left, kindInt, n.Operator)
		c.want(n.Right, kindInt, n.Operator)
		return kindBool
	case "==", "!=":
		if a, b := c.kind(n.Left), c.kind(n.Right); a != b && a != kindNone && b != kindNone {
			return c.report(n, i18n.M("formula.compare"), i18n.Msg{})
		}
		return kindBool
	case "and", "&&", "or", "||":
		c.want(n.Left, kindBool, n.Operator)
		c.want(n.Right, kindBool, n.Operator)
		return kindBool
	}
	return c.report(n, i18n.M("formula.operator", "op", n.Operator), i18n.Msg{})
}

func (c *checker) call(n *ast.CallNode) kind {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return c.report(n, i18n.M("formula.not_allowed"), i18n.M("formula.not_allowed_hint", "words", Functions))
	}
	sig, ok := signatures[callee.Value]
	if !ok {
		hint := i18n.M("formula.not_allowed_hint", "words", Functions)
		if near := diag.Nearest(callee.Value, Functions); near != "" {
			hint = i18n.M("formula.did_you_mean", "word", near)
		}
		return c.report(callee, i18n.M("formula.unknown_function", "name", callee.Value), hint)
	}
	if len(n.Arguments) != len(sig.args) {
		c.report(callee, i18n.M("formula.arguments", "name", callee.Value, "want", len(sig.args), "got", len(n.Arguments)), i18n.Msg{})
		return sig.result
	}
	for i, a := range n.Arguments {
		c.want(a, sig.args[i], callee.Value)
	}
	return sig.result
}

func kindName(k kind) i18n.Msg {
	switch k {
	case kindText:
		return i18n.M("formula.kind_text")
	case kindInt:
		return i18n.M("formula.kind_int")
	}
	return i18n.M("formula.kind_bool")
}
