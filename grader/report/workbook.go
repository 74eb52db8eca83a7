package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/takeback"
)

// Workbook writes the workbook that an instructor keeps (xlsx): scores,
// details, the rubric, and where it all comes from, with headings in o.Lang.
//
// IDs and everything that came from students are text cells; totals are
// formulas with the values they have now. An instructor fills in the unlocked
// columns of the first sheet (override, reason, remark); the rest is protected
// without a password. The same data gives the same bytes.
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
	filled  takeback.Origin // of the sheet that is filled in; see recordHeads
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
	for _, sheet := range []func() error{b.scores, b.details, b.statistics, b.faults, b.findings, b.changes, b.rubric, b.run, b.origin} {
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

// sheet is one sheet being written.
type sheet struct {
	*excelize.StreamWriter
	b    *book
	name string
	// widths are the columns', in characters.
	widths []float64
	row    int
}

// open starts a sheet: A4 landscape, as wide as the page, headings and lead
// columns frozen and repeated in print. widths are in characters; rows is how
// many rows there will be with the heading.
func (b *book) open(name string, widths []float64, rows, lead int) (*sheet, error) {
	f := b.f
	if i, err := f.GetSheetIndex(name); err != nil {
		return nil, err
	} else if i < 0 {
		if _, err := f.NewSheet(name); err != nil {
			return nil, err
		}
	}
	last, err := excelize.CoordinatesToCellName(len(widths), max(rows, 1))
	if err != nil {
		return nil, err
	}
	fit, a4, landscape, one, any := true, 9, "landscape", 1, 0
	if err := f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return nil, err
	}
	if err := f.SetSheetDimension(name, "A1:"+last); err != nil {
		return nil, err
	}
	if err := f.SetPageLayout(name, &excelize.PageLayoutOptions{
		Size: &a4, Orientation: &landscape, FitToWidth: &one, FitToHeight: &any,
	}); err != nil {
		return nil, err
	}
	side, high := 0.4, 0.7
	if err := f.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{
		Left: &side, Right: &side, Top: &high, Bottom: &high,
	}); err != nil {
		return nil, err
	}
	if err := f.SetHeaderFooter(name, &excelize.HeaderFooterOptions{
		OddHeader: "&L" + headerText(heading(b.d, b.lang)) + "&R" + headerText(name),
		OddFooter: "&C" + b.lang.T("report.page"),
	}); err != nil {
		return nil, err
	}
	sw, err := f.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	for i, wide := range widths {
		if err := sw.SetColWidth(i+1, i+1, wide); err != nil {
			return nil, err
		}
	}
	corner, err := excelize.CoordinatesToCellName(lead+1, 2)
	if err != nil {
		return nil, err
	}
	pane := "bottomLeft"
	if lead > 0 {
		pane = "bottomRight"
	}
	if err := sw.SetPanes(&excelize.Panes{
		Freeze: true, XSplit: lead, YSplit: 1, TopLeftCell: corner, ActivePane: pane,
	}); err != nil {
		return nil, err
	}
	refers := fmt.Sprintf("'%s'!$1:$1", name)
	if lead > 0 {
		col, err := excelize.ColumnNumberToName(lead)
		if err != nil {
			return nil, err
		}
		refers = fmt.Sprintf("'%s'!$A:$%s,%s", name, col, refers)
	}
	if err := f.SetDefinedName(&excelize.DefinedName{
		Name: "_xlnm.Print_Titles", RefersTo: refers, Scope: name,
	}); err != nil {
		return nil, err
	}
	return &sheet{StreamWriter: sw, b: b, name: name, widths: widths}, nil
}

// add writes the next row, high enough for all the text in it: programs do
// not agree on whether to find that out themselves.
func (s *sheet) add(values []any) error {
	s.row++
	cell, err := excelize.CoordinatesToCellName(1, s.row)
	if err != nil {
		return err
	}
	return s.SetRow(cell, values, excelize.RowOpts{Height: s.height(values)})
}

// Heights are in points, for text of 10 points.
const (
	lineHeight = 15
	rowSpare   = 5
	maxHeight  = 240 // Excel takes 409
)

func (s *sheet) height(values []any) float64 {
	lines := 1
	for i, v := range values {
		c, ok := v.(excelize.Cell)
		text, isText := c.Value.(string)
		if ok && isText && s.b.st.wraps[c.StyleID] {
			lines = max(lines, linesOf(text, int(s.widths[i])-2)) // less the cell's own margins
		}
	}
	return min(float64(lines)*lineHeight+rowSpare, maxHeight)
}

// linesOf is how many lines a text takes in a number of columns.
func linesOf(text string, room int) int {
	n := 0
	for line := range strings.Lines(text) {
		n++
		used := 0
		for _, word := range words(strings.TrimRight(line, "\n")) {
			wide := width(word)
			if used > 0 && used+wide > room {
				n, used = n+1, 0
			}
			for used += wide; used > room && room > 0; used -= room {
				n++
			}
		}
	}
	return n
}

// words are what a line may be broken between: words with the space after
// them, and single Chinese characters.
func words(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		if width(string(r)) == 2 {
			if i > start {
				out = append(out, s[start:i])
			}
			out = append(out, string(r))
			start = i + len(string(r))
		} else if r == ' ' {
			out = append(out, s[start:i+1])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// filter lets rows 1 to the last be filtered; it must come before Flush.
func (s *sheet) filter() error {
	last, err := excelize.CoordinatesToCellName(len(s.widths), max(s.row, 2))
	if err != nil {
		return err
	}
	return s.b.f.AutoFilter(s.name, "A1:"+last, nil)
}

// headerText escapes "&", which starts a code in print headers, and bounds
// the length (Excel takes 255 for all parts).
func headerText(s string) string {
	out := ""
	for _, r := range clip(cellText(s), 110) {
		if r == '&' {
			out += "&"
		}
		out += string(r)
	}
	return out
}
