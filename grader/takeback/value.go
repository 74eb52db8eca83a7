package takeback

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/width"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sheetfile"
)

// excusedWords are what an override cell may say in place of points, in either
// language and as Canvas has it.
var excusedWords = []string{"免计", "免", "excused", "ex"}

// binary is a number as a number's cell stores it.
var binary = regexp.MustCompile(`^[+-]?[0-9.]+([eE][+-]?[0-9]+)?$`)

// complaint is what is wrong with a cell.
type complaint struct{ msg, hint i18n.Msg }

func complain(key string, pairs ...any) *complaint {
	return &complaint{i18n.M("import."+key, pairs...), i18n.M("import."+key+"_hint", pairs...)}
}

// value reads an override cell. Points may be a number or its digits as text, also
// full-width ones, with 分 behind them.
func value(c Cell) (Value, *complaint) {
	text := strings.ToLower(sheetfile.Trim(width.Fold.String(c.Text)))
	switch {
	case c.Formula && text == "":
		return Value{}, complain("formula")
	case text == "":
		return Value{}, nil
	case c.Kind == sheetfile.Error:
		return Value{}, complain("error", "text", clip(c.Text))
	case c.Kind == sheetfile.Bool:
		return Value{}, complain("not_number", "text", shown(c))
	case c.Kind == sheetfile.Number && c.Percent:
		return Value{}, complain("percent")
	case c.Moment != "":
		return Value{}, complain("dated", "text", c.Moment)
	case slices.Contains(excusedWords, text):
		return Value{Set: true, Excused: true}, nil
	}
	digits := sheetfile.Trim(strings.TrimSuffix(text, "分"))
	if !rubric.IsTyped(digits) && (c.Kind != sheetfile.Number || !binary.MatchString(digits)) {
		return Value{}, complain("not_number", "text", clip(c.Text))
	}
	points, err := rubric.ParsePoints(digits)
	if f, bad := strconv.ParseFloat(digits, 64); bad == nil && math.Abs(f) > 1e9 {
		return Value{Set: true, Points: rubric.PointsOf(math.Copysign(1e9, f))}, nil // more than any lab gives
	}
	if err != nil {
		return Value{}, complain("places", "text", clip(c.Text))
	}
	return Value{Set: true, Points: points}, nil
}

// shown is the text of a cell as a person sees it, of a date in one form for all of them:
// programs make dates of texts such as 12-1, and keep a number of days.
func shown(c Cell) string {
	switch {
	case c.Kind == sheetfile.Bool && c.Text == "1":
		return "TRUE"
	case c.Kind == sheetfile.Bool:
		return "FALSE"
	case c.Moment != "":
		return c.Moment
	}
	return c.Text
}

// said is the text of a cell with words in it, where a share is one of a hundred.
func said(c Cell) string {
	if f, err := strconv.ParseFloat(c.Text, 64); err == nil && c.Percent {
		return strconv.FormatFloat(f*100, 'g', 12, 64) + "%"
	}
	return shown(c)
}

// words read a reason or a remark. What stood there when it was exported is right,
// whatever it is.
func words(c Cell, was string) (string, *complaint) {
	text := tidy(said(c))
	switch {
	case text == was && !c.Formula:
	case c.Formula && text == "":
		return "", complain("formula")
	case c.Kind == sheetfile.Error:
		return "", complain("error", "text", clip(c.Text))
	case utf8.RuneCountInString(text) > result.MaxText:
		return "", complain("too_long", "max", result.MaxText)
	}
	return text, nil
}

// tidy is a text without white space around it, its lines ended in one way.
func tidy(s string) string {
	return sheetfile.Trim(strings.ReplaceAll(s, "\r\n", "\n"))
}

// bare is a text without what a cell can't hold, so that what the gradebook has can be
// compared with what was read from a cell.
func bare(s string) string {
	s = diag.Plain(strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n"))
	return sheetfile.Trim(strings.Map(func(r rune) rune {
		if r == '�' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, s))
}

// line is a text in one line, for names and headings.
func line(s string) string { return strings.Join(strings.Fields(bare(s)), " ") }

// clip bounds a text for a message.
func clip(s string) string {
	if utf8.RuneCountInString(s) <= 40 {
		return s
	}
	return string([]rune(s)[:39]) + "…"
}
