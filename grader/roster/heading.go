package roster

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"swarmgrade/grader/i18n"
)

// headings are the words for one column: those that name it and nothing else,
// and those that may name something else where one of the former is there.
type headings struct{ strong, weak []string }

var (
	idHeadings = headings{
		strong: []string{
			"学号", "学生学号", "学员学号", "本人学号", "学生号", "学工号", "学号工号", "工号学号", "学号或工号", "工号或学号", "学生id", "学号id",
			"studentid", "studentno", "studentnumber", "studentnum", "stuid", "stuno", "stunum", "sisuserid",
		},
		weak: []string{"学籍号", "学生编号", "学生代码", "考号", "准考证号", "id", "sid", "idnumber", "idno"},
	}
	nameHeadings = headings{
		strong: []string{"姓名", "学生姓名", "学员姓名", "真实姓名", "名字", "name", "studentname", "fullname", "stuname"},
		weak:   []string{"中文名", "中文姓名", "student"},
	}
)

// rank says how well a heading fits: exact before exact but for a remark
// before a weak word. The smallest wins.
type rank int

const (
	exact rank = iota
	remarked
	weak
	noHeading
)

var (
	// required is the mark of a column that must be filled in, at either end.
	required = regexp.MustCompile(`[（(\[【{]\s*(?:[*＊]+|是?必填项?|必选|必须|必需|选填|不能?为空|不可为空|文本格式?|required|optional)\s*[）)\]】}]|[*＊]+|(?:必填|选填)$`)
	bracket  = regexp.MustCompile(`[（(\[【][^（(\[【）)\]】]*[）)\]】]`)
	slash    = regexp.MustCompile(`[/／|｜\n]`)
	han      = regexp.MustCompile(`\p{Han}+`)
)

// rank compares a heading with the words.
func (h headings) rank(text string) rank {
	text = trim(text)
	if text == "" || utf8.RuneCountInString(text) > 40 {
		return noHeading
	}
	plain := required.ReplaceAllString(text, "")
	bare := bracket.ReplaceAllString(plain, "")
	// 学号/Student ID, 学号 Student No.
	first := slash.Split(bare, 2)[0]
	chinese, rest := strings.Join(han.FindAllString(bare, -1), ""), heading(han.ReplaceAllString(bare, ""))
	both := slices.Contains(h.strong, chinese) && (slices.Contains(h.strong, rest) || slices.Contains(h.weak, rest) || rest == "no")
	switch {
	case slices.Contains(h.strong, heading(plain)):
		return exact
	case slices.Contains(h.strong, heading(bare)), slices.Contains(h.strong, heading(first)), both:
		return remarked
	case slices.Contains(h.weak, heading(plain)), slices.Contains(h.weak, heading(bare)):
		return weak
	}
	return noHeading
}

// heading normalises a column's heading for comparison: case, spaces and
// punctuation do not matter.
func heading(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// findHeading gives the row with the headings: the first of the top rows that
// has both an ID and a name, else the first with an ID. It is -1 if there is
// none.
func findHeading(rows []row) (at int, whole bool) {
	at = -1
	for i, w := range rows[:min(len(rows), headingRows)] {
		hasID, hasName := w.has(idHeadings), w.has(nameHeadings)
		if hasID && hasName {
			return i, true
		}
		if hasID && at < 0 {
			at = i
		}
	}
	return at, false
}

func (w row) has(h headings) bool {
	return slices.ContainsFunc(w.cells, func(c cell) bool { return h.rank(c.text) != noHeading })
}

// columns says what stands where.
type columns struct {
	id, name int
	others   map[int]string
}

// headings reads the heading row.
func (r *reader) headings(w row) columns {
	c := columns{others: map[int]string{}}
	c.id, c.name = r.column(w, idHeadings), r.column(w, nameHeadings)
	first := map[string]bool{}
	taken := map[string]bool{}
	for i, x := range w.cells {
		name := further(x.text, maxHeading)
		if name == "" || i == c.id || i == c.name {
			continue
		}
		h := Heading{Name: name, Pos: r.pos(w, x), Source: w.source}
		if first[name] {
			h.Twice = name
		}
		first[name] = true
		for n := 2; taken[h.Name]; n++ {
			h.Name = name + " (" + itoa(n) + ")"
		}
		taken[h.Name] = true
		c.others[i] = h.Name
		r.list.Headings = append(r.list.Headings, h)
	}
	if c.name < 0 {
		r.at(w, cell{col: 1}, i18n.M("roster.no_name_column"), i18n.M("roster.heading_hint"))
	}
	return c
}

// column finds the one that fits best; two that fit equally are a problem.
func (r *reader) column(w row, h headings) int {
	at, best := -1, noHeading
	for i, x := range w.cells {
		if k := h.rank(x.text); k < best {
			at, best = i, k
		}
	}
	for i, x := range w.cells {
		if i != at && best != noHeading && h.rank(x.text) == best {
			r.at(w, x, i18n.M("roster.two_columns", "a", clip(trim(w.cells[at].text)), "b", clip(trim(x.text))), i18n.M("roster.two_columns_hint"))
		}
	}
	return at
}
