package report

import (
	"slices"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/result"
)

// What the details show of what lost points, from all to the least; the rest is folded
// away under it. What is unfolded is printed.
const (
	showAll = iota
	showTask
	showStudent
	showLine // of each student one line, and no less; the cell has all of it
)

// foldDetails says how much the details show, so that no more rows are seen than there are
// pages left for, and whether any that lost something is folded away by that. The rows themselves are made once
// more as they are written: those of a large class are many.
func (b *book) foldDetails(s *sheet, titles map[string]string) (show int, spared bool) {
	for ; ; show++ {
		spared = false
		heights := s.heights
		if show == showLine {
			s.lines = 1
		}
		for i := range b.d.Students {
			for _, d := range b.studentDetails(&b.d.Students[i], show) {
				spared = spared || d.spared
				if !d.folded && !d.spared {
					cells := make([]any, detailPrinted)
					cells[3], cells[detailPrinted-1] = b.wrap(titles[d.v.Check]), b.wrap(d.message)
					s.heights = append(s.heights, s.height(cells))
				}
			}
		}
		_, pages, _ := s.layout(detailPrinted)
		s.heights = heights
		if pages <= b.pagesLeft() || show == showLine {
			return show, spared
		}
	}
}

// studentDetails are the rows of a student, by task.
func (b *book) studentDetails(s *result.Student, show int) []detailRow {
	var out []detailRow
	for _, g := range tasks(verdictColumns(s)) {
		of := b.detailsOf(s, g[0].Task)
		if show == showTask {
			of = b.spare(of)
		}
		out = append(out, of...)
	}
	if show >= showStudent {
		out = b.spare(out)
	}
	return out
}

// spare leaves one of several rows to be seen, the first: that which lost most, else the first
// that is open. It says how many are folded under it.
func (b *book) spare(rows []detailRow) []detailRow {
	worst, n := -1, 0
	for i, d := range rows {
		if d.folded {
			continue
		}
		n++
		if worst < 0 || d.lost() > rows[worst].lost() {
			worst = i
		}
	}
	if n < 2 {
		return rows
	}
	seen := rows[worst]
	seen.message = b.t("more_folded", "n", n-1, "why", seen.message)
	out := append([]detailRow{seen}, slices.Delete(slices.Clone(rows), worst, worst+1)...)
	for i := range out[1:] {
		out[1+i].spared = !out[1+i].folded
	}
	return out
}

// lost is how many points, in hundredths, a row tells the loss of.
func (d detailRow) lost() int {
	if d.v.Outcome == check.Ungraded {
		return -1
	}
	return int(d.v.Max - d.v.Points)
}

// merge makes one cell of several of the next row, the first of which has the value.
func (s *sheet) merge(from, to int) error {
	if from == to {
		return nil
	}
	return s.MergeCell(ref(from, s.row+1), ref(to, s.row+1))
}

// across is a text over several columns of the next row, and how high it makes the row.
func (s *sheet) across(row []any, text excelize.Cell, from, to int) (height float64, err error) {
	row[from-1] = text
	for at := from + 1; at <= to; at++ {
		row[at-1] = excelize.Cell{StyleID: text.StyleID}
	}
	words, _ := text.Value.(string)
	wide := (s.b.points(s.widths[from-1:to])/0.75 - 5) / digitPixels
	return s.textHeight(linesOf(words, s.b.room(wide))), s.merge(from, to)
}
