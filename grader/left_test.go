package grader

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

// TestWhoLeft: who is taken off the roster keeps score, lateness and due time as they were
// known when graded, also once judged anew, and can be set by hand, which can be taken back.
func TestWhoLeft(t *testing.T) {
	home, at := t.TempDir(), time.Date(2024, 6, 4, 12, 0, 0, 0, time.UTC)
	require.NoError(t, os.MkdirAll(filepath.Join(home, "classes"), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(home, "gradebook"), 0o755))
	open := func(list string, sel Select) (*Job, error) {
		for name, text := range map[string]string{
			"own.csv": "学号,姓名,截止\n" + list,
			"own.yaml": "class: own\nroster: own.csv\nrubric: ha-lb\ncluster: {sim: lab}\n" +
				"late: {due: '2024-06-01T23:59:00Z', per_day: 10%, column: 截止}\n",
		} {
			require.NoError(t, os.WriteFile(filepath.Join(home, "classes", name), []byte(text), 0o600))
		}
		sel.Class = "own"
		return (&Grader{Dir: home, Tool: "test"}).Open(t.Context(), sel)
	}
	const first, second, third = "0020240101,张三,\n", "0020240102,李四,2024-06-03 23:59\n", "0020240103,王五,2024-06-30 23:59\n"
	j, err := open(first+second+third, Select{})
	require.NoError(t, err)
	book, err := gradebook.Open(t.Context(), filepath.Join(home, "gradebook", "own.db"))
	require.NoError(t, err)
	run, err := book.BeginRun(t.Context(), j.record(at))
	require.NoError(t, err)
	task, _ := j.Rubric.Task("2")
	for _, s := range j.Class.Students {
		var vs []judge.Verdict
		for _, c := range task.Checks {
			vs = append(vs, judge.Verdict{Check: c.ID, Task: "2", Outcome: check.Pass, Points: c.Points, Max: c.Points, Message: i18n.M("check.ok"), Evidence: "sha256:e"})
		}
		require.NoError(t, book.SaveVerdicts(t.Context(), run.ID, s.ID, vs))
	}
	require.NoError(t, book.FinishRun(t.Context(), run.ID, gradebook.Finished, at.Add(time.Minute)))
	require.NoError(t, book.Close())
	late := func(j *Job, run string) map[string]string {
		t.Helper()
		d, err := j.Scores(t.Context(), run)
		require.NoError(t, err)
		out := map[string]string{}
		for i := range d.Students {
			s := &d.Students[i]
			out[s.ID] = s.Task("2").Late.String()
			require.Equal(t, s.ID != "0020240101" && len(j.Class.Students) == 1, s.Left)
		}
		return out
	}
	want := late(j, "")
	require.Equal(t, map[string]string{"0020240101": "12", "0020240102": "4", "0020240103": "0"}, want, "three days, one, none")

	j, err = open(first, Select{})
	require.NoError(t, err)
	require.Equal(t, want, late(j, ""))
	require.Equal(t, want, late(j, run.ID))
	j, err = open("0020240101,张三,2024-06-30 23:59\n", Select{})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"0020240101": "0", "0020240102": "4", "0020240103": "0"}, late(j, ""), "the roster says it of whom it has")

	// By hand, by ID, name or the end of the ID; nobody else is made up.
	for _, who := range []string{"0020240102", "李四", "0102"} {
		_, err = open(first, Select{Students: []string{who}})
		require.Error(t, err, "only where it is asked for")
		j, err = open(first, Select{Students: []string{who}, Left: true})
		require.NoError(t, err)
		done, err := j.ByHand(t.Context(), ByHand{Kind: result.SetPoints, Points: 5000, Reason: "面试", When: at})
		require.NoError(t, err)
		require.Equal(t, []string{"0020240102", "李四", "50"}, []string{done.Student.ID, done.Student.Name, done.Student.Whole().Points.String()})
		require.True(t, done.Student.Left)
		done, err = j.ByHand(t.Context(), ByHand{Kind: result.Remove, Reason: "误改", When: at})
		require.NoError(t, err)
		require.Nil(t, done.Student.Whole())
		require.Equal(t, "4", done.Student.Task("2").Late.String())
	}
	_, wrong := open(first, Select{Students: []string{"0020240199"}})
	_, err = open(first, Select{Students: []string{"0020240199"}, Left: true})
	require.Equal(t, wrong, err)
	require.Error(t, err)
	_, err = open(first, Select{Students: []string{"0020240101"}, Left: true})
	require.NoError(t, err)
}
