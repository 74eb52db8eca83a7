package report

import (
	"math"
	"slices"

	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/check"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// statistics tells how the class did on each check, on each task, and how the
// scores are distributed. Only what is graded counts.
func (b *book) statistics() error {
	st := b.st
	groups := tasks(b.columns)
	rows := 1 + len(b.columns) + len(groups) + len(scoreBands) + 2
	s, err := b.open(b.t("sheet_statistics"), []float64{8, 22, 40, 8, 8, 10, 8, 12, 8, 10, 10}, rows, 0)
	if err != nil {
		return err
	}
	if err := s.heads([]string{
		"task_heading", "check_id", "check", "max", "outcome_pass", "outcome_partial", "outcome_fail", "outcome_blocked",
		"ungraded", "pass_rate", "mean_points",
	}); err != nil {
		return err
	}
	plain := func(n any) excelize.Cell { return excelize.Cell{StyleID: st.points, Value: n} }
	for _, g := range groups {
		for _, c := range g {
			n, points := count(b.d, c.Check)
			graded := len(b.d.Students) - n[check.Ungraded] - n[""]
			row := []any{
				textCell(c.Task, st.text, st.textQuoted), textCell(c.Check, st.text, st.textQuoted), b.wrap(c.Title.In(b.lang)),
				plain(c.Max.Float()), plain(n[check.Pass]), plain(n[check.Partial]), plain(n[check.Fail]), plain(n[check.Blocked]),
				plain(n[check.Ungraded]),
			}
			if graded > 0 {
				row = append(row, excelize.Cell{StyleID: st.percent, Value: float64(n[check.Pass]) / float64(graded)},
					plain(round2(points.Float()/float64(graded))))
			}
			if err := s.add(row); err != nil {
				return err
			}
		}
		if mean, max, n := taskMean(b.d, g[0].Task); n > 0 {
			label := excelize.Cell{StyleID: st.label, Value: b.t("task_mean", "task", g[0].Task, "n", n)}
			blank := excelize.Cell{StyleID: st.label}
			if err := s.add([]any{label, blank, blank, excelize.Cell{StyleID: st.total, Value: max.Float()}, blank, blank, blank, blank, blank, blank,
				excelize.Cell{StyleID: st.total, Value: round2(mean)}}); err != nil {
				return err
			}
		}
	}
	if err := s.add(nil); err != nil {
		return err
	}
	for i, n := range distribution(b.d) {
		if err := s.add([]any{excelize.Cell{StyleID: st.label, Value: b.t("score_band")},
			excelize.Cell{StyleID: st.label, Value: scoreBands[i].name}, plain(n)}); err != nil {
			return err
		}
	}
	return s.Flush()
}

// count gives how many students ended a check in each way ("" for those
// without a verdict), and the points that they got together.
func count(d *result.Data, id string) (map[check.Outcome]int, rubric.Points) {
	n := map[check.Outcome]int{}
	var points rubric.Points
	for i := range d.Students {
		v, _ := d.Students[i].Verdict(id)
		n[v.Outcome]++
		points += v.Points
	}
	return n, points
}

// taskMean is the mean of those who are wholly graded on a task, with what was set
// by hand and less what lateness takes off; whoever did not hand it in has none of
// its points, and who is excused is not among them.
func taskMean(d *result.Data, task string) (mean float64, most rubric.Points, n int) {
	var sum rubric.Points
	for i := range d.Students {
		t := d.Students[i].Task(task)
		if t.Max == 0 || t.Open || t.NotYet > 0 {
			continue
		}
		sum, most, n = sum+t.Points, max(most, t.Max), n+1
	}
	if n > 0 {
		mean = sum.Float() / float64(n)
	}
	return mean, most, n
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
		share := t.Points.Float() / graded.Float()
		n[slices.IndexFunc(scoreBands, func(x scoreBand) bool { return share >= x.least || x.least == 0 })]++
	}
	return n
}

func round2(f float64) float64 { return math.Round(f*100) / 100 }
