package loadgen

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"swarmgrade/grader/evidence"
)

// Bounds of what answers may have a client remember, and of what is kept of it.
const (
	maxCookieName  = 64
	maxCookieValue = 384
	maxAttributes  = 200
	maxJar         = 8   // cookies that one client sends back
	maxSetKept     = 12  // different ones kept of one client that keeps cookies
	maxSetPlain    = 64  // and of all clients that do not
	maxVisits      = 64  // clients that keep cookies
	maxReplays     = 100 // requests each sends again
)

// visitors are the clients of a load with cookies. They come one after the other,
// so that nothing here is shared.
//
// The jar is no browser's: a cookie goes back to the address that set it and
// nowhere else, since nothing else is dialled. What a browser would not send back
// to this address is not sent back either.
type visitors struct {
	plan   evidence.Cookies
	host   string // that is asked for, no port
	path   string
	value  string // what invented ones begin with
	visits []evidence.Visit
	jar    []crumb
	jars   [][]crumb // that clients come with
	names  []string  // of all that were sent back
	now    func() time.Time
}

// crumb is one cookie of a client's.
type crumb struct{ name, value string }

// newVisitors gives nil for a load that knows no cookies.
func newVisitors(t *evidence.Target, host string) *visitors {
	if t.Cookies == (evidence.Cookies{}) {
		return nil
	}
	var b [6]byte
	_, _ = rand.Read(b[:])            // never fails
	jars, _ := crumbs(t.Cookies.Jars) // checked before
	return &visitors{jars: jars, plan: t.Cookies, host: host, path: t.Path, value: hex.EncodeToString(b[:]), now: time.Now}
}

// checkCookies holds a load with cookies to its bounds.
func checkCookies(t *evidence.Target) error {
	c := t.Cookies
	switch {
	case c == (evidence.Cookies{}):
		return nil
	case c.Clients < 0 || c.Replays < 0 || c.Plain < 0 || c.Invented < 0:
		return errors.New("a number of clients is negative")
	case c.Clients > maxVisits || c.Replays > maxReplays || c.Plain > maxSequence || c.Invented > maxSequence || t.Requests > maxSequence:
		return errors.New("there are more clients with cookies than the order of answers is kept of")
	case strings.Count(c.Jars, "\n") >= maxVisits || len(c.Jars) > maxVisits*maxJar*(maxCookieName+maxCookieValue+3):
		return errors.New("clients come with more cookies than they can keep")
	case c.Requests() != t.Requests:
		return errors.New("the clients with cookies send more requests, or fewer, than are asked for")
	case t.Workers > 1 || t.PerConnection != 1:
		return errors.New("clients with cookies come one after the other, each request on a connection of its own")
	}
	_, err := crumbs(c.Jars)
	return err
}

// crumbs reads what clients come with.
func crumbs(jars string) (out [][]crumb, err error) {
	if jars == "" {
		return nil, nil
	}
	for line := range strings.SplitSeq(jars, "\n") {
		var jar []crumb
		for pair := range strings.SplitSeq(line, "; ") {
			name, value, named := strings.Cut(pair, "=")
			if pair == "" {
				continue
			}
			if !named || name == "" || strings.ContainsFunc(pair, notInCookie) || len(jar) == maxJar {
				return nil, errors.New("a client comes with a cookie that no header can carry")
			}
			jar = append(jar, crumb{name, value})
		}
		out = append(out, jar)
	}
	return out, nil
}

// visit is the visit that a request belongs to; a client that keeps cookies
// begins with an empty jar.
func (v *visitors) visit(hit int) *evidence.Visit {
	each := 1 + v.plan.Replays
	who, from := evidence.VisitPlain, v.plan.Clients*each
	switch {
	case hit < from:
		who, from = evidence.VisitKept, hit/each*each
	case hit >= from+v.plan.Plain:
		who, from = evidence.VisitInvented, from+v.plan.Plain
	}
	if n := len(v.visits); n == 0 || v.visits[n-1].From != from || v.visits[n-1].Who != who {
		v.jar = v.jar[:0]
		made := evidence.Visit{Who: who, From: from}
		if client := hit / each; who == evidence.VisitKept && client < len(v.jars) {
			v.jar = append(v.jar, v.jars[client]...)
		}
		if who == evidence.VisitInvented && len(v.names) > 0 {
			made.Names, made.Value, made.Differ = slices.Clone(v.names), v.value, true
			for _, name := range v.names {
				v.jar = append(v.jar, crumb{name, ""})
			}
		}
		v.visits = append(v.visits, made)
	}
	return &v.visits[len(v.visits)-1]
}

// write adds the client's cookies to a request that ends with an empty line.
func (v *visitors) write(request []byte, hit uint64) []byte {
	visit := v.visit(int(hit))
	if len(v.jar) == 0 {
		return request
	}
	if visit.Differ {
		for i := range v.jar {
			v.jar[i].value = fmt.Sprintf("%s%04x", v.value, hit)
		}
	}
	request = append(request[:len(request)-2], "Cookie: "...)
	for i, c := range v.jar {
		if i > 0 {
			request = append(request, "; "...)
		}
		request = append(append(append(request, c.name...), '='), c.value...)
	}
	return append(request, "\r\n\r\n"...)
}

// took notes what one request's answer set; a failure that brought no answer has
// no head.
func (v *visitors) took(hit uint64, head []byte) {
	visit := v.visit(int(hit))
	visit.Sent++
	for len(head) > 0 {
		var line []byte
		line, head = cutLine(head)
		if len(line) == 0 {
			return
		}
		if name, value, ok := cutField(line); ok && equalFold(name, "set-cookie") {
			v.set(visit, int(hit), value)
		}
	}
}

