package page

import (
	"math"
	"strconv"
	"strings"
)

// Plot is a drawing over time or over shares: columns and lines above numbered ticks, with
// a scale at its left. Its lengths across are shares of its width, see above; those upwards are pixels.
type Plot struct {
	Key, Title, Desc string
	Height           int // without the numbers below
	Zero             string
	Rules            []Rule
	Ticks            []Tick
	Below            string // what the ticks count, in words
	Columns          []Bars
	Lines            []Polyline
	Legend           []Legend
}

// Rule is a line across with its number.
type Rule struct{ Y, Base, Text string }

// Bars are rectangles of one class.
type Bars struct {
	Class string
	List  []Rect
}

// Rect is one of them.
type Rect struct{ X, W, Y, H string }

// Polyline is a line through points, in thousandths of the width and pixels.
type Polyline struct{ Class, Points string }

// Legend says what a class is.
type Legend struct{ Class, Text string }

// The scale's numbers are 8 pixels apart from its ends at least, so that none is cut.
const (
	plotHeight = 150
	leastBar   = 2 // pixels of what is there at all
	mostRules  = 5
)

// Scale is where values of 0 or more stand in a plot.
type Scale struct {
	from, to float64
	log      bool
	zero     float64 // the pixel of from
	height   float64
}

// LogScale has room for values from low to high, both above 0, each decade as high as
// another.
func LogScale(low, high float64) Scale {
	low, high = max(low, 1e-9), max(high, 1e-9)
	s := Scale{from: low / 1.2, to: high * 1.2, log: true, zero: plotHeight, height: plotHeight}
	if s.to/s.from < 4 { // a level line is no drama
		s.from, s.to = s.from/2, s.to*2
	}
	return s
}

// Y is a value's pixel.
func (s Scale) Y(v float64) float64 {
	part := v / s.to
	if s.log {
		part = math.Log(max(v, s.from)/s.from) / math.Log(s.to/s.from)
	}
	if math.IsNaN(part) {
		part = 0
	}
	return s.zero - s.height*min(max(part, 0), 1)
}

// Rules are round values with their numbers.
func (s Scale) Rules(text func(float64) string) []Rule {
	var values []float64
	if !s.log {
		step := roundStep(s.to / mostRules)
		for v := 0.0; v <= s.to && len(values) < 2*mostRules; v += step {
			values = append(values, v)
		}
	} else {
		for _, steps := range [][]float64{{1, 2, 5}, {1}} {
			values = nil
			for decade := math.Floor(math.Log10(s.from)); decade <= math.Log10(s.to); decade++ {
				for _, step := range steps {
					if v := step * math.Pow(10, decade); v >= s.from && v <= s.to {
						values = append(values, v)
					}
				}
			}
			if len(values) <= mostRules {
				break
			}
		}
	}
	var out []Rule
	for _, v := range values {
		y := s.Y(v)
		out = append(out, Rule{Y: pixel(y), Base: pixel(y + 4), Text: text(v)})
	}
	return out
}

// roundStep is 1, 2 or 5 times a power of ten, and not below a value.
func roundStep(v float64) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return 1
	}
	base := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if n*base >= v {
			return n * base
		}
	}
	return 10 * base
}

func pixel(f float64) string { return strconv.FormatFloat(math.Round(10*f)/10, 'f', -1, 64) }

// rect stands between two pixels, in the i-th of n columns.
func rect(i, n int, a, b float64) Rect {
	if b-a < leastBar {
		a = b - leastBar
	}
	return Rect{X: Share(float64(i) / float64(n)), W: Share(0.92 / float64(n)), Y: pixel(a), H: pixel(b - a)}
}

