package page

import (
	"fmt"
	"math"
	"strconv"
)

// A drawing's lengths are shares of its width, so that words in it keep their size
// on a telephone and on paper.

// Timeline is a fault window: requests in two lanes, answered above and failed
// below, over the seconds; numbered moments.
type Timeline struct {
	Key         string
	Title, Desc string
	OK, Bad     []Span
	Fault       Span // from when the fault was felt until it was being undone
	Ticks       []Tick
	Moments     []Moment
	Summary     string
}

// Span is a stretch of the width.
type Span struct{ X, W string }

// Tick is a number under the lanes.
type Tick struct{ X, Text, Anchor string }

// Moment is a numbered mark with its words.
type Moment struct {
	N    int
	X    string
	Y    int
	Tip  int // where its line begins
	Text string
	At   string
}

// Moments is a fault window in one line: how long until each moment.
type Moments struct {
	Key, Title, Desc string
	Spans            []Span
	Never            bool // it did not recover
	Marks            []Moment
}

// Spread is how many answers came from each container, with the bounds of what is
// even if there are such.
type Spread struct {
	Key         string
	Title, Desc string
	Height      int
	Rows        []SpreadRow
	From, To    string // "" without bounds
	Bounds      string // in words
	More        string // that others are not shown
}

// SpreadRow is one container.
type SpreadRow struct {
	Label, Count string
	Y, Base      int
	W, At        string
	Silent       bool
}

// Share is a part of the width, for an attribute.
func Share(f float64) string {
	if math.IsNaN(f) {
		f = 0
	}
	return strconv.FormatFloat(math.Round(1e4*min(max(f, 0), 1))/100, 'f', -1, 64) + "%"
}

// Bounds of drawings.
const (
	cells      = 160 // of a lane
	mostTicks  = 7
	markWidth  = 0.055 // of a telephone's width
	mostLevels = 3
	rowHeight  = 22
	mostRows   = 12
	spreadFrom = 0.36 // where bars begin, and how long the longest is
	spreadLong = 0.5
)

// Lane joins the cells of a lane that hold something to spans.
func Lane(hit []bool) []Span {
	var out []Span
	n := float64(len(hit))
	for i := 0; i < len(hit); {
		if !hit[i] {
			i++
			continue
		}
		k := i
		for k < len(hit) && hit[k] {
			k++
		}
		out = append(out, Span{Share(float64(i) / n), Share(float64(k-i) / n)})
		i = k
	}
	return out
}

// Cells are how many cells a lane has.
func Cells() int { return cells }

// Axis is the numbers from one moment to another, at round ones.
func Axis(from, to float64) []Tick {
	length := to - from
	if !(length > 0) || math.IsInf(length, 0) {
		return nil
	}
	step := 1.0
	if length < 2 { // of loads alone: no fault window is as short
		step = roundStep(length / mostTicks)
	}
	for _, s := range []float64{2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 36000, 86400} {
		if length/step <= mostTicks {
			break
		}
		step = s
	}
	var out []Tick
	for s := math.Ceil(from / step); s*step <= to && len(out) <= 2*mostTicks; s++ {
		at := (s*step - from) / length
		t := Tick{X: Share(at), Text: strconv.FormatFloat(math.Round(s*step*1e6)/1e6+0, 'f', -1, 64), Anchor: "middle"}
		switch {
		case at < 0.03:
			t.Anchor = "start"
		case at > 0.97:
			t.Anchor = "end"
		}
		out = append(out, t)
	}
	return out
}

// Place sets moments on levels so that their numbers do not cover each other; at is
// where each is, as a part of the width, in order.
func Place(moments []Moment, at []float64) {
	var last [mostLevels]float64
	for i := range last {
		last[i] = -1
	}
	for i := range moments {
		level := 0
		for level < mostLevels-1 && at[i]-last[level] < markWidth {
			level++
		}
		x := min(max(at[i], markWidth/2), 1-markWidth/2)
		last[level] = x
		moments[i].X, moments[i].Y = Share(x), 12+19*(mostLevels-1-level)
		moments[i].Tip = moments[i].Y + 9
	}
}

// NewSpread lays containers out: counts by label, in order. Bounds are where a
// container's count should be; a high of 0 is none.
func NewSpread(key string, labels []string, counts []float64, low, high float64) *Spread {
	s := &Spread{Key: key}
	most := max(high, 1)
	for _, n := range counts {
		most = max(most, n)
	}
	at := func(n float64) float64 { return spreadFrom + spreadLong*n/most }
	for i := range labels[:min(len(labels), mostRows)] {
		s.Rows = append(s.Rows, SpreadRow{
			Label: labels[i], Count: strconv.FormatFloat(counts[i], 'f', -1, 64), Y: i*rowHeight + 4, Base: i*rowHeight + 16,
			W: Share(spreadLong * counts[i] / most), At: Share(at(counts[i]) + 0.015), Silent: counts[i] == 0,
		})
	}
	s.Height = len(s.Rows)*rowHeight + 2
	if high > 0 {
		s.From, s.To = Share(at(low)), Share(at(high))
	}
	return s
}

// MostRows is how many containers are drawn.
func MostRows() int { return mostRows }

// Tall is the drawing's height where it has n rows.
func (s *Spread) Tall() string { return fmt.Sprint(s.Height) }
