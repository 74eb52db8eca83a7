package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/page"
	"swarmgrade/loadgen"
)

// Bounds of what the page has of others' text, in characters.
const (
	maxLoadName  = 64
	maxLoadDrawn = 12 // of a name beside a bar
)

// loadWords says a load as a page.
type loadWords struct {
	lang i18n.Lang
	view loadView
	*pictured
}

func newLoadPage(lang i18n.Lang, p *pictured) *page.Load {
	v := loadWords{lang: lang, view: newLoadView(nil, lang), pictured: p}
	t := &p.Trace
	address := page.Clip(p.Address+t.Target.Path, 200)
	out := &page.Load{
		Title: v.say("loadpage.title", "address", address), Address: address, Seal: grader.Seal,
		When: v.say("loadpage.when", "when", p.began.Format("2006-01-02 15:04:05 -07:00")),
		Got:  strconv.Itoa(t.Answered()), Of: v.say("loadpage.answered", "sent", t.Sent),
		Sent: v.sent(), Foot: []page.Field{{Name: v.say("loadpage.tool"), Value: version()}},
	}
	if stopped := v.view.stopped(t); stopped != "" {
		out.Summary = append(out.Summary, stopped)
	}
	v.limits(out)
	v.course(out)
	if t.Answered() > 0 {
		v.latency(out)
		v.containers(out)
	}
	v.failures(out)
	return out
}

func (v *loadWords) say(key string, pairs ...any) string { return v.lang.T(key, pairs...) }

// limits are those that were asked for, in words; the exit status is by the same.
func (v *loadWords) limits(out *page.Load) {
	broken := 0
	for _, x := range v.Thresholds {
		row := page.Limit{Mark: "pass", Word: v.say("loadpage.kept"), Limit: x.Limit, Seen: x.Seen}
		if !x.OK {
			row.Mark, row.Word = "fail", v.say("loadpage.broken")
			broken++
		}
		bound := "loadpage.at_most"
		switch x.Name {
		case "max-failed":
			row.Name = v.say("loadpage.name_max_failed")
		case "min-containers":
			row.Name, bound = v.say("loadpage.name_containers"), "loadpage.at_least"
		case "even":
			row.Name, bound = v.say("loadpage.name_even"), ""
			row.Limit, row.Seen = v.say("loadpage."+x.Limit), v.say("loadpage."+x.Seen)
		default:
			row.Name = v.say("loadpage.name_quantile", "part", x.Name)
		}
		if bound != "" {
			row.Limit = v.say(bound, "limit", x.Limit)
		}
		out.Limits = append(out.Limits, row)
	}
	switch n := len(v.Thresholds); {
	case broken > 0:
		out.Mark, out.State = "fail", v.say("loadpage.some_broken", "n", broken, "all", n)
	case n > 0:
		out.Mark, out.State = "pass", v.say("loadpage.all_kept", "n", n)
	}
}

// course draws requests over time.
func (v *loadWords) course(out *page.Load) {
	d := v.detail
	if len(d.Slices) == 0 {
		return
	}
	length := d.Slice.Seconds()
	answered, failed := make([]float64, len(d.Slices)), make([]float64, len(d.Slices))
	most := 0.0
	for i, s := range d.Slices {
		answered[i], failed[i] = float64(s.OK)/length, float64(s.Failed)/length
		most = max(most, answered[i])
	}
	p := page.NewCourse("course", answered, failed, length, compact)
	p.Title = v.say("loadpage.course_title")
	p.Desc = v.say("loadpage.course_desc", "seconds", fixed(length*float64(len(d.Slices)), 1), "slice", fixed(length*1000, 0), "most", fixed(most, 0), "failed", v.Trace.Failed())
	p.Below = v.say("loadpage.seconds")
	if most > 0 {
		p.Legend = append(p.Legend, page.Legend{Class: "ok", Text: v.say("loadpage.course_ok")})
	}
	if v.Trace.Failed() > 0 {
		p.Legend = append(p.Legend, page.Legend{Class: "bad", Text: v.say("loadpage.course_bad")})
	}
	out.Course = p
}

