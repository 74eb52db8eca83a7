package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// trouble is why a request is not answered as it was meant, for its reader.
type trouble struct {
	status int
	key    string // of the sentence
	args   []any
	hint   string        // a key, too
	after  time.Duration // it may be tried again
}

func (t *trouble) Error() string { return i18n.EN.T(t.key, t.args...) }

// errNotFound says that there is nothing at an address; so is said of what one may not know of.
var errNotFound = &trouble{status: http.StatusNotFound, key: "web.not_found"}

// NotFound is the error of a handler that finds nothing at an address.
func NotFound() error { return errNotFound }

// Wrong is the error of a handler for a form that was filled in wrongly; key is a sentence's.
func Wrong(key string, pairs ...any) error {
	return &trouble{status: http.StatusUnprocessableEntity, key: key, args: pairs}
}

func tooMany(key string, after time.Duration) error {
	return &trouble{status: http.StatusTooManyRequests, key: key, args: []any{"seconds", seconds(after)}, after: after}
}

// seconds are whole ones, at least one.
func seconds(d time.Duration) int { return max(1, int((d + time.Second - 1).Seconds())) }

// told are the codes of failures whose sentences are for students too: those of package desk, and those that say
// what was asked for wrongly. Of any other one an instructor is told, and students that there is trouble.
var told = map[string]int{
	diag.Usage: http.StatusUnprocessableEntity,
	diag.Mend:  http.StatusUnprocessableEntity,
	"one":      http.StatusConflict,
	"soon":     http.StatusTooManyRequests,
	"full":     http.StatusServiceUnavailable,
	"down":     http.StatusServiceUnavailable,
	"running":  http.StatusConflict,
	"changed":  http.StatusConflict,
	"nothing":  http.StatusConflict,
}

// explained is an error as its reader is told of it.
func (q *Request) explained(err error) (status int, what, next string) {
	var t *trouble
	failures := diag.Failures(err)
	if q.Who.Teacher && errors.As(err, new(diag.Problems)) { // with the class's files
		failures = desk.Words(err)
	}
	switch {
	case errors.As(err, &t):
		return t.status, q.Lang.T(t.key, t.args...), q.Lang.T(t.hint)
	case len(failures) > 0:
		f := failures[0]
		status, common := told[f.Code]
		if !common {
			status = http.StatusServiceUnavailable
		}
		if common || q.Who.Teacher {
			return status, q.Lang.Text(f.Msg), q.Lang.Text(f.Hint)
		}
		return status, q.Lang.T("web.trouble"), q.Lang.T("web.trouble_hint")
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, q.Lang.T("web.too_long"), q.Lang.T("web.trouble_hint")
	}
	return http.StatusInternalServerError, q.Lang.T("web.broken"), q.Lang.T("web.trouble_hint")
}

// joined is what happened and what to do next in one line.
func (q *Request) joined(what, next string) string {
	what, next = strings.TrimSpace(what), strings.TrimSpace(next)
	switch last, _ := utf8.DecodeLastRuneInString(what); {
	case next == "" || what == "":
		return what + next
	case strings.ContainsRune("。！？…：；", last):
		return what + next
	case strings.ContainsRune(".!?:;", last):
		return what + " " + next
	}
	return q.Lang.T("web.what_next", "what", what, "next", next)
}

// common reports whether an error is an ordinary refusal, which is no trouble of ours.
func common(err error) bool {
	failures := diag.Failures(err)
	return len(failures) > 0 && told[failures[0].Code] != 0
}

// fail answers with an error's page, and tells the log of what is our own trouble.
func (s *Site) fail(a *answer, q *Request, err error) {
	var t *trouble
	if !errors.As(err, &t) && !common(err) && q.Context().Err() == nil {
		s.slogged(q, err)
	}
	if a.status != 0 {
		return // what was sent stands
	}
	status, what, next := q.explained(err)
	if t != nil && t.after > 0 {
		a.Header().Set("Retry-After", strconv.Itoa(seconds(t.after)))
	}
	if err := q.show(a, status, Page{Name: "trouble", Title: q.Lang.T("web.trouble_title", "status", status), Data: troublePage{what, next}}); err != nil {
		s.slogged(q, err)
		http.Error(a, q.Lang.T("web.broken"), http.StatusInternalServerError)
	}
}

type troublePage struct{ What, Next string }
