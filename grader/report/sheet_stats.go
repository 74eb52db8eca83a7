package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// Columns of the statistics: of a check its task, title, the most points, how many got
// all, some and none of them, how many of those wait for another check, how many are
// open, the share that passed, the mean.
const (
	statTask = 1 + iota
	statTitle
	statMax
	statAll
	statSome
	statNone
	statBlocked
	statOpen
	statShare
	statMean
	statChart // the first of the columns that pictures stand on
)

// statistics tells how the class did as a whole, on each task and on each check. All
// of it is counted by formulas over the scores and the tasks' sheets, so that it
// follows what an instructor types in. Only what is graded counts.
func (b *book) statistics() error {
	checks := 0
	for _, t := range b.taskSheets {
		checks += len(t.checks)
	}
	s, err := b.open(paper{
		name: b.t("sheet_statistics"), widths: []float64{6, 29.5, 8, 6, 6, 6, 6.5, 6, 6.5, 6.5, 8, 8, 8, 8}, portrait: true, least: smallest,
		rows: 18 + len(b.taskSheets) + checks, printed: statChart + 3,
	})
	if err != nil {
		return err
	}
	l := b.layout()
	for _, part := range []func(*sheet, layout) error{b.statScores, b.statTasks, b.statChecks} {
		if err := part(s, l); err != nil {
			return err
		}
	}
	return s.end()
}

// statScores are the final scores: how many in each band, and their middle.
func (b *book) statScores(s *sheet, l layout) error {
	st, n := b.st, len(b.d.Students)+1
	final, rate := column(b.scoresName(), l.final, n), column(b.scoresName(), l.rate, n)
	bands := "score_band"
	if l.soFar > 0 { // which count too
		bands = "score_band_so_far"
	}
	if err := s.add([]any{
		nil, excelize.Cell{StyleID: st.head, Value: b.t(bands)},
		excelize.Cell{StyleID: st.head, Value: b.t("students")},
	}); err != nil {
		return err
	}
	counts, first := distribution(b.d), s.row+1
	for i, band := range scoreBands {
		formula := fmt.Sprintf(`COUNTIF(%s,">=%v")`, rate, band.least)
		if i > 0 {
			formula += fmt.Sprintf(`-COUNTIF(%s,">=%v")`, rate, scoreBands[i-1].least)
		}
		if err := s.add([]any{
			nil, excelize.Cell{StyleID: st.label, Value: band.name},
			excelize.Cell{StyleID: st.points, Value: counts[i], Formula: formula},
		}); err != nil {
			return err
		}
	}
	if err := b.columnChart(s.name, ref(5, 1), b.t("chart_scores"), area(s.name, statTitle, first, s.row), area(s.name, statMax, first, s.row)); err != nil {
		return err
	}
	scores := b.settled()
	figure := func(key, f string, v any) error {
		if len(scores) == 0 {
			v = ""
		}
		return s.add([]any{
			nil, excelize.Cell{StyleID: st.label, Value: b.t(key)},
			excelize.Cell{StyleID: st.points, Value: v, Formula: fmt.Sprintf(`IF(COUNT(%[1]s)=0,"",ROUND(%[2]s(%[1]s),2))`, final, f)},
		})
	}
	var mean, median, least, most float64
	if k := len(scores); k > 0 {
		for _, x := range scores {
			mean += x / float64(k)
		}
		median = (scores[(k-1)/2] + scores[k/2]) / 2
		least, most = scores[0], scores[k-1]
	}
	if err := s.add([]any{
		nil, excelize.Cell{StyleID: st.label, Value: b.t("final_students")},
		excelize.Cell{StyleID: st.points, Value: len(scores), Formula: "COUNT(" + final + ")"},
	}); err != nil {
		return err
	}
	for _, x := range []struct {
		key, f string
		v      float64
	}{{"mean_points", "AVERAGE", mean}, {"median", "MEDIAN", median}, {"highest", "MAX", most}, {"lowest", "MIN", least}} {
		if err := figure(x.key, x.f, round2(x.v)); err != nil {
			return err
		}
	}
	if l.soFar > 0 {
		if err := b.statSoFar(s, final, rate); err != nil {
			return err
		}
	}
	return s.gap()
}

