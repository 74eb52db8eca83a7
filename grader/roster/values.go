package roster

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sheetfile"
)

var (
	exponent = regexp.MustCompile(`^[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+$`)
	// cellError is what a formula that failed shows.
	cellError = regexp.MustCompile(`^#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)$`)
	decimal   = regexp.MustCompile(`^[0-9]+\.0+$`)
)

// trim is [sheetfile.Trim], also of values that come from elsewhere.
func trim(s string) string { return sheetfile.Trim(s) }

// formulaText is how programs keep Excel from taking digits for a number, in a
// csv file or, copied, in a cell.
var formulaText = regexp.MustCompile(`^="([^"]*)"$`)

// unforced is a value without what only says that it is text: ="001", '001.
func unforced(s string) string {
	s = trim(s)
	if m := formulaText.FindStringSubmatch(s); m != nil {
		return trim(m[1])
	}
	if rest := strings.TrimLeft(s, "'‘’＇"); len(rest) < len(s) && rest != "" {
		return trim(rest)
	}
	return s
}

// further is a value of a column that nothing needs, or a heading: one line
// without characters that nobody can see, at most limit of them.
func further(s string, limit int) string {
	var out []rune
	for _, r := range unforced(s) {
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case !visible(r):
			continue
		}
		if r == ' ' && (len(out) == 0 || out[len(out)-1] == ' ') {
			continue
		}
		if out = append(out, r); len(out) > limit {
			return string(out[:limit-1]) + "…"
		}
	}
	return strings.TrimRight(string(out), " ")
}

// cleanID gives an ID as it is used, or what is wrong with it. Nothing is
// mended in silence but white space around it: an ID that was guessed could be
// another student's.
func cleanID(s string) (string, *complaint) {
	s = trim(s)
	switch {
	case s == "":
		return "", &complaint{i18n.M("roster.blank_id"), i18n.M("roster.blank_id_hint")}
	case cellError.MatchString(s):
		return "", &complaint{i18n.M("roster.cell_error", "text", clip(s)), i18n.M("roster.cell_error_hint")}
	case exponent.MatchString(s):
		return "", &complaint{i18n.M("roster.exponent", "id", clip(s)), i18n.M("roster.text_cells_hint")}
	case decimal.MatchString(s):
		return "", &complaint{i18n.M("roster.decimal", "id", clip(s)), i18n.M("roster.text_cells_hint")}
	case utf8.RuneCountInString(s) > MaxIDLength:
		return "", &complaint{i18n.M("roster.long_id", "id", clip(s), "limit", MaxIDLength), i18n.Msg{}}
	}
	for _, r := range s {
		switch {
		case r >= 0xff01 && r <= 0xff5e:
			return "", &complaint{i18n.M("roster.wide_id", "id", s), i18n.M("roster.wide_id_hint", "id", width.Narrow.String(s))}
		case unicode.IsSpace(r):
			return "", &complaint{i18n.M("roster.space_in_id", "id", s), i18n.M("roster.space_in_id_hint")}
		case !visible(r):
			return "", &complaint{i18n.M("roster.control", "code", fmt.Sprintf("U+%04X", r)), i18n.M("roster.control_hint")}
		}
	}
	return s, nil
}

func cleanName(s string) (string, *complaint) {
	if trim(s) == "" {
		return "", &complaint{i18n.M("roster.blank_name"), i18n.M("roster.blank_name_hint")}
	}
	if n := utf8.RuneCountInString(trim(s)); n > MaxNameLength {
		return "", &complaint{i18n.M("roster.long_name", "name", clip(trim(s)), "limit", MaxNameLength), i18n.Msg{}}
	}
	return cleanText(s)
}

// cleanText is any value without characters that nobody can see.
func cleanText(s string) (string, *complaint) {
	s = trim(s)
	if utf8.RuneCountInString(s) > maxCell {
		return "", &complaint{i18n.M("roster.long_cell", "limit", maxCell), i18n.Msg{}}
	}
	for _, r := range s {
		if !visible(r) {
			return "", &complaint{i18n.M("roster.control", "code", fmt.Sprintf("U+%04X", r)), i18n.M("roster.control_hint")}
		}
	}
	return s, nil
}

// visible is false of control and format characters, which would let two IDs
// look alike or turn a line around. The joiners are needed by some scripts'
// names.
func visible(r rune) bool {
	if r == 0x200c || r == 0x200d {
		return true
	}
	return r != utf8.RuneError && !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}
