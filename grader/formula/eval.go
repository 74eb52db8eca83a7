package formula

import (
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"

	"swarmgrade/grader/i18n"
)

type value struct {
	kind kind
	text string
	num  int64
	yes  bool
}

// Eval computes the formula. vars must hold every name that it was compiled
// with. The result is text; a number is written in decimal. The error is an
// [*Error].
func (f *Formula) Eval(vars map[string]string) (string, error) {
	v, err := eval(f.root, vars)
	if err != nil {
		return "", err
	}
	if v.kind == kindInt {
		return strconv.FormatInt(v.num, 10), nil
	}
	return v.text, nil
}

func fail(n ast.Node, msg i18n.Msg) (value, *Error) {
	at := n.Location()
	return value{}, &Error{Offset: at.From, Length: max(1, at.To-at.From), Msg: msg}
}

func number(v int64) value { return value{kind: kindInt, num: v} }
func truth(v bool) value   { return value{kind: kindBool, yes: v} }

func text(n ast.Node, s string) (value, *Error) {
	if utf8.RuneCountInString(s) > MaxText {
		return fail(n, i18n.M("formula.text_too_long", "limit", MaxText))
	}
	return value{kind: kindText, text: s}, nil
}

func eval(n ast.Node, vars map[string]string) (value, *Error) {
	switch n := n.(type) {
	case *ast.StringNode:
		return text(n, n.Value)
	case *ast.IntegerNode:
		return number(int64(n.Value)), nil
	case *ast.BoolNode:
		return truth(n.Value), nil
	case *ast.IdentifierNode:
		return text(n, vars[n.Value])
	case *ast.UnaryNode:
		v, err := eval(n.Node, vars)
		switch {
		case err != nil:
			return v, err
		case v.kind == kindBool:
			return truth(!v.yes), nil
		case n.Operator == "-":
			return arithmetic(n, "-", 0, v.num)
		}
		return v, nil
	case *ast.BinaryNode:
		return binary(n, vars)
	case *ast.ConditionalNode:
		cond, err := eval(n.Cond, vars)
		if err != nil {
			return cond, err
		}
		if cond.yes {
			return eval(n.Exp1, vars)
		}
		return eval(n.Exp2, vars)
	case *ast.CallNode:
		return call(n, vars)
	}
	return fail(n, i18n.M("formula.not_allowed"))
}

func binary(n *ast.BinaryNode, vars map[string]string) (value, *Error) {
	a, err := eval(n.Left, vars)
	if err != nil {
		return a, err
	}
	switch n.Operator { // the right side may not matter
	case "and", "&&":
		if !a.yes {
			return a, nil
		}
		return eval(n.Right, vars)
	case "or", "||":
		if a.yes {
			return a, nil
		}
		return eval(n.Right, vars)
	}
	b, err := eval(n.Right, vars)
	if err != nil {
		return b, err
	}
	switch n.Operator {
	case "==":
		return truth(a == b), nil
	case "!=":
		return truth(a != b), nil
	case "<":
		return truth(a.num < b.num), nil
	case "<=":
		return truth(a.num <= b.num), nil
	case ">":
		return truth(a.num > b.num), nil
	case ">=":
		return truth(a.num >= b.num), nil
	case "+":
		if a.kind == kindText {
			return text(n, a.text+b.text)
		}
	}
	return arithmetic(n, n.Operator, a.num, b.num)
}

// arithmetic is exact or fails.
func arithmetic(n ast.Node, op string, a, b int64) (value, *Error) {
	overflow := func() (value, *Error) { return fail(n, i18n.M("formula.overflow", "a", a, "op", op, "b", b)) }
	switch op {
	case "+":
		if s := a + b; (s > a) == (b > 0) {
			return number(s), nil
		}
		return overflow()
	case "-":
		if s := a - b; (s < a) == (b > 0) {
			return number(s), nil
		}
		return overflow()
	case "*":
		high, low := bits.Mul64(magnitude(a), magnitude(b))
		if high != 0 || low > 1<<63-1 {
			return overflow()
		}
		return number(a * b), nil
	}
	switch {
	case b == 0:
		return fail(n, i18n.M("formula.division_by_zero", "a", a, "op", op))
	case b == -1 && magnitude(a) == 1<<63:
		return overflow()
	case op == "%":
		return number(a % b), nil
	case a%b != 0:
		return fail(n, i18n.M("formula.not_whole", "a", a, "b", b))
	}
	return number(a / b), nil
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

func call(n *ast.CallNode, vars map[string]string) (value, *Error) {
	args := make([]value, len(n.Arguments))
	for i, a := range n.Arguments {
		v, err := eval(a, vars)
		if err != nil {
			return v, err
		}
		args[i] = v
	}
	s := args[0].text
	switch n.Callee.(*ast.IdentifierNode).Value {
	case "text":
		return text(n, strconv.FormatInt(args[0].num, 10))
	case "upper":
		return text(n, strings.ToUpper(s))
	case "lower":
		return text(n, strings.ToLower(s))
	case "digits":
		d := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, s)
		if d == "" {
			return fail(n, i18n.M("formula.no_digits", "text", s))
		}
		return text(n, d)
	case "int":
		if s == "" || strings.Trim(s, "0123456789") != "" {
			return fail(n, i18n.M("formula.not_a_number", "text", s))
		}
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return fail(n, i18n.M("formula.number_too_big", "text", s))
		}
		return number(v), nil
	}
	// first and last
	runes, k := []rune(s), args[1].num
	if k < 1 || k > MaxText {
		return fail(n, i18n.M("formula.count", "got", k, "limit", MaxText))
	}
	k = min(k, int64(len(runes)))
	if n.Callee.(*ast.IdentifierNode).Value == "first" {
		return text(n, string(runes[:k]))
	}
	return text(n, string(runes[int64(len(runes))-k:]))
}
