package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"swarmgrade/grader/i18n"
)

// pipeWidth is how wide text is laid out when nobody looks at a terminal.
const pipeWidth = 80

// leastWidth bounds what is left for text beside its indentation.
const leastWidth = 20

// noLineStart are signs that never begin a line, noLineEnd those that never
// end one.
const (
	noLineStart = "，。；：、！？）」』”’》〉】…—·,.;:!?)]}%"
	noLineEnd   = "（「『“‘《〈【([{"
)

// wrap breaks one line of text into lines of so many columns at most: at
// spaces, and between Chinese characters where their punctuation allows it. A
// word is never broken, so that one which is wider than the room stands out.
func wrap(s string, columns int) []string {
	columns = max(columns, leastWidth)
	c := runewidth.Condition{StrictEmojiNeutral: true}
	var lines []string
	var line, piece strings.Builder
	used, wide, gap := 0, 0, 0 // columns of the line and of the piece; spaces between them
	flush := func() {
		if wide == 0 {
			return
		}
		if used+gap+wide > columns && used > 0 {
			lines = append(lines, line.String())
			line.Reset()
			used, gap = 0, 0
		}
		line.WriteString(strings.Repeat(" ", gap) + piece.String())
		used += gap + wide
		piece.Reset()
		wide, gap = 0, 0
	}
	var last rune
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		if r == ' ' {
			flush()
			if used > 0 {
				gap++
			}
			last = r
			continue
		}
		if wide > 0 && breaks(last, r) {
			flush()
		}
		piece.WriteRune(r)
		wide += c.RuneWidth(r)
		last = r
	}
	flush()
	return append(lines, line.String())
}

// breaks reports whether a line may end between two characters without a space
// between them.
func breaks(a, b rune) bool {
	return (ideograph(a) || ideograph(b)) && !strings.ContainsRune(noLineStart, b) && !strings.ContainsRune(noLineEnd, a)
}

// ideograph reports whether a character is written without spaces around it:
// Han and its punctuation.
func ideograph(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xff65 ||
		strings.ContainsRune("“”‘’…—", r)
}

// columns is the width to lay text out in.
func (t Text) columns() int {
	if t.Width <= 0 {
		return pipeWidth
	}
	return t.Width
}

// Wrapped is a line of words, without a command among them, broken to fit.
func (t Text) Wrapped(s string) string { return strings.Join(wrap(oneLine(s), t.columns()), "\n") }

// Clipped is a line cut to the width, if there is one.
func (t Text) Clipped(s string) string { return clipTo(s, t.Width) }

// paragraph writes words under an indentation, wrapped.
func (t Text) paragraph(b *strings.Builder, s string, indent int, color string) {
	for _, line := range wrap(s, t.columns()-indent) {
		b.WriteString(strings.Repeat(" ", indent) + t.paint(line, color) + "\n")
	}
}

// sentence writes a line of words, broken where a terminal is too narrow for it.
func (t Text) sentence(b *strings.Builder, s, color string) {
	if t.Width <= 0 {
		b.WriteString(t.paint(s, color) + "\n")
		return
	}
	t.paragraph(b, s, 0, color)
}

// hint writes what to do next: words wrapped, commands and lines for files on
// lines of their own as they are to be copied.
func (t Text) hint(b *strings.Builder, lines []string, indent int) {
	arrow := "→ "
	for _, line := range lines {
		line, copied := cutMark(line)
		if line = strings.TrimRight(oneLineKeeping(line), " "); line == "" {
			continue
		}
		if copied {
			b.WriteString(strings.Repeat(" ", indent+width(arrow)+3) + t.paint(line, bold) + "\n")
			continue
		}
		under := indent + width(arrow)
		if step, rest, ok := strings.Cut(line, ". "); ok && step != "" && strings.Trim(step, "0123456789") == "" {
			for i, part := range wrap(rest, t.columns()-under-3) {
				if i == 0 {
					part = step + ". " + part
				} else {
					part = "   " + part
				}
				b.WriteString(strings.Repeat(" ", indent) + t.paint(arrow+part, bold) + "\n")
				arrow = "  "
			}
			continue
		}
		for _, part := range wrap(line, t.columns()-under) {
			b.WriteString(strings.Repeat(" ", indent) + t.paint(arrow+part, bold) + "\n")
			arrow = "  "
		}
	}
}

// cutMark takes the mark off a line that is to be copied.
func cutMark(line string) (text string, copied bool) {
	for _, mark := range []string{i18n.CommandMark, i18n.FileMark} {
		if text, ok := strings.CutPrefix(line, mark); ok {
			return text, true
		}
	}
	return line, false
}

// oneLineKeeping is oneLine, but for the spaces that a line begins with.
func oneLineKeeping(s string) string {
	body := strings.TrimLeft(s, " ")
	return strings.Repeat(" ", len(s)-len(body)) + oneLine(body)
}