// statSoFar are those without a final score since tasks are yet to be graded: how many,
// and the mean share that they have of what is graded.
func (b *book) statSoFar(s *sheet, final, rate string) error {
	st, n, sum := b.st, 0, 0.0
	for i := range b.d.Students {
		if t := b.d.Students[i].Tally(); b.notFinal(&b.d.Students[i]) {
			n++
			sum += round4(t.Points.Float() / known(t).Float())
		}
	}
	word := quoteText(b.t("not_final"))
	counted := fmt.Sprintf("COUNTIF(%s,%s)", final, word)
	if err := s.add([]any{nil, b.wrap(b.t("so_far_students")), excelize.Cell{StyleID: st.points, Value: n, Formula: counted}}); err != nil {
		return err
	}
	share := excelize.Cell{StyleID: st.percent, Value: "", Formula: fmt.Sprintf(`IF(%s=0,"",ROUND(SUMIF(%s,%s,%s)/%[1]s,4))`, counted, final, word, rate)}
	if n > 0 {
		share.Value = round4(sum / float64(n))
	}
	return s.add([]any{nil, b.wrap(b.t("so_far_share")), share})
}

// statTasks are the tasks: how many are wholly graded, and their mean, with what was
// set by hand and less what lateness takes off.
func (b *book) statTasks(s *sheet, _ layout) error {
	st := b.st
	if len(b.taskSheets) == 0 {
		return nil
	}
	var heads []any
	for _, key := range []string{"task_heading", "", "max", "graded_students", "mean_points"} {
		c := excelize.Cell{StyleID: st.head}
		if key != "" {
			c.Value = b.t(key)
		}
		heads = append(heads, c)
	}
	if err := s.add(heads); err != nil {
		return err
	}
	for _, t := range b.taskSheets {
		scores := column(t.name, t.score, t.last())
		mean, graded := taskMean(b.d, t)
		value := any("")
		if graded > 0 {
			value = round2(mean)
		}
		title := ""
		if x, ok := b.d.Rubric.Task(t.task); ok {
			title = x.Title.In(b.lang)
		}
		if err := s.add([]any{
			textCell(oneLine(t.task), st.text, st.textQuoted), textCell(clip(oneLine(title), 60), st.text, st.textQuoted),
			excelize.Cell{StyleID: st.points, Value: t.max.Float()},
			excelize.Cell{StyleID: st.points, Value: graded, Formula: "COUNT(" + scores + ")"},
			excelize.Cell{StyleID: st.points, Value: value, Formula: fmt.Sprintf(`IF(COUNT(%[1]s)=0,"",ROUND(AVERAGE(%[1]s),2))`, scores)},
		}); err != nil {
			return err
		}
	}
	return s.gap()
}

// statChecks are the checks, with the picture of their shares beside them.
func (b *book) statChecks(s *sheet, _ layout) error {
	keys := []string{
		"task_heading", "check", "max", "got_all", "got_some", "got_none", "got_blocked", "ungraded_short", "pass_rate", "mean_points",
	}
	if err := s.heads(keys); err != nil {
		return err
	}
	head, high := s.row, 0.0
	for _, t := range b.taskSheets {
		for i, c := range t.checks {
			if err := s.add(b.statCheck(t, 3+i, c, s.row+1)); err != nil {
				return err
			}
			high += s.heights[len(s.heights)-1]
		}
	}
	if s.row == head {
		return nil
	}
	s.reserve(head, leastChart)
	return b.barChart(s.name, ref(statChart, head), b.t("pass_rate"), max(high+s.heights[head-1], leastChart),
		area(s.name, statTitle, head+1, s.row), area(s.name, statShare, head+1, s.row))
}

