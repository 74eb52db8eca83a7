package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// What is too short to be told from any other word is not taken out.
const (
	leastID    = 5 // characters
	leastName  = 2
	leastLatin = 4 // of a name without ideographs
)

// people are a class's IDs and names, as they are found in text, and what is put in their
// place for who is somebody else.
type people struct {
	words   map[string]string // that are one word
	phrases map[rune][]phrase // any others, by their first character
}

type phrase struct {
	text, put string
	whole     bool // only where no word goes on behind it
}

// to is o for a file, or a part of one, that a student reads: what [Options.told] puts
// there has nothing of anybody else.
func (o Options) to(d *result.Data, s *result.Student) Options {
	o = o.For(d)
	o.hide = o.people.others(s)
	return o
}

// told is text as one line, as its reader may see it.
func (o Options) told(text string) string {
	if text = inert(text); o.hide != nil {
		text = o.hide(text)
	}
	return text
}

// forInstructors are hints on the machine that grades, which is not the student's.
var forInstructors = map[string]bool{"check.window_late_hint": true, "check.load_gap_local_hint": true}

// hintOf is a hint as its reader can follow it: a student has nothing to do about the
// machine that grades but to ask.
func (o Options) hintOf(hint i18n.Msg) i18n.Msg {
	if o.hide != nil && forInstructors[hint.Key] {
		return i18n.M("check.ungraded_hint")
	}
	return hint
}

// peopleOf are a class's. What is not written in ideographs is taken for what it is only
// as whole words.
func peopleOf(d *result.Data, lang i18n.Lang) *people {
	h := &people{words: map[string]string{}, phrases: map[rune][]phrase{}}
	for i := range d.Students {
		x := &d.Students[i]
		if id := oneLine(x.ID); utf8.RuneCountInString(id) >= leastID {
			h.add(id, lang.T("page.another_id"))
		}
		name := oneLine(x.Name)
		least := leastLatin
		if strings.ContainsFunc(name, ideograph) {
			least = leastName
		}
		if utf8.RuneCountInString(name) >= least {
			h.add(name, lang.T("page.another_name"))
		}
	}
	return h
}

// others takes everybody but one student out of text. A student's own deployment may show
// others, such as an environment variable that was copied.
func (h *people) others(s *result.Student) func(string) string {
	id, name := oneLine(s.ID), oneLine(s.Name)
	own := func(text string) bool { return text == id || strings.Contains(name, text) }
	return func(text string) string { return h.clear(text, own) }
}

func (h *people) add(text, put string) {
	r, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	switch {
	case wordly(r) && wordEnd(text, 0) == len(text):
		h.words[text] = put
	default:
		h.phrases[r] = append(h.phrases[r], phrase{text, put, wordly(last)})
	}
}

func (h *people) clear(text string, own func(string) bool) string {
	var b strings.Builder
	inWord := false
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if p := h.phrase(text[i:], r, own); p.text != "" && (!inWord || !wordly(r)) {
			b.WriteString(p.put)
			i, inWord = i+len(p.text), false
			continue
		}
		if !wordly(r) {
			b.WriteString(text[i : i+n])
			i, inWord = i+n, false
			continue
		}
		end := wordEnd(text, i)
		if put, ok := h.words[text[i:end]]; ok && !own(text[i:end]) {
			b.WriteString(put)
		} else {
			b.WriteString(text[i:end])
		}
		i, inWord = end, true
	}
	return b.String()
}

// phrase is the longest one that text begins with.
func (h *people) phrase(text string, first rune, own func(string) bool) phrase {
	var best phrase
	for _, p := range h.phrases[first] {
		if len(p.text) <= len(best.text) || !strings.HasPrefix(text, p.text) || own(p.text) {
			continue
		}
		if next, _ := utf8.DecodeRuneInString(text[len(p.text):]); p.whole && wordly(next) && len(text) > len(p.text) {
			continue
		}
		best = p
	}
	return best
}

// wordEnd is where the word that begins at i ends.
func wordEnd(text string, i int) int {
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		if !wordly(r) {
			break
		}
		i += n
	}
	return i
}

// wordly characters make up words; an ideograph stands for itself.
func wordly(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) && !ideograph(r)
}
