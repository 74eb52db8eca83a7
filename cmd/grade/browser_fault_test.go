package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/roster"
)

// shot keeps a picture of a window as it is now, with GRADE_SHOTS=dir.
func (b *tab) shot(name string) {
	b.t.Helper()
	if dir := os.Getenv("GRADE_SHOTS"); dir != "" {
		require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".png"), do(b, chromedp.FullScreenshot(100)), 0o644))
	}
}

// TestBrowserFault has a student check with one of their containers killed, after they were asked; an instructor agree to a fault, see it
// count down and have it undone at once; and points and a word given by hand, which the student sees as they are given.
func TestBrowserFault(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser and an embedded cluster")
	}
	program := startBrowser(t)
	ctx := t.Context()
	d, s, _ := deskOf(t)
	require.NoError(t, s.warm(ctx, roster.Cluster{Sim: "fault-lab"}))
	base := onPages(t, d)
	made, err := d.NewLinks(ctx, grader.LinkOptions{Students: []string{"2024001"}, Teacher: true})
	require.NoError(t, err)
	teacher, student := openTab(t, program, base, "en"), openTab(t, program, base, "zh-CN")
	teacher.visit("/k/" + made[0].Token)
	student.visit("/k/" + made[1].Token)
	do(student, chromedp.EmulateViewport(360, 740))

	// A container of one's own.
	own, others := runningOf(t, s.sim)["s01"], runningOf(t, s.sim)["s11"]
	student.goes("#go-kill")
	require.Equal(t, base+"/me/kill", eval[string](student, "location.href.replace(/[?#].*/, '')"))
	require.Contains(t, student.text("main"), "只动你自己的服务")
	require.Equal(t, own, runningOf(t, s.sim)["s01"], "nothing before that is answered")
	student.goes(`a[href="/me#check"]`)
	require.Equal(t, own, runningOf(t, s.sim)["s01"])
	student.goes("#go-kill")
	student.goes("#go-kill")
	student.until(`/停/.test(document.querySelector('#check').innerText)`)
	student.shot("kill-on")
	student.until(`document.querySelector('#go') && /查完/.test(document.querySelector('#check').innerText)`)
	require.NotEqual(t, own, runningOf(t, s.sim)["s01"], "one was killed")
	require.Equal(t, others, runningOf(t, s.sim)["s11"], "nobody else's")
	require.Zero(t, eval[int](student, `document.querySelectorAll('#check .check.fail, #check .check.ungraded').length`), "it came back, which was seen")
	student.shot("kill-after")

	// The class's fault.
	do(teacher, chromedp.EmulateViewport(360, 740))
	teacher.goes(`nav a[href="/class/run"]`)
	teacher.goes(`form[action="/class/run/plan"] button`)
	require.Contains(t, teacher.text(".banner.faults"), "Docker is stopped on node manager-2")
	teacher.shot("fault-plan")
	teacher.begins()
	teacher.until(`document.querySelector('.fault-now.in .clock.big')`)
	teacher.shot("fault-on")
	passing := eval[string](teacher, still)
	const clock = `(t => 60 * t[0] + +t[1])(document.querySelector('.fault-now.in .clock.big').textContent.split(':'))`
	first := eval[int](teacher, clock)
	require.Positive(t, first)
	require.LessOrEqual(t, first, 120)
	teacher.until(clock + " < " + "window.first || (window.first = " + clock + ", 0)")
	student.until(`/批改/.test(document.querySelector('main').textContent)`)
	// It is pressed for longer than it takes until the page is brought up to date, and is the same button when it is let go of.
	at := eval[[]float64](teacher, `(r => [r.x + r.width / 2, r.y + r.height / 2])((window.was = document.querySelector('#undo'), window.was.scrollIntoView({block: 'center'}), window.was.getBoundingClientRect()))`)
	mouse := input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMousePressed, X: at[0], Y: at[1], Button: input.MouseButtonLeft, ClickCount: 1}
	eval[bool](teacher, "window.since = Date.now(), true")
	call(teacher, input.DispatchMouseEvent, mouse)
	teacher.until("Date.now() - window.since > 1200")
	require.True(t, eval[bool](teacher, "window.was.isConnected"))
	mouse.Type = input.DispatchMouseEventTypeMouseReleased
	call(teacher, input.DispatchMouseEvent, mouse)
	teacher.until(`/undone by hand/.test(document.querySelector('#run').innerText)`)
	teacher.shot("fault-undone")
	require.Eventually(t, func() bool {
		for _, n := range s.sim.NodeStatuses() {
			if !n.Engine || n.State != "ready" {
				return false
			}
		}
		return true
	}, time.Minute, 20*time.Millisecond)

	// By hand.
	student.until(`/\/ ?30/.test(document.querySelector('#score').innerText)`)
	require.NotContains(t, student.text("#score"), "28.5")
	teacher.visit("/class/student/2024001")
	do(teacher, chromedp.SetValue(chromedp.CSS("#what"), "all"))
	teacher.click(`input[name="do"][value="points"]`)
	teacher.goes(`#hand form:first-of-type button`)
	require.Contains(t, teacher.text("main"), "✗", "neither points nor a reason")
	teacher.shot("hand-refused")
	teacher.fineBut("422") // which the browser tells of
	teacher.fill("#points", "28.5")
	teacher.fill("#reason", "shown in the lab <b>twice</b>")
	teacher.goes(`#hand form:first-of-type button`)
	require.Contains(t, teacher.text("main"), "Recorded")
	student.until(`/28\.5/.test(document.querySelector('#score').innerText) && /shown in the lab <b>twice/.test(document.querySelector('main').textContent)`)
	teacher.fill("#remark", "请把副本数改回三个。")
	teacher.goes(`#hand form:last-of-type button`)
	student.until(`/请把副本数改回三个/.test(document.querySelector('main').textContent)`)
	require.Contains(t, student.text("#score"), "请把副本数改回三个", "where it is seen first")
	student.shot("hand-student")
	teacher.shot("hand-teacher")
	teacher.goes(`nav a[href="/class/history"]`)
	require.Contains(t, teacher.text("main"), "because: shown in the lab <b>twice</b>")
	require.Contains(t, teacher.text("main"), "请把副本数改回三个。")
	teacher.shot("history-hand")
	teacher.goes(`nav a[href="/class"]`)
	require.Contains(t, strings.Join(strings.Fields(teacher.text("#grid")), " "), "28.5")
	teacher.fine()
	student.fine()
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		return // which TestAccessible says
	}
	b := openTab(t, program, exportedAt(t, map[string][]byte{"fault-in-force": []byte(passing)}), "en")
	b.visit("/fault-in-force")
	b.accessible(string(axe), "fault-in-force")
}

// still is a page as it stands now, for good: with its looks and without a script.
const still = `fetch(document.querySelector('link[rel=stylesheet]').href).then(r => r.text()).then(css => {
  const d = document.documentElement.cloneNode(true);
  d.querySelectorAll('script, noscript, link').forEach(e => e.remove());
  const style = document.createElement('style');
  style.textContent = css;
  d.querySelector('head').append(style);
  return '<!doctype html>' + d.outerHTML;
})`
