package report

import (
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"

	"swarmgrade/grader/check"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/page"
	"swarmgrade/grader/result"
)

// drawnFact is the fact that a drawing shows: answers by container.
const drawnFact = "containers"

func keysOf(f check.Facts) iter.Seq[string] { return maps.Keys(f) }

// spread draws answers by container, nil where there are none to draw.
func (v *viewer) spread(x judge.Verdict, anchor string) *page.Spread {
	counts := counted(x.Observed[drawnFact])
	if len(counts) < 2 {
		return nil
	}
	labels := slices.Sorted(maps.Keys(counts))
	var shown []string
	var numbers []float64
	var rows []string
	for _, l := range labels[:min(len(labels), page.MostRows())] {
		name := v.say(l, 12)
		shown, numbers = append(shown, name), append(numbers, counts[l])
		rows = append(rows, v.word("page.spread_row", "container", name, "n", counts[l]))
	}
	low, _ := number(x.Expected["each_from"])
	high, bounded := number(x.Expected["each_to"])
	s := page.NewSpread(anchor+"-spread", shown, numbers, low, high)
	s.Title, s.Desc = v.word("page.spread_title"), v.lang.List(rows)
	if bounded && high > 0 {
		s.Bounds = v.word("page.spread_bounds", "from", low, "to", high)
	}
	if more := len(labels) - len(shown); more > 0 {
		s.More = v.word("page.spread_more", "n", more)
	}
	return s
}

// counted reads a fact of counts by name, which was stored as JSON or comes right
// from a check; nil for anything else.
func counted(fact any) map[string]float64 {
	m := reflect.ValueOf(fact)
	if m.Kind() != reflect.Map || m.Type().Key().Kind() != reflect.String {
		return nil
	}
	out := make(map[string]float64, m.Len())
	for _, k := range m.MapKeys() {
		n, ok := number(m.MapIndex(k).Interface())
		if !ok || !(n >= 0) {
			return nil
		}
		out[k.String()] = n
	}
	return out
}

// nextProbe is how many cells a request stands for at most, until the next one.
const nextProbe = 6

// timeline draws a fault window; nil for none.
func (v *viewer) timeline(x *result.Timeline, key string) *page.Timeline {
	if x == nil || !(x.To > x.From) {
		return nil
	}
	at := func(s float64) float64 { return (s - x.From) / (x.To - x.From) }
	ok, bad := make([]bool, page.Cells()), make([]bool, page.Cells())
	cell := func(s float64) int { return min(len(ok)-1, max(0, int(at(s)*float64(len(ok))))) }
	for i, p := range x.Probes {
		from, lane := cell(p.At), ok
		if !p.OK {
			lane = bad
		}
		to := from
		if i+1 < len(x.Probes) {
			if next := cell(x.Probes[i+1].At) - 1; next-from < nextProbe {
				to = max(from, next)
			}
		}
		for k := from; k <= to; k++ {
			lane[k] = true
		}
	}
	t := &page.Timeline{
		Key: key + "-window", OK: page.Lane(ok), Bad: page.Lane(bad), Ticks: page.Axis(x.From, x.To),
		Title: v.say(v.word("report.timeline", "kind", x.Kind, "target", x.Target), longTitle), Summary: v.requests(x),
	}
	begin, end := 0.0, x.To
	var places []float64
	var said []string
	for i, m := range x.Moments {
		switch m.What {
		case "struck":
			begin = m.At
		case "restoring":
			end = m.At
		}
		moment := page.Moment{N: i + 1, Text: v.word("report.moment_" + m.What), At: v.word("page.seconds", "n", oneDecimal(m.At))}
		t.Moments, places = append(t.Moments, moment), append(places, at(m.At))
		said = append(said, moment.Text+" "+moment.At)
	}
	page.Place(t.Moments, places)
	t.Fault = page.Span{X: page.Share(at(begin)), W: page.Share(min(at(end), 1) - max(at(begin), 0))}
	t.Desc = strings.TrimSpace(v.lang.List(said) + v.word("report.fact_next") + t.Summary)
	return t
}

// requests says what the requests of a window brought.
func (v *viewer) requests(x *result.Timeline) string { return windowRequests(v.lang, x) }

// windowFacts are the seconds of a window that are drawn, in order.
var windowFacts = []string{"down", "replaced", "answering", "recovered"}

// windows are the lines of all students who were in a fault window, on one scale.
func (v *viewer) windows(yield func(page.Window) bool) {
	most := 1.0
	for i := range v.d.Students {
		f := merged(windowVerdicts(v.d, &v.d.Students[i]))
		for _, k := range windowFacts {
			if n, ok := number(f[k+"_s"]); ok {
				most = max(most, n)
			}
		}
	}
	for i := range v.d.Students {
		s := &v.d.Students[i]
		if vs := windowVerdicts(v.d, s); len(vs) > 0 && !yield(v.window(s, studentKey(i), vs, most)) {
			return
		}
	}
}

func (v *viewer) window(s *result.Student, key string, vs []judge.Verdict, most float64) page.Window {
	w := page.Window{Key: key, ID: label(s.ID, longID), Name: page.Clip(oneLine(s.Name), longName)}
	f := merged(vs)
	if worst := slices.IndexFunc(vs, func(x judge.Verdict) bool { return x.Outcome != check.Pass }); worst >= 0 {
		w.Message = v.say(v.t.message(vs[worst].Message), longText)
	}
	var said []string
	if hit, ok := number(f["hit"]); ok {
		before, _ := number(f["before"])
		said = append(said, v.word("page.w_hit", "hit", hit, "before", before))
	}
	line := &page.Moments{Key: key + "-line", Title: v.word("page.line_title")}
	recovered, done := number(f["recovered_s"])
	for _, k := range windowFacts {
		n, ok := number(f[k+"_s"])
		if !ok {
			continue
		}
		text := v.word("page.w_"+k, "n", oneDecimal(n))
		said = append(said, text)
		line.Marks = append(line.Marks, page.Moment{X: page.Share(n / most), Text: text})
	}
	switch {
	case done:
		line.Spans = []page.Span{{X: "0%", W: page.Share(recovered / most)}}
	case len(line.Marks) > 0:
		line.Spans, line.Never = []page.Span{{X: "0%", W: "100%"}}, true
		said = append(said, v.word("page.w_never"))
	}
	if n, ok := number(f["failed_share"]); ok {
		said = append(said, v.word("page.w_failed", "percent", oneDecimal(100*n)))
	}
	if n, ok := number(f["outage_s"]); ok {
		said = append(said, v.word("page.w_outage", "n", oneDecimal(n)))
	}
	w.Facts = strings.Join(said, " · ")
	if len(line.Marks) > 0 {
		line.Desc, w.Line = w.Facts, line
	}
	return w
}
