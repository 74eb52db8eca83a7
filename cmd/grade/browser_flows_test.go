package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"
	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/web"
)

// classOnPages serves a class of two on an embedded cluster, the second of whom has forgotten to scale a service.
func classOnPages(t *testing.T) (d *desk.Desk, s *served, base string) {
	t.Helper()
	return sampleOnPages(t, "gen-2")
}

// sampleOnPages serves a sample class on an embedded cluster.
func sampleOnPages(t *testing.T, sample string) (d *desk.Desk, s *served, base string) {
	t.Helper()
	a := &app{command: command{Stdout: t.Output(), Stderr: t.Output(), Getenv: func(string) string { return "" }}, dir: t.TempDir(), haproxy: proxyEmbedded}
	a.ui = newUI(a.command, a.lang())
	s = a.newServed()
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	o := a.deskOptions(s, grader.Select{Class: sample})
	o.Every = -1
	d, err := desk.New(t.Context(), o)
	require.NoError(t, err)
	require.NoError(t, s.warm(t.Context(), roster.Cluster{Sim: sample}))
	site := web.New(web.Options{Desk: d, Lang: i18n.EN})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := site.Server()
	over := make(chan struct{})
	go func() { defer close(over); _ = srv.Serve(site.Listener(l)) }()
	t.Cleanup(func() {
		_ = srv.Close()
		site.Close()
		<-over
		require.NoError(t, d.Close(context.WithoutCancel(t.Context())))
	})
	return d, s, "http://" + l.Addr().String()
}

var (
	scaling = regexp.MustCompile(`docker service scale (\S+)=(\d+)`)
	summed  = regexp.MustCompile(`查完.*?([0-9.]+) ?(?:/|分（满分) ?([0-9.]+)`)
)

// types does to a service what a hint says.
func types(t *testing.T, s *served, hint string) {
	t.Helper()
	m := scaling.FindStringSubmatch(hint)
	require.NotNil(t, m, "a command to type: %s", hint)
	n, err := strconv.ParseUint(m[2], 10, 64)
	require.NoError(t, err)
	api, err := client.NewClientWithOpts(client.WithHost(s.sim.Endpoints()[0]), client.WithAPIVersionNegotiation())
	require.NoError(t, err)
	defer api.Close()
	svc, _, err := api.ServiceInspectWithRaw(t.Context(), m[1], swarm.ServiceInspectOptions{})
	require.NoError(t, err)
	svc.Spec.Mode.Replicated.Replicas = &n
	_, err = api.ServiceUpdate(t.Context(), svc.ID, svc.Version, svc.Spec, swarm.ServiceUpdateOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		all, err := api.ServiceList(t.Context(), swarm.ServiceListOptions{Status: true})
		for _, x := range all {
			if x.ID == svc.ID && x.ServiceStatus != nil {
				return err == nil && x.ServiceStatus.RunningTasks == n
			}
		}
		return false
	}, 20*time.Second, 20*time.Millisecond)
}

