package form

import (
	"regexp"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sheetfile"
)

// elsewhere are scores of something else than a lab, as of an exam, of another term, or
// of a course's other parts: nothing is written there unless a person names it.
var elsewhere = regexp.MustCompile(`补考|重修|缓考|清考|重考|上学期|上学年|上一|上次|上期|前期|去年|往年|原成绩|原始|平时|期中|期末|卷面|笔试|理论|考试|考勤|出勤|入学|高考|附加|^exam`)

// isElsewhere reports whether one of a column's headings names such scores.
func isElsewhere(words []string) bool {
	for _, w := range words {
		if elsewhere.MatchString(roster.PlainHeading(w)) || elsewhere.MatchString(inBrackets.FindString(tight(w))) {
			return true
		}
	}
	return false
}

var inBrackets = regexp.MustCompile(`[(\[【〔].*`)

const number = `([0-9]{1,5}(?:\.[0-9]{1,2})?|[一二两三四五六七八九十百]{1,5})`

// maxima are how headings say what their scores are of.
var maxima = []*regexp.Regexp{
	regexp.MustCompile(`(?:满分|outof|max(?:imum)?)(?:为|是|[:=])?` + number),
	regexp.MustCompile(number + `分(?:制|满分?|值)?(?:成绩|[^\p{Han}]|$)`),
	regexp.MustCompile(`[(\[【〔/](?:of|共|总分:?|0(?:\.0)?[-~—–至到])?` + number + `(?:分|points?|pts?|marks?)?(?:[)\]】〕]|$)`),
}

// maximum is what the scores of a column are of as its headings say, the lowest that
// says it; 0 if none does.
func maximum(words []string) rubric.Points {
	for i := len(words) - 1; i >= 0; i-- {
		text := tight(words[i])
		for k, re := range maxima {
			m := re.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			p, ok := count(m[1])
			// A small bare number is a column's own, a great one a year.
			if ok && (k < 2 || p >= 5_00 && p <= 1000_00) {
				return p
			}
		}
	}
	return 0
}

// count reads a number, in digits or in Chinese up to some hundreds.
func count(s string) (rubric.Points, bool) {
	if p, err := rubric.ParsePoints(s); err == nil {
		return p, p > 0
	}
	sum, digit := 0, 0
	for _, r := range s {
		switch r {
		case '十':
			sum, digit = sum+10*max(digit, 1), 0
		case '百':
			sum, digit = sum+100*max(digit, 1), 0
		default:
			if r == '两' {
				r = '二'
			}
			digit = strings.IndexRune("一二三四五六七八九", r)/len("一") + 1
		}
	}
	return rubric.Points(sum+digit) * 100, sum+digit > 0
}

// ofMaximum refuses a column that says another maximum than what is written.
func (t *table) ofMaximum(col int, outOf rubric.Points) error {
	words, at := t.headings(col)
	if p := maximum(words); p > 0 && outOf > 0 && p != outOf {
		return diag.Misuse(i18n.M("fill.maximum", "column", t.label(col), "cell", sheetfile.Name(col, at), "max", p.String(), "full", outOf.String()),
			i18n.M("fill.maximum_hint", "max", p.String()))
	}
	return nil
}
