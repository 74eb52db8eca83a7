package report

// printedSheet is how a sheet prints.
type printedSheet struct {
	name  string
	scale float64 // of text of 10 points
	pages int
}

// A4 and its margins, in points.
const (
	paperShort, paperLong   = 595, 842
	sideMargin              = 25.2
	topMargin, bottomMargin = 43.2, 39.6
)

// layout is the scale that a sheet is printed at, and on how many pages; shrunk says
// that it is smaller than the width of the paper asks for, to save pages.
func (s *sheet) layout(printed int) (scale float64, pages int, shrunk bool) {
	wide, high := float64(paperLong), float64(paperShort)
	if s.portrait {
		wide, high = high, wide
	}
	wide, high = wide-2*sideMargin, high-topMargin-bottomMargin
	scale = min(1, wide/s.b.points(s.widths[:printed]))
	pages = s.pages(high / scale)
	if s.least == 0 {
		return scale, pages, false
	}
	shrink := func(least float64, enough int) {
		for smaller := scale; smaller > least && pages > enough; {
			smaller = max(smaller-0.01, least)
			if n := s.pages(high / smaller); n < pages {
				scale, pages, shrunk = smaller, n, true
			}
		}
	}
	shrink(s.least, 1)
	if s.most > 0 {
		shrink(s.tight, s.most)
	}
	return scale, pages, shrunk
}

// pages is how many pages of a height the rows take, the heading on each of them.
func (s *sheet) pages(high float64) int {
	if len(s.heights) == 0 {
		return 1
	}
	n, used := 1, s.heights[0]
	rows := s.heights
	if s.onPaper > 0 { // such a sheet folds nothing away
		rows = rows[:min(s.onPaper, len(rows))]
	}
	for _, h := range rows[1:] {
		if used+h > high {
			n, used = n+1, s.heights[0]
		}
		used += h
	}
	return n
}

// Widths are in digits of the Chinese font of 11 points: of 8 pixels of 1/96 inch, and 5
// for the margins. Those of the other font have 7, so that a column is as wide in every
// language.
const (
	digitPixels      = 8.0
	otherDigitPixels = 7.0
)

// points is how wide columns are in points.
func (b *book) points(widths []float64) float64 {
	sum := 0.0
	for _, w := range widths {
		if w == unseen {
			continue
		}
		sum += w*digitPixels + 5
	}
	return sum * 72 / 96
}

// perDigit is how many points wide a digit makes a column.
func (b *book) perDigit() float64 { return b.points([]float64{2}) - b.points([]float64{1}) }

// room is how many columns of a terminal's width, two for a Chinese character, stand
// side by side in a cell: text is of 10 points, half of which are a column, digits a
// little more.
func (b *book) room(width float64) int {
	const column, margins = 5.3, 6
	return max(int((b.points([]float64{width})-margins)/column), 1)
}
