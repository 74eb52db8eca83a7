// Package reference keeps the pages on the formats that instructors write,
// rubrics/README.md and fixtures/classes/README.md, in step with the code. What
// a page says of a field is the comment beside that field; types, defaults,
// words and bounds are what the loaders answer when they are asked; facts are
// those in the source of the checks. Prose and examples are written by hand in
// the pages themselves, and every example is loaded.
//
//	go test ./grader/reference -update
package reference

import "strings"

// The marks around a part of a page that is made from the code.
const (
	openMark  = "<!-- made from the code: "
	closeMark = "<!-- until here -->\n"
)

// Splice puts text between the marks of a name; false if the page has none.
func Splice(page, name, text string) (string, bool) {
	open := openMark + name + " -->\n"
	before, rest, ok := strings.Cut(page, open)
	_, after, closed := strings.Cut(rest, closeMark)
	if !ok || !closed {
		return page, false
	}
	return before + open + text + closeMark + after, true
}

// Example is a fenced block of a page.
type Example struct {
	// Lang and Kind are what stands behind the fence: "yaml rubric".
	Lang, Kind string
	Text       string
	// Line is where it begins in the page, from 1.
	Line int
}

// Examples are the fenced blocks of a page, in order.
func Examples(page string) []Example {
	var out []Example
	var in *Example
	n := 0
	for line := range strings.Lines(page) {
		n++
		info, fence := strings.CutPrefix(strings.TrimRight(line, "\n"), "```")
		switch {
		case fence && in == nil:
			lang, kind, _ := strings.Cut(info, " ")
			in = &Example{Lang: lang, Kind: kind, Line: n + 1}
		case fence:
			out, in = append(out, *in), nil
		case in != nil:
			in.Text += line
		}
	}
	return out
}

// Patched is a text with an example in the form of a diff applied: lines that
// begin with - give way to those with + that follow. It is false if a line that
// is to go does not stand in the text exactly once.
func Patched(text, diff string) (string, bool) {
	at := 0 // of what comes next
	for line := range strings.Lines(diff) {
		old, gone := strings.CutPrefix(line, "-")
		switch added, add := strings.CutPrefix(line, "+"); {
		case gone:
			if strings.Count("\n"+text, "\n"+old) != 1 {
				return "", false
			}
			at = strings.Index("\n"+text, "\n"+old)
			text = text[:at] + text[at+len(old):]
		case add:
			text = text[:at] + added + text[at:]
			at += len(added)
		}
	}
	return text, true
}

// Applied is a text with an example in the form of a diff with context applied: in
// each hunk, which a line that begins with @@ opens, lines with a space stay, those
// with - go and those with + come. It is false if what a hunk begins with does not
// stand in the text exactly once.
func Applied(text, diff string) (string, bool) {
	old, now := "", ""
	put := func() bool {
		at := strings.Index("\n"+text, "\n"+old)
		if old == "" || at < 0 || strings.Contains(("\n" + text)[at+1:], "\n"+old) {
			return old == now // the empty one before the first @@
		}
		text = text[:at] + now + text[at+len(old):]
		old, now = "", ""
		return true
	}
	for line := range strings.Lines(diff) {
		switch {
		case strings.HasPrefix(line, "@@"):
			if !put() {
				return "", false
			}
		case strings.HasPrefix(line, "-"):
			old += line[1:]
		case strings.HasPrefix(line, "+"):
			now += line[1:]
		case strings.HasPrefix(line, " "):
			old, now = old+line[1:], now+line[1:]
		}
	}
	return text, put()
}
