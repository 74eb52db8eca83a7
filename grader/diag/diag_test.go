package diag_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

func TestRender(t *testing.T) {
	msg := i18n.M("yaml.unknown_key", "key", "x")
	long := strings.Repeat("长", 150) + "x"
	tests := []struct {
		name string
		p    diag.Problem
		want string
	}{
		{"file only", diag.Problem{Pos: diag.Pos{File: "a.yaml"}, Msg: msg}, `a.yaml: unknown key "x"`},
		{"line only", diag.Problem{Pos: diag.Pos{File: "a.yaml", Line: 3}, Source: "x: 1", Msg: msg},
			"a.yaml:3: unknown key \"x\"\n    3 | x: 1"},
		{"caret and hint", diag.Problem{
			Pos: diag.Pos{File: "a.yaml", Line: 12, Col: 3}, Source: "  xy: 1", Len: 2,
			Msg: msg, Hint: i18n.M("yaml.did_you_mean", "word", "y"),
		}, "a.yaml:12:3: unknown key \"x\"\n   12 |   xy: 1\n      |   ^^\n    → did you mean \"y\"?"},
		{"Chinese takes two columns", diag.Problem{
			Pos: diag.Pos{File: "a.yaml", Line: 1, Col: 4}, Source: "标题：网络", Len: 2, Msg: msg,
		}, "a.yaml:1:4: unknown key \"x\"\n    1 | 标题：网络\n      |       ^^^^"},
		{"past the end", diag.Problem{
			Pos: diag.Pos{File: "a.yaml", Line: 1, Col: 9}, Source: "ab", Len: 5, Msg: msg,
		}, "a.yaml:1:9: unknown key \"x\"\n    1 | ab\n      |   ^"},
		{"tab counts one", diag.Problem{
			Pos: diag.Pos{File: "a.csv", Line: 1, Col: 3}, Source: "a\tb", Msg: msg,
		}, "a.csv:1:3: unknown key \"x\"\n    1 | a b\n      |   ^"},
		{"a long line is cut around the place", diag.Problem{
			Pos: diag.Pos{File: "a.csv", Line: 1, Col: 151}, Source: long, Msg: msg,
		}, "a.csv:1:151: unknown key \"x\"\n    1 | " + strings.Repeat("长", 20) + "x\n      | " + strings.Repeat(" ", 40) + "^"},
		{"escape sequences do no harm", diag.Problem{
			Pos: diag.Pos{File: "a\x1b[31m", Line: 1, Col: 1}, Source: "\x1b]0;x\a", Msg: i18n.M("yaml.unknown_key", "key", "\x1b[2J"),
		}, "a�[31m:1:1: unknown key \"�[2J\"\n    1 | �]0;x�\n      | ^"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, diag.Problems{tt.p}.Render(i18n.EN))
		})
	}
}

func TestErr(t *testing.T) {
	var p diag.Problems
	require.NoError(t, p.Err())
	for _, pos := range []diag.Pos{{File: "b", Line: 1}, {File: "a", Line: 2, Col: 1}, {File: "a", Line: 1, Col: 9}, {File: "a", Line: 1, Col: 2}, {File: "a"}} {
		p.Add(pos, "", 0, i18n.M("yaml.empty"), i18n.Msg{})
	}
	require.EqualError(t, p.Err(), strings.Join([]string{
		"a: the file is empty", "a:1:2: the file is empty", "a:1:9: the file is empty", "a:2:1: the file is empty", "b:1: the file is empty",
	}, "\n"))
}

func TestPlain(t *testing.T) {
	require.Equal(t, "张三\tx\n", diag.Plain("张三\tx\n"))
	require.Equal(t, "�[31m��", diag.Plain("\x1b[31m\u202e\u0085"))
	require.Equal(t, "a�b", diag.Plain("a\xffb"))
}

func TestNearest(t *testing.T) {
	words := []string{"title", "tasks", "points", "version", "per_unit", "学号"}
	tests := []struct{ word, want string }{
		{"titel", "title"},   // neighbours swapped
		{"Points", "points"}, // case
		{"point", "points"},
		{"perunit", "per_unit"},
		{"task", "tasks"},
		{"学好", "学号"},
		{"title", ""}, // itself is no suggestion
		{"x", ""},
		{"", ""},
		{"completely-else", ""},
		{strings.Repeat("a", 100), ""},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, diag.Nearest(tt.word, words), tt.word)
	}
	require.Equal(t, "2024B", diag.Nearest("2024b", []string{"2024A", "2024B"}), "the same but for case comes first")
}

func FuzzPlain(f *testing.F) {
	f.Add("张三\x1b[31m\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range diag.Plain(s) {
			require.False(t, r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0, "%q", r)
		}
	})
}