// latency draws both latencies over time at one scale, their percentiles and their curves.
func (v *loadWords) latency(out *page.Load) {
	d := v.detail
	low, high := math.Inf(1), 0.0
	for _, s := range d.Slices {
		for _, m := range []loadgen.Marks{s.Corrected, s.Service} {
			if m.N > 0 {
				low, high = min(low, m.P50.Seconds()), max(high, m.Max.Seconds())
			}
		}
	}
	scale := page.LogScale(low, high)
	draw := func(key, from string, of func(*loadgen.Slice) loadgen.Marks, all loadgen.Distribution, q func(int) string) *page.Plot {
		list := make([]page.Stretch, len(d.Slices))
		for i := range d.Slices {
			m := of(&d.Slices[i])
			list[i] = page.Stretch{N: m.N, From: m.P50.Seconds(), To: m.P99.Seconds(), Peak: m.Max.Seconds()}
		}
		p := page.NewRanges(key, list, d.Slice.Seconds(), scale, span)
		p.Title = v.say("loadpage.range_title", "from", v.say(from))
		p.Desc = v.say("loadpage.range_desc", "p50", q(0), "p99", q(1), "max", q(2))
		p.Below = v.say("loadpage.seconds")
		p.Legend = []page.Legend{{Class: "bar", Text: v.say("loadpage.range_bar")}, {Class: "peak", Text: v.say("loadpage.range_peak")}}
		return p
	}
	c, s := v.Trace.Latency.Corrected, v.Trace.Latency.Service
	three := func(a, b, c int64) func(int) string {
		return func(i int) string { return micros([]int64{a, b, c}[i]) }
	}
	if len(d.Slices) > 0 {
		out.Corrected = draw("corrected", "loadpage.corrected", func(s *loadgen.Slice) loadgen.Marks { return s.Corrected }, d.Corrected, three(c.P50, c.P99, c.Max))
		out.Service = draw("service", "loadpage.service", func(s *loadgen.Slice) loadgen.Marks { return s.Service }, d.Service, three(s.P50, s.P99, s.Max))
	}
	for _, row := range latencyRows(v.lang, v.Trace.Latency) {
		out.Latencies = append(out.Latencies, page.Latency{Name: row.name, Corrected: micros(row.c), Service: micros(row.s)})
	}
	if d.Corrected.Count() > 1 {
		out.Curve = v.curve()
	}
	if n := v.Trace.Late; n > 0 {
		out.LatencyNotes = append(out.LatencyNotes, v.say("loadgen.late", "n", n))
	}
}

func (v *loadWords) curve() *page.Plot {
	var lines [][]page.Point
	low, high := math.Inf(1), 0.0
	for _, d := range []loadgen.Distribution{v.detail.Corrected, v.detail.Service} {
		var line []page.Point
		for _, s := range d.Steps(5) {
			if s.Level < 1 {
				line = append(line, page.Point{Level: s.Level, Value: s.Value.Seconds()})
				low, high = min(low, s.Value.Seconds()), max(high, s.Value.Seconds())
			}
		}
		lines = append(lines, line)
	}
	p := page.NewCurve("curve", lines, []string{"corrected", "service"}, page.LogScale(low, high), span)
	p.Title = v.say("loadpage.curve_title")
	told := func(q [3]int64) string {
		return "p50 " + micros(q[0]) + ", p99 " + micros(q[1]) + ", p99.9 " + micros(q[2])
	}
	c, s := v.Trace.Latency.Corrected, v.Trace.Latency.Service
	p.Desc = v.say("loadpage.curve_desc", "corrected", told([3]int64{c.P50, c.P99, c.P999}), "service", told([3]int64{s.P50, s.P99, s.P999}))
	p.Below = v.say("loadpage.curve_below")
	p.Legend = []page.Legend{{Class: "corrected", Text: v.say("loadpage.corrected")}, {Class: "service", Text: v.say("loadpage.service")}}
	return p
}

