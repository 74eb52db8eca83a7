package page

import (
	"bytes"
	"errors"
	"iter"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
)

var (
	variable = regexp.MustCompile(`--([a-z-]+):(#[0-9a-f]{6})`)
	used     = regexp.MustCompile(`var\(--([a-z-]+)\)`)
)

// colours are the variables of the light and of the dark page.
func colours(t *testing.T) [2]map[string]string {
	t.Helper()
	light, dark, ok := strings.Cut(Style(), "@media screen and (prefers-color-scheme:dark)")
	require.True(t, ok)
	var out [2]map[string]string
	for i, css := range []string{light, dark} {
		out[i] = map[string]string{}
		for _, m := range variable.FindAllStringSubmatch(css, -1) {
			out[i][m[1]] = m[2]
		}
	}
	return out
}

// luminance and contrast are those of WCAG 2.2.
func luminance(hex string) float64 {
	part := func(i int) float64 {
		n, _ := strconv.ParseUint(hex[i:i+2], 16, 8)
		c := float64(n) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(1) + 0.7152*part(3) + 0.0722*part(5)
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestContrast(t *testing.T) {
	text := [][2]string{
		{"fg", "bg"}, {"fg", "panel"}, {"fg", "blocked-bg"}, {"muted", "bg"}, {"muted", "panel"}, {"link", "bg"}, {"bg", "fg"},
	}
	for _, mark := range []string{"pass", "partial", "fail", "blocked", "ungraded", "hand"} {
		text = append(text, [2]string{mark, mark + "-bg"}, [2]string{mark, "bg"})
	}
	drawn := [][2]string{{"ok", "bg"}, {"bad", "bg"}, {"ok", "fault"}, {"bad", "fault"}, {"bar", "bg"}, {"bar", "panel"}, {"bar", "ungraded-bg"}, {"muted", "bg"}}
	for i, c := range colours(t) {
		name := []string{"light", "dark"}[i]
		for _, m := range used.FindAllStringSubmatch(Style(), -1) {
			require.Contains(t, c, m[1], "%s has no colour of that name", name)
		}
		for least, pairs := range map[float64][][2]string{4.5: text, 3: drawn} {
			for _, p := range pairs {
				if got := contrast(c[p[0]], c[p[1]]); got < least {
					t.Errorf("%s: %s on %s has a contrast of %.2f, below %.1f", name, p[0], p[1], got, least)
				}
			}
		}
	}
	require.InDelta(t, 21, contrast("#ffffff", "#000000"), 0.01)
	require.InDelta(t, 4.54, contrast("#767676", "#ffffff"), 0.01)
}

// What the style sheet may not hold: anything from elsewhere.
func TestStyleNeedsNothingElse(t *testing.T) {
	for _, word := range []string{"url(", "@import", "@font-face", "</", "/*", "expression"} {
		require.NotContains(t, Style(), word)
	}
	require.NotContains(t, Policy(), "unsafe")
	require.NotContains(t, Policy(), "http")
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"a\x1b[2Jb":                       "a\uFFFD[2Jb",
		"\u202eabc\u2066\u200f\u061c":     "\uFFFDabc\uFFFD\uFFFD\uFFFD",
		"line\nline\ttab":                 "line\nline\ttab",
		"\xff\xfe\x00":                    "\uFFFD\uFFFD\uFFFD",
		"学号 🎓 é":                          "学号 🎓 é",
		"\uFFFD stays \u200b\ufeff\u00ad": "\uFFFD stays \uFFFD\uFFFD\uFFFD",
		"a\r\nb\u0085\u2028":              "a\uFFFD\nb\uFFFD\uFFFD",
	} {
		require.Equal(t, want, string(plain([]byte(in))))
	}
}

func TestClip(t *testing.T) {
	require.Equal(t, "名名名", Clip("名名名", 3))
	require.Equal(t, "名名…", Clip("名名名名", 3))
	require.Equal(t, "", Clip("", 3))
	require.Equal(t, "…", Clip("abcd", 1))
	require.Equal(t, "名", Clip("名", 1))
	require.Equal(t, 80, len([]rune(Clip(strings.Repeat("长", 10000), 80))))
}

func TestLane(t *testing.T) {
	require.Equal(t, []Span{{"0%", "25%"}, {"75%", "25%"}}, Lane([]bool{true, false, false, true}))
	require.Equal(t, []Span{{"0%", "100%"}}, Lane([]bool{true, true, true}))
	require.Empty(t, Lane(make([]bool, 7)))
	require.Empty(t, Lane(nil))
}

func TestAxis(t *testing.T) {
	var texts []string
	for _, tick := range Axis(-4, 96) {
		texts = append(texts, tick.X+" "+tick.Text)
	}
	require.Equal(t, []string{"4% 0", "24% 20", "44% 40", "64% 60", "84% 80"}, texts)
	for _, length := range []float64{0.5, 1, 7, 8, 59, 61, 1000, 1e5, 1e7, 1e300} {
		require.LessOrEqual(t, len(Axis(-3, length)), 2*mostTicks+1, "%v", length)
	}
	for _, x := range [][2]float64{{0, 0}, {1, 0}, {math.NaN(), 1}, {0, math.Inf(1)}} {
		require.Empty(t, Axis(x[0], x[1]))
	}
	require.NotContains(t, Axis(-0.4, 5)[0].Text, "-", "no minus before nothing")
}

// Numbers of moments that lie close together stand above each other.
func TestPlace(t *testing.T) {
	m := make([]Moment, 5)
	Place(m, []float64{0, 0.5, 0.51, 0.52, 0.9})
	require.Equal(t, "2.75%", m[0].X, "within the drawing")
	require.Equal(t, []int{50, 50, 31, 12, 50}, []int{m[0].Y, m[1].Y, m[2].Y, m[3].Y, m[4].Y})
}

func TestSpread(t *testing.T) {
	s := NewSpread("k", []string{"a", "b", "c"}, []float64{100, 50, 0}, 20, 40)
	require.Equal(t, "50%", s.Rows[0].W)
	require.Equal(t, "25%", s.Rows[1].W)
	require.True(t, s.Rows[2].Silent)
	require.Equal(t, []string{"46%", "56%"}, []string{s.From, s.To})
	many := NewSpread("k", make([]string, 500), make([]float64, 500), 0, 0)
	require.Len(t, many.Rows, MostRows())
	require.Empty(t, many.To)
}

// Every sentence that a template asks for is there; a fragment without a language
// of its own is said in English.
func TestTemplatesSayWhatThereIs(t *testing.T) {
	raw, err := files.ReadDir("templates")
	require.NoError(t, err)
	key := regexp.MustCompile(`"((?:page|report)\.[a-z_]+)"`)
	n := 0
	for _, f := range raw {
		text, err := files.ReadFile("templates/" + f.Name())
		require.NoError(t, err)
		for _, m := range key.FindAllStringSubmatch(string(text), -1) {
			n++
			for _, lang := range i18n.Langs {
				_, ok := lang.Raw(m[1])
				require.True(t, ok, "%s: %s has no %s", f.Name(), lang, m[1])
			}
		}
	}
	require.Greater(t, n, 40)
	var b bytes.Buffer
	require.NoError(t, Fragment(&b, "xx", "check", &Check{Mark: "fail", Title: "<b>", Seen: []Field{{"x", "y"}}, Level: 3}))
	require.Contains(t, b.String(), "Seen")
	require.Contains(t, b.String(), "&lt;b&gt;")
	require.Error(t, Fragment(&b, i18n.EN, "nonsense", nil))
}

func TestErrorsEndThePage(t *testing.T) {
	none := func(func(Row) bool) {}
	var noWindows iter.Seq[Window] = func(func(Window) bool) {}
	asked := 0
	students := func(yield func(Student, error) bool) {
		for range 5 {
			asked++
			if !yield(Student{Key: "s1", ID: "1", Name: "x"}, nil) {
				return
			}
		}
	}
	broken := errors.New("full")
	require.ErrorIs(t, WriteClass(failAfter{broken}, i18n.EN, &Class{}, none, noWindows, students), broken)
	require.LessOrEqual(t, asked, 1, "nobody is asked for in vain")
	require.ErrorIs(t, WriteClass(&bytes.Buffer{}, i18n.EN, &Class{}, none, noWindows, func(yield func(Student, error) bool) { yield(Student{}, broken) }), broken)
}

type failAfter struct{ err error }

func (f failAfter) Write([]byte) (int, error) { return 0, f.err }
