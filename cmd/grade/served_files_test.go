package main

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/report"
)

// TestServedFiles downloads every format of a class that was graded, each as an export writes it; the gradebook keeps nothing in mind
// of a file that nobody keeps.
func TestServedFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an embedded cluster")
	}
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	d, s, base := classOnPages(t)
	ctx := t.Context()
	made, err := d.NewLinks(ctx, grader.LinkOptions{Teacher: true})
	require.NoError(t, err)
	events, stop := d.Subscribe(desk.Class, d.Now())
	defer stop()
	teacher, page := opens(t, base+"/k/"+made[0].Token)
	form := func(pairs ...string) url.Values {
		v := url.Values{"form": {field(t, formField, page)}}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	// Before anybody was graded there is nothing to hand over, and that is said.
	early := teacher.do(http.MethodPost, "/class/files/moodle", form())
	require.NotEqual(t, http.StatusOK, early.StatusCode)
	require.NotEqual(t, http.StatusInternalServerError, early.StatusCode)
	require.NoError(t, early.Body.Close())

	require.NoError(t, d.Start(ctx, desk.RunOptions{NoFault: true}))
	require.Empty(t, wait[desk.RunOver](t, events, nil).Failed)
	settings := form("allow", "1", "item", "Lab (77)", "column", "77", "scale", "20")
	for _, f := range report.Formats() {
		res := teacher.do(http.MethodPost, "/class/files/"+f.Name, settings)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", f.Name, body)
		require.NotEmpty(t, body)
		require.Contains(t, res.Header.Get("Content-Disposition"), "attachment")
		if f.Each != nil {
			z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
			require.NoError(t, err)
			require.Len(t, z.File, 2, f.Name)
		}
	}
	require.Eventually(t, func() bool { // the last one goes once it has been read
		left, err := filepath.Glob(filepath.Join(temporary, "grade-files-*"))
		return err == nil && len(left) == 0
	}, 10*time.Second, 10*time.Millisecond)
	books, err := filepath.Glob(filepath.Join(s.a.dir, "gradebook", "gen-2.db*"))
	require.NoError(t, err)
	require.NotEmpty(t, books)
	for _, file := range books {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotContains(t, string(raw), "export:/")
	}
}
