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
		"2024-06-08": false, "45451": false, "next week": false, "1e9": false, "NaN": false, "2024-06-31 10:00": false, "6-8 23:59": false,
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
