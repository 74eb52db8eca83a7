package web

import (
	"archive/zip"
	"bytes"
	"cmp"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

func TestFindingsPage(t *testing.T) {
	s := serveOffice(t)
	require.Contains(t, s.get("/class/findings", tokenT).Body.String(), "There is nothing to look at.")
	var many []string
	for range findingWho + 3 {
		many = append(many, idA)
	}
	for range findingsShown + 1 {
		s.stub().finds.Findings = append(s.stub().finds.Findings, finding.Finding{Kind: finding.AnothersID, Students: many, Task: "1",
			Message:  i18n.M("cli.no_student", "student", evil, "class", evil),
			Evidence: []finding.Ref{{Student: idA, Where: "snapshot", Seen: evil}}})
	}
	text := s.get("/class/findings", tokenT).Body.String()
	require.Equal(t, findingsShown, strings.Count(text, `<li class="look">`))
	require.Contains(t, text, "and 3 more")
	require.Contains(t, text, `href="/class/student/`+idA+`"`)
	require.NotContains(t, text, "<img")
	require.Equal(t, 1, strings.Count(s.get("/class/findings?page=2", tokenT).Body.String(), `<li class="look">`))
}

// What was done comes newest first, each with who did what.
func TestHistoryPage(t *testing.T) {
	s := serveOffice(t)
	s.stub().runs = someRuns()
	at := time.Date(2024, 12, 2, 9, 30, 0, 0, time.UTC)
	s.data.Students[1].History = []result.Change{{Kind: result.SetPoints, Points: rubric.Points(250), Reason: evil, Who: evil, When: at}}
	text := s.get("/class/history", tokenT).Body.String()
	last := -1
	for _, part := range []string{"withdrew it", "declined", `<li class="by-hand">`, "I have left", "20241202-010000"} {
		i := strings.Index(text, part)
		require.Greater(t, i, last, part)
		last = i
	}
	require.Contains(t, text, "took 1m0s")
	require.NotContains(t, text, "<img")
	require.NotContains(t, text, "<script>alert")
	for range historyShown {
		s.data.Students[0].History = append(s.data.Students[0].History, s.data.Students[1].History[0])
	}
	require.Equal(t, historyShown, strings.Count(s.get("/class/history", tokenT).Body.String(), `<li class="`))
	require.Contains(t, s.do(zh(ask("GET", "/class/history?page=2", tokenT, nil))).Body.String(), "批改")
}

// filesIn are the directories that downloads leave.
func filesIn(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(os.TempDir(), "grade-files-*"))
	require.NoError(t, err)
	return all
}

// Every format can be downloaded, with its name and type, and nothing of it is left.
func TestEveryFormatIsADownload(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := serveOffice(t, func(o *Options) { o.Limits.Rate, o.Limits.Burst = 1000, 1000 })
	page := s.get("/class/files", tokenT).Body.String()
	require.Contains(t, page, "give scores that are still open as if they were final")
	for _, f := range report.Formats() {
		for _, lang := range i18n.Langs {
			_, there := lang.Raw("web.file_" + f.Name)
			require.True(t, there, "%s in %s", f.Name, lang)
		}
		require.Contains(t, page, `formaction="/class/files/`+f.Name+`"`)
		w := s.get("/class/files/"+f.Name, tokenT)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		head := w.Header().Get("Content-Disposition")
		require.True(t, strings.HasPrefix(head, "attachment; "), head)
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		if f.Each == nil {
			require.Equal(t, f.Media, w.Header().Get("Content-Type"))
			require.Equal(t, f.Name+" a", w.Body.String())
			continue
		}
		require.Equal(t, "application/zip", w.Header().Get("Content-Type"))
		z, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
		require.NoError(t, err)
		require.Len(t, z.File, 2)
		require.Equal(t, "a."+f.Ext, z.File[0].Name)
	}
	require.Empty(t, filesIn(t))
	form := formOf(tokenT, "allow", "1", "item", " 实验 ", "column", "77", "scale", "20")
	require.Equal(t, http.StatusOK, s.do(ask("POST", "/class/files/blackboard", tokenT, form)).Code)
	e := s.stub().exports[len(s.stub().exports)-1]
	require.True(t, e.AllowUngraded)
	require.True(t, e.Passing, "the gradebook keeps nothing of it in mind")
	require.Equal(t, []any{"实验", "77", "20"}, []any{e.Item, e.ColumnID, e.Scale.String()})
	n := len(s.stub().exports)
	for _, query := range []string{"nothing", "..%2f..%2fetc", "csv?scale=x", "csv?scale=-1", "csv?scale=1e9", "csv?item=" + strings.Repeat("x", settingMost+1)} {
		w := s.get("/class/files/"+query, tokenT)
		require.Contains(t, []int{http.StatusNotFound, http.StatusUnprocessableEntity}, w.Code, query)
		require.Empty(t, w.Header().Get("Content-Disposition"))
	}
	require.Len(t, s.stub().exports, n)
}

