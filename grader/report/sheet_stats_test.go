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
	rows, err := f.GetRows("统计")
	require.NoError(t, err)
	require.Equal(t, []string{"任务", "编号", "检查项", "满分", "通过", "部分得分", "未通过", "前一项没过", "未评", "通过率", "平均分"}, rows[0])
	require.Equal(t, []string{"1", "task1.image", "使用指定镜像", "7.5", "5", "0", "1", "0", "0", "83%", "6.25"}, rows[2])
	require.Equal(t, []string{"任务 1 平均分（6 人评完）", "", "", "40", "", "", "", "", "", "", "35"}, rows[5])
	require.Equal(t, []string{"2", "task2.spread", "请求均匀分到各副本", "40", "2", "1", "0", "1", "1", "50%", "26.25"}, rows[7])
	require.Equal(t, [][]string{
		{"得分率", "90–100%", "1"}, {"得分率", "80–89%", "2"}, {"得分率", "70–79%", "1"}, {"得分率", "60–69%", "0"}, {"得分率", "0–59%", "1"},
	}, rows[len(rows)-5:])

	d := testData()
	for i := range d.Students {
		d.Students[i].Verdicts, d.Students[i].Overrides, d.Students[i].Missing = nil, nil, nil
	}
	rows, err = readBack(t, workbook(t, d, i18n.EN)).GetRows("Statistics")
	require.NoError(t, err)
	require.Equal(t, "0", rows[len(rows)-1][2])
}
