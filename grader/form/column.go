package form

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/sheetfile"
)

// maxColumns bounds where headings are looked for.
const maxColumns = 256

// headings are what stands above a column, from the top; a range that is merged stands
// above all of its columns.
func (t *table) headings(col int) (words []string, at int) {
	for i := t.head; i < t.body; i++ {
		r := &t.Rows[i]
		c, _ := r.Cell(col)
		if a, ok := t.covering(col, r.N); ok && c.Text == "" && a.FromRow == r.N {
			c, _ = r.Cell(a.FromCol)
		}
		if c.Text != "" {
			words, at = append(words, c.Text), r.N
		}
	}
	return words, at
}

func (t *table) headAt(col int) int {
	if _, at := t.headings(col); at > 0 {
		return at
	}
	return t.Rows[t.head].N
}

// label is a column's headings in one, or its letters.
func (t *table) label(col int) string {
	if words, _ := t.headings(col); len(words) > 0 {
		return clip(strings.Join(words, " / "))
	}
	return strings.TrimRight(sheetfile.Name(col, 1), "1")
}

var (
	chineseScore = regexp.MustCompile(`^\p{Han}{0,10}(?:成绩|得分|分数|总评|总分|评分)$|^(?:平时|期中|期末|卷面|实验|实训|上机|作业)(?:分)?$`)
	englishScore = regexp.MustCompile(`^(?:final|total|overall|course|lab|exam|raw|current|assignment|coursework)?(?:score|grade|marks?|points|total|result)s?$`)
)

// graded is said of scores that are words or letters.
var graded = regexp.MustCompile(`等级|等第|[二两三四五]级制|绩点|优.{0,2}良.{0,2}(?:中|及|合|差)|(?:及格|合格|通过).{0,2}(?:不|未)(?:及格|合格|通过)|(?i:letter|pass ?/ ?fail|\ba ?[-–~/至到] ?[e-f]\b)`)

// isScore reports whether a heading names scores.
func isScore(text string) bool {
	if graded.MatchString(text) {
		return false
	}
	h := roster.PlainHeading(text)
	return chineseScore.MatchString(h) || englishScore.MatchString(h)
}

// scoreColumn is the column to write into: the one that was named, else the only one
// that is headed as one and is not computed. headless says that one that is named by its
// letters needs no heading.
func (t *table) scoreColumn(want string, headless bool) (int, error) {
	last := 0
	for _, r := range t.Rows[t.head:t.body] {
		if n := len(r.Cells); n > 0 {
			last = max(last, r.Cells[n-1].Col)
		}
	}
	for _, a := range t.Merged {
		if a.FromRow >= t.Rows[t.head].N && a.FromRow <= t.Rows[t.body-1].N {
			last = max(last, a.ToCol)
		}
	}
	last = min(last, maxColumns)
	var found, computed []int
	var names []string
	for col := 1; col <= last; col++ {
		words, at := t.headings(col)
		if len(words) == 0 || col == t.id || col == t.name {
			continue
		}
		names = append(names, t.label(col)+" ("+sheetfile.Name(col, at)+")")
		switch {
		case want != "":
			if t.called(words, want) {
				found = append(found, col)
			}
		case !slices.ContainsFunc(words, isScore) || len(words) > 1 && notScore.MatchString(roster.PlainHeading(words[len(words)-1])):
		case t.computed(col):
			computed = append(computed, col)
		default:
			found = append(found, col)
		}
	}
	if len(found) == 0 && want != "" {
		if col := sheetfile.Column(want); col > 0 && col != t.id && col != t.name {
			if words, _ := t.headings(col); len(words) == 0 && !headless {
				return 0, diag.Misuse(i18n.M("fill.headless", "column", strings.ToUpper(want), "sheet", clip(t.Sheet), "cell", sheetfile.Name(col, t.Rows[t.head].N)),
					i18n.M("fill.column_hint", "columns", names))
			}
			found = []int{col}
		}
	}
	hint := i18n.M("fill.column_hint", "columns", names)
	switch {
	case len(found) == 1:
		if words, at := t.headings(found[0]); want == "" && isElsewhere(words) {
			return 0, diag.Misuse(i18n.M("fill.elsewhere", "column", t.label(found[0]), "cell", sheetfile.Name(found[0], at)),
				i18n.M("fill.elsewhere_hint", "column", t.label(found[0]), "columns", names))
		}
		return found[0], nil
	case len(found) > 1:
		cells := make([]string, len(found))
		for i, col := range found {
			cells[i] = t.label(col) + " (" + sheetfile.Name(col, t.headAt(col)) + ")"
		}
		return 0, diag.Misuse(i18n.M("fill.columns", "columns", cells), i18n.M("fill.columns_hint", "column", clip(t.label(found[0]))))
	case want != "":
		return 0, diag.Misuse(i18n.M("fill.no_column", "column", want), hint)
	case len(computed) > 0:
		return 0, diag.Misuse(i18n.M("fill.computed", "column", t.label(computed[0])), hint)
	}
	return 0, diag.Misuse(i18n.M("fill.no_score"), hint)
}

// headed reports whether a column is headed so.
func (t *table) headed(want string) bool {
	for col := 1; col <= maxColumns; col++ {
		if words, _ := t.headings(col); len(words) > 0 && col != t.id && col != t.name && t.called(words, want) {
			return true
		}
	}
	return false
}

// notScore are headings of what stands beside a score, under one heading with it.
var notScore = regexp.MustCompile(`^(?:等级|等第|绩点|备注|说明|签名|签字|考试性质|成绩性质|学分|remark|remarks|note|notes|gpa|letter)$`)

// called reports whether a column is the one that a person names.
func (t *table) called(words []string, want string) bool {
	plain := roster.PlainHeading(want)
	if plain == "" {
		return strings.TrimSpace(want) == words[len(words)-1]
	}
	return roster.PlainHeading(words[len(words)-1]) == plain || roster.PlainHeading(strings.Join(words, "")) == plain ||
		strings.EqualFold(strings.TrimSpace(words[len(words)-1]), strings.TrimSpace(want))
}

// computed reports whether all students' cells of a column are formulas.
func (t *table) computed(col int) bool {
	n := 0
	for _, r := range t.list {
		c, _ := r.Cell(col)
		id, _ := r.Cell(t.id)
		if !looksLikeID(id.ID()) {
			continue
		}
		if !c.Formula {
			return false
		}
		n++
	}
	return n > 0
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }
