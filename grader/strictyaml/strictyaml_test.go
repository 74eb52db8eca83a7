package strictyaml_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/strictyaml"
)

type upper string

func (u *upper) UnmarshalText(b []byte) error {
	if string(b) != strings.ToUpper(string(b)) {
		return fmt.Errorf("%s is not in capitals", b)
	}
	*u = upper(b)
	return nil
}

type common struct {
	Via string `yaml:"via"`
}

type target struct {
	common `yaml:",inline"`
	Text   string            `yaml:"text"`
	N      int               `yaml:"n"`
	Small  int8              `yaml:"small"`
	U      uint16            `yaml:"u"`
	F      float64           `yaml:"f"`
	B      bool              `yaml:"b"`
	D      time.Duration     `yaml:"d"`
	Up     upper             `yaml:"up"`
	P      *int              `yaml:"p"`
	L      []string          `yaml:"l"`
	M      map[string]string `yaml:"m"`
	Hidden string            `yaml:"-"`
	Plain  string
}

func decode(t *testing.T, src string, into any) error {
	t.Helper()
	d := strictyaml.Parse([]byte(src), "f.yaml")
	if d.Root != nil {
		d.Decode(d.Root, into)
	}
	return d.Err()
}

func TestDecode(t *testing.T) {
	got := target{Text: "default", N: 7}
	require.NoError(t, decode(t, `
via: published
small: -128
u: 65535
f: 0.25
b: true
d: 1m30s
up: ABC
p: 5
l: [0123, 1e3, yes, "x"]
m: {a: 001, b: 2}
plain: 0x10
`, &got))
	five := 5
	require.Equal(t, target{
		common: common{Via: "published"},
		Text:   "default", N: 7, Small: -128, U: 65535, F: 0.25, B: true, D: 90 * time.Second, Up: "ABC", P: &five,
		L: []string{"0123", "1e3", "yes", "x"}, M: map[string]string{"a": "001", "b": "2"}, Plain: "0x10",
	}, got)
}

func TestDecodeErrors(t *testing.T) {
	tests := []struct{ src, want string }{
		{"n: 010", "f.yaml:1:4: this must be a whole number, not 010"},
		{"n: 1.0", "f.yaml:1:4: this must be a whole number, not 1.0"},
		{"n: \"1\"", "f.yaml:1:4: this must be a whole number, not the quoted text \"1\""},
		{"n: 99999999999999999999", "f.yaml:1:4: this must be a whole number, not 99999999999999999999"},
		{"n:", "f.yaml:1:3: this must be a whole number, not nothing"},
		{"small: 128", "f.yaml:1:8: 128 is out of range: -128 to 127"},
		{"u: -1", "f.yaml:1:4: -1 is out of range: 0 to 65535"},
		{"f: .5", "f.yaml:1:4: this must be a number, not .5"},
		{"f: .inf", "f.yaml:1:4: this must be a number, not .inf"},
		{"b: yes", "f.yaml:1:4: this must be true or false, not yes"},
		{"d: -1s", "f.yaml:1:4: this must be a duration such as 5s or 2m30s, not -1s"},
		{"d: 5", "f.yaml:1:4: this must be a duration such as 5s or 2m30s, not 5"},
		{"up: abc", "f.yaml:1:5: abc cannot be used (abc is not in capitals)"},
		{"text: null", "f.yaml:1:7: this must not be empty"},
		{"text: ''", "f.yaml:1:7: this must not be empty"},
		{"text: {a: 1}", "f.yaml:1:7: this must be text, not a map"},
		{"l: {}", "f.yaml:1:4: this must be a list (- …), not a map"},
		{"hidden: x", `f.yaml:1:1: unknown key "hidden"`},
		{"vai: x", `f.yaml:1:1: unknown key "vai"`},
		{"- a", "f.yaml:1:1: this must be a map of \"key: value\", not a list"},
		{"text: &a x", "f.yaml:1:7: the anchor &a is not allowed"},
		{"text: !!int 5", "f.yaml:1:7: the type tag !!int is not allowed"},
		{"? [a]\n: x", "f.yaml:1:3: a key must be a word"},
		{"a: 1\u2028b: 2", "f.yaml:1:5: there is an invisible character U+2028 here"},
		{"text: a\x00b", "f.yaml:1:8: there is an invisible character U+0000 here"},
		{"text: 'open", "f.yaml:1:7: this is not valid YAML (found unexpected end of stream)"},
		{"text: *gone", "f.yaml:1:7: aliases (*) are not allowed"},
		{"text: a\rb", "f.yaml:1:8: there is an invisible character U+000D here"},
		{"", "f.yaml: the file is empty"},
		{strings.Repeat("[", 20000), "f.yaml:1:10001: nested more than 24 levels deep"},
	}
	for _, tt := range tests {
		t.Run(tt.src[:min(len(tt.src), 20)], func(t *testing.T) {
			err := decode(t, tt.src, &target{})
			require.Error(t, err)
			first, _, _ := strings.Cut(err.Error(), "\n")
			require.Equal(t, tt.want, first)
		})
	}
}

func TestByteOrderMarkAndCRLF(t *testing.T) {
	var got target
	require.NoError(t, decode(t, "\ufefftext: 张三\r\nn: 5\r\n", &got))
	require.Equal(t, "张三", got.Text)
	require.Equal(t, 5, got.N)
	require.ErrorContains(t, decode(t, "\ufefftexd: 张三\r\n", &got), "    1 | texd: 张三\n      | ^^^^\n")
}

