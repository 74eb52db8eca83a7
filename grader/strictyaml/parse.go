// Package strictyaml reads the YAML files that people write for the program,
// and takes nothing on trust: every mistake becomes a [diag.Problem] with line,
// column, the line itself and a suggestion, and all are found in one go.
//
// The dialect is small: one document of maps, lists and scalars in UTF-8.
// Anchors, aliases, merge keys, tags and tabs in the indentation are refused,
// since each has surprised somebody. Scalars keep the text that stands in the
// file: an ID of 0123 is "0123" and never 83.
package strictyaml

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// Limits of a file.
const (
	MaxBytes = 1 << 20
	MaxDepth = 24 // maps and lists inside each other

	maxProblems   = 20   // that are listed; the rest is counted
	maxUnderlined = 1000 // characters of a line that are looked at for a caret
)

// Doc is a file being read; what is wrong with it gathers in it.
type Doc struct {
	// Root is the file's top value, nil if the file could not be parsed.
	Root *yaml.Node

	file     string
	lines    []string
	problems diag.Problems
	more     int // problems beyond maxProblems
}

// Parse reads a file. It always gives a Doc; [Doc.Err] tells what is wrong so
// far, and with a nil Root there is nothing more to find out.
func Parse(data []byte, file string) *Doc {
	d := &Doc{file: file}
	if len(data) > MaxBytes {
		d.ReportAt(0, 0, 0, i18n.M("yaml.too_big", "limit", "1 MiB"), i18n.Msg{})
		return d
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	d.lines = strings.Split(string(data), "\n")
	for i, l := range d.lines {
		d.lines[i] = strings.TrimSuffix(l, "\r")
	}
	if !d.plainText() {
		return d
	}
	d.parse(data)
	return d
}

// Foreign reports whether the file is of another kind altogether: text with
// none of the keys at its top level. What stands in it is then nothing to be
// quoted from.
func (d *Doc) Foreign(keys ...string) bool {
	blank := true
	for _, line := range d.lines {
		text := strings.TrimSpace(line)
		blank = blank && (text == "" || text[0] == '#')
		if key, _, ok := strings.Cut(line, ":"); ok && slices.Contains(keys, strings.Trim(key, "'\"{ ")) {
			return false
		}
	}
	return !blank
}

// Err is nil, or the problems found, sorted by place. A file that is wrong
// throughout, or that means to fill the screen, has its first ones listed, and
// at the end stands how many more there are.
func (d *Doc) Err() error {
	if d.more == 0 {
		return d.problems.Err()
	}
	return append(slices.Clone(d.problems), diag.Problem{
		Pos: diag.Pos{File: d.file}, Msg: i18n.M("yaml.more", "n", d.more), More: d.more,
	}).Err()
}

// plainText checks the characters before YAML sees them: what the parser says
// of them is no help.
func (d *Doc) plainText() bool {
	ok := true
	bad := func(i, col, length int, msg, hint i18n.Msg) {
		d.ReportAt(i+1, col, length, msg, hint)
		ok = false
	}
	for i, line := range d.lines {
		if !utf8.ValidString(line) {
			col := 1
			for _, r := range line {
				if r == utf8.RuneError {
					break
				}
				col++
			}
			bad(i, col, 1, i18n.M("yaml.not_utf8"), i18n.M("yaml.not_utf8_hint"))
			return false // one is enough: the whole file is in another encoding
		}
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		if tab := strings.IndexByte(line[:indent], '\t'); tab >= 0 && indent < len(line) {
			bad(i, tab+1, indent-tab, i18n.M("yaml.tab"), i18n.M("yaml.tab_hint"))
		}
		col := 0
		for _, r := range line {
			col++
			if r < 0x20 && r != '\t' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff {
				bad(i, col, 1, i18n.M("yaml.control", "code", codePoint(r)), i18n.M("yaml.control_hint"))
				break
			}
		}
	}
	return ok
}

func (d *Doc) parse(data []byte) {
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	var doc, second yaml.Node
	if err == nil {
		err = loader.Load(&doc)
	}
	switch {
	case errors.Is(err, io.EOF):
		d.ReportAt(0, 0, 0, i18n.M("yaml.empty"), i18n.Msg{})
		return
	case err != nil:
		d.syntax(err)
		return
	}
	if err := loader.Load(&second); err == nil {
		d.ReportAt(second.Line, second.Column, 3, i18n.M("yaml.documents"), i18n.M("yaml.documents_hint"))
	} else if !errors.Is(err, io.EOF) {
		d.syntax(err)
	}
	if len(doc.Content) != 1 {
		d.ReportAt(0, 0, 0, i18n.M("yaml.empty"), i18n.Msg{})
		return
	}
	if d.audit(doc.Content[0], 1) {
		d.Root = doc.Content[0]
	}
}

// syntax reports what the YAML parser could not read.
func (d *Doc) syntax(err error) {
	var le *yaml.LoadError
	if !errors.As(err, &le) {
		d.ReportAt(0, 0, 0, i18n.M("yaml.syntax", "detail", err.Error()), i18n.Msg{})
		return
	}
	hint := i18n.M("yaml.syntax_hint")
	mark := le.Mark
	switch {
	case strings.Contains(le.Message, "mapping values are not allowed"):
		hint = i18n.M("yaml.syntax_colon_hint")
	case strings.Contains(le.Message, "expected ':'"):
		// A line without a colon is taken for a key that goes on: it stands before.
		if line, col, key := d.noColon(mark.Line); line > 0 {
			d.ReportAt(line, col, 1, i18n.M("yaml.no_colon"), i18n.M(key))
			return
		}
	case strings.Contains(le.Message, "end of stream") && le.ContextMark.Line > 0:
		mark = le.ContextMark // where the quote was opened helps more than the end
		hint = i18n.M("yaml.syntax_open_hint")
	case strings.Contains(le.Message, "unknown anchor"):
		d.ReportAt(mark.Line, mark.Column, 1, i18n.M("yaml.alias"), i18n.M("yaml.anchor_hint"))
		return
	case strings.Contains(le.Message, "max depth"):
		d.ReportAt(mark.Line, mark.Column, 1, i18n.M("yaml.too_deep", "limit", MaxDepth), i18n.Msg{})
		return
	}
	d.ReportAt(mark.Line, mark.Column, 1, i18n.M("yaml.syntax", "detail", le.Message), hint)
}

// keyWithout is a key whose colon is a wide one, or has no space behind it.
var keyWithout = regexp.MustCompile(`^\s*(?:- )?\w+(：|:)\S?`)

// noColon finds the colon that is wrong in a line or the one before it, and the
// hint that goes with it.
func (d *Doc) noColon(line int) (at, col int, hint string) {
	for _, n := range []int{line, line - 1} {
		m := keyWithout.FindStringSubmatchIndex(d.line(n))
		if m == nil {
			continue
		}
		text := d.line(n)
		switch colon := text[m[2]:m[3]]; {
		case colon != ":":
			return n, utf8.RuneCountInString(text[:m[2]]) + 1, "yaml.wide_colon_hint"
		case m[1] > m[3] && text[m[3]] != ' ':
			return n, utf8.RuneCountInString(text[:m[2]]) + 1, "yaml.colon_space_hint"
		}
	}
	return 0, 0, ""
}

// audit refuses what the dialect leaves out. It is false if the tree is too
// deep to be walked.
func (d *Doc) audit(n *yaml.Node, depth int) bool {
	if depth > MaxDepth {
		d.Report(n, i18n.M("yaml.too_deep", "limit", MaxDepth), i18n.Msg{})
		return false
	}
	switch {
	case n.Kind == yaml.AliasNode:
		d.Report(n, i18n.M("yaml.alias"), i18n.M("yaml.anchor_hint"))
		return true
	case n.Anchor != "":
		d.Report(n, i18n.M("yaml.anchor", "name", clip(n.Anchor)), i18n.M("yaml.anchor_hint"))
	case n.Style&yaml.TaggedStyle != 0:
		d.Report(n, i18n.M("yaml.tag", "tag", clip(n.Tag)), i18n.M("yaml.tag_hint"))
	}
	if n.Kind == yaml.MappingNode {
		seen := make(map[string]*yaml.Node, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			switch first := seen[k.Value]; {
			case k.Kind != yaml.ScalarNode:
				d.Report(k, i18n.M("yaml.key_not_text"), i18n.Msg{})
			case k.Tag == "!!merge":
				d.Report(k, i18n.M("yaml.merge"), i18n.M("yaml.anchor_hint"))
			case first != nil:
				d.Report(k, i18n.M("yaml.duplicate_key", "key", clip(k.Value), "line", first.Line), i18n.M("yaml.duplicate_key_hint"))
			default:
				seen[k.Value] = k
			}
		}
	}
	for _, c := range n.Content {
		if !d.audit(c, depth+1) {
			return false
		}
	}
	return true
}