// statCheck counts one check, of which the points stand in a column of a task's sheet.
func (b *book) statCheck(t taskSheet, at int, c result.Column, row int) []any {
	st := b.st
	points := column(t.name, at, t.last())
	all, some, none, blocked, open, sum := b.count(c)
	most, graded := c.Max.String(), all+some+none
	noneFormula := fmt.Sprintf(`COUNTIF(%s,"<=0")`, points)
	if c.Max <= 0 { // nothing to get is all of it
		noneFormula = ""
	}
	cell := func(v any, formula string) excelize.Cell {
		return excelize.Cell{StyleID: st.points, Value: v, Formula: formula}
	}
	share := excelize.Cell{StyleID: st.percent, Value: "", Formula: fmt.Sprintf(`IF(SUM(%[1]s:%[2]s)=0,"",ROUND(%[1]s/SUM(%[1]s:%[2]s),4))`,
		ref(statAll, row), ref(statNone, row))}
	mean := cell("", fmt.Sprintf(`IF(COUNT(%[1]s)=0,"",ROUND(AVERAGE(%[1]s),2))`, points))
	if graded > 0 {
		share.Value, mean.Value = round4(float64(all)/float64(graded)), round2(sum.Float()/float64(graded))
	}
	return []any{
		textCell(oneLine(c.Task), st.text, st.textQuoted), textCell(clip(oneLine(c.Title.In(b.lang)), 60), st.text, st.textQuoted),
		cell(c.Max.Float(), ""),
		cell(all, fmt.Sprintf(`COUNTIF(%s,">=%s")`, points, most)),
		cell(some, fmt.Sprintf(`COUNTIF(%[1]s,">0")-COUNTIF(%[1]s,">=%[2]s")`, points, max(c.Max, 1).String())),
		cell(none, noneFormula),
		cell(blocked, ""), cell(open, fmt.Sprintf(`COUNTIF(%s,%s)`, points, quoteText(b.t("ungraded_short")))), share, mean,
	}
}

// count tells how many got all, some and none of a check's points as they count, how
// many of those with none were never looked at because another check failed, how many
// are open, and the points that all of them got together.
func (b *book) count(c result.Column) (all, some, none, blocked, open int, sum rubric.Points) {
	for i := range b.d.Students {
		s := &b.d.Students[i]
		v, judged := s.Verdict(c.Check)
		_, set := s.Override(c.Check)
		score := s.Score("", c.Check)
		switch {
		case !judged && !set || score.Excused:
			continue
		case score.Open:
			open++
			continue
		case score.Points >= c.Max:
			all++
		case score.Points > 0:
			some++
		default:
			none++
		}
		if !set && v.Outcome == check.Blocked {
			blocked++
		}
		sum += score.Points
	}
	return all, some, none, blocked, open, sum
}

// taskMean is the mean of those who are wholly graded on a task, as its sheet has it;
// who is excused is not among them.
func taskMean(d *result.Data, t taskSheet) (mean float64, n int) {
	var sum rubric.Points
	for i := range d.Students {
		s := &d.Students[i]
		tally := s.Task(t.task)
		if _, on := t.rows[s]; !on || tally.Excused || tally.Open {
			continue
		}
		sum, n = sum+tally.Points, n+1
	}
	if n > 0 {
		mean = sum.Float() / float64(n)
	}
	return mean, n
}

// settled are the final scores that there are, in order.
func (b *book) settled() []float64 {
	var out []float64
	for i := range b.d.Students {
		if t := b.d.Students[i].Tally(); t.Final() && !b.notFinal(&b.d.Students[i]) {
			out = append(out, t.Points.Float())
		}
	}
	slices.Sort(out)
	return out
}

type scoreBand struct {
	name  string
	least float64
}

// scoreBands are shares of the full score, the best first.
var scoreBands = []scoreBand{{"90–100%", 0.9}, {"80–89%", 0.8}, {"70–79%", 0.7}, {"60–69%", 0.6}, {"0–59%", 0}}

// distribution counts the settled scores in each band, each by what has been graded
// of the lab so far.
func distribution(d *result.Data) []int {
	n := make([]int, len(scoreBands))
	for i := range d.Students {
		t := d.Students[i].Tally()
		graded := t.Max - t.NotYet
		if t.Open || graded == 0 {
			continue
		}
		share := round4(t.Points.Float() / graded.Float())
		n[slices.IndexFunc(scoreBands, func(x scoreBand) bool { return share >= x.least || x.least == 0 })]++
	}
	return n
}

func round2(f float64) float64 { return math.Round(f*100) / 100 }

func round4(f float64) float64 { return math.Round(f*10000) / 10000 }