// set notes one cookie, and puts it into the jar of a client that keeps them.
func (v *visitors) set(visit *evidence.Visit, hit int, line []byte) {
	pair, attributes, _ := bytes.Cut(line, []byte{';'})
	name, value, named := bytes.Cut(pair, []byte{'='})
	if !named {
		return // no client keeps one without a name
	}
	name, value = trim(name), trim(value)
	c := evidence.SetCookie{At: hit, Times: 1, Name: clipped(name, maxCookieName), Value: clipped(value, maxCookieValue), Attributes: clipped(trim(attributes), maxAttributes)}
	c.Cut = len(name) > maxCookieName || len(value) > maxCookieValue || len(trim(attributes)) > maxAttributes
	c.Refused = v.refuse(name, value, attributes)
	if visit.Who == evidence.VisitKept {
		v.keep(&c, name, value)
	}
	same := func(k evidence.SetCookie) bool {
		return k.Name == c.Name && k.Value == c.Value && k.Attributes == c.Attributes && k.Refused == c.Refused
	}
	most := maxSetPlain
	if visit.Who == evidence.VisitKept {
		most = maxSetKept
	}
	if i := slices.IndexFunc(visit.Set, same); i >= 0 {
		visit.Set[i].Times++
	} else if len(visit.Set) < most {
		visit.Set = append(visit.Set, c)
	} else {
		visit.More++
	}
}

// keep puts a cookie into the jar, or takes an expired one out.
func (v *visitors) keep(c *evidence.SetCookie, name, value []byte) {
	i := slices.IndexFunc(v.jar, func(k crumb) bool { return k.name == string(name) })
	switch {
	case c.Refused == "expired" && i >= 0:
		v.jar = slices.Delete(v.jar, i, i+1)
	case c.Refused != "":
	case i >= 0:
		v.jar[i].value = string(value)
	case len(v.jar) == maxJar:
		c.Refused = "many"
	default:
		v.jar = append(v.jar, crumb{string(name), string(value)})
		if !slices.Contains(v.names, string(name)) && len(v.names) < maxJar {
			v.names = append(v.names, string(name))
		}
	}
}

// refuse says why no client would send a cookie back to this address.
func (v *visitors) refuse(name, value, attributes []byte) string {
	switch {
	case len(name) == 0 || bytes.ContainsFunc(name, notInCookie) || bytes.ContainsAny(name, "=, \t\"") || bytes.ContainsFunc(value, notInCookie):
		return "odd"
	case len(name) > maxCookieName || len(value) > maxCookieValue:
		return "long"
	}
	expires, age, secure := "", "", false
	for len(attributes) > 0 {
		var part []byte
		part, attributes, _ = bytes.Cut(attributes, []byte{';'})
		key, text, _ := bytes.Cut(part, []byte{'='})
		key, text = trim(key), trim(text)
		switch {
		case equalFold(key, "secure"):
			secure = true
		case equalFold(key, "domain"):
			if !v.within(string(text)) {
				return "domain"
			}
		case equalFold(key, "path"):
			if len(text) > 0 && text[0] == '/' && !under(v.path, string(text)) {
				return "path"
			}
		case equalFold(key, "expires"):
			expires = clipped(text, 40)
		case equalFold(key, "max-age"):
			age = clipped(text, 20)
		}
	}
	switch {
	case v.over(expires, age):
		return "expired"
	case secure:
		return "secure"
	}
	return ""
}

// over reports whether a cookie's time is up. Max-Age, where it is a number, goes
// before the date.
func (v *visitors) over(expires, age string) bool {
	if n, err := strconv.ParseInt(age, 10, 64); err == nil {
		return n <= 0
	}
	for _, layout := range []string{time.RFC1123, "Mon, 02-Jan-2006 15:04:05 MST", time.ANSIC} {
		if at, err := time.Parse(layout, expires); err == nil {
			return at.Before(v.now())
		}
	}
	return false
}

// within reports whether the host that is asked for is in a cookie's domain; an
// address is in none but itself.
func (v *visitors) within(domain string) bool {
	domain = strings.ToLower(strings.TrimPrefix(domain, "."))
	host := strings.ToLower(strings.Trim(v.host, "[]"))
	if domain == "" || domain == host {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err != nil && strings.HasSuffix(host, "."+domain)
}

// under reports whether a path, its query aside, is a cookie's or below it.
func under(path, of string) bool {
	path, _, _ = strings.Cut(path, "?")
	return path == of || strings.HasPrefix(path, of) && (of[len(of)-1] == '/' || path[len(of)] == '/')
}

// notInCookie are the characters that no Cookie line can carry.
func notInCookie(r rune) bool { return r < ' ' || r >= 0x7f || r == ';' }

// hide covers what the body shows of the cookies that the request brought, so that
// a page which prints its request does not name a container by them.
func (v *visitors) hide(body []byte) {
	for _, c := range v.jar {
		shown := []byte(c.name + "=" + c.value)
		for rest := body; ; {
			i := bytes.Index(rest, shown)
			if i < 0 || len(c.value) == 0 {
				break
			}
			value := rest[i+len(c.name)+1 : i+len(shown)]
			for j := range value {
				value[j] = '*'
			}
			rest = rest[i+len(shown):]
		}
	}
}

// clipped is the start of a text, valid UTF-8.
func clipped(b []byte, most int) string {
	return strings.ToValidUTF8(string(b[:min(len(b), most)]), "?")
}
