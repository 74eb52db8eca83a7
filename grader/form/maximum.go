package form

import (
	"regexp"
	"slices"
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

// ofMaximum refuses a column whose headings say another maximum than what is written,
// or that says none in a form that says another one beside the list.
func (t *table) ofMaximum(col int, outOf rubric.Points) error {
	words, at := t.headings(col)
	p := maximum(words)
	if p > 0 && outOf > 0 && p != outOf {
		return diag.Misuse(i18n.M("fill.maximum", "column", t.label(col), "cell", sheetfile.Name(col, at), "max", p.String(), "full", outOf.String()),
			i18n.M("fill.maximum_hint", "max", p.String()))
	}
	if p > 0 || outOf <= 0 {
		return nil
	}
	said := t.beside()
	if len(said) == 0 || slices.ContainsFunc(said, func(s statement) bool { return s.max == outOf }) {
		return nil
	}
	return diag.Misuse(i18n.M("fill.title_maximum", "cell", said[0].cell, "text", said[0].text, "max", said[0].max.String(), "full", outOf.String()),
		i18n.M("fill.said_hint", "max", said[0].max.String()))
}

// statement is a maximum that a form says somewhere.
type statement struct {
	cell, text string
	max        rubric.Points
}

// besideMaxima are how texts beside a list say what its scores are of.
var besideMaxima = []*regexp.Regexp{
	regexp.MustCompile(`满分值?(?:为|是|[:=])?` + number),
	regexp.MustCompile(number + `分制`),
	regexp.MustCompile(`(?:outof|max(?:imum)?(?:score|points|marks?|grade)?)(?:is|[:=])?` + number + `(?:points?|marks?|pts?)?(?:$|[^\p{L}0-9.])`),
}

// wholes are how headings, and texts beside a list, ask for scores without decimals.
var wholes = regexp.MustCompile(`取整|(?:填|为|是|用|保留|要求|只?限|[(\[【〔,:])整数|^整数|(?:不|无)(?:保留|留|带|要|含|得有)?小数|wholenumber|integer|nodecimal`)

// asksWhole is the cell with a text that asks for scores without decimals, of the headings of
// their column or of what stands beside the list; "" if there is none.
func (t *table) asksWhole(col int) (cell, text string) {
	for i := range t.Rows {
		r := &t.Rows[i]
		heading := i >= t.head && i < t.body
		if id, _ := r.Cell(t.id); !heading && i >= t.body && looksLikeID(id.ID()) {
			continue
		}
		for _, c := range r.Cells {
			at := c.Col == col || !heading
			if a, ok := t.covering(c.Col, r.N); ok && heading {
				at = at || col >= a.FromCol && col <= a.ToCol
			}
			if said := clip(c.Text); at && wholes.MatchString(tight(said)) && !isOtherMatter.MatchString(said) {
				return sheetfile.Name(c.Col, r.N), said
			}
		}
	}
	return "", ""
}

// isOtherMatter are texts that ask for whole numbers of something else than scores.
var isOtherMatter = regexp.MustCompile(`平均|率|比例|绩点|折算|学分`)

// headsMaximum are headings, and labels, of a maximum beside them.
var headsMaximum = regexp.MustCompile(`^\p{Han}{0,6}满分值?$|^总?分值$|^(?:max(?:imum)?|full|possible)(?:score|points?|marks?|grade)?$|^outof$|^pointspossible$`)

// beside are the maxima that rows say which are neither headings nor students.
func (t *table) beside() (out []statement) {
	for i := range t.Rows {
		r := &t.Rows[i]
		id, _ := r.Cell(t.id)
		if i >= t.head && i < t.body || i >= t.body && looksLikeID(id.ID()) || len(out) >= maxNamed || t.heads(i) {
			continue
		}
		for k, c := range r.Cells {
			text := tight(clip(c.Text))
			for _, re := range besideMaxima {
				for _, m := range re.FindAllStringSubmatch(text, maxNamed) {
					if p, ok := count(m[1]); ok {
						out = append(out, statement{sheetfile.Name(c.Col, r.N), clip(c.Text), p})
					}
				}
			}
			if k+1 < len(r.Cells) && headsMaximum.MatchString(roster.PlainHeading(c.Text)) {
				next := r.Cells[k+1:]
				if n := slices.IndexFunc(next, func(c roster.FormCell) bool { return c.Text != "" }); n >= 0 {
					if p, ok := count(strings.TrimSuffix(next[n].Text, "分")); ok {
						out = append(out, statement{sheetfile.Name(next[n].Col, r.N), clip(c.Text + " " + next[n].Text), p})
					}
				}
			}
		}
	}
	return out
}

// maximumColumns are those with a maximum in each student's row, if the headings of the
// scores say none.
func (t *table) maximumColumns(col int) (out []int) {
	if words, _ := t.headings(col); maximum(words) > 0 {
		return nil
	}
	for c := 1; c <= maxColumns; c++ {
		if words, _ := t.headings(c); c != col && len(words) > 0 && headsMaximum.MatchString(roster.PlainHeading(words[len(words)-1])) {
			out = append(out, c)
		}
	}
	return out
}
