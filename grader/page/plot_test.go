package page

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/page/pagetest"
)

func plain64(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }

func TestAxisOfAMoment(t *testing.T) {
	var texts []string
	for _, tick := range Axis(0, 0.4) {
		texts = append(texts, tick.Text)
	}
	require.Equal(t, []string{"0", "0.1", "0.2", "0.3", "0.4"}, texts)
	for _, length := range []float64{1e-9, 0.001, 0.033, 1.9} {
		require.Less(t, len(Axis(0, length)), 2*mostTicks, length)
	}
}

func TestScale(t *testing.T) {
	s := LogScale(0.001, 1)
	require.Greater(t, s.Y(0.001), s.Y(0.01))
	require.InDelta(t, s.Y(0.001)-s.Y(0.01), s.Y(0.01)-s.Y(0.1), 1e-6, "each decade is as high as another")
	for _, v := range []float64{0, -1, math.Inf(1), math.NaN(), 1e300} {
		y := s.Y(v)
		require.True(t, y >= 0 && y <= plotHeight, "%v at %v", v, y)
	}
	for _, x := range [][2]float64{{0, 0}, {1e-6, 1e-6}, {0.002, 0.0021}, {1e-7, 100}, {5, 1}, {math.Inf(1), 0}} {
		rules := LogScale(x[0], x[1]).Rules(plain64)
		require.LessOrEqual(t, len(rules), 12, x)
	}
	require.NotEmpty(t, LogScale(0.002, 0.0021).Rules(plain64), "a level line has a number beside it")
}

// What failed is below the line, what was answered above, each at its own end.
func TestCourse(t *testing.T) {
	heights := func(b Bars) (out []float64) {
		for _, r := range b.List {
			h, err := strconv.ParseFloat(r.H, 64)
			require.NoError(t, err)
			y, err := strconv.ParseFloat(r.Y, 64)
			require.NoError(t, err)
			require.True(t, h >= leastBar && y >= 0 && y+h <= plotHeight+0.1, "%v", r)
			out = append(out, h)
		}
		return out
	}
	p := NewCourse("k", []float64{100, 0, 50}, []float64{0, 1, 10}, 0.5, plain64)
	require.Equal(t, []string{"ok", "bad"}, []string{p.Columns[0].Class, p.Columns[1].Class})
	up, down := heights(p.Columns[0]), heights(p.Columns[1])
	require.InEpsilon(t, up[0], 2*up[1], 0.02)
	require.Greater(t, down[1], down[0])
	require.Equal(t, p.Zero, p.Columns[1].List[0].Y)
	require.Equal(t, "33.33%", p.Columns[1].List[0].X)
	p = NewCourse("k", []float64{0, 0}, []float64{3, 1}, 0.5, plain64)
	require.Empty(t, p.Columns[0].List)
	require.Greater(t, heights(p.Columns[1])[0], plotHeight*0.8, "where nothing was answered failures have all the room")
	p = NewCourse("k", []float64{7}, []float64{0}, 0.5, plain64)
	require.Equal(t, strconv.Itoa(plotHeight), p.Zero)
	require.NotNil(t, NewCourse("k", nil, nil, 0.5, plain64))
}

func TestCurve(t *testing.T) {
	p := NewCurve("k", [][]Point{{{0, 0.001}, {0.5, 0.002}, {0.9, 0.002}, {0.99, 1}}, nil}, []string{"corrected", "service"}, LogScale(0.001, 1), plain64)
	require.Equal(t, []string{"0%", "50%", "90%"}, []string{p.Ticks[0].Text, p.Ticks[1].Text, p.Ticks[2].Text})
	require.Equal(t, "50%", p.Ticks[2].X, "two nines: one is the middle")
	points := strings.Fields(p.Lines[0].Points)
	require.Len(t, points, 6, "a step goes across first, then up")
	require.True(t, strings.HasPrefix(points[0], "0,") && strings.HasPrefix(points[5], "1000,"))
	require.Empty(t, p.Lines[1].Points)
}

func TestSpark(t *testing.T) {
	got := NewSpark([]uint32{0, 4, 2, 0}, 4)
	require.Equal(t, []Rect{{"25%", "23%", "0", "16"}, {"50%", "23%", "8", "8"}}, got)
	require.Empty(t, NewSpark(nil, 0))
}

// A page of nothing is one too, and its words are all there.
func TestLoadPage(t *testing.T) {
	for _, lang := range i18n.Langs {
		var b bytes.Buffer
		require.NoError(t, WriteLoad(&b, lang, &Load{Title: "x", Address: "x"}))
		require.Empty(t, pagetest.ActsNot(t, b.Bytes()))
		require.Empty(t, pagetest.Accessible(t, b.Bytes()))
	}
	text, err := files.ReadFile("templates/load.html")
	require.NoError(t, err)
	for _, part := range strings.Split(string(text), `{{t "`)[1:] {
		key, _, _ := strings.Cut(part, `"`)
		for _, lang := range i18n.Langs {
			_, ok := lang.Raw(key)
			require.True(t, ok, "%s has no %s", lang, key)
		}
	}
}
