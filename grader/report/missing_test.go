package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// onlyTask is a class of two that only task 1 was graded of, and one whom nobody has
// looked at.
func onlyTask(class ...string) *result.Data {
	d := testData()
	d.Students = []result.Student{
		{ID: "01", Name: "张三", Verdicts: passing(d.Rubric)[:4]},
		{ID: "02", Name: "李四", Verdicts: passing(d.Rubric)[:4]},
		{ID: "03", Name: "王五"},
	}
	d.Faults = nil
	for i := range d.Students {
		d.Students[i].Complete(d.Rubric, result.Look{Class: class})
	}
	return d
}

// TestWhatIsNotGradedYet: a run of one task gives nobody full marks of the lab, and
// says which tasks are still to come.
func TestWhatIsNotGradedYet(t *testing.T) {
	table := func(d *result.Data, lang i18n.Lang) string {
		return string(render(t, func(b *bytes.Buffer) error { return Table(b, d, Text{Lang: lang}) }))
	}
	d := onlyTask("1")
	got := table(d, i18n.EN)
	require.Contains(t, got, "40/100    ✓✓✓✓    not graded yet: task 2 (60 points)")
	require.Contains(t, got, "3 students, none with a final score yet\n2 without a final score, since not all tasks are graded yet: 100% of what is graded, on average\n")
	require.Contains(t, got, "\nnot graded yet: task 2, 60 of 100 points of the lab\n")
	require.Contains(t, table(d, i18n.ZH), "\n有 1 个任务还没有评：2，占整个实验 100 分中的 60 分\n")
	d.Run.Policy = ""
	require.Contains(t, table(d, i18n.EN), "\nnot graded in this run: task 2, 60 of 100 points of the lab\n    → all runs together: grade show --class 2024A\n")

	detail := string(render(t, func(b *bytes.Buffer) error { return Detail(b, d, &d.Students[0], Text{Lang: i18n.ZH}) }))
	require.Contains(t, detail, "张三  40/100")
	require.Contains(t, detail, "\n任务二：VIP 与外部 HAProxy  ·\n· 还没有评\n")

	// One of them has had it graded.
	d.Run.Policy = "best"
	d.Students[0] = result.Student{ID: "01", Name: "张三", Verdicts: passing(d.Rubric)}
	got = table(d, i18n.EN)
	require.Contains(t, got, "1 with full marks")
	require.Contains(t, got, "\ntask 2 (60 points) not graded yet of 1: 02\n    → grade it: grade --class 2024A --task 2\n")
	d.Students[1].Complete(d.Rubric, result.Look{Class: []string{"1", "2"}})
	got = table(d, i18n.EN)
	require.Contains(t, got, "\ntask 2 not handed in by 1, 0 of 60 points: 02\n")
	require.NotContains(t, got, "not graded yet of")
	d.Students[1].Annotate([]result.Change{{Task: "2", Kind: result.Excused, Reason: "缓考"}}, d.Rubric)
	got = table(d, i18n.EN)
	require.Contains(t, got, "2 with full marks")
	require.NotContains(t, got, "handed in")
	require.Equal(t, "免计*", Text{Lang: i18n.ZH}.taskScore(&d.Students[1], "2"))
}

