package report

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// handedData is a class with every kind of change by hand, in which two were late.
func handedData() *result.Data {
	d := testData()
	due := d.Run.Started.Add(-50 * time.Hour)
	d.Late = &result.Late{
		Due: due, Grace: 10 * time.Minute, PerDay: result.Amount{Hundredths: 500, Percent: true}, Cap: result.Amount{Hundredths: 2000},
		Total: d.Rubric.Points, Dues: map[string]time.Time{"0020240103": due},
	}
	late := d.Late.Of("", d.Run.Started)
	change := func(task, check string, kind result.Kind, points float64, why string) result.Change {
		return result.Change{
			Task: task, Check: check, Kind: kind, Points: rubric.PointsOf(points), Reason: why, Who: "wang", When: d.Run.Started.AddDate(0, 0, 1),
			Effect: result.Effect{
				Before: result.Score{Points: 100, Max: 4000}, After: result.Score{Points: rubric.PointsOf(points), Max: 4000, ByHand: true, Excused: kind == result.Excused},
				TotalBefore: result.Score{Points: 6000, Max: 10000, Open: true}, TotalAfter: result.Score{Points: 9000, Max: 10000, ByHand: true},
			},
		}
	}
	remark := change("", "", result.Remark, 0, "")
	remark.Text = "下次注意\x1b[31m"
	for i, history := range [][]result.Change{
		0: {change("1", "task1.image", result.SetPoints, 1, "镜像是抄的"), change("", "", result.OnTime, 0, "病假"), remark},
		1: {change("2", "task2.spread", result.Excused, 0, "压测机故障")},
		2: {change("1", "", result.Excused, 0, hostile)},
		3: {change("2", "task2.spread", result.SetPoints, 30, "现场重测"), change("9", "task9.gone", result.SetPoints, 3, "旧项")},
		4: {change("2", "", result.SetPoints, 20, "补做"), change("2", "task2.spread", result.SetPoints, 0, "先前定的")},
		5: {change("", "", result.Excused, 0, "休学")},
		6: {change("", "", result.SetPoints, 60, "口试"), change("", "", result.Remove, 0, "登错了")},
	} {
		s := &d.Students[i]
		s.Annotate(history, d.Rubric)
		if i == 0 { // on time by hand, though late
			s.Attempts = []result.Attempt{{Task: "2", Run: d.Run.ID, Judged: d.Run.ID, Tries: 1, Forgiven: &result.Forgiven{
				Due: late.Due, At: late.At, Days: late.Days, Reason: "病假", Who: "wang", When: d.Run.Started.AddDate(0, 0, 1),
			}}}
		}
		if i == 3 || i == 4 {
			s.Attempts = []result.Attempt{{Task: "1", Run: d.Run.ID, Judged: d.Run.ID, Tries: 1}, {Task: "2", Run: d.Run.ID, Judged: d.Run.ID, Tries: 2, Late: late}}
		}
	}
	return d
}

func TestByHandGolden(t *testing.T) {
	d := handedData()
	for _, lang := range i18n.Langs {
		name := "byhand." + string(lang)
		golden(t, name+".json", render(t, func(b *bytes.Buffer) error { return JSON(b, d, lang) }))
		for _, columns := range []int{0, 80} {
			got := render(t, func(b *bytes.Buffer) error { return Table(b, d, Text{Lang: lang, Width: columns}) })
			golden(t, name+".table."+strconv.Itoa(columns)+".txt", got)
			harmless(t, string(got))
		}
		var all bytes.Buffer
		for i := range d.Students {
			require.NoError(t, Detail(&all, d, &d.Students[i], Text{Lang: lang}))
			all.WriteString("\n----\n")
		}
		golden(t, name+".detail.txt", all.Bytes())
		harmless(t, all.String())
	}
}

