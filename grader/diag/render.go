package diag

import (
	"fmt"
	"strings"

	"github.com/mattn/go-runewidth"

	"swarmgrade/grader/i18n"
)

// maxSource bounds how much of a hostile line is shown.
const maxSource = 120

func (x Problem) render(b *strings.Builder, lang i18n.Lang) {
	b.WriteString(Plain(x.Pos.File))
	if x.Pos.Line > 0 {
		fmt.Fprintf(b, ":%d", x.Pos.Line)
		if x.Pos.Col > 0 {
			fmt.Fprintf(b, ":%d", x.Pos.Col)
		}
	}
	if x.Pos.File != "" { // else it is about what was typed, and says so
		b.WriteString(": ")
	}
	b.WriteString(Plain(lang.Text(x.Msg)))
	if x.Source != "" {
		x.caret(b)
	}
	if !x.Hint.Empty() {
		b.WriteString("\n    → ")
		b.WriteString(Plain(lang.Text(x.Hint)))
	}
}

// caret prints the line and, under it, carets as wide as the characters above
// them: a Chinese character takes two columns.
func (x Problem) caret(b *strings.Builder) {
	start, end := 0, 0 // in characters; the line may be very long
	if x.Pos.Col > 0 {
		start = x.Pos.Col - 1
	}
	skip := max(0, start-20)
	if start <= maxSource-20 {
		skip = 0
	}
	var runes []rune
	for _, r := range x.Source {
		if end++; end > skip+maxSource {
			break
		}
		if end > skip {
			runes = append(runes, r)
		}
	}
	runes = []rune(Plain(strings.ReplaceAll(string(runes), "\t", " ")))
	start = min(start-skip, len(runes))
	num := fmt.Sprintf("%5d | ", x.Pos.Line)
	b.WriteString("\n" + num + string(runes))
	if x.Pos.Col > 0 {
		b.WriteString("\n" + strings.Repeat(" ", len(num)-2) + "| ")
		b.WriteString(strings.Repeat(" ", runewidth.StringWidth(string(runes[:start]))))
		stop := min(start+max(x.Len, 1), len(runes))
		under := 1
		if stop > start {
			under = runewidth.StringWidth(string(runes[start:stop]))
		}
		b.WriteString(strings.Repeat("^", max(under, 1)))
	}
}

// Plain makes text from outside safe for a terminal: control characters,
// escape sequences and direction overrides become "�".
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return r
		case r < 0x20, r >= 0x7f && r < 0xa0,
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			return '�'
		}
		return r
	}, s)
}
