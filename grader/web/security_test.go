package web

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/desk"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
)

// deeds are how many things were done by the desk.
func (s *served) deeds() int {
	s.mu.Lock()
	s.stub().omu.Lock()
	defer s.mu.Unlock()
	defer s.stub().omu.Unlock()
	return len(s.checks) + len(s.cancels) + len(s.stub().answers) + len(s.stub().hands) + len(s.stub().plans) + len(s.stub().starts) + len(s.stub().exports) + len(s.stub().made) + len(s.stub().revoked)
}

// tokenOf lets in whom a page is for.
func tokenOf(r Role) string {
	if r == Student {
		return tokenA
	}
	return tokenT
}

func unbounded(o *Options) { o.Limits.Rate, o.Limits.Burst = 1000, 1000 }

// Whatever form there is: without the token of its reader's own session, from elsewhere, or too large, it
// does nothing.
func TestEveryFormIsHeld(t *testing.T) {
	fields := []string{"do", "revoke", "student", idA, "days", "30", "text", "x", "points", "1", "lang", "zh", "task", "1", "id", "1"}
	attacks := map[string]func(path, token string) *http.Request{
		"without a token": func(path, token string) *http.Request { return ask("POST", path, token, url.Values{"do": {"teacher"}}) },
		"another's token": func(path, token string) *http.Request { return ask("POST", path, token, formOf(tokenB, fields...)) },
		"nearly its token": func(path, token string) *http.Request {
			f := formOf(token, fields...)
			f[formField][0] += "A"
			return ask("POST", path, token, f)
		},
		"the link's token": func(path, token string) *http.Request {
			f := formOf(token, fields...)
			f.Set(formField, token)
			return ask("POST", path, token, f)
		},
		"in the address": func(path, token string) *http.Request {
			return ask("POST", path+"?"+formOf(token, fields...).Encode(), token, url.Values{})
		},
		"cross-site":        headed("Sec-Fetch-Site", "cross-site", fields),
		"of a sister site":  headed("Sec-Fetch-Site", "same-site", fields),
		"of another origin": headed("Origin", "https://evil.example", fields),
		"of no origin":      headed("Origin", "null", fields),
		"as plain text":     headed("Content-Type", "text/plain", fields),
		"in parts":          headed("Content-Type", "multipart/form-data; boundary=x", fields),
		"without a type":    headed("Content-Type", "", fields),
		"too large": func(path, token string) *http.Request {
			return ask("POST", path, token, formOf(token, append(slices.Clone(fields), "more", strings.Repeat("x", 65<<10))...))
		},
		"too many fields": func(path, token string) *http.Request {
			f := formOf(token, fields...)
			for range mostFields {
				f.Add("student", idA)
			}
			return ask("POST", path, token, f)
		},
	}
	refused := []int{http.StatusForbidden, http.StatusUnsupportedMediaType, http.StatusRequestEntityTooLarge, http.StatusBadRequest}
	for _, x := range walk(idA) {
		method, path, r := x[0].(string), strings.ReplaceAll(x[1].(string), "/x", "/1"), x[2].(Route)
		if method != "POST" {
			continue
		}
		for name, attack := range attacks {
			t.Run(path+" "+name, func(t *testing.T) {
				s := serveOffice(t, unbounded)
				w := s.do(attack(path, tokenOf(r.Role)))
				require.Contains(t, refused, w.Code, w.Body)
				require.Zero(t, s.deeds())
				for _, c := range w.Result().Cookies() {
					require.NotEqual(t, langCookie, c.Name)
					require.GreaterOrEqual(t, c.MaxAge, 0, "nobody is sent away")
				}
				requireSecure(t, w, path)
			})
		}
	}
}

func headed(name, value string, fields []string) func(path, token string) *http.Request {
	return func(path, token string) *http.Request {
		r := ask("POST", path, token, formOf(token, fields...))
		r.Header.Set(name, value)
		return r
	}
}

// Looking does nothing: whatever address is got, nothing is done by it but a download.
func TestLookingDoesNothing(t *testing.T) {
	s := serveOffice(t, unbounded)
	for _, x := range walk(idA) {
		path, r := x[1].(string), x[2].(Route)
		if strings.HasPrefix(path, "/class/files/") || r.Streams || strings.HasPrefix(path, "/k/") {
			continue
		}
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"} {
			w := s.do(ask(method, path+"?do=teacher&days=30&student="+idA+"&task=1&kill=1&text=x", tokenOf(r.Role), nil))
			require.NotEqual(t, http.StatusInternalServerError, w.Code)
			require.Zero(t, s.deeds(), "%s %s", method, path)
		}
	}
}

