package rubric

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/width"
)

// Points are counted in hundredths, so that sums are exact.
type Points int64

// PointsOf rounds to the nearest hundredth, halves away from zero.
func PointsOf(f float64) Points { return Points(math.Round(f * 100)) }

// ParsePoints reads a decimal with at most two places.
func ParsePoints(s string) (Points, error) {
	s = strings.TrimSpace(s)
	f, err := strconv.ParseFloat(s, 64)
	// What is a number in programs only, as 1_0 and 0x10p0 are, is none.
	if err != nil || strings.Trim(s, "0123456789+-.eE") != "" || math.IsNaN(f) || math.Abs(f) > 1e9 {
		return 0, fmt.Errorf("%q is no number of points", s)
	}
	p := PointsOf(f)
	if math.Abs(f*100-float64(p)) > 1e-6 {
		return 0, fmt.Errorf("%q has more than two decimal places", s)
	}
	return p, nil
}

// IsTyped reports whether a text is a number of points as a person writes it: 1e2 or +5 may be meant for something else.
func IsTyped(s string) bool { return typed.MatchString(s) }

var typed = regexp.MustCompile(`^-?[0-9]+(?:\.[0-9]+)?$`)

// TypedPoints reads points that a person typed: digits, also full-width ones as a Chinese keyboard writes them, with at most
// two decimal places. What other programs take for a number, as 1e2, +5, 1_000 and 0x10 are, is none: whoever typed it may have
// meant something else.
func TypedPoints(s string) (Points, error) {
	s = strings.TrimSpace(width.Narrow.String(s))
	if !IsTyped(s) {
		return 0, fmt.Errorf("%q is no number of points", s)
	}
	return ParsePoints(s)
}

// Float is the number of points.
func (p Points) Float() float64 { return float64(p) / 100 }

// String has no needless zeros: 2, 2.5, 2.25.
func (p Points) String() string { return strconv.FormatFloat(p.Float(), 'f', -1, 64) }

// MarshalJSON writes a number.
func (p Points) MarshalJSON() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalJSON reads a number with at most two places.
func (p *Points) UnmarshalJSON(b []byte) error {
	v, err := ParsePoints(string(b))
	*p = v
	return err
}

// UnmarshalText reads what [ParsePoints] reads, for parameters of checks.
func (p *Points) UnmarshalText(b []byte) error {
	v, err := ParsePoints(string(b))
	*p = v
	return err
}

// String is credit as a file has it; "" for none.
func (c Credit) String() string {
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	switch {
	case c.PerUnit:
		return "per_unit"
	case c.Linear != nil:
		return "{linear: {from: " + number(c.Linear.From) + ", to: " + number(c.Linear.To) + "}}"
	case len(c.Bands) == 0:
		return ""
	}
	bands := make([]string, len(c.Bands))
	for i, b := range c.Bands {
		bound, at := "at_least", b.AtLeast
		if b.AtMost != nil {
			bound, at = "at_most", b.AtMost
		}
		if at != nil {
			bands[i] = "{" + bound + ": " + number(*at) + ", points: " + b.Points.String() + "}"
		}
	}
	return "{bands: [" + strings.Join(bands, ", ") + "]}"
}
