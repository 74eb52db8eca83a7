package check

import (
	"math"
	"strconv"
	"strings"
	"time"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
)

// limits are a range of times or of counts as a rubric writes one: "5s..30s",
// "..30s", "5s.." or "5s" alone; the ends belong to it. Times are in milliseconds.
type limits struct {
	low, high int64 // high is noLimit where nothing is said
	times     bool
}

// noLimit is what a count of 0 means where the engine takes it for "as many as
// there are", and what a range without an upper end goes up to.
const noLimit = math.MaxInt64

const (
	maxTime  = 1000 * time.Hour
	maxCount = 1_000_000
)

// parseLimits reads a range; false if it is none.
func parseLimits(s string, times bool) (limits, bool) {
	value := func(s string) (int64, bool) {
		if !times {
			n, err := strconv.ParseInt(s, 10, 64)
			return n, err == nil && n >= 0 && n <= maxCount && strconv.FormatInt(n, 10) == s
		}
		d, err := time.ParseDuration(s)
		return d.Milliseconds(), err == nil && d >= 0 && d <= maxTime && d%time.Millisecond == 0
	}
	low, high, ranged := strings.Cut(s, "..")
	l := limits{high: noLimit, times: times}
	ok := true
	if low != "" {
		l.low, ok = value(low)
	}
	switch {
	case !ranged:
		l.high = l.low
		return l, ok && low != ""
	case high != "":
		var also bool
		l.high, also = value(high)
		ok = ok && also
	}
	return l, ok && l.low <= l.high && (low != "" || high != "")
}

// limitsValid refuses texts that are no range; pairs are of a parameter's name
// and its text, "" for one that is not asked for.
func limitsValid(times bool, pairs ...string) []rubric.ParamError {
	key := "check.param_count_range"
	if times {
		key = "check.param_time_range"
	}
	var errs []rubric.ParamError
	for i := 0; i+1 < len(pairs); i += 2 {
		if _, ok := parseLimits(pairs[i+1], times); pairs[i+1] != "" && !ok {
			errs = append(errs, paramError(pairs[i], i18n.M(key, "param", pairs[i], "text", clip(pairs[i+1], 40))))
		}
	}
	return errs
}

func (l limits) holds(n int64) bool { return l.low <= n && n <= l.high }

// nearest is the value of the range that is nearest to another one.
func (l limits) nearest(n int64) int64 { return min(max(n, l.low), l.high) }

// say names a value as it is typed.
func (l limits) say(n int64) any {
	switch {
	case n == noLimit:
		return i18n.M("check.no_limit")
	case l.times:
		return span(n)
	}
	return strconv.FormatInt(n, 10)
}

// text is the range for people.
func (l limits) text() i18n.Msg {
	switch {
	case l.low == l.high:
		return i18n.M("check.range_exactly", "value", l.say(l.low))
	case l.high == noLimit:
		return i18n.M("check.range_from", "low", l.say(l.low))
	case l.low == 0:
		return i18n.M("check.range_to", "high", l.say(l.high))
	}
	return i18n.M("check.range", "low", l.say(l.low), "high", l.say(l.high))
}

// span writes milliseconds as Docker's client takes a time: 5s, 1m30s, 2h.
func span(ms int64) string {
	s := (time.Duration(ms) * time.Millisecond).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// spanOf is [span] of a time that may not be known.
func spanOf(ms *int64) any {
	if ms == nil {
		return nil
	}
	return span(*ms)
}