// NewCourse draws rates over time, what was answered upwards, what failed downwards.
// Columns are slices of so many seconds.
func NewCourse(key string, answered, failed []float64, seconds float64, number func(float64) string) *Plot {
	n := len(answered)
	up, down := 0.0, 0.0
	for i := range answered {
		up, down = max(up, answered[i]), max(down, failed[i])
	}
	below := 0.0
	switch {
	case up == 0:
		below = plotHeight - 8
	case down > 0:
		below = min(max(plotHeight*down/(up+down), 24), plotHeight-24)
	}
	s := Scale{to: max(up, 1e-9) * 1.05, zero: plotHeight - below, height: plotHeight - below}
	fails := Scale{to: max(down, 1e-9), zero: s.zero, height: -below}
	p := &Plot{Key: key, Height: plotHeight, Zero: pixel(s.zero), Rules: s.Rules(number), Ticks: Axis(0, seconds*float64(n))}
	if up == 0 {
		p.Rules = fails.Rules(number)
	}
	ok, bad := Bars{Class: "ok"}, Bars{Class: "bad"}
	for i := range answered {
		if answered[i] > 0 {
			ok.List = append(ok.List, rect(i, n, s.Y(answered[i]), s.zero))
		}
		if failed[i] > 0 {
			bad.List = append(bad.List, rect(i, n, s.zero, max(fails.Y(failed[i]), s.zero+leastBar)))
		}
	}
	p.Columns = []Bars{ok, bad}
	return p
}

// Stretch is what a column of a plot of latency shows; one with N of 0 is left out.
type Stretch struct {
	N              int
	From, To, Peak float64
}

// NewRanges draws from where to where values went over time, and the largest.
func NewRanges(key string, list []Stretch, seconds float64, s Scale, number func(float64) string) *Plot {
	p := &Plot{Key: key, Height: plotHeight, Zero: pixel(s.zero), Rules: s.Rules(number), Ticks: Axis(0, seconds*float64(len(list)))}
	body, peak := Bars{Class: "bar"}, Bars{Class: "peak"}
	for i, x := range list {
		if x.N == 0 {
			continue
		}
		body.List = append(body.List, rect(i, len(list), s.Y(x.To), s.Y(x.From)))
		top := s.Y(x.Peak)
		peak.List = append(peak.List, rect(i, len(list), top-leastBar/2, top+leastBar/2))
	}
	p.Columns = []Bars{body, peak}
	return p
}

// Point is a share of all, below 1, and the value that it does not exceed.
type Point struct{ Level, Value float64 }

// NewCurve draws values by share, each nine of it as wide as another. Classes name the
// lines in their order.
func NewCurve(key string, lines [][]Point, classes []string, s Scale, number func(float64) string) *Plot {
	p := &Plot{Key: key, Height: plotHeight, Zero: pixel(s.zero), Rules: s.Rules(number)}
	nines := 1.0
	for _, line := range lines {
		for _, x := range line {
			if x.Level < 1 {
				nines = max(nines, -math.Log10(1-x.Level))
			}
		}
	}
	nines = min(nines, 9)
	at := func(level float64) float64 { return min(0-math.Log10(max(1-level, 1e-12))/nines, 1) }
	for _, level := range []float64{0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999} {
		x := at(level)
		if level > 0 && x >= 1 || level == 0.5 && x < 0.1 { // half is close to none
			continue
		}
		t := Tick{X: Share(x), Text: strconv.FormatFloat(100*level, 'g', 7, 64) + "%", Anchor: "middle"}
		if level == 0 {
			t.Anchor = "start"
		}
		p.Ticks = append(p.Ticks, t)
	}
	for i, line := range lines {
		var b strings.Builder
		last := ""
		for _, x := range line {
			y := pixel(s.Y(x.Value))
			across := strconv.FormatFloat(math.Round(10000*at(x.Level))/10, 'f', -1, 64)
			if last != "" && last != y { // up only where the value is
				b.WriteString(across + "," + last + " ")
			}
			b.WriteString(across + "," + y + " ")
			last = y
		}
		p.Lines = append(p.Lines, Polyline{Class: classes[i], Points: strings.TrimSpace(b.String())})
	}
	return p
}

// NewSpark draws counts over time as high as the largest of all, in a line of text.
func NewSpark(counts []uint32, most uint32) []Rect {
	var out []Rect
	for i, n := range counts {
		if n > 0 {
			out = append(out, rect(i, len(counts), sparkHeight-sparkHeight*float64(n)/float64(max(most, 1)), sparkHeight))
		}
	}
	return out
}

const sparkHeight = 16
