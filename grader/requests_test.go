package grader_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/form"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/result"
)

func columnNamed(name string) form.Options { return form.Options{Column: name} }

func wish(student, task, check string) result.Request {
	return result.Request{Student: student, Task: task, Check: check, Words: []result.Word{{Text: "please look again", When: time.Now()}}}
}

// TestRequestsOfClass: who may ask what, and who may answer; nothing of it is lost when the
// class is graded again, and all of it is exported.
func TestRequestsOfClass(t *testing.T) {
	j, home := gradedClass(t, 3)
	ctx := t.Context()
	id, err := j.Ask(ctx, wish("0020240101", "", "task2.replicas"))
	require.NoError(t, err)
	all, err := j.Requests(ctx)
	require.NoError(t, err)
	require.Equal(t, "2", all[0].Task, "a check's task is found")
	require.Equal(t, j.Rubric.ID, all[0].Lab)
	for _, bad := range []result.Request{
		wish("nobody", "", ""), wish("0020240101", "", "task2.nonsense"), wish("0020240101", "3", "task2.replicas"), wish("0020240101", "9", ""),
		{Student: "0020240102", Run: "20200101-000000", Words: wish("", "", "").Words},
	} {
		_, err := j.Ask(ctx, bad)
		require.Equal(t, diag.Usage, diag.Code(err), "%v", err)
	}
	_, err = j.Ask(ctx, wish("0020240102", "3", ""))
	require.NoError(t, err, "a whole task")
	_, err = j.Ask(ctx, wish("0020240102", "", ""))
	require.NoError(t, err, "the whole lab")

	require.Equal(t, diag.Usage, diag.Code(j.Say(ctx, "0020240102", id, result.Word{Kind: result.RequestWithdrawn, When: time.Now()})), "it is another's")
	require.Equal(t, diag.Usage, diag.Code(j.Say(ctx, "", id+100, result.Word{Kind: result.RequestSaid, Text: "x", When: time.Now()})))
	require.Error(t, j.Say(ctx, "0020240101", id, result.Word{Kind: result.RequestSet, When: time.Now()}), "no student sets points")
	require.NoError(t, j.Answer(ctx, id, result.Word{Kind: result.RequestSaid, Student: true, Who: "wang", Text: "which one?", When: time.Now()}))
	require.NoError(t, j.Say(ctx, "0020240101", id, result.Word{Kind: result.RequestSaid, Text: "the first", When: time.Now()}))
	d, err := j.Standing(ctx)
	require.NoError(t, err)
	require.Len(t, d.Students[0].Requests[0].Words, 3)
	require.False(t, d.Students[0].Requests[0].Words[1].Student, "whatever a face says")
	require.Equal(t, result.RequestCount{All: 3, Open: 3}, d.Requests())

	gradeAll(t, j, home, time.Date(2024, 11, 22, 2, 30, 0, 0, time.UTC))
	d, err = j.Standing(ctx)
	require.NoError(t, err)
	require.Equal(t, 3, d.Requests().All)
	files, err := j.Export(ctx, grader.Export{Dir: filepath.Join(home, "out"), Formats: []string{"json", "xlsx", "html"}, Lang: i18n.EN, AllowUngraded: true})
	require.NoError(t, err)
	require.Len(t, files, 3)
	data, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.Contains(t, string(data), "which one?")
}

// TestTrialsOfClass: a self-check of who is in the class is kept, also before the first
// run; nobody else's.
func TestTrialsOfClass(t *testing.T) {
	j, _ := plainClass(t)
	ctx := t.Context()
	last, err := j.LastTrials(ctx)
	require.NoError(t, err)
	require.Empty(t, last)
	mark, err := j.Mark(ctx)
	require.NoError(t, err)
	require.Empty(t, mark)
	c := grader.Checked{
		Tasks: []string{"1"}, Started: time.Now(), Finished: time.Now(), Untried: true,
		Verdicts: []judge.Verdict{{Check: "task1.image", Task: "1", Outcome: check.Pass, Points: 100, Max: 100, Message: i18n.M("check.ok")}},
	}
	require.NoError(t, j.SaveTrial(ctx, "0020240101", c))
	require.Equal(t, diag.Usage, diag.Code(j.SaveTrial(ctx, "nobody", c)))
	all, err := j.Trials(ctx, "0020240101")
	require.NoError(t, err)
	require.Equal(t, c.Verdicts[0].Check, all[0].Verdicts[0].Check)
	require.Equal(t, j.Rubric.SHA256, all[0].RubricSHA256)
	_, err = j.Trials(ctx, "nobody")
	require.Equal(t, diag.Usage, diag.Code(err))
	last, err = j.LastTrials(ctx)
	require.NoError(t, err)
	require.Len(t, last, 1)
	_, err = j.Standing(ctx)
	require.Equal(t, diag.Usage, diag.Code(err), "it was never graded")
}

// TestRequestsRegraded: judged anew by a rubric of another name, the same work takes along
// what was asked about it, once.
func TestRequestsRegraded(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(home, "classes"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(home, "gradebook"), 0o755))
	ops, err := os.ReadFile("../rubrics/ha-ops.yaml")
	require.NoError(t, err)
	f, err := os.Open("gradebook/testdata/layout5.db.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	book, err := io.ReadAll(z)
	require.NoError(t, err)
	for name, data := range map[string][]byte{
		"classes/own.csv":  []byte("学号,姓名\n2024001,张三\n2024009,李四\n"),
		"classes/own.yaml": []byte("class: own\nroster: own.csv\nrubric: ha-ops\ncluster: {sim: lab}\n"),
		"gradebook/own.db": book,
		"new.yaml":         bytes.Replace(ops, []byte("id: ha-ops"), []byte("id: ops-new"), 1),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(home, name), data, 0o600))
	}
	ctx := t.Context()
	open := func(rubric string) *grader.Job {
		j, err := (&grader.Grader{Dir: home, Tool: "test"}).Open(ctx, grader.Select{Class: "own", Rubric: rubric})
		require.NoError(t, err)
		return j
	}
	before, err := open("").Requests(ctx)
	require.NoError(t, err)
	require.Len(t, before, 3)
	anew := open(filepath.Join(home, "new.yaml"))
	for range 2 {
		_, err = anew.Regrade(ctx, "", false)
		require.NoError(t, err)
		after, err := anew.Requests(ctx)
		require.NoError(t, err)
		require.Len(t, after, 3)
		for i := range after {
			require.Equal(t, before[i].Words, after[i].Words)
			require.Equal(t, before[i].Check, after[i].Check)
		}
	}
	kept, err := open("").Requests(ctx)
	require.NoError(t, err)
	require.Equal(t, before, kept)
	d, err := anew.Standing(ctx)
	require.NoError(t, err)
	require.Equal(t, 3, d.Requests().All)
}