// containers are who answered, as a drawing and one by one.
func (v *loadWords) containers(out *page.Load) {
	t := &v.Trace
	var labels, rows []string
	var counts []float64
	var most uint32
	for i := range t.Responders[:min(len(t.Responders), maxLoadRows)] {
		for _, n := range v.detail.Of(i) {
			most = max(most, n)
		}
	}
	for i, r := range t.Responders {
		name := page.Clip(v.view.name(r), maxLoadName)
		if i < page.MostRows() {
			short := page.Clip(name, maxLoadDrawn)
			labels, counts = append(labels, short), append(counts, float64(r.Count))
			rows = append(rows, v.say("page.spread_row", "container", short, "n", r.Count))
		}
		if i >= maxLoadRows {
			continue
		}
		row := page.Responder{Name: name, Where: page.Clip(strings.TrimSpace(strings.Join(r.Addresses, " ")+" "+r.StudentID), maxLoadName), Answers: strconv.Itoa(r.Count), Share: percent(r.Count, t.Answered())}
		if i < len(v.detail.Responders) {
			m := v.detail.Responders[i].Corrected
			row.P50, row.P99 = micros(m.P50.Microseconds()), micros(m.P99.Microseconds())
			row.Spark = page.NewSpark(v.detail.Of(i), most)
		}
		if r.Rule == "" {
			row.Where = page.Clip(oneLine(r.Sample), maxLoadName)
		}
		out.Responders = append(out.Responders, row)
	}
	if more := len(t.Responders) - maxLoadRows; more > 0 {
		out.MoreContainer = v.say("loadgen.more_rows", "n", more)
	}
	out.Verdicts = append(v.view.evenness(v.loadReport), v.view.order(v.loadReport)...)
	low, high := 0.0, 0.0
	if e := v.Spread; e != nil {
		low, high = float64(e.Low), float64(e.High)
	}
	out.Spread = page.NewSpread("spread", labels, counts, low, high)
	out.Spread.Title, out.Spread.Desc = v.say("page.spread_title"), v.lang.List(rows)
	if high > 0 {
		out.Spread.Bounds = v.say("page.spread_bounds", "from", low, "to", high)
	}
	if more := len(t.Responders) - len(labels); more > 0 {
		out.Spread.More = v.say("page.spread_more", "n", more)
	}
}

func (v *loadWords) failures(out *page.Load) {
	for i, e := range v.Trace.Errors {
		row := page.Failed{Class: e.Class, Count: strconv.Itoa(e.Count), Meaning: v.lang.Text(loadErrorMeaning(e.Class)), Sample: oneLine(e.Sample)}
		if i < len(v.detail.Errors) {
			c := v.detail.Errors[i]
			from, to := fixed(c.First.Seconds(), 1), fixed(c.Last.Seconds(), 1)
			row.When = v.say("loadpage.when_failed", "from", from, "to", to)
			if from == to {
				row.When = v.say("loadpage.when_once", "from", from)
			}
		}
		out.Failures = append(out.Failures, row)
	}
}

// sent is what was asked for and what came of it.
func (v *loadWords) sent() []page.Field {
	t := &v.Trace
	rate := v.say("loadpage.sent_rate_free")
	if v.flags.rate > 0 {
		rate = v.say("loadpage.sent_rate_fixed", "n", v.flags.rate)
	}
	fields := []page.Field{}
	add := func(key, value string) {
		fields = append(fields, page.Field{Name: v.say(key), Value: value})
	}
	add("loadpage.sent_url", page.Clip(v.URL, 200))
	add("loadpage.sent_address", v.Address)
	add("loadpage.sent_requests", v.say("loadpage.sent_of", "sent", t.Sent, "all", t.Target.Requests))
	add("loadpage.sent_rate", rate)
	add("loadpage.sent_real", v.say("loadpage.sent_real_rate", "seconds", fixed(float64(t.Took)/1000, 1), "n", fixed(float64(t.Sent)*1000/float64(max(t.Took, 1)), 0)))
	add("loadpage.sent_workers", strconv.Itoa(t.Target.Workers))
	add("loadpage.sent_connections", v.say("loadpage.sent_mode", "n", t.Connections, "mode", connectionMode(t)))
	add("loadpage.sent_timeout", v.flags.timeout.String())
	add("loadpage.sent_duration", v.flags.duration.String())
	add("loadpage.sent_late", strconv.Itoa(t.Late))
	return fields
}

// span is seconds beside a drawing, which are round there.
func span(seconds float64) string {
	d := time.Duration(math.Round(seconds * 1e9))
	for _, u := range []struct {
		least time.Duration
		name  string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"}} {
		if d >= u.least {
			return strconv.FormatFloat(float64(d)/float64(u.least), 'g', 4, 64) + " " + u.name
		}
	}
	return fmt.Sprint(d.Nanoseconds(), " ns")
}

// compact is a number beside a drawing.
func compact(n float64) string {
	if n >= 10_000 {
		return strconv.FormatFloat(n/1000, 'g', 4, 64) + "k"
	}
	return strconv.FormatFloat(n, 'g', 4, 64)
}
