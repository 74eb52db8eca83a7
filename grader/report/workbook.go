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
	f.SetZipWriter(newSortedZip)
	b := &book{f: f, d: d, o: o, lang: o.Lang, columns: d.Columns()}
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
	filled     takeback.Origin // of the sheet that is filled in; see recordHeads
}

func (b *book) write(w io.Writer) error {
	var err error
	if b.st, err = newStyles(b.f, b.lang); err != nil {
		return err
	}
	if err := b.f.SetDefaultFont(b.st.font); err != nil {
		return err
	}
	if err := b.f.SetSheetName("Sheet1", b.t("sheet_scores")); err != nil {
		return err
	}
	b.taskSheets = b.layTasks()
	for _, sheet := range []func() error{b.scores, b.tasks, b.details, b.statistics, b.faults, b.findings, b.changes, b.requests, b.rubric, b.run, b.origin} {
		if err := sheet(); err != nil {
			return err
		}
	}
	stamp := b.d.Run.Started.UTC().Format(time.RFC3339)
	if err := b.f.SetDocProps(&excelize.DocProperties{
		Title: cellText(heading(b.d, b.lang)), Creator: "swarmgrade", LastModifiedBy: "swarmgrade",
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
