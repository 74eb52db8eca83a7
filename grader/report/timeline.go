package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// marks are what stands for a moment in the picture.
var momentMarks = map[string]string{
	"struck": "I", "down": "D", "replaced": "R", "answering": "A", "restoring": "U", "restored": "B",
}

// Bounds of a picture, in columns.
const (
	leastPicture = 30
	mostPicture  = 100
)

// timeline draws a fault window: a row of marks over a row of cells, each a
// stretch of time with the answers in it, over the seconds.
func (t Text) timeline(b *strings.Builder, x *result.Timeline) {
	columns := mostPicture
	if t.Width > 0 {
		columns = min(max(t.Width-4, leastPicture), mostPicture)
	}
	fmt.Fprintf(b, "\n%s\n", t.paint(t.Lang.T("report.timeline", "kind", x.Kind, "target", oneLine(x.Target)), bold))
	scale := float64(columns) / math.Max(x.To-x.From, 1)
	column := func(at float64) int { return min(columns-1, max(0, int((at-x.From)*scale))) }

	marks := []rune(strings.Repeat(" ", columns+len(x.Moments)))
	for _, m := range x.Moments {
		at := column(m.At)
		for marks[at] != ' ' {
			at++
		}
		marks[at] = rune(momentMarks[m.What][0])
	}
	b.WriteString("  " + t.paint(strings.TrimRight(string(marks), " "), bold) + "\n")

	ok, failed := make([]int, columns), make([]int, columns)
	for _, p := range x.Probes {
		if p.OK {
			ok[column(p.At)]++
		} else {
			failed[column(p.At)]++
		}
	}
	b.WriteString("  " + t.cells(ok, failed) + "\n")
	b.WriteString("  " + axis(x.From, x.To, columns, column) + "\n")
	t.captions(b, x)
}

// What stands for a stretch of time.
const (
	cellAnswered = "█"
	cellPartly   = "▒"
	cellFailed   = "×"
	cellUnseen   = "·"
)

// cells paints runs of equal cells at once.
func (t Text) cells(ok, failed []int) string {
	var b strings.Builder
	for i := 0; i < len(ok); {
		glyph, color := cellOf(ok[i], failed[i])
		k := i
		for k < len(ok) {
			if g, _ := cellOf(ok[k], failed[k]); g != glyph {
				break
			}
			k++
		}
		b.WriteString(t.paint(strings.Repeat(glyph, k-i), color))
		i = k
	}
	return b.String()
}

func cellOf(ok, failed int) (glyph, color string) {
	switch {
	case ok == 0 && failed == 0:
		return cellUnseen, dim
	case failed == 0:
		return cellAnswered, green
	case ok == 0:
		return cellFailed, red
	}
	return cellPartly, yellow
}

// axis writes seconds under the cells, at round numbers.
func axis(from, to float64, columns int, column func(float64) int) string {
	step := 1.0
	for _, s := range []float64{2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600} {
		if (to-from)/step*7 <= float64(columns) {
			break
		}
		step = s
	}
	line := []rune(strings.Repeat(" ", columns+8))
	for s := int(math.Ceil(from / step)); float64(s)*step <= to; s++ {
		at := float64(s) * step
		copy(line[column(at):], []rune(strconv.FormatFloat(at, 'f', -1, 64)))
	}
	return strings.TrimRight(string(line), " ")
}

// captions say what the picture's signs mean, with the seconds.
func (t Text) captions(b *strings.Builder, x *result.Timeline) {
	var parts []string
	for _, m := range x.Moments {
		parts = append(parts, momentMarks[m.What]+" "+t.Lang.T("report.moment_"+m.What)+" "+oneDecimal(m.At)+"s")
	}
	t.wrapped(b, "  ", parts)
	t.wrapped(b, "  ", []string{
		t.paint(cellAnswered, green) + " " + t.Lang.T("report.cell_answered"),
		t.paint(cellPartly, yellow) + " " + t.Lang.T("report.cell_partly"),
		t.paint(cellFailed, red) + " " + t.Lang.T("report.cell_failed"),
	})
	if said := windowRequests(t.Lang, x); said != "" {
		t.paragraph(b, said, 2, "")
	}
}

// windowRequests says what the requests of a window brought, and what became of the service; "" if there was
// nothing to see. Of a fault that was undone early nobody can say that the service did not recover.
func windowRequests(lang i18n.Lang, x *result.Timeline) string {
	q := x.Requests
	var numbers string
	if q.Sent > 0 {
		numbers = lang.T("report.timeline_failed", "sent", q.Sent, "failed", q.Failed, "percent", oneDecimal(100*float64(q.Failed)/float64(q.Sent)), "outage", oneDecimal(q.Outage))
	}
	switch {
	case x.Ended != "":
		key := "observe.abort_" + strings.ReplaceAll(x.Ended, "-", "_")
		if _, ok := lang.Raw(key); !ok {
			key = "report.timeline_ended_other"
		}
		if numbers == "" {
			return lang.T("report.timeline_ended", "reason", lang.T(key))
		}
		return lang.T("report.timeline_ended_seen", "reason", lang.T(key), "requests", numbers)
	case numbers == "":
		return ""
	case x.Recovered:
		return lang.T("report.timeline_requests", "requests", numbers)
	case x.Open:
		return lang.T("report.timeline_open", "requests", numbers)
	}
	return lang.T("report.timeline_never", "requests", numbers)
}

// wrapped writes parts in as many lines as the width takes, each under an indentation.
func (t Text) wrapped(b *strings.Builder, indent string, parts []string) {
	used := 0
	for _, p := range parts {
		wide := width(unpainted(p))
		switch {
		case used == 0:
			b.WriteString(indent)
		case t.Width > 0 && len(indent)+used+wide > t.Width:
			b.WriteString("\n" + indent)
			used = 0
		default:
			b.WriteString("  ")
		}
		b.WriteString(p)
		used += wide + 2
	}
	b.WriteString("\n")
}

// unpainted is text without the colours that this package puts in.
func unpainted(s string) string {
	for _, c := range []string{"0", bold, dim, red, green, yellow, magenta} {
		s = strings.ReplaceAll(s, "\x1b["+c+"m", "")
	}
	return s
}
