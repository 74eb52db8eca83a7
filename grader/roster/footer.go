package roster

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/width"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// notStudent is how rows begin that are no students: sums, remarks,
// signatures, page numbers. It is asked only of rows without an ID.
var notStudent = regexp.MustCompile(`(?i)^(?:合\s*计|总\s*计|小\s*计|累\s*计|共\s*计|平\s*均|均\s*值|最高|最低|总?人\s*数|总\s*分|应到|实到|缺勤|及格|优秀率|良好率|备\s*注|说\s*明|注意|制表|打印|导出|审核|以上|以下空白` +
	`|.{0,10}(?:签字|签名|签章|盖章)|共\s*[0-9]+\s*(?:人|名|条|页)|第\s*[0-9]+\s*页|\p{Han}{1,10}\s*[:：]` +
	`|(?:grand total|total|subtotal|average|mean|points possible|signature|page [0-9]+|remarks?|notes?)(?:[^\pL]|$))`)

// leftOut reports whether a row is no student's: a heading repeated on a new
// page (said to nobody), or a row with neither ID nor name, or with a sum, a
// remark or the like in their place.
func (r *reader) leftOut(w row, id, name cell) bool {
	idText, nameText := unforced(id.text), trim(name.text)
	if idHeadings.rank(idText) != noHeading && nameHeadings.rank(nameText) != noHeading {
		return true
	}
	if idText != "" && nameText != "" && !han.MatchString(idText) && !notStudent.MatchString(idText) {
		return false
	}
	first := ""
	if i := slices.IndexFunc(w.cells, func(c cell) bool { return trim(c.text) != "" }); i >= 0 {
		first = trim(w.cells[i].text)
	}
	narrow := width.Narrow.String(idText)
	idLike := strings.ContainsAny(narrow, "0123456789") && !han.MatchString(narrow) // right or wrong
	switch {
	case nameText == "" && notStudent.MatchString(first): // 合计,3,
	case idLike:
		return false
	case idText == "" && nameText == "",
		nameText == "" && han.MatchString(idText),
		notStudent.MatchString(idText), notStudent.MatchString(first):
	default:
		return false
	}
	r.out = append(r.out, w.line)
	if r.outText == "" {
		r.outText = first
	}
	return true
}

// notes says what was left out.
func (r *reader) notes() {
	if len(r.out) > 0 {
		r.list.Notes.Add(diag.Pos{File: r.file, Line: r.out[0]}, "", 0,
			i18n.M("roster.left_out", "rows", lines(r.out), "n", len(r.out), "text", clip(r.outText)), i18n.M("roster.left_out_hint"))
	}
	if len(r.hidden) > 0 {
		r.list.Notes.Add(diag.Pos{File: r.file, Line: r.hidden[0]}, "", 0, i18n.M("roster.hidden", "rows", lines(r.hidden)), i18n.M("roster.hidden_hint"))
	}
	r.list.Notes = append(r.list.Notes, idNotes(r.file, r.list.Students)...)
}

// lines lists row numbers, as ranges where they follow each other, the first
// dozen of them.
func lines(rows []int) []string {
	var out []string
	for i := 0; i < len(rows); {
		j := i
		for j+1 < len(rows) && rows[j+1] == rows[j]+1 {
			j++
		}
		if len(out) == 12 {
			return append(out, "…")
		}
		text := itoa(rows[i])
		if j > i {
			text += "-" + itoa(rows[j])
		}
		out = append(out, text)
		i = j + 1
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }
