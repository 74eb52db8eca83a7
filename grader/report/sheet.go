package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/i18n"
)

// paper is how a sheet looks and prints: always A4, as wide as the paper, row 1 with
// the headings frozen and repeated on each page.
type paper struct {
	name   string
	widths []float64 // of the columns, in digits; or unseen
	rows   int       // with the heading
	// lead columns stay in sight.
	lead int
	// printed columns are on paper, the others right of it; 0 is all of them.
	printed  int
	portrait bool
	// least is how small text may get, as a share of its size, where that saves a
	// page; 0 shrinks it to the width of the paper alone.
	least float64
	// most is how many pages are enough for it, for which text may get as small as tight,
	// smaller than least; 0 is as many as it takes.
	most  int
	tight float64
	// lines bounds how high a row gets for the text in it, the heading's apart; what is
	// longer is whole in its cell. 0 is maxHeight.
	lines int
	// loose says that row 1 heads only the first of several lists: it is not frozen, nor
	// repeated on paper.
	loose bool
	// title is in the middle of the top of the paper, foot at its lower left.
	title, foot string
	// grouped says that rows that are folded away stand below the one they belong to.
	grouped bool
}

// unseen is the width of a column that is hidden; a sort takes it along like any other.
const unseen = -1

// sheet is one sheet being written.
type sheet struct {
	*excelize.StreamWriter
	paper
	b   *book
	row int
	// heights are those of the rows that are seen, in points.
	heights []float64
	// onPaper is the last row on paper; 0 is the last one there is.
	onPaper int
}

// gap parts two lists.
func (s *sheet) gap() error { return s.put(nil, 6, 0) }

// open starts a sheet.
func (b *book) open(p paper) (*sheet, error) {
	f := b.f
	if i, err := f.GetSheetIndex(p.name); err != nil {
		return nil, err
	} else if i < 0 {
		if _, err := f.NewSheet(p.name); err != nil {
			return nil, err
		}
	}
	fit, summaryBelow := true, !p.grouped
	if err := f.SetSheetProps(p.name, &excelize.SheetPropsOptions{FitToPage: &fit, OutlineSummaryBelow: &summaryBelow}); err != nil {
		return nil, err
	}
	if err := f.SetSheetDimension(p.name, "A1:"+ref(len(p.widths), max(p.rows, 1))); err != nil {
		return nil, err
	}
	left, right, top, bottom, head := sideMargin/72, sideMargin/72, topMargin/72, bottomMargin/72, 0.3
	if err := f.SetPageMargins(p.name, &excelize.PageLayoutMarginsOptions{
		Left: &left, Right: &right, Top: &top, Bottom: &bottom, Header: &head, Footer: &head,
	}); err != nil {
		return nil, err
	}
	if err := f.SetHeaderFooter(p.name, b.headerFooter(p)); err != nil {
		return nil, err
	}
	sw, err := f.NewStreamWriter(p.name)
	if err != nil {
		return nil, err
	}
	for i, wide := range p.widths {
		if wide == unseen {
			if err := sw.SetColVisible(i+1, i+1, false); err != nil {
				return nil, err
			}
			continue
		}
		if b.lang != i18n.ZH {
			wide *= digitPixels / otherDigitPixels
		}
		if err := sw.SetColWidth(i+1, i+1, wide); err != nil {
			return nil, err
		}
	}
	s := &sheet{StreamWriter: sw, paper: p, b: b}
	if p.loose {
		return s, nil
	}
	pane := "bottomLeft"
	if p.lead > 0 {
		pane = "bottomRight"
	}
	if err := sw.SetPanes(&excelize.Panes{
		Freeze: true, XSplit: p.lead, YSplit: 1, TopLeftCell: ref(p.lead+1, 2), ActivePane: pane,
	}); err != nil {
		return nil, err
	}
	if err := f.SetDefinedName(&excelize.DefinedName{
		Name: "_xlnm.Print_Titles", RefersTo: quoteSheet(p.name) + "!$1:$1", Scope: p.name,
	}); err != nil {
		return nil, err
	}
	return s, nil
}

// headerFooter are what stands on each sheet of paper around the cells. Excel takes
// 255 characters for each; a space parts a size from a title that starts with a digit.
func (b *book) headerFooter(p paper) *excelize.HeaderFooterOptions {
	o := &excelize.HeaderFooterOptions{
		OddHeader: "&L" + headerText(heading(b.d, b.lang), 90) + "&R" + headerText(b.titled(p.name), 72),
		OddFooter: "&R" + b.lang.T("report.page"),
	}
	if p.title != "" {
		o.OddHeader = "&L" + headerText(b.d.Class, 30) + `&C&B&14 ` + headerText(b.titled(clip(p.title, 44)), 88) + "&R" + headerText(date(b.d.Run.Started), 20)
	}
	if p.foot != "" {
		o.OddFooter = "&L" + headerText(p.foot, 150) + o.OddFooter
	}
	return o
}

