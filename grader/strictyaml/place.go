package strictyaml

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// Report adds a problem at a node. With a nil node it concerns the file.
func (d *Doc) Report(n *yaml.Node, msg, hint i18n.Msg) {
	if n == nil || d.full() {
		d.ReportAt(0, 0, 0, msg, hint)
		return
	}
	d.ReportAt(n.Line, n.Column, d.width(n), msg, hint)
}

// ReportInside adds a problem at a part of a scalar: length characters from
// offset. Where the text in the file differs from the value (escapes, several
// lines) the whole scalar is underlined.
func (d *Doc) ReportInside(n *yaml.Node, offset, length int, msg, hint i18n.Msg) {
	col := n.Column
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		col++
	}
	rest := d.from(n.Line, col)
	if offset < 0 || offset > utf8.RuneCountInString(n.Value) || !strings.HasPrefix(string(rest), n.Value) {
		d.Report(n, msg, hint)
		return
	}
	d.ReportAt(n.Line, col+offset, length, msg, hint)
}

// ReportAt adds a problem at a line and column (in characters, from 1).
func (d *Doc) ReportAt(line, col, length int, msg, hint i18n.Msg) {
	if d.full() {
		d.more++
		return
	}
	d.problems.Add(diag.Pos{File: d.file, Line: line, Col: col}, d.line(line), length, msg, hint)
}

// Reported says whether something was found wrong with a value already.
func (d *Doc) Reported(n *yaml.Node) bool {
	return slices.ContainsFunc(d.problems, func(p diag.Problem) bool { return p.Pos.Line == n.Line && p.Pos.Col == n.Column })
}

// full is true once there are enough problems: nobody reads more at a time.
func (d *Doc) full() bool { return len(d.problems) >= maxProblems }

// Place gives where a node stands, with its line.
func (d *Doc) Place(n *yaml.Node) (diag.Pos, string) {
	return diag.Pos{File: d.file, Line: n.Line, Col: n.Column}, d.line(n.Line)
}

func (d *Doc) line(n int) string {
	if n < 1 || n > len(d.lines) {
		return ""
	}
	return d.lines[n-1]
}

// from is a line's text from a column on, as far as it may be underlined.
func (d *Doc) from(line, col int) []rune {
	rest := d.line(line)
	for n := 1; n < col && rest != ""; n++ {
		_, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
	}
	if col < 1 {
		return nil
	}
	var out []rune
	for _, r := range rest {
		if len(out) == maxUnderlined {
			break
		}
		out = append(out, r)
	}
	return out
}

// width is how many characters of a node's first line the caret underlines.
func (d *Doc) width(n *yaml.Node) int {
	switch {
	case n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0:
		return d.width(n.Content[0]) // a block map begins with its first key
	case n.Kind == yaml.AliasNode:
		return utf8.RuneCountInString(n.Value) + 1
	case n.Kind != yaml.ScalarNode, n.Style&(yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) != 0, n.Anchor != "":
		return 1
	}
	rest := d.from(n.Line, n.Column)
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
		return max(1, min(len(rest), utf8.RuneCountInString(n.Value)))
	}
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && rest[0] == '"':
			i++
		case rest[i] == rest[0] && rest[0] == '\'' && i+1 < len(rest) && rest[i+1] == '\'':
			i++
		case rest[i] == rest[0]:
			return i + 1
		}
	}
	return max(1, len(rest))
}

// clip bounds a value that is quoted in a message.
func clip(s string) string {
	if utf8.RuneCountInString(s) <= 60 {
		return s
	}
	return string([]rune(s)[:59]) + "…"
}

func codePoint(r rune) string { return fmt.Sprintf("U+%04X", r) }
