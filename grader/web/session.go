package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"swarmgrade/grader"
	"swarmgrade/grader/i18n"
)

// Request is a request with who asks.
type Request struct {
	*http.Request
	Lang i18n.Lang
	// Who asks; only on pages that are for somebody is it certain to be anybody.
	Who Who

	site    *Site
	token   string // what lets them in
	session session
	pattern string // of the page
	from    netip.Addr
}

// In reports whether somebody is known to ask.
func (q *Request) In() bool { return q.session != session{} }

// by is the instructor who asks, as what they do is recorded: by the name on their link, if there is one.
func (q *Request) by() string {
	if q.Who.Name != "" {
		return q.Who.Name
	}
	return q.Lang.T("requests.by_instructor")
}

// session is what of a token may be kept in memory.
type session [sha256.Size]byte

// A session's cookie bears the token of the link itself, so that it goes on after the
// server was started anew, and ends with the link.
const cookieName = "grade"

// cookieNames are the names of the cookie of a class's session. A browser has one jar for all ports of a host, so that
// the name is the class's: a login to one class logs nobody out of another. With "__Host-" a browser
// holds us to it that nobody but this host has set it, and only by HTTPS. Former is what
// it was called when there was one name for all classes.
func cookieNames(class string, secure bool) (own, former string) {
	if former = cookieName; secure {
		former = "__Host-" + cookieName
	}
	if class == "" {
		return former, former
	}
	sum := sha256.Sum256([]byte(class))
	return former + "-" + hex.EncodeToString(sum[:6]), former
}

// cookieAge is how long a browser keeps a link's token, in seconds; the link may end before.
const cookieAge = 180 * 24 * 3600

func (s *Site) setCookie(w http.ResponseWriter, name, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.o.Secure, SameSite: http.SameSiteLaxMode})
}

// tokenLike reports whether text may be a token at all: anything else is asked of nobody.
func tokenLike(text string) bool {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
	return len(text) >= 16 && len(text) <= 64 && strings.Trim(text, letters) == ""
}

// mostCookies is how many of a request's cookies of the session's name are looked at: a browser sends those of
// every port of the host, and what a page there made for a longer path comes first.
const mostCookies = 3

// identify finds out who asks by the cookie. Who has none is nobody; so is who has one that is no link's any more. It is
// left where it is: a student whose row is away while the roster is edited is in again with it afterwards. One of the
// former name that lets in here gets this class's; another's is left to the class whose it is.
func (s *Site) identify(w http.ResponseWriter, q *Request) error {
	in, err := s.byCookie(q, s.cookie)
	if in || err != nil || s.former == s.cookie {
		return err
	}
	if in, err = s.byCookie(q, s.former); in {
		s.setCookie(w, s.cookie, q.token, cookieAge)
		s.setCookie(w, s.former, "", -1)
	}
	return err
}

// endFormer has the browser forget a cookie of the former name that lets in here, so that who leaves, or comes by another
// link, is not let in by it again.
func (s *Site) endFormer(w http.ResponseWriter, q *Request) error {
	if s.former == s.cookie {
		return nil
	}
	was := *q
	in, err := s.byCookie(&was, s.former)
	if in {
		s.setCookie(w, s.former, "", -1)
	}
	return err
}

// byCookie looks for a link's token in the cookies of a name.
func (s *Site) byCookie(q *Request, name string) (in bool, err error) {
	all := q.CookiesNamed(name)
	for _, c := range all[:min(len(all), mostCookies)] {
		token := grader.PlainToken(c.Value)
		var who Who
		switch who, err = s.whoHas(q, token); {
		case err == nil:
			q.Who, q.token, q.session = who, token, sha256.Sum256([]byte(token))
			return true, nil
		case errors.Is(err, errNobody):
			err = nil
		}
	}
	return false, err
}

// errNobody says that a token is no link's; it does not say why.
var errNobody = errors.New("nobody's token")

