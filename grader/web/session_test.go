package web

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
)

func TestLinkLetsIn(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := serve(t, func(o *Options) { o.Secure = secure })
		w := s.get("/k/"+tokenA, "")
		require.Equal(t, http.StatusSeeOther, w.Code)
		require.Equal(t, "/me", w.Header().Get("Location"))
		require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
		require.NotContains(t, w.Body.String(), tokenA)
		cookies := w.Result().Cookies()
		require.Len(t, cookies, 1)
		c := cookies[0]
		require.Equal(t, map[bool]string{false: "grade", true: "__Host-grade"}[secure], c.Name)
		require.True(t, c.HttpOnly)
		require.Equal(t, secure, c.Secure)
		require.Equal(t, http.SameSiteLaxMode, c.SameSite)
		require.Equal(t, "/", c.Path)
		require.Empty(t, c.Domain)
		require.Equal(t, "/class", s.get("/k/"+tokenT, "").Header().Get("Location"))
	}
}

// A link that is revoked ends at once. The browser keeps it: a student whose row is away from the roster for a moment
// is in again afterwards.
func TestRevoked(t *testing.T) {
	s := serve(t)
	require.Equal(t, http.StatusOK, s.get("/me", tokenA).Code)
	s.revoke(tokenA)
	w := s.get("/me", tokenA)
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Empty(t, w.Result().Cookies())
	s.tokens[tokenA] = grader.Who{Student: idA}
	require.Equal(t, http.StatusOK, s.get("/me", tokenA).Code)
}

// A browser sends cookies of other ports of the host, too, and those for a longer path first.
func TestOthersCookiesShutNobodyOut(t *testing.T) {
	s := serve(t)
	r := ask("GET", "/me", "no-link-of-this-server-0000", nil)
	r.AddCookie(&http.Cookie{Name: cookieName, Value: tokenA})
	require.Equal(t, http.StatusOK, s.do(r).Code)
	r = ask("GET", "/me", "no-link-of-this-server-0000", nil)
	for range 50 {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: "no-link-of-this-server-0001"})
	}
	asked := len(s.asked)
	require.Equal(t, http.StatusForbidden, s.do(r).Code)
	require.Len(t, s.asked, asked+mostCookies)
}

// A token that is typed in several ways is one session, with one session's bounds.
func TestOneLinkIsOneSession(t *testing.T) {
	s := serve(t, func(o *Options) { o.Limits.Rate, o.Limits.Burst = 0.001, 2 })
	w := s.get("/k/"+strings.ToUpper(tokenA), "")
	require.Equal(t, tokenA, w.Result().Cookies()[0].Value)
	codes := map[int]int{}
	for n := range 10 {
		codes[s.get("/me", strings.ToUpper(tokenA[:n])+tokenA[n:]).Code]++
	}
	require.Equal(t, map[int]int{http.StatusOK: 2, http.StatusTooManyRequests: 8}, codes)
}

// Somebody behind the address of a whole class tries tokens: nobody of the class is shut out, who was never in either.
func TestGuessingShutsNobodyOut(t *testing.T) {
	s := serveOffice(t, func(o *Options) { o.Limits.Failed, o.Limits.FailedEvery = 3, time.Hour })
	s.force = []grader.LinkInfo{
		{InForce: true, Link: gradebook.Link{Hash: sha256.Sum256([]byte(tokenB))}},
		{Link: gradebook.Link{Hash: sha256.Sum256([]byte(tokenT))}}, // has ended
	}
	for n := range 5 {
		s.get(fmt.Sprintf("/k/guess%021d", n), "")
	}
	require.Equal(t, http.StatusTooManyRequests, s.get("/k/guess000000000000000000000", "").Code)
	require.Equal(t, http.StatusSeeOther, s.get("/k/"+tokenB, "").Code)
	require.Equal(t, http.StatusTooManyRequests, s.get("/k/"+tokenT, "").Code)
}

func TestHomeLeadsOn(t *testing.T) {
	s := serve(t)
	require.Equal(t, "/me", s.get("/", tokenA).Header().Get("Location"))
	require.Equal(t, "/class", s.get("/", tokenT).Header().Get("Location"))
	require.Contains(t, s.get("/", "").Body.String(), "Open your link")
	w := s.do(ask("POST", "/bye", tokenA, formOf(tokenA)))
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, -1, w.Result().Cookies()[0].MaxAge)
}