// A student who names another, wherever there is room for a name, gets and does only what is their own.
func TestNamesOfOthersLeadNowhere(t *testing.T) {
	names := url.Values{}
	for _, field := range []string{"student", "id", "who", "to", "request", "user", "name", "key", "after", "page", "words", "run", "back"} {
		names.Set(field, idB)
	}
	own := formOf(tokenA, "task", "1", "text", "x", "lang", "en")
	for field, value := range names {
		own[field] = value
	}
	for _, id := range []string{idB, "2", url.PathEscape(nameB), "..%2f" + idB} { // 2 is the other's request
		for _, x := range walk(id) {
			method, path, r := x[0].(string), x[1].(string), x[2].(Route)
			if r.Streams || strings.HasPrefix(path, "/k/") {
				continue
			}
			s := serveOffice(t, unbounded)
			req := ask(method, path+"?"+names.Encode(), tokenA, nil)
			if method == "POST" {
				req = ask(method, path+"?"+names.Encode(), tokenA, own)
			}
			req.Header.Set("X-Student", idB)
			req.Header.Set("X-Forwarded-User", idB)
			w := s.do(req)
			if r.Role == Instructor {
				require.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, w.Code, path)
				require.Zero(t, s.deeds(), path)
			}
			for _, done := range append(slices.Clone(s.checks), s.cancels...) {
				require.True(t, strings.HasPrefix(done, idA), "%s did %s", path, done)
			}
			require.Empty(t, s.stub().answers)
			require.NotContains(t, w.Body.String(), nameB, path)
			require.NotContains(t, w.Body.String(), "请再看", path)
			require.NotContains(t, w.Header().Get("Location"), idB)
		}
	}
}

// What others wrote does nothing on any page, in either language, nor in what events bring.
func TestHostileTextsAreInertEverywhere(t *testing.T) {
	for _, lang := range i18n.Langs {
		s := serveOffice(t, unbounded)
		s.data.Title, s.data.Class = evil, evil
		for i := range s.data.Students {
			s.data.Students[i].Name, s.data.Students[i].Remark = nameA+evil, evil
		}
		for i := range s.class.Students {
			s.class.Students[i].Name = nameA + evil
		}
		s.stub().requests[0].Check, s.stub().requests[1].Task = evil, evil
		pages := 0
		for _, x := range walk(idA) {
			method, path, r := x[0].(string), x[1].(string), x[2].(Route)
			if method != "GET" || r.Streams || r.open || strings.HasPrefix(path, "/class/files/") || strings.HasPrefix(path, "/k/") {
				continue
			}
			req := ask("GET", path, tokenOf(r.Role), nil)
			req.Header.Set("Accept-Language", string(lang))
			w := s.do(req)
			if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				pages++
				require.Empty(t, acts(t, w.Body.String()), path)
				require.NotContains(t, w.Body.String(), "<script>alert", path)
			}
		}
		require.Greater(t, pages, 6)
		for _, x := range walk(idA) {
			if r := x[2].(Route); r.Streams {
				requireInertStream(t, lang, x[1].(string), tokenOf(r.Role))
			}
		}
	}
}

// requireInertStream holds what events bring to having nothing in it that acts.
func requireInertStream(t *testing.T, lang i18n.Lang, path, token string) {
	t.Helper()
	s := serveOffice(t, unbounded)
	for i := range s.data.Students {
		s.data.Students[i].Name, s.data.Students[i].Remark = nameA+evil, evil
	}
	for i, what := range []desk.What{
		desk.ScoreChanged{Student: idA}, desk.ScoreChanged{}, desk.RequestChanged{Student: idA, ID: 1}, desk.RequestChanged{Student: idB, ID: 2},
		desk.Queued{Student: idA, Place: 2}, desk.Started{Student: idA}, desk.Ended{Student: idA, At: time.Now()}, desk.QueueMoved{Running: 1}, desk.LinksChanged{},
		desk.RunBegan{RunState: desk.RunState{On: true, Who: evil, Began: time.Now()}}, desk.FaultOn{FaultState: desk.FaultState{Kind: "node-stop", Target: evil}},
		desk.RunStep{RunState: desk.RunState{On: true, Student: evil, Who: evil}}, desk.RunOver{RunEnded: desk.RunEnded{ID: evil, At: time.Now()}},
	} {
		s.events <- desk.Event{ID: uint64(100 + i), What: what}
	}
	close(s.events)
	req := ask("GET", path, token, nil)
	req.Header.Set("Accept-Language", string(lang))
	w := s.do(req)
	require.Equal(t, http.StatusOK, w.Code)
	brought := 0
	for line := range strings.Lines(w.Body.String()) {
		data, is := strings.CutPrefix(line, "data: [")
		if !is {
			continue
		}
		var all []Patch
		require.NoError(t, json.Unmarshal([]byte("["+data), &all))
		for _, p := range all {
			brought++
			require.Empty(t, acts(t, p.HTML), path)
			require.NotContains(t, p.HTML, "<img", path)
		}
	}
	require.NotZero(t, brought, path)
}

