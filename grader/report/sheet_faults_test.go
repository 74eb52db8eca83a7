package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/takeback"
)

// faultData is a class of which one recovered, one did not, one was not hit,
// and one was never judged on it.
func faultData() *result.Data {
	d := testData()
	add := func(id, kind string) *rubric.Check {
		return &rubric.Check{ID: id, Kind: kind, Task: "1", Points: 200, Title: text(id, id)}
	}
	d.Rubric.Tasks[0].Checks = append(d.Rubric.Tasks[0].Checks,
		add("task1.recovers", "recovers"), add("task1.available", "available"), add("task1.outage", "outage"))
	give := func(i int, message string, outcome check.Outcome, facts ...check.Facts) {
		for k, id := range []string{"task1.recovers", "task1.available", "task1.outage"} {
			d.Students[i].Verdicts = append(d.Students[i].Verdicts, judge.Verdict{
				Check: id, Task: "1", Max: 200, Outcome: outcome, Message: said(message), Observed: facts[min(k, len(facts)-1)],
			})
		}
	}
	give(0, "停机后 18.4 秒恢复", check.Pass,
		check.Facts{"target": "manager-2", "hit": 1, "before": 2, "down_s": 11.4, "replaced_s": 18.4, "answering_s": 18.0, "recovered_s": 18.4},
		check.Facts{"target": "manager-2", "hit": 1, "before": 2, "failed_share": 0.324, "failed": 24, "requests": 74},
		check.Facts{"target": "manager-2", "outage_s": 0.2})
	give(1, "停机后 107 秒只有 1 个在运行", check.Fail,
		check.Facts{"target": "manager-2", "hit": 1.0, "before": 2.0, "down_s": 12.0, "replaced_s": nil, "answering_s": nil, "recovered_s": nil})
	give(2, hostile, check.Ungraded, check.Facts{"missing": "window", "target": hostile})
	return d
}

func TestWorkbookFaults(t *testing.T) {
	f := readBack(t, workbook(t, faultData(), i18n.ZH))
	require.Equal(t, []string{"成绩", "明细", "统计", "故障", "评分标准", "运行信息", takeback.SheetName}, f.GetSheetList())
	rows, err := f.GetRows("故障")
	require.NoError(t, err)
	require.Equal(t, []string{"学号", "姓名", "故障节点", "受损/原有任务", "被发现（秒）", "补齐（秒）", "应答（秒）", "恢复（秒）", "失败请求", "最长中断（秒）", "结果"}, rows[0])
	require.Equal(t, []string{"0020240101", "张三", "manager-2", "1 / 2", "11.4", "18.4", "18", "18.4", "32%", "0.2", "停机后 18.4 秒恢复"}, rows[1])
	require.Equal(t, []string{"0020240102", "欧阳娜娜", "manager-2", "1 / 2", "12", "–", "–", "–", "–", "–", "停机后 107 秒只有 1 个在运行"}, rows[2])
	require.Equal(t, []string{"–", "–", "–"}, rows[3][4:7], "ungraded: nothing is known")
	require.Len(t, rows, 6, "three students and two faults")
	require.Equal(t, "故障：manager-2（node-stop），2024-11-21 10:31:00 +08:00 注入，60 秒后撤销", rows[4][0])
	require.Contains(t, rows[5][0], "没有撤销")
	for _, row := range []string{"2", "4"} {
		kind, err := f.GetCellType("故障", "A"+row)
		require.NoError(t, err)
		require.NotZero(t, kind, "IDs are text")
	}
	require.Equal(t, "0.324", value(t, f, "故障", "I2"), "a number, shown as a share")
	harmless(t, value(t, f, "故障", "C4")+value(t, f, "故障", "K4"))
	require.Empty(t, formula(t, f, "故障", "K4"))
}

func TestNoFaultsNoSheet(t *testing.T) {
	require.NotContains(t, readBack(t, workbook(t, testData(), i18n.EN)).GetSheetList(), "Faults")
}
