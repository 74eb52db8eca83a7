package formula_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"swarmgrade/grader/formula"
	"swarmgrade/grader/i18n"
)

var env = map[string]string{"id": "0020240107", "name": "张三", "nn": "07", "blank": ""}

func names() []string { return []string{"id", "name", "nn", "blank"} }

func TestEval(t *testing.T) {
	tests := []struct{ src, want string }{
		{`last(digits(id), 2)`, "07"},
		{`"s" + nn`, "s07"},
		{`8000 + int(nn)`, "8007"},
		{`int(id)`, "20240107"},
		{`"haproxy-" + last(id, 3)`, "haproxy-107"},
		{`first(name, 1)`, "张"},
		{`last(name, 9)`, "张三"},
		{`upper("aB") + lower("aB")`, "ABab"},
		{`"s" + text(int(nn))`, "s7"},
		{`int(nn) % 2 == 1 ? "odd" : "even"`, "odd"},
		{`int(nn) > 5 and not (name == "") ? 1 : 2`, "1"},
		{`int(nn) < 5 || nn != "07" ? 1 : 2`, "2"},
		{`-int(nn) * 3 - +1`, "-22"},
		{`84 / int(nn)`, "12"},
		{`id + name`, "0020240107张三"},
		{`int(nn) == 7 or 1 / 0 == 1 ? "short" : ""`, "short"}, // the right side is not computed
		{`blank`, ""},
		{`nn | int() + 1`, "8"},
	}
	for _, tt := range tests {
		t.Run(tt.src, func(t *testing.T) {
			f, errs := formula.Compile(tt.src, names())
			require.Empty(t, errs)
			got, err := f.Eval(env)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestCompileErrors(t *testing.T) {
	tests := []struct {
		src, want, hint string
		offset, length  int
	}{
		{`8000 + nn`, "text and a number cannot be added", "to calculate with it, write int(nn)", 5, 1},
		{`nnn`, `there is no variable "nnn" here`, `did you mean "nn"?`, 0, 3},
		{`itn(nn)`, `there is no function "itn"`, `did you mean "int"?`, 0, 3},
		{`"s" + sum([1])`, "an expression cannot contain this", "", 6, 3},
		{`last(id)`, "function last takes 2 arguments, not 1", "", 0, 4},
		{`1.5`, "an expression cannot contain this", "", 0, 3},
		{`2 ** 9`, "the operator ** is not supported", "", 2, 2},
		{`id matches "a"`, "the operator matches is not supported", "", 3, 7},
		{`id == 1`, "the two sides of the comparison have different types", "", 3, 2},
		{`nn == "1" ? 1 : "a"`, "the two results of ?: have different types", "", 16, 3},
		{`nn == "1"`, "the result is true or false; a variable is text or a whole number", "", 3, 2},
		{`1..9`, "the operator .. is not supported", "", 1, 2},
		{`id[0]`, "an expression cannot contain this", "", 2, 1},
		{`let x = 1; x`, "an expression cannot contain this", "", 4, 1},
		{`$env`, `there is no variable "$env" here`, "", 0, 4},
		{strings.Repeat("1+", 300) + "1", "the expression is longer than 500 characters", "", 0, 601},
	}
	for _, tt := range tests {
		t.Run(tt.src, func(t *testing.T) {
			f, errs := formula.Compile(tt.src, names())
			require.Nil(t, f)
			require.NotEmpty(t, errs)
			require.Equal(t, tt.want, errs[0].Error())
			if tt.hint != "" {
				require.Equal(t, tt.hint, i18n.EN.Text(errs[0].Hint))
			}
			require.Equal(t, tt.offset, errs[0].Offset, "offset")
			require.Equal(t, tt.length, errs[0].Length, "length")
		})
	}
}

func TestCompileTellsEveryMistake(t *testing.T) {
	_, errs := formula.Compile(`int(aa) + itn(bb) + cc`, nil)
	require.Len(t, errs, 3)
}

func TestEvalErrors(t *testing.T) {
	big18 := "9223372036854775807"
	tests := []struct{ src, want string }{
		{`1 / (int(nn) - 7)`, "1 / 0 divides by zero"},
		{`1 % 0`, "1 % 0 divides by zero"},
		{`7 / 2`, "7 / 2 does not come out even; the result is no whole number"},
		{big18 + ` + int(nn)`, big18 + " + 7 is too large to be computed"},
		{`int(id) * ` + big18, "20240107 * " + big18 + " is too large to be computed"},
		{`digits(name)`, `"张三" has no digits`},
		{`int(name)`, `"张三" is not made of digits, so it is no number`},
		{`int("-1")`, `"-1" is not made of digits, so it is no number`},
		{`int("9" + id + id)`, "9" + env["id"] + env["id"] + " is too large to be a number"},
		{`last(id, 0)`, "0 is no number of characters; it must be 1 to 1024"},
	}
	for _, tt := range tests {
		t.Run(tt.src, func(t *testing.T) {
			f, errs := formula.Compile(tt.src, names())
			require.Empty(t, errs)
			_, err := f.Eval(env)
			require.EqualError(t, err, tt.want)
			var fe *formula.Error
			require.True(t, errors.As(err, &fe))
		})
	}
}

func TestTextIsBounded(t *testing.T) {
	f, errs := formula.Compile(`id+id+id+id+id+id+id+id+id+id+id+id+id+id+id+id+id`, []string{"id"})
	require.Empty(t, errs)
	_, err := f.Eval(map[string]string{"id": strings.Repeat("9", 64)})
	require.EqualError(t, err, "the result is longer than 1024 characters")
}

// TestArithmetic compares with arithmetic that cannot overflow.
func TestArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Uint64Range(0, 1<<63-1).Draw(t, "a")
		b := rapid.OneOf(rapid.Uint64Range(0, 9), rapid.Uint64Range(0, 1<<63-1)).Draw(t, "b")
		op := rapid.SampledFrom([]string{"+", "-", "*", "/", "%"}).Draw(t, "op")
		sign := rapid.SampledFrom([]string{"", "-"}).Draw(t, "sign")
		x, y := new(big.Int).SetUint64(a), new(big.Int).SetUint64(b)
		if sign == "-" {
			x.Neg(x)
		}
		f, errs := formula.Compile("("+sign+"int(a)) "+op+" int(b)", []string{"a", "b"})
		require.Empty(t, errs)
		got, err := f.Eval(map[string]string{"a": new(big.Int).SetUint64(a).String(), "b": y.String()})
		var want *big.Int
		switch op {
		case "+":
			want = new(big.Int).Add(x, y)
		case "-":
			want = new(big.Int).Sub(x, y)
		case "*":
			want = new(big.Int).Mul(x, y)
		case "/", "%":
			if b == 0 {
				require.Error(t, err)
				return
			}
			rest := new(big.Int)
			want, _ = new(big.Int).QuoRem(x, y, rest)
			if op == "%" {
				want = rest
			} else if rest.Sign() != 0 {
				require.Error(t, err)
				return
			}
		}
		if !want.IsInt64() {
			require.Error(t, err)
			return
		}
		if err != nil && want.Int64() == -1<<63 {
			return // the one value that has no magnitude; failing is allowed
		}
		require.NoError(t, err)
		require.Equal(t, want.String(), got)
	})
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{`8000 + int(last(digits(id), 2))`, `"s" + nn`, `id matches "("`, `a | map(#)`, `[1,2][0]`, `((((1`, "`x`", `id?.x ?? 1`, `if true {1} else {2}`} {
		f.Add(s, "0020240107")
	}
	f.Fuzz(func(t *testing.T, src, id string) {
		f, errs := formula.Compile(src, []string{"id", "nn"})
		for _, e := range errs {
			require.NotEmpty(t, e.Error())
			require.GreaterOrEqual(t, e.Offset, 0)
			require.Positive(t, e.Length+1)
		}
		if f == nil {
			require.NotEmpty(t, errs)
			return
		}
		got, err := f.Eval(map[string]string{"id": id, "nn": "07"})
		if err == nil {
			require.LessOrEqual(t, utf8.RuneCountInString(got), formula.MaxText)
		}
	})
}
