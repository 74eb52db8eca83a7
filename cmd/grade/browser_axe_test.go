package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/result"
)

// axeScript is the accessibility checker; it is fetched as .tools/axe says, and is not in the repository.
func axeScript(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", ".tools", "axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		const why = "no axe-core: npm ci --ignore-scripts in .tools/axe"
		if os.Getenv("GRADE_CI") == "1" {
			t.Fatal("GRADE_CI is 1 and there is " + why)
		}
		t.Skip(why)
	}
	return string(text)
}

// looks are the ways in which each page is looked at.
var looks = []struct {
	name, scheme  string
	width, height int64
}{
	{"phone-light", "light", 360, 740},
	{"phone-dark", "dark", 360, 740},
	{"desk-light", "light", 1280, 900},
	{"desk-dark", "dark", 1280, 900},
}

// found is what the checker says of a page, from what keeps somebody from using it to what is no good practice.
const found = `axe.run(document, {resultTypes: ['violations'], preload: false}).then(r => r.violations
  .map(v => v.impact + ' ' + v.id + ': ' + v.help + '\n' + v.nodes.slice(0, 5).map(n => '    ' + n.target.join(' ') + '  ' + n.html.slice(0, 160) + '\n      ' +
    n.any.concat(n.all, n.none).map(c => c.message).join('; ')).join('\n')))`

// accessible holds a page, as it is in a window now, to what an independent checker knows of how it is used with what
// people use: in two of the looks, the others are for the other language. With GRADE_SHOTS=dir it is looked at in all of them,
// and a picture of each is kept there.
func (b *tab) accessible(axe, name string) {
	b.t.Helper()
	dir := os.Getenv("GRADE_SHOTS")
	eval[bool](b, axe+"\n;true")
	odd := eval[bool](b, "document.documentElement.lang === 'en'")
	for i, look := range looks {
		if other := (i == 0 || i == 3) != odd; other && dir == "" {
			continue
		}
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}})
		do(b, chromedp.EmulateViewport(look.width, look.height))
		if all := eval[[]string](b, found); len(all) > 0 {
			b.t.Errorf("%s %s: %s", name, look.name, strings.Join(all, "\n"))
		}
		if dir != "" {
			require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+"-"+look.name+".png"), do(b, chromedp.FullScreenshot(100)), 0o644))
		}
	}
}

// TestAxeSees holds the checker itself to what it is to find, in a browser of today.
func TestAxeSees(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	axe := axeScript(t)
	program := startBrowser(t)
	page := `<!doctype html><html lang="en"><title>t</title><main><h1>h</h1>%s</main></html>`
	base := exportedAt(t, map[string][]byte{
		"fine": fmt.Appendf(nil, page, "<p>fine</p>"), "pale": fmt.Appendf(nil, page, `<p style="color:#999;background:#fff">pale</p>`),
		"nameless": fmt.Appendf(nil, page, "<button></button>"),
	})
	b := openTab(t, program, base, "en")
	for name, want := range map[string]string{"fine": "", "pale": "serious color-contrast", "nameless": "critical button-name"} {
		b.visit("/" + name)
		eval[bool](b, axe+"\n;true")
		got := strings.Join(eval[[]string](b, found), "\n")
		require.Equal(t, want == "", got == "", got)
		require.Contains(t, got, want)
	}
}