// TestWorkbookOfWhatIsMissing: the total is of the whole lab, words stand where a task has no
// points, and formulas come to the same as the program.
func TestWorkbookOfWhatIsMissing(t *testing.T) {
	d := onlyTask("1")
	f := readBack(t, workbook(t, d, i18n.ZH))
	// The task that was graded, the points, the most of what is graded, why it is not all.
	require.Equal(t, []string{"40", "40", "40", "任务 2 还没有评（60 分）"}, []string{
		value(t, f, "成绩单", "D2"), value(t, f, "成绩单", "E2"), value(t, f, "成绩单", "F2"), value(t, f, "成绩单", "G2"),
	})
	require.Equal(t, []string{"未评完", "1", "40"}, []string{value(t, f, "成绩单", "L2"), value(t, f, "成绩单", "M2"), value(t, f, "成绩单", "P2")}, "final, the share of what is graded, points so far")
	require.Equal(t, "目前得分", value(t, f, "成绩单", "P1"))
	recalculated(t, f)
	// Statistics are of final scores, which nobody has; of the others they say so, with the
	// words of the screen. What is typed is final.
	require.Equal(t, []string{"0", "", "2", "1"}, []string{value(t, f, "统计", "C7"), value(t, f, "统计", "C8"), value(t, f, "统计", "C12"), value(t, f, "统计", "C13")})
	require.Equal(t, []string{"有最终成绩的人数", "还有任务没评、暂无最终成绩的人数"}, []string{value(t, f, "统计", "B7"), value(t, f, "统计", "B12")})
	calc := func(sheet, cell string) string {
		v, err := f.CalcCellValue(sheet, cell, excelize.Options{RawCellValue: true})
		require.NoError(t, err)
		return v
	}
	require.NoError(t, f.SetCellValue("成绩单", "I2", 90))
	require.NoError(t, f.UpdateLinkedValue())
	require.Equal(t, []string{"1", "90", "1", "1"}, []string{calc("统计", "C7"), calc("统计", "C8"), calc("统计", "C12"), calc("统计", "C13")})
	require.Equal(t, []string{"90", "100", "0.9", "90"}, []string{calc("成绩单", "L2"), calc("成绩单", "F2"), calc("成绩单", "M2"), calc("成绩单", "P2")})
	require.NoError(t, f.SetCellValue("成绩单", "I2", "免计"))
	require.Equal(t, []string{"免计", "", ""}, []string{calc("成绩单", "L2"), calc("成绩单", "M2"), calc("成绩单", "P2")})
	f = readBack(t, workbook(t, d, i18n.ZH))
	// Other systems get as little.
	o := Options{}
	for i := range d.Students {
		require.Equal(t, Open, o.Hand(d, &d.Students[i]).State)
	}
	require.Equal(t, []string{"90–100%", "2"}, []string{value(t, f, "统计", "B2"), value(t, f, "统计", "C2")}, "of what has been graded")
	rows, err := f.GetRows("评分标准与运行信息")
	require.NoError(t, err)
	require.Contains(t, rows, []string{"还没有评的任务", "1 个任务：2，占整个实验 100 分中的 60 分"})

	// Scripts see that 40 of 100 is no score to publish.
	got := string(render(t, func(b *bytes.Buffer) error { return JSON(b, d, i18n.ZH) }))
	require.Contains(t, got, "\"points\": 40,\n      \"max\": 100,\n      \"ungraded\": 60,")
	require.Contains(t, got, "\"points\": 0,\n      \"max\": 100,\n      \"ungraded\": 100,", "whom nobody has looked at")

	d = testData()
	d.Students[0].Verdicts = d.Students[0].Verdicts[:4]
	d.Students[0].Complete(d.Rubric)
	f = readBack(t, workbook(t, d, i18n.ZH))
	recalculated(t, f)
	for row, want := range map[int][]string{2: {"还没评", "40", "40"}, 7: {"未提交", "40", "100"}} {
		require.Equal(t, want, []string{
			value(t, f, "成绩单", ref(5, row)), value(t, f, "成绩单", ref(6, row)), value(t, f, "成绩单", ref(8, row)),
		}, row)
	}
}

// TestPageOfWhatIsNotGradedYet: a page of a part of the lab is no page of a poor score.
func TestPageOfWhatIsNotGradedYet(t *testing.T) {
	d := onlyTask("1")
	page := string(render(t, func(b *bytes.Buffer) error { return Feedback(b, d, &d.Students[0], Options{Lang: i18n.ZH}) }))
	require.Contains(t, page, "目前得分")
	require.Contains(t, page, "还没评")
	require.Contains(t, page, "任务 2 还没有评（60 分）")
	require.NotContains(t, page, "已评定")
}
