package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
)

// TestWorkbookStatistics: only what is graded counts, and a class that nobody
// judged divides by nothing.
func TestWorkbookStatistics(t *testing.T) {
	f := readBack(t, workbook(t, testData(), i18n.ZH))
	recalculated(t, f)
	rows, err := f.GetRows("统计")
	require.NoError(t, err)
	require.Equal(t, [][]string{
		{"", "得分率", "学生"}, {"", "90–100%", "1"}, {"", "80–89%", "2"}, {"", "70–79%", "1"}, {"", "60–69%", "0"}, {"", "0–59%", "1"},
		{"", "有最终成绩的人数", "5"}, {"", "平均分", "76.7"}, {"", "中位数", "85"}, {"", "最高分", "100"}, {"", "最低分", "40"},
	}, rows[:11])
	require.Equal(t, []string{"1", "任务一：高可用性", "40", "6", "35"}, rows[13])
	require.Equal(t, []string{"任务", "检查项", "满分", "满分人数", "得部分分", "没得分", "其中前一项没过", "未评", "通过率", "平均分"}, rows[16])
	require.Equal(t, []string{"1", "使用指定镜像", "7.5", "5", "0", "1", "0", "0", "83%", "6.25"}, rows[18])
	require.Equal(t, []string{"2", "请求均匀分到各副本", "40", "2", "1", "1", "1", "1", "50%", "26.25"}, rows[22])

	d := testData()
	for i := range d.Students {
		d.Students[i].Verdicts, d.Students[i].Overrides, d.Students[i].Missing = nil, nil, nil
	}
	f = readBack(t, workbook(t, d, i18n.EN))
	recalculated(t, f)
	require.Equal(t, "0", value(t, f, "Statistics", "C6"))
	require.Empty(t, value(t, f, "Statistics", "C8"))
}

// TestStatisticsFollowTheHand: what an instructor types, and what was set of a check, is
// in the statistics and their pictures.
func TestStatisticsFollowTheHand(t *testing.T) {
	f := readBack(t, workbook(t, handedData(), i18n.ZH))
	recalculated(t, f)
	rows, err := f.GetRows("统计")
	require.NoError(t, err)
	require.Equal(t, []string{"1", "使用指定镜像", "7.5", "4", "1", "1", "0", "0", "67%", "5.17"}, rows[18], "one was set to 1 of 7.5")

	require.Equal(t, []string{"3", "1"}, []string{value(t, f, "统计", "C2"), value(t, f, "统计", "C3")})
	l := bookOf(handedData(), i18n.ZH).layout()
	require.NoError(t, f.SetCellValue("成绩单", ref(l.override, 2), 85)) // an instructor types
	require.NoError(t, f.UpdateLinkedValue())
	for cell, want := range map[string]string{"C2": "2", "C3": "2"} {
		got, err := f.CalcCellValue("统计", cell)
		require.NoError(t, err)
		require.Equal(t, want, got, cell)
	}
}
