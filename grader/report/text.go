package report

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/mattn/go-runewidth"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// Text says how results are shown on a screen.
type Text struct {
	Lang  i18n.Lang
	Color bool
	// Width is the terminal's, in columns; 0 means not a terminal, so that
	// nothing is left out.
	Width int
	// Verbose shows each check and its statistics.
	Verbose bool
}

// width counts terminal columns: a Chinese character takes two. It does not
// depend on the locale, unlike the library's own default.
func width(s string) int {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return len(s) // most of what there is, and at once
	}
	c := runewidth.Condition{StrictEmojiNeutral: true}
	return c.StringWidth(s)
}

// clip cuts text to a number of columns, the last of them "…".
func clip(s string, columns int) string {
	if width(s) <= columns {
		return s
	}
	c := runewidth.Condition{StrictEmojiNeutral: true}
	return c.Truncate(s, max(columns, 1), "…")
}

// mark is one character for an outcome.
func mark(o check.Outcome) string {
	switch o {
	case check.Pass:
		return "✓"
	case check.Partial:
		return "◐"
	case check.Fail:
		return "✗"
	case check.Blocked:
		return "–"
	}
	return "?"
}

// absent is the mark of a check that was not part of what was graded.
const absent = "·"

// byHand is the mark of a check whose points an instructor set, or that is excused.
const byHand = "*"

// Colours, as the parameters of an SGR sequence.
const (
	bold    = "1"
	dim     = "2"
	red     = "31"
	green   = "32"
	yellow  = "33"
	magenta = "35"
)

func (t Text) paint(s, color string) string {
	if !t.Color || s == "" || color == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

func (t Text) paintMark(o check.Outcome) string {
	color := map[check.Outcome]string{
		check.Pass: green, check.Partial: yellow, check.Fail: red, check.Blocked: dim, check.Ungraded: magenta,
	}[o]
	return t.paint(mark(o), color)
}

// cell is text in a table: shown may hold colours, plain is what it measures.
type cell struct{ plain, shown string }

func plainCell(s string) cell { return cell{s, s} }

// grid lays cells out in columns two spaces apart; right says which columns
// are aligned to the right. The last one is not padded.
func grid(b *strings.Builder, rows [][]cell, right map[int]bool) {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(c.plain))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, c := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			pad := strings.Repeat(" ", widths[i]-width(c.plain))
			if right[i] {
				line.WriteString(pad + c.shown)
			} else {
				line.WriteString(c.shown + pad)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// maxFacts bounds how many columns of facts are shown.
const maxFacts = 400

// facts writes what was observed or expected in words: "key: value, …", keys
// sorted, each under the name that the language has for it. Those without a
// name, such as statistics, are left out unless all are wanted.
func facts(lang i18n.Lang, f check.Facts, all bool) string {
	parts := make([]string, 0, len(f))
	for _, k := range slices.Sorted(maps.Keys(f)) {
		name, ok := factName(lang, k)
		if !ok && !all {
			continue
		}
		if _, count := number(f[k]); count && k == drawnFact {
			name = lang.T("page.containers")
		}
		parts = append(parts, lang.T("report.fact", "name", name, "value", factValue(lang, f[k])))
	}
	return clip(oneLine(strings.Join(parts, lang.T("report.fact_next"))), maxFacts)
}

// coded are facts whose values are the program's words for what the sentence says
// better; -v, files and what is stored have them.
var coded = map[string]bool{"bias": true, "follows": true, "why": true}

func factName(lang i18n.Lang, key string) (name string, ok bool) {
	if coded[key] {
		return key, false
	}
	if name, ok := lang.Raw("fact." + key); ok {
		return name, true
	}
	return key, false
}

// factValue is a fact's value in words. Facts are JSON values, as they come
// from a judge or from the gradebook.
func factValue(lang i18n.Lang, v any) string {
	switch v := v.(type) {
	case nil:
		return lang.T("report.fact_none")
	case string:
		if v == "" {
			return lang.T("report.fact_empty")
		}
		return v
	case bool:
		if v {
			return lang.T("report.fact_yes")
		}
		return lang.T("report.fact_no")
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	switch x := reflect.ValueOf(v); x.Kind() {
	case reflect.Slice:
		if x.Len() == 0 {
			return lang.T("report.fact_none")
		}
		words := make([]string, x.Len())
		for i := range words {
			words[i] = factValue(lang, x.Index(i).Interface())
		}
		return lang.List(words)
	case reflect.Map:
		words := []string{}
		for _, k := range x.MapKeys() {
			name, _ := factName(lang, fmt.Sprint(k))
			words = append(words, name+" "+factValue(lang, x.MapIndex(k).Interface()))
		}
		slices.Sort(words)
		return lang.List(words)
	}
	return fmt.Sprint(v)
}

// oneLine makes text from outside fit for one line of a terminal.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, diag.Plain(strings.ReplaceAll(s, "\r\n", "\n"))))
}
