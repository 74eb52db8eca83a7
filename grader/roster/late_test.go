package roster_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/roster"
)

const lateClass = `class: L
rubric: ha-lb
cluster: {sim: lab}
roster: L.csv
late: {due: 2024-06-01T23:59:00+08:00, per_day: 10%, column: 截止时间}
`

// Times of single students are as people and worksheets write them.
func TestOwnDueTimes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "classes/L.yaml", lateClass)
	want := time.Date(2024, 6, 8, 23, 59, 0, 0, time.FixedZone("", 8*3600))
	for text, good := range map[string]bool{
		"2024-06-08 23:59": true, "2024/6/8 23:59": true, "2024-06-08 23:59:00": true, "2024-06-08T23:59": true, "2024-06-08T15:59:00Z": true,
		"2024-06-08T23:59:00+08:00": true, "45451.999305555553": true, "2024-06-08 23：59": true,
		"2024-06-08T23:59+08:00": true, "2024-06-08T15:59Z": true, "2024-06-08 23:59 +08:00": true, "2024/6/8 17:59:00+02:00": true,
		"2024-06-08T23:59+8": false,
		"2024-06-08":         false, "45451": false, "next week": false, "1e9": false, "NaN": false, "2024-06-31 10:00": false, "6-8 23:59": false,
	} {
		write(t, dir, "classes/L.csv", "学号,姓名,截止时间\n01,张三,\n02,李四,"+text+"\n")
		c, err := roster.LoadClass(t.Context(), roster.Options{Name: "L", Cwd: dir})
		if !good {
			var problems diag.Problems
			require.True(t, errors.As(err, &problems), text)
			require.Equal(t, "roster.bad_own_due", problems[0].Msg.Key)
			require.Equal(t, 3, problems[0].Pos.Line)
			continue
		}
		require.NoError(t, err, text)
		require.Len(t, c.Late.Dues, 1)
		require.True(t, want.Equal(c.Late.Dues["02"]), "%s is %s", text, c.Late.Dues["02"])
	}
	write(t, dir, "classes/L.csv", "学号,姓名,截止时问\n01,张三,\n")
	_, err := roster.LoadClass(t.Context(), roster.Options{Name: "L", Cwd: dir})
	var problems diag.Problems
	require.True(t, errors.As(err, &problems))
	require.Equal(t, "roster.no_due_column", problems[0].Msg.Key)
	require.Equal(t, "截止时问", problems[0].Hint.Args["word"])
}

// TestOwnDueTimesOfAList: a list in the class's file has them as a roster's file does,
// blank ones too.
func TestOwnDueTimesOfAList(t *testing.T) {
	dir := t.TempDir()
	for _, blank := range []string{`""`, `" "`, "~", ""} {
		write(t, dir, "classes/L.yaml", `class: L
rubric: ha-lb
cluster: {sim: lab}
students:
  - {id: "01", name: 张三, due: `+blank+`}
  - {id: "02", name: 李四, due: "2024-06-08T23:59+08:00"}
late: {due: 2024-06-01T23:59+08:00, per_day: 10%, column: due}
`)
		c, err := roster.LoadClass(t.Context(), roster.Options{Name: "L", Cwd: dir})
		require.NoError(t, err, blank)
		require.Len(t, c.Late.Dues, 1)
		require.Equal(t, "2024-06-08 23:59", c.Late.Dues["02"].Format("2006-01-02 15:04"))
		require.Equal(t, "2024-06-01 23:59", c.Late.Due.Format("2006-01-02 15:04"))
		require.NotContains(t, c.Students[0].Columns, "due")
	}
	// Who names nobody is told so still.
	write(t, dir, "classes/L.yaml", "class: L\nrubric: ha-lb\ncluster: {sim: lab}\nstudents: [{id: \"\", name: 张三}]\n")
	_, err := roster.LoadClass(t.Context(), roster.Options{Name: "L", Cwd: dir})
	require.Error(t, err)
}