func TestDecodeUnknownTypeIsAMistakeInTheProgram(t *testing.T) {
	require.Panics(t, func() { _ = decode(t, "a: 1", &struct{ A any }{}) })
}

// TestUnderline checks what the caret stands under, for every way to write a
// value.
func TestUnderline(t *testing.T) {
	tests := []struct{ src, line, caret string }{
		{"值: 'it''s'", "值: 'it''s'", "    ^^^^^^^"},
		{`v: "a\"b" # c`, `v: "a\"b" # c`, "   ^^^^^^"},
		{"v: plain  # c", "v: plain  # c", "   ^^^^^"},
		{"v: |\n  a\n  b", "v: |", "   ^"},
		{"v:\n  key: 1", "  key: 1", "  ^^^"},
		{"v:\n  - 1", "  - 1", "  ^"},
		{"v: plain\n  goes on", "v: plain", "   ^^^^^"},
		{"v: \"open\n  goes on\"", "v: \"open", "   ^^^^^"},
	}
	for _, tt := range tests {
		t.Run(tt.src, func(t *testing.T) {
			d := strictyaml.Parse([]byte(tt.src), "f.yaml")
			require.NotNil(t, d.Root, "%v", d.Err())
			d.Report(d.Root.Content[1], i18n.M("yaml.empty"), i18n.Msg{})
			_, rest, _ := strings.Cut(d.Err().Error(), "\n")
			source, under, _ := strings.Cut(rest, "\n")
			require.Equal(t, tt.line, strings.SplitN(source, "| ", 2)[1])
			require.Equal(t, tt.caret, strings.SplitN(under, "| ", 2)[1])
		})
	}
}

// TestManyProblems: a file that means to fill the screen has few problems
// listed and all counted, and one more than are listed is no many.
func TestManyProblems(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'i'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+", ", 9), ", "))
	}
	for name, c := range map[string]struct {
		src, last string
		listed, n int
	}{
		"alias bomb":   {bomb, "f.yaml: … and 70 more things to mend in this file; mend those above first", 20, 90},
		"unknown keys": {keys(21), "f.yaml: … and 1 more thing to mend in this file; mend those above first", 20, 21},
		"just fits":    {keys(20), "", 20, 20},
	} {
		t.Run(name, func(t *testing.T) {
			var problems diag.Problems
			require.ErrorAs(t, decode(t, c.src, &target{}), &problems)
			require.Equal(t, c.n, problems.Count())
			require.Less(t, strings.Count(problems.Error(), "\n"), 90)
			if c.last == "" {
				require.Len(t, problems, c.listed)
				return
			}
			require.Len(t, problems, c.listed+1)
			lines := strings.Split(problems.Error(), "\n")
			require.Equal(t, c.last, lines[len(lines)-1])
			for _, lang := range i18n.Langs {
				require.NotContains(t, problems.Render(lang), "yaml.more")
			}
		})
	}
}

// keys is a file with n unknown keys.
func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "unknown%d: 1\n", i)
	}
	return b.String()
}

func TestReportInside(t *testing.T) {
	for src, want := range map[string]int{
		"v: 'a + b'":         6, // a + b stands at column 5
		"v: a + b":           5, // unquoted: at column 4
		`v: "a \u002b b"`:    4, // escapes move things: the whole value
		"v: >\n  a +\n  b\n": 4, // folded: the whole value
	} {
		d := strictyaml.Parse([]byte(src), "f.yaml")
		d.ReportInside(d.Root.Content[1], 1, 1, i18n.M("yaml.empty"), i18n.Msg{})
		require.ErrorContains(t, d.Err(), fmt.Sprintf("f.yaml:1:%d:", want), src)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: 1", "a: &x [*x]", "? a\n: b", "a: |\n  x\n", "<<: {a: b}", "\ta: 1", "---\n---\n", "a: '", "a: \"\\x\"", "{{{{", "- - - a", "a: !!binary x", "# c", "%YAML 1.1\n---\na"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := strictyaml.Parse(data, "f.yaml")
		if d.Root == nil {
			require.Error(t, d.Err())
			return
		}
		d.Decode(d.Root, &target{})
		walk(d, d.Root)
		if err := d.Err(); err != nil {
			require.NotEmpty(t, err.Error())
		}
	})
}

func walk(d *strictyaml.Doc, n *yaml.Node) {
	d.ReportInside(n, 1, 2, i18n.M("yaml.empty"), i18n.Msg{})
	for _, c := range n.Content {
		walk(d, c)
	}
}

// TestWhatSteersATerminalIsRefused: texts come to terminals and pages.
func TestWhatSteersATerminalIsRefused(t *testing.T) {
	for text, bad := range map[string]string{
		`"plain 中文 \t \n é"`: "", `"red \e[31m"`: "U+001B", `"bell \a"`: "U+0007", `"turned \u202e"`: "U+202E", `"next line \u0085"`: "U+0085",
	} {
		d := strictyaml.Parse([]byte("a: "+text+"\n"), "x.yaml")
		o := d.Object(d.Root, "a")
		got := d.Text(o.Get("a"))
		if bad == "" {
			require.NotEmpty(t, got, text)
			require.NoError(t, d.Err())
			continue
		}
		require.Empty(t, got, text)
		require.ErrorContains(t, d.Err(), bad)
	}
}
