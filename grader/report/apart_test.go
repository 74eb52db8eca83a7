package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// apartData is a class of three: one judged by the class's rubric with 90 of 100, one whose
// task 1 was judged by an older one where it gives 36, a check of which is gone, and the same
// with a total by hand.
func apartData() *result.Data {
	d := testData()
	d.Run.Policy, d.Faults = "best", nil
	attempts := func(sha string) []result.Attempt {
		a := result.Attempt{Task: "1", RubricID: "ha-lb", RubricVersion: 1, RubricSHA256: sha}
		b := result.Attempt{Task: "2", RubricID: "ha-lb", RubricVersion: 2, RubricSHA256: d.Rubric.SHA256}
		return []result.Attempt{a, b}
	}
	now := passing(d.Rubric)
	now[0] = verdict(d.Rubric, now[0].Check, check.Fail, 0, "why")
	old := slices.Clone(passing(d.Rubric))
	old[0].Check, old[0].Max, old[0].Points = "task1.old", 600, 600 // of 6 instead of 10
	old[5].Points, old[5].Outcome = old[5].Max-1620, check.Partial  // 16.2 are lost of 96
	d.Students = []result.Student{
		{ID: "01", Name: "张三", Verdicts: now, Attempts: attempts(d.Rubric.SHA256)},
		{ID: "02", Name: "李四", Verdicts: old, Attempts: attempts("sha256:0123456789")},
		{ID: "03", Name: "王五", Verdicts: slices.Clone(old), Attempts: attempts("sha256:0123456789")},
	}
	d.Students[2].Annotate([]result.Change{{Kind: result.SetPoints, Points: 4800, Reason: "面试"}}, d.Rubric)
	for i := range d.Students {
		d.Students[i].Complete(d.Rubric)
	}
	return d
}

// TestApart: who was judged by another rubric has a final score by that one's maximum
// wherever it is shown, and the same share where one maximum is for all; nobody else's
// maximum changes, and who it is of is said everywhere.
func TestApart(t *testing.T) {
	d := apartData()
	require.Equal(t, []result.Apart{{Task: "1", RubricID: "ha-lb", RubricVersion: 1, RubricSHA: "sha256:0123456789", Max: 3600, Now: 4000}}, d.Apart(&d.Students[1]))
	require.Empty(t, d.Apart(&d.Students[0]))
	for _, allow := range []bool{false, true} {
		o := Options{AllowUngraded: allow}
		require.Equal(t, "100", o.OutOf(d).String())
		require.Equal(t, Handed{Points: 9000}, o.Hand(d, &d.Students[0]), "90 of 100")
		require.Equal(t, Handed{Points: 8313}, o.Hand(d, &d.Students[1]), "79.8 of 96")
		require.Equal(t, Handed{Points: 5000}, o.Hand(d, &d.Students[2]), "48 of 96, by hand")
		o.Scale = 1000
		require.Equal(t, Handed{Points: 831}, o.Hand(d, &d.Students[1]))
	}
	for i := range d.Students {
		_, _, ok := d.Students[i].Final()
		require.True(t, ok)
	}
	require.Equal(t, 3, result.Summarize(d).Graded)

	for lang, words := range map[i18n.Lang][]string{
		i18n.EN: {"2 were judged by another rubric (ha-lb v1 (01234567))", "02 and 03", "→ to judge everybody by the one of today: grade regrade --class 2024A", "judged by another rubric", "Task 1\n(40; some differ)", "Automatic\n(100)"},
		i18n.ZH: {"有 2 人是按另一版评分标准（ha-lb v1 (01234567)）评的", "02、03", "→ 都按现在的评分标准重新评定：grade regrade --class 2024A", "按另一版评分标准", "任务 1\n40 分（有人不同）", "自动得分\n100 分"},
	} {
		table := string(render(t, func(b *bytes.Buffer) error { return Table(b, d, Text{Lang: lang}) }))
		flat := strings.Join(strings.Fields(table), " ")
		require.Contains(t, flat, words[0])
		require.Contains(t, flat, "grade regrade --class 2024A")
		require.Contains(t, table, "79.8/96")
		for i, name := range []bool{false, true, true} {
			detail := string(render(t, func(b *bytes.Buffer) error { return Detail(b, d, &d.Students[i], Text{Lang: lang}) }))
			require.Equal(t, name, strings.Contains(detail, "ha-lb v1 (01234567)"), "tied to those concerned")
		}
		o := Options{Lang: lang}
		csv := string(render(t, func(b *bytes.Buffer) error { return writeScores(b, d, o) }))
		rows := strings.Split(csv, "\n")
		require.Contains(t, rows[2], "79.8,96,")
		require.Contains(t, rows[2], "ha-lb v1 (01234567)")
		require.NotContains(t, rows[1], "ha-lb v1")
		require.Contains(t, rows[0], "40")
		f := readBack(t, workbook(t, d, lang))
		recalculated(t, f)
		sheet := f.GetSheetName(0)
		require.Equal(t, words[4], value(t, f, sheet, "D1"))
		require.Equal(t, words[5], value(t, f, sheet, "F1"))
		l := bookOf(d, lang).layout()
		require.Equal(t, []string{"96", "79.8"}, []string{value(t, f, sheet, ref(l.max, 3)), value(t, f, sheet, ref(l.final, 3))})
		require.Equal(t, []string{"96", "48"}, []string{value(t, f, sheet, ref(l.max, 4)), value(t, f, sheet, ref(l.final, 4))})
		require.Contains(t, value(t, f, sheet, ref(l.cause, 3)), "ha-lb v1 (01234567)")
		require.NotContains(t, value(t, f, sheet, ref(l.cause, 2)), "ha-lb v1 (01234567)")
		page := string(render(t, func(b *bytes.Buffer) error { return HTML(b, d, o) }))
		require.Contains(t, page, words[0])
	}
	got := string(render(t, func(b *bytes.Buffer) error { return JSON(b, d, i18n.EN) }))
	require.Equal(t, 2, strings.Count(got, `"version": 1`), "of the two")
	require.NotContains(t, got, `"ungraded": 4`)

	// A rubric with other words and the same points makes no difference.
	same := &result.Student{ID: "04", Verdicts: passing(d.Rubric), Attempts: d.Students[1].Attempts}
	require.Empty(t, d.Apart(same))
}
