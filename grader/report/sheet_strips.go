package report

import (
	"fmt"
	"math"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/result"
)

// stretches are what a fault window is made of: until the swarm noticed, until the
// tasks were there again, until all was as before, and what never was.
var stretches = [listedStretches]struct{ name, color string }{
	{"stretch_unnoticed", chartWait}, {"stretch_replacing", chartWarming}, {"stretch_answering", chartMended}, {"stretch_never", chartFailed},
}

// stretchCells are the seconds of each stretch, as formulas over the row's own moments,
// so that the picture follows when rows are sorted. A moment that did not come is text.
func (b *book) stretchCells(f check.Facts, x *result.Timeline, row int) []any {
	at := func(key string) (float64, bool) { return number(f[key]) }
	down, replaced, recovered, window := "$"+ref(faultDown, row), "$"+ref(faultReplaced, row), "$"+ref(faultRecovered, row), "$"+ref(faultWindow, row)
	d, _ := at("down_s")
	r, replacedAt := at("replaced_s")
	e, recoveredAt := at("recovered_s")
	w := 0.0
	if x != nil {
		w = round2(max(x.To, 0))
	}
	last := max(d, r)
	values := [listedStretches]float64{d}
	if replacedAt {
		values[1] = max(r-d, 0)
	}
	if recoveredAt {
		values[2] = max(e-last, 0)
	} else {
		values[3] = max(w-last, 0)
	}
	formulas := [listedStretches]string{
		fmt.Sprintf("N(%s)", down),
		fmt.Sprintf("IF(ISNUMBER(%[2]s),MAX(ROUND(%[2]s-N(%[1]s),2),0),0)", down, replaced),
		fmt.Sprintf("IF(ISNUMBER(%[3]s),MAX(ROUND(%[3]s-MAX(%[1]s,%[2]s),2),0),0)", down, replaced, recovered),
		fmt.Sprintf("IF(ISNUMBER(%[3]s),0,MAX(ROUND(N(%[4]s)-MAX(%[1]s,%[2]s),2),0))", down, replaced, recovered, window),
	}
	var out []any
	for i := range stretches {
		out = append(out, excelize.Cell{StyleID: b.st.points, Value: round2(values[i]), Formula: formulas[i]})
	}
	return out
}

// stretchChart draws the strips of the first rows beside them.
func (b *book) stretchChart(s *sheet) error {
	last := min(s.row, mostPictured+1)
	high := s.heights[0]
	for _, h := range s.heights[1:last] {
		high += h
	}
	var series []chartSeries
	for i, x := range stretches {
		head := quoteSheet(s.name) + "!" + absolute(faultStretches+i, 1)
		series = append(series, chartSeries{head, area(s.name, faultStretches+i, 2, last), x.color})
	}
	names := 2
	if b.longest(0, func(s *result.Student) string { return oneLine(s.Name) }) > 20 {
		names = 1 // long ones leave the strips no room
	}
	return b.stackChart(s.name, ref(faultPrinted+1, 1), b.t("fault_picture"), max(high, leastChart), area(s.name, names, 2, last), series)
}

// answerSteps is how many stretches of time requests are counted in at most.
const answerSteps = 120

// answers counts, over time, the requests of those students whose windows are at hand,
// and how many of them failed, with a picture.
func (b *book) answers(s *sheet, windows []*result.Timeline) error {
	from, to := math.Inf(1), math.Inf(-1)
	for _, x := range windows {
		for _, p := range x.Probes {
			from, to = min(from, p.At), max(to, p.At)
		}
	}
	if to < from || math.IsInf(from, 0) || math.IsInf(to, 0) || math.IsNaN(from+to) {
		return nil
	}
	step := 1.0
	for _, next := range []float64{2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600} {
		if (to-from)/step <= answerSteps {
			break
		}
		step = next
	}
	first := math.Floor(from / step)
	n := int(min(math.Floor(to/step)-first+1, answerSteps*2))
	sent, failed := make([]int, n), make([]int, n)
	for _, x := range windows {
		for _, p := range x.Probes {
			i := min(int(math.Floor(p.At/step)-first), n-1)
			if sent[i]++; !p.OK {
				failed[i]++
			}
		}
	}
	s.onPaper = max(s.row, s.onPaper) // the numbers stand right of what is on paper, and so does their picture
	if err := s.add(nil); err != nil {
		return err
	}
	pad := make([]any, faultPrinted+pictureColumns)
	head := append(pad[:len(pad):len(pad)], excelize.Cell{StyleID: b.st.head, Value: b.t("answer_second")}, excelize.Cell{StyleID: b.st.head, Value: b.t("answers")},
		excelize.Cell{StyleID: b.st.head, Value: b.t("answer_failed")}, excelize.Cell{StyleID: b.st.head, Value: b.t("fault_failed")})
	if err := s.add(head); err != nil {
		return err
	}
	top := s.row + 1
	at := faultPrinted + pictureColumns + 1
	for i := range n {
		share := excelize.Cell{StyleID: b.st.percent, Value: 0.0,
			Formula: fmt.Sprintf("IF(N(%[1]s)=0,0,ROUND(%[2]s/%[1]s,4))", ref(at+1, s.row+1), ref(at+2, s.row+1))}
		if sent[i] > 0 {
			share.Value = round4(float64(failed[i]) / float64(sent[i]))
		}
		if err := s.add(append(pad[:len(pad):len(pad)], excelize.Cell{StyleID: b.st.points, Value: (first + float64(i)) * step},
			excelize.Cell{StyleID: b.st.points, Value: sent[i]}, excelize.Cell{StyleID: b.st.points, Value: failed[i]}, share)); err != nil {
			return err
		}
	}
	return b.lineChart(s.name, ref(faultStretches+listedStretches+1, 1), b.t("answers_picture", "n", len(windows)), 700, area(s.name, at, top, s.row), area(s.name, at+3, top, s.row))
}
