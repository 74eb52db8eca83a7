package report

import (
	"fmt"
	"io"
	"time"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/takeback"
)

// Workbook writes the workbook that an instructor keeps (xlsx): the score sheet,
// which is printed and signed, a sheet a task, why points were lost, the class at
// a glance, the rubric, and where it all comes from, with headings in o.Lang.
//
// IDs and everything that came from students are text cells; totals are
// formulas with the values they have now, and look at nothing but their own row,
// so that rows can be sorted. An instructor fills in three columns of the first
// sheet (override, reason, remark). The same data gives the same bytes.
func Workbook(w io.Writer, d *result.Data, o Options) error {
	f := excelize.NewFile()
	defer f.Close() // of a file that was never opened
	b := &book{f: f, d: d, o: o.For(d), lang: o.Lang, columns: d.Columns()}
	f.SetZipWriter(func(w io.Writer) excelize.ZipWriter { return newSortedZip(w, b.hasFolded) })
	if err := b.write(w); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

type book struct {
	f       *excelize.File
	d       *result.Data
	o       Options
	lang    i18n.Lang
	columns []result.Column
	st      *styles
	// taskSheets are the sheets of the tasks, in the order of the columns.
	taskSheets []taskSheet
	filled     takeback.Origin  // of the sheet that is filled in; see recordHeads
	shown      []takeback.Table // see recordTable
	onPaper    []printedSheet   // those that are written
	folded     map[string]bool  // the sheets with rows that are folded away, by name
}

// hide notes that a sheet has rows that are folded away.
func (b *book) hide(sheet string) {
	if b.folded == nil {
		b.folded = map[string]bool{}
	}
	b.folded[sheet] = true
}

// hasFolded reports whether the sheet in a file of the workbook has rows that are folded away.
func (b *book) hasFolded(file string) bool {
	for id, name := range b.f.GetSheetMap() {
		if file == fmt.Sprintf("xl/worksheets/sheet%d.xml", id) {
			return b.folded[name]
		}
	}
	return false
}

// A class of 60 students is on a dozen pages.
const (
	classPages    = 12
	classStudents = 60
)

// pagesLeft is how many of the class's pages the sheets that are written leave.
func (b *book) pagesLeft() int {
	left := classPages * b.classes()
	for _, s := range b.onPaper {
		left -= s.pages
	}
	return left
}

// classes is how many times classStudents there are, rounded up.
func (b *book) classes() int { return max((len(b.d.Students)+classStudents-1)/classStudents, 1) }

func (b *book) write(w io.Writer) error {
	var err error
	if b.st, err = newStyles(b.f, b.lang); err != nil {
		return err
	}
	if err := b.f.SetDefaultFont(b.st.font); err != nil {
		return err
	}
	if err := b.f.SetSheetName("Sheet1", b.scoresName()); err != nil {
		return err
	}
	b.taskSheets = b.layTasks()
	// The details have their place behind the tasks, and are written once it is known how
	// many pages the others leave them.
	place := func() error {
		_, err := b.f.NewSheet(b.t("sheet_details"))
		return err
	}
	for _, sheet := range []func() error{b.scores, b.tasks, place, b.statistics, b.faults, b.review, b.requests, b.rubric, b.details, b.origin} {
		if err := sheet(); err != nil {
			return err
		}
	}
	stamp := b.d.Run.Started.UTC().Format(time.RFC3339)
	if err := b.f.SetDocProps(&excelize.DocProperties{
		Title: cellText(b.titled(heading(b.d, b.lang))), Creator: "swarmgrade", LastModifiedBy: "swarmgrade",
		Created: stamp, Modified: stamp,
	}); err != nil {
		return err
	}
	_, err = b.f.WriteTo(w)
	return err
}

func (b *book) t(key string, pairs ...any) string {
	return cellText(b.lang.T("report."+key, pairs...))
}