// TestAccessible has an independent checker look at every page, light and dark, narrow and wide, in both languages.
func TestAccessible(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser and an embedded cluster")
	}
	axe := axeScript(t)
	program := startBrowser(t)
	d, _, base := sampleOnPages(t, "gen-12")
	ctx := t.Context()
	made, err := d.NewLinks(ctx, grader.LinkOptions{Teacher: true, Students: []string{"2024000002", "2024000003"}})
	require.NoError(t, err)
	events, stop := d.Subscribe(desk.Class, d.Now())
	defer stop()

	early := openTab(t, program, base, "en")
	early.visit("/k/" + made[1].Token)
	early.accessible(axe, "me-before")
	teacher := openTab(t, program, base, "en")
	teacher.visit("/k/" + made[0].Token)
	teacher.accessible(axe, "class-before")
	require.NoError(t, d.Start(ctx, desk.RunOptions{NoFault: true}))
	teacher.visit("/class/run")
	teacher.until(`document.querySelector('#stop')`)
	teacher.accessible(axe, "run-on")
	require.Empty(t, wait[desk.RunOver](t, events, nil).Failed)

	// Something of everything: a check of their own, a request, a score by hand.
	_, err = d.Check(ctx, "2024000002", desk.CheckOptions{})
	require.NoError(t, err)
	wait(t, events, func(e desk.Ended) bool { return e.Student == "2024000002" })
	trials, err := d.Trials(ctx, "2024000002")
	require.NoError(t, err)
	require.NotEmpty(t, trials)
	standing, err := d.Standing(ctx)
	require.NoError(t, err)
	lost := ""
	for _, s := range standing.Students {
		for _, v := range s.Verdicts {
			if s.ID == "2024000002" && v.Outcome == "fail" {
				lost = v.Check
			}
		}
	}
	require.NotEmpty(t, lost)
	id, err := d.Ask(ctx, result.Request{Student: "2024000002", Check: lost, Words: []result.Word{{Text: "我已经改好了，请再看一遍。", When: time.Now()}}})
	require.NoError(t, err)
	_, err = d.Ask(ctx, result.Request{Student: "2024000003", Words: []result.Word{{Text: "Please look again.", When: time.Now()}}})
	require.NoError(t, err)
	require.NoError(t, d.Answer(ctx, id, result.Word{Kind: result.RequestDeclined, Who: "老师", Text: "截止以后改的不算。", When: time.Now()}))
	word := "现场演示时 HAProxy 能用。"
	_, err = d.ByHand(ctx, "2024000003", "", grader.ByHand{Kind: result.SetPoints, Points: 4250, Remark: &word, Reason: "现场演示过", Who: "老师", When: time.Now()})
	require.NoError(t, err)

	exported := exportedPages(t, base, "/k/"+made[0].Token)
	for _, lang := range []string{"en", "zh"} {
		teacher, student, nobody := openTab(t, program, base, lang), openTab(t, program, base, lang), openTab(t, program, base, lang)
		teacher.visit("/k/" + made[0].Token)
		student.visit("/k/" + made[1].Token)
		for _, p := range []struct {
			b          *tab
			name, path string
		}{
			{teacher, "class", "/class"}, {teacher, "class-filtered", "/class?words=1"}, {teacher, "student", "/class/student/2024000002"},
			{teacher, "student-by-hand", "/class/student/2024000003"}, {teacher, "evidence", "/class/student/2024000002/evidence"},
			{teacher, "run", "/class/run"}, {teacher, "plan", "/class/run?plan=yes"}, {teacher, "requests", "/class/requests"}, {teacher, "findings", "/class/findings"},
			{teacher, "history", "/class/history"}, {teacher, "files", "/class/files"}, {teacher, "links", "/class/links"}, {teacher, "none", "/class/student/nobody"},
			{student, "me", "/me"}, {student, "attempts", "/me/attempts"}, {student, "attempt", "/me/attempts/run/" + standing.Run.ID},
			{student, "trial", fmt.Sprintf("/me/attempts/check/%d", trials[0].ID)}, {student, "kill", "/me/kill"}, {student, "forbidden", "/class"},
			{nobody, "home", "/"}, {nobody, "no-link", "/k/0123456789abcdefghjkmnpqrs"},
		} {
			p.b.visit(p.path)
			p.b.until("document.readyState === 'complete'")
			eval[bool](p.b, `document.querySelectorAll('details').forEach(d => { d.open = true }), true`) // what is folded too
			p.b.accessible(axe, p.name+"-"+lang)
		}
		if pages := exported[lang]; pages != nil {
			for name := range pages {
				b := openTab(t, program, exportedAt(t, pages), lang)
				b.visit("/" + name)
				eval[bool](b, `document.querySelectorAll('details').forEach(d => { d.open = true }), true`)
				b.accessible(axe, "file-"+strings.TrimSuffix(name, ".html")+"-"+lang)
			}
		}
	}
}

// exportedPages downloads, in both languages, the class's page and a student's.
func exportedPages(t *testing.T, base, link string) map[string]map[string][]byte {
	t.Helper()
	out := map[string]map[string][]byte{}
	for _, lang := range []string{"en", "zh"} {
		teacher, page := opens(t, base+link)
		form := field(t, formField, page)
		teacher.text(teacher.do(http.MethodPost, "/lang", url.Values{"form": {form}, "lang": {lang}, "back": {"/class"}}))
		out[lang] = map[string][]byte{}
		for _, format := range []string{"html", "feedback"} {
			res := teacher.do(http.MethodPost, "/class/files/"+format, url.Values{"form": {form}, "allow": {"1"}})
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, http.StatusOK, res.StatusCode)
			if format == "html" {
				out[lang]["class.html"] = body
				continue
			}
			z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
			require.NoError(t, err)
			for _, f := range z.File {
				if !strings.Contains(f.Name, "2024000002") {
					continue
				}
				r, err := f.Open()
				require.NoError(t, err)
				out[lang]["student.html"], err = io.ReadAll(r)
				require.NoError(t, err)
				require.NoError(t, r.Close())
			}
		}
		require.Len(t, out[lang], 2)
	}
	return out
}

// exportedAt shows files as they are.
func exportedAt(t *testing.T, files map[string][]byte) (base string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text, ok := files[strings.TrimPrefix(r.URL.Path, "/")]; ok {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(text)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}