// Downloads wait for one another, and only so many wait.
func TestDownloadsAreBounded(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := serveOffice(t)
	s.stub().wait = make(chan struct{})
	var wg sync.WaitGroup
	codes := make([]int, filesHeld)
	for i := range filesHeld {
		wg.Go(func() { codes[i] = s.get("/class/files/csv", tokenT).Code })
	}
	held := func() int {
		s.office.mu.Lock()
		defer s.office.mu.Unlock()
		return s.office.held
	}
	require.Eventually(t, func() bool { return held() == filesHeld }, 5*time.Second, time.Millisecond)
	w := s.get("/class/files/csv", tokenT)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	s.stub().omu.Lock()
	require.LessOrEqual(t, len(s.stub().exports), 1, "one at a time")
	s.stub().omu.Unlock()
	close(s.stub().wait)
	wg.Wait()
	require.Equal(t, slices.Repeat([]int{http.StatusOK}, filesHeld), codes)
	require.Zero(t, held())
	require.Empty(t, filesIn(t))
}

func TestLinksPage(t *testing.T) {
	s := serveOffice(t, func(o *Options) { o.Limits.Rate, o.Limits.Burst = 1000, 1000 })
	text := s.get("/class/links", tokenT).Body.String()
	require.Contains(t, text, "1 of 2 students has a link in force")
	require.NotContains(t, text, nameA)
	post := func(to string, pairs ...string) (int, string, http.Header) {
		w := s.do(ask("POST", "/class/links/"+to, tokenT, formOf(tokenT, pairs...)))
		return w.Code, w.Body.String(), w.Header()
	}
	for _, wrong := range [][]string{
		{"do", "chosen", "days", "30"}, {"do", "chosen", "days", "30", "student", "99"}, {"do", "chosen", "days", "31", "student", idA},
		{"do", "chosen", "student", idA}, {"do", "all", "days", "30"}, {"days", "30", "student", idA}, {"do", "chosen", "days", "30", "student", idA[3:]},
	} {
		code, _, _ := post("new", wrong...)
		require.Equal(t, http.StatusUnprocessableEntity, code, wrong)
	}
	require.Empty(t, s.stub().made)
	code, text, _ := post("new", "do", "chosen", "days", "30", "student", idB)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, "http://example.com/k/"+tokenB)
	require.Equal(t, []string{idB}, s.stub().made[0].Students)
	require.InDelta(t, 30*24, time.Until(s.stub().made[0].Expires).Hours(), 2)
	code, text, _ = post("new", "do", "missing", "days", "0")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, "No link was made")
	require.True(t, s.stub().made[1].Missing)
	require.Zero(t, s.stub().made[1].Expires)
	code, _, _ = post("new", "do", "teacher", "days", "1")
	require.Equal(t, http.StatusOK, code)
	require.True(t, s.stub().made[2].Teacher)

	code, text, head := post("csv", "links", tokenB+"\n"+tokenA+"\n")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, head.Get("Content-Disposition"), `attachment; filename="2024A-links.csv"`)
	require.Contains(t, text, "http://example.com/k/"+tokenA)
	for _, links := range []string{"", "x", "=cmd()", "cccccccccccccccccccccccccc", strings.Repeat(tokenA+"\n", linksFiled+1)} {
		code, text, head = post("csv", "links", links)
		require.Equal(t, http.StatusUnprocessableEntity, code)
		require.Empty(t, head.Get("Content-Disposition"))
		require.NotContains(t, text, "=cmd()")
	}

	code, _, _ = post("revoke", "do", "chosen")
	require.Equal(t, http.StatusUnprocessableEntity, code)
	code, _, head = post("revoke", "do", "chosen", "student", idA)
	require.Equal(t, http.StatusSeeOther, code)
	require.Equal(t, "/class/links", head.Get("Location"))
	require.Equal(t, []string{idA}, s.stub().revoked[0].Students)
	code, _, _ = post("revoke", "do", "teachers")
	require.Equal(t, http.StatusSeeOther, code)
	require.True(t, s.stub().revoked[1].Teacher)
	require.Empty(t, s.stub().revoked[1].Students, "of no student")
}

