// Package diag carries what is wrong with an input file (roster, class,
// rubric) to the person who wrote it: all problems at once, each with its
// place, the line itself, and the mend.
package diag

import (
	"sort"
	"strings"

	"swarmgrade/grader/i18n"
)

// Pos is a place in a file. Line and Col count from 1 (Col in characters, not
// bytes); 0 means unknown. In a workbook Line is the row.
type Pos struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Col  int    `json:"col,omitempty"`
}

// Problem is one thing to mend.
type Problem struct {
	Pos Pos
	// Source is the line as it stands in the file; Len is how many characters
	// from Pos.Col the caret underlines (0 is 1).
	Source string
	Len    int
	Msg    i18n.Msg
	Hint   i18n.Msg
	// More is how many problems this one stands for that are not listed, 0 for
	// one that is a thing to mend itself; it comes last of its file.
	More int
}

// Problems is an error that lists every problem found.
type Problems []Problem

// Error gives the English text, for logs; people are shown [Problems.Render].
func (p Problems) Error() string { return p.Render(i18n.EN) }

// Add appends a problem.
func (p *Problems) Add(pos Pos, source string, length int, msg, hint i18n.Msg) {
	*p = append(*p, Problem{Pos: pos, Source: source, Len: length, Msg: msg, Hint: hint})
}

// Count is how many things there are to mend, with those that are not listed.
func (p Problems) Count() int {
	n := 0
	for _, x := range p {
		n += max(x.More, 1)
	}
	return n
}

// Err is nil if there are no problems, else the problems sorted by place.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	sort.SliceStable(p, func(i, j int) bool {
		a, b := p[i].Pos, p[j].Pos
		if a.File != b.File {
			return a.File < b.File
		}
		if more := p[j].More > 0; more != (p[i].More > 0) {
			return more // after all that are listed of the file
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Col < b.Col
	})
	return p
}

// Render writes each problem as "file:line:col: what", the line with a caret
// under the place, and the hint.
func (p Problems) Render(lang i18n.Lang) string {
	var b strings.Builder
	for i, x := range p {
		if i > 0 {
			b.WriteByte('\n')
		}
		x.render(&b, lang)
	}
	return b.String()
}