// add writes the next row, high enough for all the text in it: programs do
// not agree on whether to find that out themselves.
func (s *sheet) add(values []any) error { return s.put(values, s.height(values), 0) }

// fold writes the next row folded away at a level, 1 being the first that is unfolded,
// under the last one that is not.
func (s *sheet) fold(values []any, level int) error { return s.put(values, s.height(values), level) }

func (s *sheet) put(values []any, height float64, level int) error {
	s.row++
	opts := excelize.RowOpts{Height: height}
	if level > 0 {
		opts.Hidden, opts.OutlineLevel = true, level
		s.b.hide(s.name)
	} else {
		s.heights = append(s.heights, height)
	}
	return s.SetRow(ref(1, s.row), values, opts)
}

// Heights are in points, for text of 10 points.
const (
	lineHeight = 12.75
	rowSpare   = 2.5
	maxHeight  = 240 // Excel takes 409
)

func (s *sheet) height(values []any) float64 {
	lines := 1
	for i, v := range values {
		c, ok := v.(excelize.Cell)
		text, isText := c.Value.(string)
		if ok && isText && s.widths[i] != unseen && s.b.st.wraps[c.StyleID] {
			n := linesOf(text, s.b.room(s.widths[i]))
			if s.lines > 0 && i < s.lead { // who it is takes two lines at most
				n = min(n, 2)
			}
			lines = max(lines, n)
		}
	}
	if s.lines > 0 && s.row > 0 {
		lines = min(lines, s.lines)
	}
	return s.textHeight(lines)
}

// textHeight is the height of so many lines.
func (s *sheet) textHeight(lines int) float64 {
	return min(float64(lines)*lineHeight+rowSpare, maxHeight)
}

// reserve keeps room on paper for a picture of a height, in points, from a row on.
func (s *sheet) reserve(from int, high float64) {
	s.onPaper = max(s.row, from+int(math.Ceil(high/(lineHeight+rowSpare)))-1)
}

// filter lets rows 1 to the last be filtered; it must come before end.
func (s *sheet) filter(columns int) error {
	return s.b.f.AutoFilter(s.name, "A1:"+ref(columns, max(s.row, 2)), nil)
}

// end says what is printed on how many pages, and closes the sheet.
func (s *sheet) end() error {
	f, printed := s.b.f, len(s.widths)
	if s.printed > 0 {
		printed = s.printed
		last := max(s.row, 1)
		if s.onPaper > 0 {
			last = s.onPaper
		}
		if err := f.SetDefinedName(&excelize.DefinedName{
			Name: "_xlnm.Print_Area", RefersTo: quoteSheet(s.name) + "!$A$1:" + absolute(printed, last), Scope: s.name,
		}); err != nil {
			return err
		}
	}
	a4, orientation, one, high := 9, "landscape", 1, 0
	if s.portrait {
		orientation = "portrait"
	}
	scale, pages, shrunk := s.layout(printed)
	if shrunk {
		high = pages
	}
	s.b.onPaper = append(s.b.onPaper, printedSheet{s.name, scale, pages})
	if err := f.SetPageLayout(s.name, &excelize.PageLayoutOptions{
		Size: &a4, Orientation: &orientation, FitToWidth: &one, FitToHeight: &high,
	}); err != nil {
		return err
	}
	return s.Flush()
}

// quoteSheet is a sheet's name as formulas have it.
func quoteSheet(name string) string { return "'" + strings.ReplaceAll(name, "'", "''") + "'" }

// absolute is a cell's name that stays as it is wherever a formula moves to.
func absolute(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row, true)
	if err != nil {
		panic(err)
	}
	return name
}

// column is a whole column of a sheet's rows, as formulas of other sheets have it.
func column(sheet string, col, rows int) string {
	return fmt.Sprintf("%s!%s:%s", quoteSheet(sheet), absolute(col, 1), absolute(col, max(rows, 2)))
}

// headerText escapes "&", which starts a code in print headers, and bounds the
// length.
func headerText(s string, columns int) string {
	return strings.ReplaceAll(clip(oneLine(cellText(s)), columns), "&", "&&")
}