// Instructors have links by name, each of which ends alone.
func TestLinksOfInstructors(t *testing.T) {
	s := serveOffice(t)
	text := s.get("/class/links", tokenT).Body.String()
	require.Contains(t, text, "2 links of instructors are in force")
	require.Contains(t, text, `<bdi>王&lt;i&gt;老师</bdi>`)
	require.Contains(t, text, `name="name" value="王&lt;i&gt;老师"`)
	require.Equal(t, 1, strings.Count(text, "without a name"))
	code, _, _ := s.post("/class/links/new", tokenT, "do", "teacher", "days", "30", "name", " 李老师 ")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, []string{"李老师"}, s.stub().made[0].Names)
	code, to, _ := s.post("/class/links/revoke", tokenT, "do", "teacher", "name", "李老师")
	require.Equal(t, http.StatusSeeOther, code)
	require.Equal(t, "/class/links", to)
	require.Equal(t, grader.LinkOptions{Teacher: true, Names: []string{"李老师"}}, s.stub().revoked[0])
	code, _, _ = s.post("/class/links/revoke", tokenT, "do", "teacher")
	require.Equal(t, http.StatusUnprocessableEntity, code, "of nobody is not of all")
	require.Len(t, s.stub().revoked, 1)
}

// What an instructor does is recorded under the name on their link, if there is one.
func TestWhoDidIt(t *testing.T) {
	for name, want := range map[string]string{"王老师": "王老师", "": "instructor"} {
		s := serveOffice(t, func(o *Options) { o.NoFault = true })
		s.tokens[tokenT] = grader.Who{Teacher: true, Name: name}
		for _, form := range [][]string{{"do", "set", "points", "3", "text", "查过了"}, {"do", "again"}} {
			code, _, text := s.post("/class/requests/1", tokenT, form...)
			require.Equal(t, http.StatusSeeOther, code, text)
		}
		require.Equal(t, want, s.stub().hands[0].Who)
		require.Equal(t, want, s.stub().starts[0].Who)
		require.Equal(t, cmp.Or(name, "1"), s.stub().answers[0].Who, "a word needs no name")
		code, _, text := s.post("/class/student/"+idA+"/hand", tokenT, "what", "all", "do", "points", "points", "3", "reason", "查过了")
		require.Equal(t, http.StatusSeeOther, code, text)
		require.Equal(t, want, s.stub().hands[1].Who)

		s = serve(t)
		s.tokens[tokenT] = grader.Who{Teacher: true, Name: name}
		code, _, text = s.post("/class/run/start", tokenT, "task", "1", "nofault", "yes")
		require.Equal(t, http.StatusSeeOther, code, text)
		require.Equal(t, want, s.starts[0].Who)
	}
}

// Links lead to where the pages are, and nowhere that a request's head names beside a host.
func TestLinksLead(t *testing.T) {
	for host, want := range map[string]string{
		"grade.example.edu:8443": "https://grade.example.edu:8443", "[::1]:80": "https://[::1]:80", "a/b": "", "a b": "", "x@evil.example": "",
		"evil\r\nX: y": "", `"><script>`: "", strings.Repeat("a", 300): "",
	} {
		r := ask("GET", "/class/links", tokenT, nil)
		r.Host = host
		q := &Request{Request: r, site: serveOffice(t, func(o *Options) { o.Secure = true }).Site}
		require.Equal(t, want, q.base(), host)
		q.site = serveOffice(t, func(o *Options) { o.URL = "https://grade.example.edu" }).Site
		require.Equal(t, "https://grade.example.edu", q.base())
	}
}