// whoHas asks whose a token is. Tokens that failed are counted by where they come from and in
// all, and beyond the bounds nobody is told anything but those who have a link in force: behind one address may be a
// whole class, which whoever tries tokens there does not shut out. Token is written plainly, so that a link is one session.
func (s *Site) whoHas(q *Request, token string) (Who, error) {
	if !tokenLike(token) {
		return Who{}, errNobody
	}
	hash := session(sha256.Sum256([]byte(token)))
	if !s.guesses.may(q.from, hash) && !s.inForce(q, hash) {
		return Who{}, tooMany("web.too_many_tokens", s.limits.FailedEvery)
	}
	who, err := s.desk.WhoHas(q.Context(), token)
	switch {
	case err == nil:
		s.guesses.right(hash)
		return who, nil
	case isNobody(err):
		s.guesses.wrong(q.from, hash)
		return Who{}, errNobody
	}
	return Who{}, err
}

// inForce reports whether a token is a link's, without asking the gradebook for each.
func (s *Site) inForce(q *Request, hash session) bool {
	all, err := s.desk.Links(q.Context())
	found := false
	for i := range all {
		found = all[i].InForce && subtle.ConstantTimeCompare(all[i].Hash[:], hash[:]) == 1 || found
	}
	return err == nil && found
}

// guesses bound how many tokens may be tried.
type guesses struct {
	from *buckets[netip.Addr]

	mu   sync.Mutex
	all  *rate.Limiter
	good map[session]bool // were right before: nobody shuts them out by guessing
}

func newGuesses(l Limits) *guesses {
	return &guesses{
		from: newBuckets[netip.Addr](rate.Every(l.FailedEvery), l.Failed), all: rate.NewLimiter(rate.Every(l.FailedAllEvery), l.FailedAll),
		good: map[session]bool{},
	}
}

// may reports whether a token may be tried.
func (g *guesses) may(from netip.Addr, hash session) bool {
	g.mu.Lock()
	good, some := g.good[hash], g.all.TokensAt(time.Now()) >= 1
	g.mu.Unlock()
	return good || some && g.from.some(from)
}

func (g *guesses) right(hash session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.good) < mostKeys {
		g.good[hash] = true
	}
}

func (g *guesses) wrong(from netip.Addr, hash session) {
	g.from.take(from)
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.good, hash)
	g.all.Allow()
}

// formField is the name of the field that every form bears.
const formField = "form"

// FormToken is what a form has to bear: it follows from the session's token, tells nothing of
// it, and is of no use in another session. It is "" for nobody.
func (q *Request) FormToken() string {
	if q.token == "" {
		return ""
	}
	key := hmac.New(sha256.New, []byte(q.token))
	key.Write([]byte("swarmgrade form key"))
	sum := hmac.New(sha256.New, key.Sum(nil))
	sum.Write([]byte("form"))
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:18])
}

// mostFields bounds a form's fields.
const mostFields = 1000

// checkForm lets only requests through that a page of ours made, for the one who is in.
func (s *Site) checkForm(q *Request) error {
	if err := crossOrigin.Check(q.Request); err != nil {
		return &trouble{status: http.StatusForbidden, key: "web.cross_origin"}
	}
	if kind, _, err := mime.ParseMediaType(q.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return &trouble{status: http.StatusUnsupportedMediaType, key: "web.no_form"}
	}
	if err := q.ParseForm(); err != nil {
		if errors.As(err, new(*http.MaxBytesError)) {
			return &trouble{status: http.StatusRequestEntityTooLarge, key: "web.too_large"}
		}
		return &trouble{status: http.StatusBadRequest, key: "web.no_form"}
	}
	n := 0
	for _, values := range q.PostForm {
		n += len(values)
	}
	if n > mostFields {
		return &trouble{status: http.StatusBadRequest, key: "web.no_form"}
	}
	if q.In() && !hmac.Equal([]byte(q.PostForm.Get(formField)), []byte(q.FormToken())) {
		return &trouble{status: http.StatusForbidden, key: "web.old_form"}
	}
	return nil
}

// crossOrigin refuses what another site's page has a browser send.
var crossOrigin = http.NewCrossOriginProtection()

// back is a path of ours that a form names, "/" for anything else.
func back(to string) string {
	u, err := url.Parse(to)
	if err != nil || len(to) > 2000 || u.Host != "" || u.Scheme != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") ||
		path.Clean(u.Path) != u.Path || strings.ContainsFunc(u.Path, func(r rune) bool { return r == '\\' || r < ' ' }) {
		return "/"
	}
	return (&url.URL{Path: u.Path}).EscapedPath()
}
