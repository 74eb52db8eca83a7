package report

import (
	"fmt"
	"slices"
	"strings"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// rubricName is a rubric as people tell two versions apart.
func rubricName(a result.Apart) string {
	hash := strings.TrimPrefix(a.RubricSHA, "sha256:")
	return oneLine(fmt.Sprintf("%s v%d (%s)", a.RubricID, a.RubricVersion, hash[:min(8, len(hash))]))
}

// apartLines say of a student which tasks were judged by another rubric than the class's,
// and what they give there and now.
func apartLines(lang i18n.Lang, d *result.Data, s *result.Student) (out []string) {
	for _, a := range d.Apart(s) {
		out = append(out, lang.T("apart.line", "task", oneLine(a.Task), "rubric", rubricName(a), "max", a.Max.String(), "now", a.Now.String()))
	}
	return out
}

// apartText says under a class who was judged by another rubric, what becomes of their
// points, and what to type; "" if nobody was.
func apartText(lang i18n.Lang, d *result.Data) (text, hint string) {
	r, ok := ApartRemark(d)
	if !ok {
		return "", ""
	}
	args := append([]any{"n", len(r.Students), "students", clipIDs(r.Students)}, r.Args...)
	return lang.T("apart.class", args...), lang.T("apart.hint", "class", oneLine(d.Class))
}

// ApartRemark is the same of files that scores leave in.
func ApartRemark(d *result.Data) (Remark, bool) {
	r := Remark{Key: "apart.export"}
	var names []string
	for i := range d.Students {
		s := &d.Students[i]
		for k, a := range d.Apart(s) {
			if k == 0 {
				r.Students = append(r.Students, oneLine(s.ID))
			}
			if name := rubricName(a); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	r.Args = []any{"rubrics", names}
	return r, len(r.Students) > 0
}

// taskMax is what a task gives by the class's rubric, of columns that are its; apart says
// that somebody was judged on it by another, where it gives something else.
func taskMax(d *result.Data, columns []result.Column) (sum rubric.Points, apart bool) {
	for _, c := range columns {
		sum += c.Max
	}
	if len(columns) == 0 || !d.AnyApart() {
		return sum, false
	}
	id := columns[0].Task
	if t, ok := d.Rubric.Task(id); ok {
		sum = t.Points
	}
	for i := range d.Students {
		apart = apart || slices.ContainsFunc(d.Apart(&d.Students[i]), func(a result.Apart) bool { return a.Task == id && a.Max != sum })
	}
	return sum, apart
}

// labMax is what the tasks that there is anything of give by the class's rubric.
func labMax(d *result.Data) (sum rubric.Points) {
	for _, t := range d.Rubric.Tasks {
		if slices.ContainsFunc(d.Students, func(s result.Student) bool { return slices.Contains(s.TaskIDs(), t.ID) }) {
			sum += t.Points
		}
	}
	return sum
}
