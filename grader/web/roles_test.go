package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

var hole = regexp.MustCompile(`\{[a-z]+\}`)

// walk is every page's address, with somebody in its holes.
func walk(student string) (all [][3]any) {
	for _, r := range allPages() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		path = strings.ReplaceAll(path, "{$}", "")
		path = strings.NewReplacer("{id}", student, "{token}", tokenB, "{format}", "csv").Replace(path)
		all = append(all, [3]any{method, hole.ReplaceAllString(path, "x"), r})
	}
	return all
}

// Every page by everybody: whom it is not for gets a sentence, and a student's token never shows
// anything of another student.
func TestEveryPageByEverybody(t *testing.T) {
	for name, token := range map[string]string{"nobody": "", "student": tokenA, "instructor": tokenT, "revoked": "zzzzzzzzzzzzzzzzzzzzzzzzzz"} {
		for _, x := range walk(idB) {
			method, path, r := x[0].(string), x[1].(string), x[2].(Route)
			t.Run(name+" "+method+" "+path, func(t *testing.T) {
				s := serve(t)
				ctx, cancel := context.WithCancel(t.Context())
				if r.Streams {
					cancel() // it would listen for ever
				}
				defer cancel()
				var req *http.Request
				if method == "POST" {
					req = ask(method, path, token, formOf(token))
				} else {
					req = ask(method, path, token, nil)
				}
				w := s.do(req.WithContext(ctx))
				in := token == tokenA || token == tokenT
				mayBe := r.Role == Anyone || r.Role == Student && token == tokenA || r.Role == Instructor && token == tokenT
				if mayBe {
					require.NotEqual(t, http.StatusInternalServerError, w.Code, w.Body)
				} else {
					require.Equal(t, http.StatusForbidden, w.Code)
					require.Contains(t, w.Body.String(), "<h1>That did not work</h1>")
					require.Empty(t, s.checks)
					require.Empty(t, s.cancels)
				}
				if token != tokenT && (!in || !strings.HasPrefix(path, "/k/")) {
					for _, secret := range []string{idB, nameB, tokenB, tokenT} {
						require.NotContains(t, w.Body.String(), secret)
					}
				}
				requireSecure(t, w, path)
			})
		}
	}
}

// What another student's page would be is answered alike, be there such a student or not.
func TestNoOracle(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"/class", "/class/events"} {
		require.Equal(t, http.StatusForbidden, s.get(path, tokenA).Code)
	}
	there, none := s.get("/class/student/"+idB, tokenA), s.get("/class/student/999", tokenA)
	require.Equal(t, there.Code, none.Code)
	require.Equal(t, there.Body.String(), none.Body.String())
	// Unknown, revoked and no token at all.
	a, b := s.get("/k/cccccccccccccccccccccccccc", ""), s.get("/k/short", "")
	require.Equal(t, http.StatusForbidden, a.Code)
	require.Equal(t, a.Body.String(), b.Body.String())
	require.Empty(t, a.Result().Cookies())
}

// requireSecure holds every answer to its headers, and every page to having nothing within it that acts.
func requireSecure(t *testing.T, w *httptest.ResponseRecorder, path string) {
	t.Helper()
	h := w.Result().Header
	require.Equal(t, policy, h.Get("Content-Security-Policy"))
	require.NotContains(t, policy, "unsafe")
	require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	require.Equal(t, "DENY", h.Get("X-Frame-Options"))
	require.Contains(t, []string{"same-origin", "no-referrer"}, h.Get("Referrer-Policy"))
	for _, name := range []string{"Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Cross-Origin-Embedder-Policy", "Permissions-Policy"} {
		require.NotEmpty(t, h.Get(name), name)
	}
	if !strings.HasPrefix(path, "/assets/") {
		require.Equal(t, "no-store", h.Get("Cache-Control"))
	}
	if strings.HasPrefix(h.Get("Content-Type"), "text/html") {
		require.Empty(t, acts(t, w.Body.String()))
	}
}

// acts is what in a page could do something by itself.
func acts(t *testing.T, text string) (trouble []string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(text))
	require.NoError(t, err)
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			trouble = append(trouble, "a comment: "+n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		src := ""
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.Contains(strings.ToLower(a.Val), "javascript:") {
				trouble = append(trouble, n.Data+" "+a.Key+"="+a.Val)
			}
			if a.Key == "src" {
				src = a.Val
			}
		}
		switch n.Data {
		case "script":
			if !strings.HasPrefix(src, "/assets/") || n.FirstChild != nil {
				trouble = append(trouble, "a script of its own")
			}
		case "style", "iframe", "object", "embed", "base", "img":
			trouble = append(trouble, n.Data)
		case "form":
			post := false // or it looks for something
			for _, a := range n.Attr {
				post = post || a.Key == "method" && a.Val == "post" || a.Key == "role" && a.Val == "search"
			}
			if !post {
				trouble = append(trouble, "a form that is not sent by POST")
			}
		}
	}
	return trouble
}

// What was stored, and what is sent back, does nothing.
func TestScriptsAreInert(t *testing.T) {
	s := serve(t)
	own := s.get("/me", tokenA)
	require.Equal(t, http.StatusOK, own.Code, own.Body)
	require.Contains(t, own.Body.String(), "&lt;script&gt;alert(2)&lt;/script&gt;", "the remark is shown as it is")
	require.Contains(t, own.Body.String(), "张三&lt;script&gt;")
	require.Empty(t, acts(t, own.Body.String()))
	class := s.get("/class", tokenT)
	require.Equal(t, http.StatusOK, class.Code, class.Body)
	require.Contains(t, class.Body.String(), "张三&lt;script&gt;")
	require.Empty(t, acts(t, class.Body.String()))
	for _, path := range []string{"/%3Cscript%3Ealert(1)%3C/script%3E", "/me?x=%3Cscript%3E", "/class/student/%22%3E%3Cscript%3E"} {
		w := s.get(path, tokenT)
		require.NotContains(t, w.Body.String(), "<script>")
	}
	w := s.do(ask("POST", "/lang", tokenA, formOf(tokenA, "lang", evil, "back", evil)))
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.NotContains(t, w.Body.String(), "onerror")
}