// No name of a file writes a header, and each is one that is kept: nothing is shown in the browser.
func TestDownloadsWriteNoHeaders(t *testing.T) {
	hostile := []string{
		"a\r\nSet-Cookie: x=y", "a\nX: y", "a\"; filename=\"evil.exe", "a;filename*=UTF-8''evil", "成绩", "\u202egpj.csv", strings.Repeat("长", 80), "a%0d%0aX: y", "\xff\xfe", ".htaccess",
	}
	for _, name := range hostile {
		t.Run(fmt.Sprintf("%.20q", name), func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			synctest.Test(t, func(t *testing.T) {
				s := serveOffice(t, unbounded)
				s.stub().file, s.class.Name = name, name
				p := s.listening(t)
				for _, raw := range []string{
					"GET /class/files/csv HTTP/1.1\r\nHost: x\r\nCookie: grade=" + tokenT + "\r\n\r\n",
					posted("/class/links/csv", tokenT, formOf(tokenT, "links", tokenB)),
				} {
					c := p.dial()
					go func() { _, _ = io.WriteString(c, raw) }()
					res, err := http.ReadResponse(bufio.NewReader(c), nil)
					require.NoError(t, err)
					_, err = io.Copy(io.Discard, res.Body)
					require.NoError(t, err)
					require.NoError(t, c.Close())
					require.Equal(t, http.StatusOK, res.StatusCode)
					require.Empty(t, res.Cookies())
					require.Empty(t, res.Header.Get("X"))
					head := res.Header.Values("Content-Disposition")
					require.Len(t, head, 1)
					require.Regexp(t, `^attachment; filename="[^"\\%;]*"; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_|~%`+"`"+`-]*$`, head[0])
					require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
					require.Equal(t, policy, res.Header.Get("Content-Security-Policy"))
				}
			})
		})
	}
}

// posted is a form as it goes over the wire.
func posted(path, token string, form url.Values) string {
	body := form.Encode()
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nCookie: grade=%s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, token, len(body), body)
}

// Who takes nothing of a file holds its place for as long as a piece may take, and no longer; nothing of it is left.
func TestSlowDownload(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		s := serveOffice(t, unbounded)
		s.stub().size = 4 << 20
		c := s.listening(t).dial()
		defer c.Close()
		_, err := io.WriteString(c, "GET /class/files/csv HTTP/1.1\r\nHost: x\r\nCookie: grade="+tokenT+"\r\n\r\n")
		require.NoError(t, err)
		synctest.Wait()
		require.Len(t, filesIn(t), 1)
		time.Sleep(DefaultLimits.Write + time.Second)
		synctest.Wait()
		require.Empty(t, filesIn(t))
		require.Zero(t, s.office.held)
	})
}

// A file that is too large is not handed out, and nothing of it is left.
func TestLargeFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := serveOffice(t)
	s.stub().size = fileMost + 1
	for _, f := range report.Formats()[:4] {
		w := s.get("/class/files/"+f.Name, tokenT)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code)
		require.Contains(t, w.Body.String(), "too large")
	}
	require.Empty(t, filesIn(t))
}

// What a class may ask for at once is bounded for each of its pages: a session that asks without end is told to
// wait, and others are answered.
func TestOneSessionFloodsNobody(t *testing.T) {
	s := serveOffice(t, func(o *Options) { o.Limits.Rate, o.Limits.Burst = 1, 20 })
	refused := 0
	for range 60 {
		if s.get("/me", tokenA).Code == http.StatusTooManyRequests {
			refused++
		}
	}
	require.GreaterOrEqual(t, refused, 39)
	require.Equal(t, http.StatusOK, s.get("/me", tokenB).Code)
	require.Equal(t, http.StatusOK, s.get("/class", tokenT).Code)
}
