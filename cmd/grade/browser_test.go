package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"swarmgrade/grader/local"
)

// chromiums are what Debian calls its browsers that show nothing.
var chromiums = []string{"chromium-headless-shell", "chromium"}

// startBrowser starts one, without anything of another start. Where there is none the test is skipped.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	var program string
	for _, name := range chromiums {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		const why = "no browser: install Debian's chromium-headless-shell or chromium"
		if os.Getenv("GRADE_CI") == "1" {
			t.Fatal("GRADE_CI is 1 and there is " + why)
		}
		t.Skip(why)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.DisableGPU,
		chromedp.ProxyServer("direct://"), chromedp.Flag("disable-component-update", true), chromedp.Flag("no-pings", true))
	if os.Getuid() == 0 { // its sandbox does not take root
		options = append(options, chromedp.NoSandbox)
	}
	all, end := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, leave := chromedp.NewContext(all)
	t.Cleanup(func() {
		leave()
		end()
	})
	require.NoError(t, chromedp.Do(ctx), "the browser starts")
	return ctx
}

// tab is a window of somebody who has nothing in common with others but the program. What of a page is
// not as it should be is kept until the end: a script's error, what the policy refused, what was
// asked of another address.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string
	down string // where downloads go

	mu    sync.Mutex
	wrong []string
	asked int           // requests
	got   chan string   // files that came
	ask   chan struct{} // a question of the page's
}

// watching says on the console what the page's policy refuses.
const watching = `document.addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI));`

func openTab(t *testing.T, program context.Context, base, languages string) *tab {
	t.Helper()
	ctx, leave := chromedp.NewContext(program, chromedp.WithNewBrowserContext())
	t.Cleanup(leave)
	require.NoError(t, chromedp.Do(ctx))
	b := &tab{t: t, ctx: ctx, base: base, down: t.TempDir(), got: make(chan string, 8), ask: make(chan struct{}, 8)}
	require.NoError(t, chromedp.Listen(ctx, b.hear))
	require.NoError(t, chromedp.ListenBrowser(ctx, b.hear))
	over := make(chan struct{})
	go b.agree(over)
	t.Cleanup(func() { close(over) })
	call(b, network.Enable, network.EnableParams{})
	call(b, cdplog.Enable, cdp.Empty{})
	call(b, runtime.Enable, cdp.Empty{})
	call(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": languages}})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watching})
	events := true
	info := call(b, target.GetTargetInfo, target.GetTargetInfoParams{})
	_, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: b.down, EventsEnabled: &events, BrowserContextID: info.TargetInfo.BrowserContextID,
	})
	require.NoError(t, err)
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted, Origin: base, BrowserContextID: info.TargetInfo.BrowserContextID,
		})
		require.NoError(t, err)
	}
	return b
}

// call has the window's browser do something.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	out, err := chromedp.Call(b.ctx, command, params)
	require.NoError(b.t, err)
	return out
}

// agree says yes to whatever a page asks.
func (b *tab) agree(over chan struct{}) {
	for {
		select {
		case <-over:
			return
		case <-b.ask:
			_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true}) // a window that is closed asks nothing
		}
	}
}

func (b *tab) hear(e any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := e.(type) {
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, "script: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, a := range e.Args {
				b.wrong = append(b.wrong, "console: "+string(a.Value)+a.Description)
			}
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			b.wrong = append(b.wrong, fmt.Sprintf("log: %s %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		b.asked++
		u, err := url.Parse(e.Request.URL)
		if ours := err == nil && (u.Scheme+"://"+u.Host == b.base || u.Scheme == "data" || e.Request.URL == "about:blank"); !ours {
			b.wrong = append(b.wrong, "asked of another: "+e.Request.URL)
		}
	case *network.EventLoadingFailed:
		if e.BlockedReason != "" {
			b.wrong = append(b.wrong, "blocked: "+string(e.BlockedReason))
		}
	case *page.EventJavascriptDialogOpening:
		b.ask <- struct{}{}
	case *browser.EventDownloadProgress:
		if e.State == browser.DownloadProgressStateCompleted {
			b.got <- filepath.Join(b.down, e.GUID)
		}
	}
}

// patience is how long anything in a window may take, a run on a fast clock included.
const patience = 40 * time.Second * local.Slower

// do does something in the window.
func do[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, action)
	if err != nil {
		b.fails(err.Error())
	}
	return out
}

// fails ends the test with what there is to see.
func (b *tab) fails(why string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText")) // for who reads the failure
	require.FailNow(b.t, why, "%s\n%s", strings.Join(b.wrong, "\n"), text)
}

// text is what stands in an element.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return do(b, chromedp.Text(chromedp.CSS(selector)))
}

// eval is what an expression of the page gives.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	return do(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// until waits for an expression of the page to be true, whatever page that is by then.
func (b *tab) until(expression string) {
	b.t.Helper()
	again, over := time.NewTicker(20*time.Millisecond), time.After(patience)
	defer again.Stop()
	for {
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")) // an error is of a page that is gone by then
		cancel()
		if err == nil && is {
			return
		}
		select {
		case <-again.C:
		case <-over:
			b.fails(fmt.Sprintf("never: %s (%v)", expression, err))
		}
	}
}

func (b *tab) click(selector string) {
	b.t.Helper()
	do(b, chromedp.Click(chromedp.CSS(selector)))
}

// fill types into a field.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	do(b, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// visit goes to an address.
func (b *tab) visit(path string) {
	b.t.Helper()
	do(b, chromedp.Navigate(b.base+path))
}

// goes clicks, and waits for the page that this leads to.
func (b *tab) goes(selector string) {
	b.t.Helper()
	eval[bool](b, "window.before = true")
	b.click(selector)
	b.until("!window.before && document.readyState === 'complete'")
}

// file is the text of the next file that comes.
func (b *tab) file() string {
	b.t.Helper()
	select {
	case file := <-b.got:
		text, err := os.ReadFile(file)
		require.NoError(b.t, err)
		return string(text)
	case <-time.After(patience):
		b.fails("no file came")
		return ""
	}
}

// fine holds everything so far to what a page may do.
func (b *tab) fine() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.wrong)
	require.NotZero(b.t, b.asked)
}
