package report

import (
	"swarmgrade/grader/i18n"
)

// Part is what of a class's results a file is of; the zero value is all of them.
type Part struct {
	Students []string // IDs; nil is all
	Tasks    []string // nil is all
}

// Is reports whether it is not all of them.
func (p Part) Is() bool { return p.Students != nil || p.Tasks != nil }

// partText says what of a class something is of; "" for all of it.
func partText(lang i18n.Lang, p Part) string {
	switch {
	case p.Tasks != nil && p.Students != nil:
		return lang.T("report.part_both", "tasks", p.Tasks, "n", len(p.Students))
	case p.Tasks != nil:
		return lang.T("report.part_tasks", "tasks", p.Tasks)
	case p.Students != nil:
		return lang.T("report.part_students", "n", len(p.Students))
	}
	return ""
}

// titled is a title that says what of the class it is over.
func (b *book) titled(title string) string {
	if text := partText(b.lang, b.o.Part); text != "" {
		return b.t("part_title", "title", title, "part", clip(oneLine(text), 40))
	}
	return title
}

// scoresName is what the first sheet is called: that of a part can't be taken for the
// class's.
func (b *book) scoresName() string {
	if b.o.Part.Is() {
		return b.t("sheet_scores_part")
	}
	return b.t("sheet_scores")
}
