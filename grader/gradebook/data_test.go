package gradebook

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

func gradedLab() *rubric.Rubric {
	rub := lab()
	text := rubric.Text{ZH: "检查", EN: "check"}
	for _, id := range []string{"1", "2"} {
		rub.Tasks = append(rub.Tasks, rubric.Task{ID: id, Title: text, Points: 2000, Checks: []*rubric.Check{
			{ID: "task" + id + ".a", Task: id, Points: 1000, Title: text},
			{ID: "task" + id + ".b", Task: id, Points: 1000, Title: text},
		}})
	}
	return rub
}

func TestData(t *testing.T) {
	ctx, g := newBook(t)
	rub := gradedLab()
	_, err := g.StandingData(ctx, rub, Rules{Attempts: Best})
	require.ErrorIs(t, err, ErrNotFound)

	one, err := g.BeginRun(ctx, begin(day, "02", "01"))
	require.NoError(t, err)
	require.NoError(t, g.SaveVerdicts(ctx, one.ID, "01", marks("1", 10, 5)))
	require.NoError(t, g.SaveVerdicts(ctx, one.ID, "02", marks("1", 10, 10)))
	require.NoError(t, g.SaveFault(ctx, one.ID, result.Fault{Kind: "node-stop", Target: "manager-2", Injected: day}))
	require.NoError(t, g.FinishRun(ctx, one.ID, Finished, day.Add(time.Minute)))
	b := begin(day.Add(time.Hour), "02")
	b.Task = "2"
	two, err := g.BeginRun(ctx, b)
	require.NoError(t, err)
	require.NoError(t, g.SaveVerdicts(ctx, two.ID, "02", marks("2", 10, 10)))
	require.NoError(t, g.FinishRun(ctx, two.ID, Finished, day.Add(2*time.Hour)))
	points := rubric.Points(1800)
	require.NoError(t, g.AddChanges(ctx, Change{"ha-lb", "01", result.Change{Kind: result.SetPoints, Points: points, Reason: "复核", Who: "王老师", When: day}}))
	require.NoError(t, g.SetRemark(ctx, "ha-lb", "02", "优秀", day))

	d, err := g.RunData(ctx, one.ID, rub, Rules{})
	require.NoError(t, err)
	require.Equal(t, "2024A", d.Class)
	require.Equal(t, []string{"02", "01"}, []string{d.Students[0].ID, d.Students[1].ID})
	require.Len(t, d.Students[0].Verdicts, 2)
	require.Equal(t, "优秀", d.Students[0].Remark)
	require.Empty(t, d.Students[1].Overrides, "a total is not that of a run of one task")
	require.Len(t, d.Students[1].History, 1)
	require.Len(t, d.Faults, 1)
	require.True(t, d.Faults[0].Restored.IsZero())

	d, err = g.StandingData(ctx, rub, Rules{Attempts: Best})
	require.NoError(t, err)
	require.Equal(t, points, d.Students[1].Overrides[0].Points)
	require.Equal(t, two.ID, d.Run.ID)
	require.Equal(t, "best", d.Run.Policy)
	require.Equal(t, "manager-2", d.Faults[0].Target)
	require.False(t, d.Students[0].Open())
	require.Len(t, d.Students[0].Verdicts, 4)
	require.Len(t, d.Students[1].Verdicts, 2, "task 2 is yet to come")
	require.False(t, d.Students[1].Open(), "which is nobody's fault")
	// All of it can be written.
	var buf bytes.Buffer
	require.NoError(t, report.Workbook(&buf, d, report.Options{Lang: i18n.ZH}))
	require.NoError(t, report.Table(&buf, d, report.Text{Lang: i18n.ZH}))
	require.NoError(t, report.JSON(&buf, d, i18n.ZH))
	require.NoError(t, report.Detail(&buf, d, &d.Students[1], report.Text{Lang: i18n.ZH}))

	again, err := g.SaveRegrades(ctx, begin(day.Add(3*time.Hour)), []Regrade{{one.ID, nil}}, day)
	require.NoError(t, err)
	d, err = g.RunData(ctx, again[0].ID, rub, Rules{})
	require.NoError(t, err)
	require.Len(t, d.Faults, 1, "a regrade judges what the fault left")
}
