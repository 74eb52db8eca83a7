package web

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader"
)

// twoClasses are served on two ports of one host, which share a browser's cookies.
func twoClasses(t *testing.T) (a, b *served, at, bt *httptest.Server, browser *http.Client) {
	t.Helper()
	a = serve(t, func(o *Options) { o.Class = "/srv/lab/gradebook/2024A.db" })
	b = serve(t, func(o *Options) { o.Class = "/srv/lab/gradebook/2024B.db" })
	delete(a.tokens, tokenB)
	b.tokens = map[string]grader.Who{tokenB: {Student: idB}}
	at, bt = httptest.NewServer(a), httptest.NewServer(b)
	t.Cleanup(at.Close)
	t.Cleanup(bt.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return a, b, at, bt, &http.Client{Jar: jar}
}

func opened(t *testing.T, c *http.Client, url string) (status int, page string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := c.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(text)
}

// Who opens the page of a second class on the same host stays in the first one's.
func TestALoginToOneClassLogsNobodyOutOfAnother(t *testing.T) {
	a, b, at, bt, browser := twoClasses(t)
	for _, link := range []string{at.URL + "/k/" + tokenA, bt.URL + "/k/" + tokenB} {
		status, _ := opened(t, browser, link)
		require.Equal(t, http.StatusOK, status)
	}
	for _, x := range []struct{ at, id string }{{at.URL, idA}, {bt.URL, idB}, {at.URL, idA}} {
		status, page := opened(t, browser, x.at+"/me")
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, page, x.id)
	}
	require.NotEqual(t, a.cookie, b.cookie)

	// And who leaves one stays in the other.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at.URL+"/bye", strings.NewReader(formOf(tokenA).Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := browser.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	status, _ := opened(t, browser, at.URL+"/me")
	require.Equal(t, http.StatusForbidden, status)
	status, _ = opened(t, browser, bt.URL+"/me")
	require.Equal(t, http.StatusOK, status)
}

// A cookie from when all classes had one name is still good for the class whose link it bears, which gives it this class's
// name; at another class it is nobody's and stays where it is.
func TestACookieOfTheFormerNameIsGoodForItsClass(t *testing.T) {
	_, _, at, bt, browser := twoClasses(t)
	host, err := url.Parse(at.URL)
	require.NoError(t, err)
	names := func() (all []string) {
		for _, c := range browser.Jar.Cookies(host) {
			all = append(all, c.Name)
		}
		return all
	}
	browser.Jar.SetCookies(host, []*http.Cookie{{Name: cookieName, Value: tokenA, Path: "/"}})
	status, _ := opened(t, browser, bt.URL+"/me")
	require.Equal(t, http.StatusForbidden, status)
	require.Equal(t, []string{cookieName}, names())
	for range 2 {
		status, page := opened(t, browser, at.URL+"/me")
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, page, idA)
		own, _ := cookieNames("/srv/lab/gradebook/2024A.db", false)
		require.Equal(t, []string{own}, names())
	}
}

// Who leaves is not let in again by a cookie of the former name; who comes by another link is not either.
func TestWhoLeavesIsNotLetInByAnOldCookie(t *testing.T) {
	for _, path := range []string{"/bye", "/k/" + tokenB} {
		s := serve(t, func(o *Options) { o.Class, o.Secure = "2024A", true })
		require.Regexp(t, "^__Host-grade-[0-9a-f]{12}$", s.cookie)
		r := ask("GET", path, "", nil)
		if path == "/bye" {
			r = ask("POST", path, "", formOf(tokenA))
		}
		r.AddCookie(&http.Cookie{Name: s.cookie, Value: tokenA})
		r.AddCookie(&http.Cookie{Name: s.former, Value: tokenT})
		w := s.do(r)
		require.Equal(t, http.StatusSeeOther, w.Code)
		last := map[string]string{}
		for _, c := range w.Result().Cookies() {
			require.True(t, c.Secure && c.HttpOnly && c.Path == "/" && c.Domain == "")
			last[c.Name] = c.Value
		}
		require.Contains(t, last, s.former)
		require.Empty(t, last[s.former])
		require.Equal(t, map[string]string{"/bye": "", "/k/" + tokenB: tokenB}[path], last[s.cookie])
	}
}
