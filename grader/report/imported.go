package report

import (
	"io"
	"strings"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// Imported is what a workbook that is taken back changes of one student.
type Imported struct {
	ID, Name string
	Changes  []result.Change
}

const maxTyped = 24 // columns of a remark in a table

// Imports writes what is to change as a table: of a score the totals, of a remark the
// text, before and after, and why.
func Imports(w io.Writer, all []Imported, t Text) error {
	head := func(key string) cell { return plainCell(t.Lang.T(key)) }
	rows := [][]cell{{
		head("report.id"), head("report.name"), head("import.column_what"), head("import.column_before"), head("import.column_after"), head("import.column_why"),
	}}
	for _, s := range all {
		who := [2]string{oneLine(s.ID), clip(oneLine(s.Name), maxName)}
		for _, c := range s.Changes {
			before, after, why := typedText(t.Lang, c)
			rows = append(rows, []cell{
				plainCell(who[0]), plainCell(who[1]), plainCell(t.Lang.T("import.what_" + string(c.Kind))),
				plainCell(before), plainCell(after), plainCell(why),
			})
			who = [2]string{}
		}
	}
	var b strings.Builder
	grid(&b, rows, nil)
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(w, clipTo(strings.TrimRight(line, " \n"), t.Width)+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// typedText is what stood before a change and stands after it, and why.
func typedText(lang i18n.Lang, c result.Change) (before, after, why string) {
	if c.Kind == result.Remark {
		text := func(s string) string {
			if s = clip(oneLine(s), maxTyped); s == "" {
				return lang.T("import.blank")
			}
			return s
		}
		return text(c.Effect.Remark), text(c.Text), ""
	}
	score := func(s result.Score) string {
		if s.ByHand && !s.Excused {
			return ScoreText(lang, s) + " *"
		}
		return ScoreText(lang, s)
	}
	return score(c.Effect.Before), score(c.Effect.After), oneLine(c.Reason)
}
