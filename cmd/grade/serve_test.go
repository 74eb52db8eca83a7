package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
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

var (
	printedLink = regexp.MustCompile(`http://127\.0\.0\.1:\d+/k/[0-9a-z]{26}`)
	formField   = regexp.MustCompile(`name="form" value="([^"]+)"`)
	afterField  = regexp.MustCompile(`data-after="(\d+)"`)
)

// reader is somebody with a browser.
type reader struct {
	t    testing.TB
	base string
	*http.Client
}

// opens follows a link that was printed.
func opens(t testing.TB, link string) (*reader, string) {
	t.Helper()
	u, err := url.Parse(link)
	require.NoError(t, err)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	r := &reader{t, "http://" + u.Host, &http.Client{Jar: jar, Transport: transport}}
	return r, r.get(u.Path)
}

func (r *reader) do(method, path string, body url.Values) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, strings.NewReader(body.Encode()))
	require.NoError(r.t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := r.Do(req)
	require.NoError(r.t, err)
	return res
}

func (r *reader) get(path string) string { return r.text(r.do(http.MethodGet, path, nil)) }

func (r *reader) text(res *http.Response) string {
	r.t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	require.Equal(r.t, http.StatusOK, res.StatusCode, string(b))
	return string(b)
}

func field(t testing.TB, form *regexp.Regexp, page string) string {
	t.Helper()
	m := form.FindStringSubmatch(page)
	require.NotNil(t, m, page)
	return m[1]
}

// A student checks themselves on the embedded cluster, the instructor looks on, and the
// server ends at once when it is told to.
func TestServe(t *testing.T) {
	if testing.Short() {
		t.Skip("brings up an embedded cluster")
	}
	w := newWorld(t)
	require.NoError(t, os.Mkdir(filepath.Join(w.dir, "classes"), 0o755))
	class := "class: mini\nrubric: ha-lb\ncluster: {sim: gen-2}\nstudents: [{id: \"2024000001\", name: 张三}, {id: \"2024000002\", name: 李四}]\n"
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "classes", "mini.yaml"), []byte(class), 0o600))
	r := w.start(t, "serve", "--class", "mini", "--listen", "127.0.0.1:0", "--verbose")
	until := time.Now().Add(2 * time.Minute)
	for printedLink.FindString(r.out.String()) == "" {
		require.True(t, time.Now().Before(until), r.out.String())
		time.Sleep(50 * time.Millisecond)
	}
	link := printedLink.FindString(r.out.String())
	teacher, page := opens(t, link)
	require.Contains(t, page, "2024000002")

	links := w.start(t, "serve", "links", "--class", "mini", "--students", "2024000001", "--url", teacher.base)
	require.NoError(t, <-links.over, links.out.String())
	student, page := opens(t, printedLink.FindString(links.out.String()))
	require.Contains(t, page, "张三")
	require.NotContains(t, page, "2024000002")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, student.base+"/me/events?after="+field(t, afterField, page), nil)
	require.NoError(t, err)
	events, err := student.Do(req)
	require.NoError(t, err)
	defer events.Body.Close()
	page = student.text(student.do(http.MethodPost, "/me/check", url.Values{"form": {field(t, formField, page)}, "task": {""}}))
	require.Contains(t, page, `id="check"`)
	lines, said := bufio.NewScanner(events.Body), ""
	lines.Buffer(nil, 1<<20)
	for !strings.Contains(said, "Checked at") {
		require.True(t, lines.Scan(), "%v: %s", lines.Err(), r.out.String())
		said += lines.Text() + "\n"
	}
	require.Contains(t, said, `now-c1`)
	require.Contains(t, student.get("/me"), "Checked at")

	begin := time.Now()
	require.Zero(t, r.end(t, syscall.SIGTERM), r.out.String())
	require.Less(t, time.Since(begin), 10*time.Second) // a loaded machine takes its time; it is made for two
	for lines.Scan() {                                 // the stream has ended
	}
	token := link[strings.LastIndexByte(link, '/')+1:]
	require.Equal(t, 1, strings.Count(r.out.String(), token), "printed once, and logged never")
	w.requireNothing(t, r, nil)
}