// TestByHandWorkbook: what was judged stands, what was set and what lateness took off
// stand beside it, and formulas come to the same as the program.
func TestByHandWorkbook(t *testing.T) {
	d := handedData()
	raw := workbook(t, d, i18n.ZH)
	require.True(t, bytes.Equal(raw, workbook(t, d, i18n.ZH)), "the same bytes")
	f := readBack(t, raw)
	recalculated(t, f)
	rows, err := f.GetRows("成绩单")
	require.NoError(t, err)
	at := map[string]int{}
	for i, h := range rows[0] {
		at[h] = i + 1
	}
	cell := func(heading string, student int) string {
		require.Contains(t, at, heading)
		return ref(at[heading], student+2)
	}
	const own = "满分"
	for i, want := range [][]string{ // automatic, by hand, late, maximum, override, final
		{"100", "-6.5", "算按时", "100", "", "93.5"},
		{"85", "-25", "", "60", "", "60"},
		{"70", "-10", "", "60", "", "60"},
		{"60", "30", "-9", "100", "", "81"},
		{"40", "20", "", "100", "", "60"},
		{"40", "", "", "0", "免计", "免计"},
		{"未评", "", "", "", "", "未评"},
	} {
		var got []string
		for _, h := range []string{"自动得分\n100 分", "手工增减", "迟交扣分", own, "改分", "最终得分"} {
			got = append(got, value(t, f, "成绩单", cell(h, i)))
		}
		require.Equal(t, want, got, d.Students[i].ID)
	}
	require.Contains(t, value(t, f, "成绩单", cell("改分理由", 0)), "task1.image 7.5/7.5 → 1: 镜像是抄的")
	changes, err := f.GetRows("手工改动")
	require.NoError(t, err)
	require.Len(t, changes, 13)
	require.Equal(t, []string{"wang", "0020240101", "张三", "task1.image", "给分", "1/40", "1/40", "60/100?", "90/100", "镜像是抄的"}, changes[1][1:])
	details, err := f.GetRows("明细")
	require.NoError(t, err)
	require.Equal(t, []string{"手工改为", "改分理由"}, details[0][15:])
	require.Equal(t, []string{"1", "镜像是抄的"}, details[1][15:])
	// The task's sheet has what counts: what was set, marked, for what was judged.
	tasks, err := f.GetRows("任务 1")
	require.NoError(t, err)
	require.Equal(t, []string{"小计", "手工改为", "迟交扣分", "得分", "满分", "得分率", "主要原因", "改分理由", "成绩单", "明细"}, tasks[0][6:])
	require.Equal(t, []string{"10", "1", "12.5", "10", "33.5", "", "", "33.5", "40", "84%"}, tasks[1][2:12])
	require.Equal(t, []string{"", "免计", "", "免计", "0"}, append([]string{""}, tasks[3][7:11]...))
	tasks, err = f.GetRows("任务 2")
	require.NoError(t, err)
	require.Equal(t, []string{"20", "免计", "20", "", "", "20", "20", "100%"}, tasks[2][2:10])
	require.Equal(t, []string{"20", "30", "50", "", "-9", "41", "60", "68%"}, tasks[4][2:10])
	require.Equal(t, []string{"0", "0", "0", "20", "", "20", "60", "33%"}, tasks[5][2:10])
	struck := func(sheet, cell string) bool {
		id, err := f.GetCellStyle(sheet, cell)
		require.NoError(t, err)
		st, err := f.GetStyle(id)
		require.NoError(t, err)
		return st.Font.Strike
	}
	require.True(t, struck("成绩单", cell("任务 2\n60 分", 4)), "what was judged is struck out")
	require.False(t, struck("成绩单", cell("任务 2\n60 分", 3)))
	// Typed points go before all of it.
	require.NoError(t, f.SetCellValue("成绩单", cell("改分", 5), 70))
	calc, err := f.CalcCellValue("成绩单", cell("最终得分", 5))
	require.NoError(t, err)
	require.Equal(t, "70", calc)
}