// Only a form of a page of ours, in the session that it was made for, does anything.
func TestForgedForms(t *testing.T) {
	good := func() *http.Request { return ask("POST", "/me/check", tokenA, formOf(tokenA, "task", "1")) }
	for name, c := range map[string]struct {
		r    func() *http.Request
		want int
	}{
		"as it should be": {good, http.StatusSeeOther},
		"without a token": {func() *http.Request { return ask("POST", "/me/check", tokenA, url.Values{"task": {"1"}}) }, http.StatusForbidden},
		"another's token": {func() *http.Request { return ask("POST", "/me/check", tokenA, formOf(tokenB)) }, http.StatusForbidden},
		"from elsewhere": {func() *http.Request {
			r := good()
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			return r
		}, http.StatusForbidden},
		"of another origin": {func() *http.Request {
			r := good()
			r.Header.Set("Origin", "https://evil.example")
			return r
		}, http.StatusForbidden},
		"of no origin": {func() *http.Request {
			r := good()
			r.Header.Set("Origin", "null")
			return r
		}, http.StatusForbidden},
		"token in the query": {func() *http.Request {
			return ask("POST", "/me/check?form="+(&Request{token: tokenA}).FormToken(), tokenA, url.Values{})
		}, http.StatusForbidden},
		"as JSON": {func() *http.Request {
			r := good()
			r.Header.Set("Content-Type", "application/json")
			return r
		}, http.StatusUnsupportedMediaType},
		"as plain text": {func() *http.Request {
			r := good()
			r.Header.Set("Content-Type", "text/plain")
			return r
		}, http.StatusUnsupportedMediaType},
		"by GET": {func() *http.Request { return ask("GET", "/me/check", tokenA, nil) }, http.StatusMethodNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			w := s.do(c.r())
			require.Equal(t, c.want, w.Code, w.Body)
			if c.want == http.StatusSeeOther {
				require.Equal(t, []string{idA + " 1"}, s.checks)
			} else {
				require.Empty(t, s.checks)
				require.Contains(t, w.Body.String(), "That did not work")
			}
		})
	}
	a, b := (&Request{token: tokenA}).FormToken(), (&Request{token: tokenB}).FormToken()
	require.NotEqual(t, a, b)
	require.NotContains(t, a, tokenA[:8])
}

func TestOversize(t *testing.T) {
	s := serve(t)
	w := s.do(ask("POST", "/me/check", tokenA, formOf(tokenA, "task", strings.Repeat("x", 65<<10))))
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	many := formOf(tokenA)
	for i := range mostFields {
		many.Set(fmt.Sprint("f", i), "x")
	}
	require.Equal(t, http.StatusBadRequest, s.do(ask("POST", "/me/check", tokenA, many)).Code)
	require.Empty(t, s.checks)
}

// Tokens cannot be tried without end; who is in already is shut out by nobody, and time heals.
func TestGuessing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, func(o *Options) {
			o.Limits = Limits{Failed: 5, FailedEvery: time.Minute, FailedAll: 12, FailedAllEvery: time.Minute}
		})
		require.Equal(t, http.StatusOK, s.get("/me", tokenA).Code)
		guess := func(n int, from string) int {
			r := ask("GET", fmt.Sprintf("/k/guess%021d", n), "", nil)
			if n%2 == 1 { // by cookie, too
				r = ask("GET", "/me", fmt.Sprintf("guess%021d", n), nil)
			}
			r.RemoteAddr = from
			return s.do(r).Code
		}
		refused := 0
		for n := range 20 {
			if guess(n, "192.0.2.9:1") == http.StatusTooManyRequests {
				refused++
			}
		}
		require.Equal(t, 15, refused)
		require.Equal(t, http.StatusForbidden, guess(0, "198.51.100.1:1"), "another address")
		for n := range 20 {
			guess(n, fmt.Sprintf("198.51.100.%d:1", n))
		}
		require.Equal(t, http.StatusTooManyRequests, guess(0, "203.0.113.1:1"), "all together")
		asked := len(s.asked)
		require.LessOrEqual(t, asked, 1+12)
		require.Equal(t, http.StatusOK, s.get("/me", tokenA).Code)
		w := s.get("/k/"+tokenB, "")
		require.Equal(t, http.StatusTooManyRequests, w.Code)
		require.NotEmpty(t, w.Header().Get("Retry-After"))
		time.Sleep(2 * time.Minute)
		require.Equal(t, http.StatusSeeOther, s.get("/k/"+tokenB, "").Code)
	})
}

func TestSessionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, func(o *Options) { o.Limits = Limits{Rate: 1, Burst: 3} })
		for range 3 {
			require.Equal(t, http.StatusOK, s.get("/me", tokenA).Code)
		}
		require.Equal(t, http.StatusTooManyRequests, s.get("/me", tokenA).Code)
		require.Equal(t, http.StatusOK, s.get("/me", tokenB).Code)
		time.Sleep(time.Second)
		require.Equal(t, http.StatusOK, s.get("/me", tokenA).Code)
	})
}

