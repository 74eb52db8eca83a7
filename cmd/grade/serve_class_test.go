package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var agreedField = regexp.MustCompile(`name="agreed" value="([^"]*)"`)

// wants looks at a page until it says something.
func (r *reader) wants(path, what string) (page string) {
	r.t.Helper()
	for until := time.Now().Add(4 * time.Minute); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		if page = r.get(path); strings.Contains(page, what) {
			return page
		}
	}
	r.t.Fatalf("%s never said %q: %s", path, what, page)
	return ""
}

// send fills in a form of a page and follows where it leads.
func (r *reader) send(page, path string, pairs ...string) *http.Response {
	r.t.Helper()
	form := url.Values{"form": {field(r.t, formField, page)}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return r.do(http.MethodPost, path, form)
}

// An instructor agrees to a fault, has it undone at once, and sets a score by hand, all of it without a script: nothing
// stays broken, and the student sees the score.
func TestServeRunsTheClass(t *testing.T) {
	if testing.Short() {
		t.Skip("brings up an embedded cluster")
	}
	t.Parallel()
	w := newWorld(t)
	class := "cluster: {sim: fault-lab}\nsettings: {parallel: 8, rate: 2000}\nstudents:\n"
	for _, id := range []string{"2024001", "2024002", "2024004", "2024007", "2024008", "2024011"} {
		class += "  - {id: \"" + id + "\", name: 学生}\n"
	}
	w.class(t, "six", class)
	r := w.serve(t, "six")
	teacher, page := opens(t, printedLink.FindString(r.out.String()))
	require.Contains(t, page, "Nobody just now")
	student, _ := w.studentOf(t, "six", "2024001", teacher.base)
	forbidden := student.do(http.MethodGet, "/class/run", nil)
	require.Equal(t, http.StatusForbidden, forbidden.StatusCode)
	require.NoError(t, forbidden.Body.Close())

	// The plan is shown again for as long as the cluster is another by the time.
	const plan = "/class/run?plan=yes&task=1"
	until := time.Now().Add(4 * time.Minute)
	for begun := false; !begun; {
		page = teacher.get(plan)
		require.Contains(t, page, "Docker is stopped on node manager-2")
		page = teacher.text(teacher.send(page, "/class/run/start", "task", "1", "agreed", field(t, agreedField, page)))
		begun = !strings.Contains(page, "nothing was begun")
		require.True(t, time.Now().Before(until))
	}
	require.Contains(t, page, "A run is on")
	page = teacher.wants("/class/run", "In force.")
	require.Contains(t, page, "Docker is stopped: manager-2")
	require.Contains(t, page, "data-left=")
	teacher.text(teacher.send(page, "/class/run/undo"))
	teacher.wants("/class/run", "a fault was undone by hand")
	page = teacher.get(plan)
	require.Contains(t, page, "Docker is stopped on node manager-2", "it is as it was")
	left, err := filepath.Glob(filepath.Join(w.dir, "gradebook", "*fault*"))
	require.NoError(t, err)
	for _, f := range left {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		require.Empty(t, text, f)
	}

	// By hand.
	const own = "/class/student/2024001"
	page = teacher.get(own)
	require.Contains(t, teacher.get(own+"/evidence"), "manager-2")
	refused := teacher.send(page, own+"/hand", "what", "all", "do", "points", "points", "9999", "reason", "现场演示过")
	require.Equal(t, http.StatusUnprocessableEntity, refused.StatusCode)
	require.NoError(t, refused.Body.Close())
	page = teacher.text(teacher.send(page, own+"/hand", "what", "all", "do", "points", "points", "28.5", "reason", "现场演示过"))
	require.Contains(t, page, "Recorded")
	require.Contains(t, page, "现场演示过")
	stale := teacher.send(page, own+"/hand", "what", "all", "do", "points", "points", "20", "reason", "别的老师", "seen", "0")
	require.Equal(t, http.StatusConflict, stale.StatusCode)
	require.NoError(t, stale.Body.Close())
	page = student.get("/me")
	require.Contains(t, page, `<span class="got">28.5</span>`)
	require.Contains(t, page, "现场演示过")
	require.Zero(t, r.end(t, syscall.SIGTERM), r.out.String())
	w.requireNothing(t, r, nil)
}