// TestBrowser has a student and an instructor at the pages of one class, each in a browser's window: nothing of a
// page fails, nothing is asked of anybody else, and what one does the other sees.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser and an embedded cluster")
	}
	program := startBrowser(t)
	d, s, base := classOnPages(t)
	ctx := t.Context()
	made, err := d.NewLinks(ctx, grader.LinkOptions{Students: []string{"2024000002"}, Teacher: true})
	require.NoError(t, err)
	require.Len(t, made, 2)
	events, stop := d.Subscribe(desk.Class, d.Now())
	defer stop()
	require.NoError(t, d.Start(ctx, desk.RunOptions{NoFault: true}))
	require.Empty(t, wait[desk.RunOver](t, events, nil).Failed)

	teacher, student := openTab(t, program, base, "en"), openTab(t, program, base, "zh-CN,zh;q=0.9")
	teacher.visit("/k/" + made[0].Token)
	require.Equal(t, base+"/class", eval[string](teacher, "location.href"), "without the token")
	require.Equal(t, "en", eval[string](teacher, "document.documentElement.lang"))
	require.Contains(t, teacher.text("#grid"), "2024000002")
	// What comes to the class's page from now on is kept.
	eval[bool](teacher, `window.seen = []; new MutationObserver(() => window.seen.push(document.querySelector('main').innerText)).observe(document.querySelector('main'), {childList: true, subtree: true, characterData: true}), true`)

	student.visit("/k/" + made[1].Token)
	require.Equal(t, base+"/me", eval[string](student, "location.href"))
	require.Equal(t, "zh-CN", eval[string](student, "document.documentElement.lang"))
	require.Contains(t, student.text("h1"), "李雨桐")
	require.NotContains(t, student.text("main"), "2024000001")
	check := func() (points, of string) {
		t.Helper()
		before := student.text("#check")
		student.goes("#go")
		student.until(`document.querySelector('#go') && /查完/.test(document.querySelector('#check').innerText) && document.querySelector('#check').innerText !== ` + strconv.Quote(before))
		m := summed.FindStringSubmatch(student.text("#check"))
		require.NotNil(t, m, student.text("#check"))
		return m[1], m[2]
	}
	points, of := check()
	require.NotEqual(t, of, points, "something is to be mended")
	teacher.until(`window.seen.some(text => /\b1 (going on|checking now)/.test(text.replace(/\s+/g, ' ')))`) // as it went on

	// The hint is copied, typed, and helps.
	const copies = `#check .check.fail pre.commands button.copy`
	student.click(copies)
	student.until(`document.querySelector('` + copies + `').textContent === document.body.dataset.copied`)
	types(t, s, eval[string](student, "navigator.clipboard.readText()"))
	points, of = check()
	require.Equal(t, of, points, student.text("#check"))
	require.Zero(t, eval[int](student, `document.querySelectorAll('#check .check.fail, #check .check.partial').length`))
	student.fine()

	// A request to look again, which the instructor answers by points; what one says the other sees at once.
	student.until(`document.querySelector('details.ask-new')`)
	eval[bool](student, `document.querySelector('#graded').open = true`)
	student.click("details.ask-new summary")
	student.fill("details.ask-new textarea", "我已经改好了 <img src=x onerror=alert(1)>")
	student.goes("details.ask-new button")
	teacher.goes(`nav a[href="/class/requests"]`)
	require.Contains(t, teacher.text("#requests"), "我已经改好了 <img src=x")
	require.Contains(t, teacher.text("#r1-c1"), "fail", "the check stands beside it")
	require.Contains(t, teacher.text("#count"), "1, of which 1 waits")
	teacher.fill("#r1-points", "1.5")
	teacher.fill("#r1-why", "shown in class")
	teacher.goes(`#r1 button[value="set"]`)
	require.Contains(t, teacher.text("#r1 .thread"), "shown in class")
	require.Contains(t, teacher.text("#count"), "1, of which 0 wait")
	student.until(`/shown in class/.test(document.querySelector('section.thread').textContent)`)
	eval[bool](student, `document.querySelector('#graded').open = document.querySelector('section.thread details').open = true`)
	student.fill("section.thread textarea", "谢谢老师")
	student.goes("section.thread details button")
	teacher.until(`/谢谢老师/.test(document.querySelector('#r1').innerText) && /which 1 waits/.test(document.querySelector('#count').innerText)`)

	// The student is graded again, for which nothing has to fail; the request says so when it is over.
	teacher.goes(`#r1 button[value="again"]`)
	teacher.until(`/graded again/.test(document.querySelector('#r1 .thread').innerText)`)

	teacher.goes(`nav a[href="/class/history"]`)
	require.Contains(t, teacher.text("main"), "because: shown in class")
	teacher.goes(`nav a[href="/class/findings"]`)
	teacher.goes(`nav a[href="/class/links"]`)
	require.Contains(t, teacher.text("main"), "1 of 2 students")
	teacher.click("#c0")
	teacher.goes(`button[value="chosen"]`) // it asks, and is told yes
	link := strings.TrimSpace(teacher.text("code.made"))
	require.True(t, strings.HasPrefix(link, base+"/k/"), link)
	teacher.click("#csv")
	require.Contains(t, teacher.file(), link)
	other := openTab(t, program, base, "en")
	other.visit(strings.TrimPrefix(link, base))
	require.Contains(t, other.text("h1"), "2024000001")
	other.fine()
	teacher.goes(`nav a[href="/class/files"]`)
	teacher.click("#allow")
	teacher.click("#get-csv")
	require.Regexp(t, `(?m)^2024000002,李雨桐,.*,16,40,-0.5,,55.5,`, teacher.file())
	teacher.sound(t, "/class", "/class/requests", "/class/findings", "/class/history", "/class/files", "/class/links", "/class/run", "/class/run?plan=yes", "/class?words=1", "/class/student/2024000001", "/class/student/2024000001/evidence")
	student.sound(t, "/me", "/me/attempts")
	teacher.fine()
	student.fine()
}

// TestBrowserSees holds the tests' own eyes to what they are to see: a window tells what a page does that ours may not.
func TestBrowserSees(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	program := startBrowser(t)
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/policy":
			w.Header().Set("Content-Security-Policy", "default-src 'self'")
			fmt.Fprint(w, "<!doctype html><script>document.title = 'ran'</script>")
		case "/throws":
			fmt.Fprint(w, "<!doctype html><script>setTimeout(() => { throw new Error('no') })</script>")
		case "/other":
			fmt.Fprintf(w, "<!doctype html><img src=%s/x.png>", other.URL)
		case "/fine":
			fmt.Fprint(w, "<!doctype html><p>fine<script>document.title = 'ran'</script>")
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	for path, want := range map[string]string{"/policy": "script-src-elem", "/throws": "script: ", "/other": "asked of another: " + other.URL, "/nothing": "404", "/fine": ""} {
		b := openTab(t, program, srv.URL, "en")
		b.visit(path)
		b.until("document.readyState === 'complete'")
		seen := func() string {
			b.mu.Lock()
			defer b.mu.Unlock()
			return strings.Join(b.wrong, "\n")
		}
		if want == "" {
			require.Equal(t, "ran", eval[string](b, "document.title"))
			require.NotContains(t, strings.ReplaceAll(seen(), "favicon.ico", ""), "script")
			continue
		}
		require.Eventually(t, func() bool { return strings.Contains(seen(), want) }, 10*time.Second, 10*time.Millisecond, "%s: %s", path, seen())
	}
}