// Nothing that lets somebody in, and nothing that was asked for, is in the log.
func TestLog(t *testing.T) {
	s := serve(t)
	s.get("/k/"+tokenA, "")
	s.get("/me?secret=query", tokenA)
	s.get("/K/"+tokenA, "")
	s.get("//k/"+tokenA, "")
	s.get("/k/"+tokenA+"/more", "")
	s.get("/k/"+strings.ToUpper(tokenB), tokenB)
	s.broken = func() { panic("about " + tokenA) }
	require.Equal(t, http.StatusInternalServerError, s.get("/me", tokenA).Code)
	log := s.log.String()
	require.Equal(t, 7, strings.Count(log, "msg=request"))
	require.Contains(t, log, `page="GET /k/{token}"`)
	require.Contains(t, log, "who=student/"+idA)
	require.Contains(t, log, "msg=panic")
	for _, secret := range []string{tokenA, tokenB, strings.ToUpper(tokenB), "secret", "query"} {
		require.NotContains(t, log, secret)
	}
}

func TestPanicIsAPage(t *testing.T) {
	s := serve(t)
	s.broken = func() { panic("no") }
	w := s.get("/me", tokenA)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Contains(t, w.Body.String(), "The server had trouble")
	require.NotContains(t, w.Body.String(), "goroutine")
	requireSecure(t, w, "/me")
}

// A student is told what the desk refuses, and nothing of what is the server's own trouble.
func TestRefusals(t *testing.T) {
	s := serve(t)
	s.refuse = &diag.Failure{Code: "soon", Msg: i18n.M("web.too_fast", "seconds", 7)}
	w := s.do(ask("POST", "/me/check", tokenA, formOf(tokenA)))
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Contains(t, w.Body.String(), "Wait 7 seconds")
	s.refuse = &diag.Failure{Code: diag.Open, Msg: i18n.M("cli.no_student", "student", idB, "class", "x"), Cause: errors.New("dial tcp 10.0.0.7:2375")}
	w = s.do(ask("POST", "/me/check", tokenA, formOf(tokenA)))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotContains(t, w.Body.String(), "10.0.0.7")
	require.NotContains(t, w.Body.String(), idB)
	require.Contains(t, s.log.String(), "10.0.0.7")
}

func TestLanguages(t *testing.T) {
	s := serve(t)
	for _, c := range []struct{ cookie, accept, want string }{
		{"", "", "en"},
		{"", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"},
		{"", "fr, en;q=0.5, zh;q=0.7", "zh-CN"},
		{"", "fr", "en"},
		{"en", "zh-CN", "en"},
		{"zh", "en", "zh-CN"},
		{"xx", "zh", "zh-CN"},
		{"", strings.Repeat("zh-", 4000), "en"},
		{"", "\x00,;;q=q", "en"},
	} {
		r := ask("GET", "/", "", nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: langCookie, Value: c.cookie})
		}
		require.Contains(t, s.do(r).Body.String(), `<html lang="`+c.want+`">`, "%+v", c)
	}
	w := s.do(ask("POST", "/lang", tokenA, formOf(tokenA, "lang", "zh", "back", "/me")))
	require.Equal(t, "/me", w.Header().Get("Location"))
	require.Equal(t, "zh", w.Result().Cookies()[0].Value)
	require.Equal(t, http.StatusSeeOther, s.do(ask("POST", "/lang", "", url.Values{"lang": {"zh"}})).Code, "nobody chooses as well")
}

// Nothing leads to another server, and nothing that was asked for gets into a header.
func TestWhereItLeads(t *testing.T) {
	for in, want := range map[string]string{
		"/me": "/me", "/class/student/2024001": "/class/student/2024001", "/me?x=1": "/me", "/a b": "/a%20b", "": "/", "me": "/",
		"//evil.example": "/", "https://evil.example/": "/", "/\\evil.example": "/", "/%2f/evil.example": "/", "/%5cevil.example": "/",
		"/x\r\nSet-Cookie: a=b": "/", "/x%0d%0aSet-Cookie:%20a=b": "/", "javascript:alert(1)": "/", "/../x": "/", "/me/": "/",
	} {
		require.Equal(t, want, back(in), "%q", in)
	}
	s := serve(t)
	for _, path := range []string{
		"//evil.example/", "/%2f%2fevil.example", "/%0d%0aSet-Cookie:%20x=y", "/k/%0d%0aSet-Cookie:%20x=y", "/lang/../me", "/assets/../me", "/assets/%2e%2e/%2e%2e/etc/passwd",
		"/assets/x/page.css", "/assets/x/..%2f..%2fpage.css", "/me/", "/me//events", "/./me", "/class/student/..%2f..%2fetc", "/k/", "/K/" + tokenA,
	} {
		w := s.get(path, tokenT)
		require.Contains(t, []int{http.StatusNotFound, http.StatusForbidden}, w.Code, path)
		require.Empty(t, w.Header().Get("Location"), path)
		for name := range w.Header() {
			require.NotContains(t, name, "\n")
		}
		for _, c := range w.Result().Cookies() {
			require.NotEqual(t, "x", c.Name)
		}
		requireSecure(t, w, path)
	}
	w := s.do(ask("POST", "/healthz", "", url.Values{}))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
}

func TestAssets(t *testing.T) {
	s := serve(t)
	page := s.get("/", "").Body.String()
	for _, to := range []string{s.assets.style, s.assets.script} {
		require.Contains(t, page, `"`+to+`"`)
		w := s.get(to, "")
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Header().Get("Cache-Control"), "immutable")
		require.NotContains(t, w.Body.String(), "http://")
	}
	require.NotContains(t, s.get(s.assets.style, "").Body.String(), "url(")
	require.Equal(t, "ok\n", s.get("/healthz", "").Body.String())
}

func TestWhereFrom(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "[2001:db8::1:2]:443"
	r.Header.Set("X-Forwarded-For", "203.0.113.5, 198.51.100.7")
	require.Equal(t, "2001:db8::", serve(t).from(r).String(), "what anybody may write counts nothing")
	require.Equal(t, "198.51.100.7", serve(t, func(o *Options) { o.BehindProxy = true }).from(r).String())
	of := func(prefix string) *served {
		return serve(t, func(o *Options) { o.BehindProxy, o.ProxyFrom = true, []netip.Prefix{netip.MustParsePrefix(prefix)} })
	}
	require.Equal(t, "2001:db8::", of("10.0.0.0/8").from(r).String(), "whoever goes past the proxy may write what they like")
	require.Equal(t, "198.51.100.7", of("2001:db8::/32").from(r).String())
	r.RemoteAddr = "[::ffff:10.1.2.3]:9"
	require.Equal(t, "198.51.100.7", of("10.0.0.0/8").from(r).String())
}

func TestDownload(t *testing.T) {
	s := serve(t)
	w := httptest.NewRecorder()
	q := &Request{Request: ask("GET", "/class/files/csv", tokenT, nil), site: s.Site}
	require.NoError(t, q.Download(w, "../成绩\"\r\nX: y.csv", "text/csv", 3, bytes.NewReader([]byte("a,b"))))
	require.Equal(t, `attachment; filename="_____X: y.csv"; filename*=UTF-8''%E6%88%90%E7%BB%A9%22%0D%0AX%3A%20y.csv`, w.Header().Get("Content-Disposition"))
	require.Equal(t, "a,b", w.Body.String())
	require.Equal(t, `attachment; filename="file"; filename*=UTF-8''`, attachment(".."+"/"))
}

// What a student is refused is no trouble of ours: it does not fill the instructor's screen.
func TestRefusalsAreNoTrouble(t *testing.T) {
	s := serve(t)
	s.refuse = &diag.Failure{Code: "soon", Msg: i18n.M("desk.soon", "student", idA, "seconds", 3), Hint: i18n.M("desk.soon_hint")}
	require.Equal(t, http.StatusTooManyRequests, s.do(ask("POST", "/me/check", tokenA, formOf(tokenA))).Code)
	require.NotContains(t, s.log.String(), "level=ERROR")
	s.refuse = &diag.Failure{Code: "conn", Msg: i18n.M("desk.failed"), Hint: i18n.M("desk.failed_hint")}
	require.Equal(t, http.StatusServiceUnavailable, s.do(ask("POST", "/me/check", tokenA, formOf(tokenA))).Code)
	require.Contains(t, s.log.String(), "level=ERROR")
}

// What happened and what to do next are told apart on one line.
func TestWhatAndNext(t *testing.T) {
	q := &Request{Lang: i18n.EN}
	require.Equal(t, "only one can be; wait for its end", q.joined("only one can be", "wait for its end"))
	require.Equal(t, "That is it. Wait.", q.joined("That is it. ", "Wait."))
	require.Equal(t, "alone", q.joined("alone", ""))
	q.Lang = i18n.ZH
	require.Equal(t, "同一时间只能有一次；等它结束", q.joined("同一时间只能有一次", "等它结束"))
	require.Equal(t, "做不了。过一会儿再试。", q.joined("做不了。", "过一会儿再试。"))
}
