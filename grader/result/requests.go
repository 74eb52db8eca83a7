package result

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of requests to look again, a student and lab.
const (
	MaxOpenRequests = 3   // that wait for an answer
	MaxRequests     = 20  // in all
	MaxWords        = 40  // of one request, from both sides
	MaxOwnWords     = 10  // of one request, from the student
	MaxWord         = 500 // characters of a student's word; an instructor's has MaxText
)

// Request is a student's wish that something be looked at again, with all that was
// said about it: words are only added. It belongs to a lab and not to a run, so that
// grading and judging again leave it alone.
type Request struct {
	ID      int64
	Lab     string // the rubric's ID
	Student string
	Task    string // "" for the whole lab
	Check   string // "" for the task, or the whole lab
	// Run is the one whose verdict the student saw; "" if none is named.
	Run   string
	Words []Word // oldest first; the first is the student's
}

// Word is one thing that was said about a request.
type Word struct {
	Kind RequestKind
	// Student says that it is the student's own word, else it is an instructor's.
	Student bool
	Who     string // an instructor's name, or the student's ID
	// Text is one paragraph, foreign: it is escaped by whoever writes it.
	Text string
	When time.Time
}

// RequestKind is what a word does.
type RequestKind string

// The kinds of [Word]. Asked and Withdrawn are the student's, Said is either side's,
// the others are an instructor's.
const (
	RequestAsked     RequestKind = "asked"
	RequestSaid      RequestKind = "said"
	RequestGraded    RequestKind = "graded"   // the student was graded again
	RequestSet       RequestKind = "set"      // points were set by hand
	RequestDeclined  RequestKind = "declined" // with a reason
	RequestWithdrawn RequestKind = "withdrawn"
)

// RequestKinds are all of them.
var RequestKinds = []RequestKind{RequestAsked, RequestSaid, RequestGraded, RequestSet, RequestDeclined, RequestWithdrawn}

// Open reports whether the request waits for an instructor: the newest word is the
// student's, and does not take it back.
func (r *Request) Open() bool {
	if len(r.Words) == 0 {
		return false
	}
	last := r.Words[len(r.Words)-1]
	return last.Student && last.Kind != RequestWithdrawn
}

// Asked is when the student asked, Moved when the newest word was said; zero if there
// is none.
func (r *Request) Asked() time.Time {
	if len(r.Words) == 0 {
		return time.Time{}
	}
	return r.Words[0].When
}

// Moved is when the newest word was said; zero if there is none.
func (r *Request) Moved() time.Time {
	if len(r.Words) == 0 {
		return time.Time{}
	}
	return r.Words[len(r.Words)-1].When
}

// RequestCount is how many requests there are.
type RequestCount struct {
	All  int `json:"all"`
	Open int `json:"open"` // wait for an instructor
}

// Requests counts those of all students.
func (d *Data) Requests() (n RequestCount) {
	for i := range d.Students {
		for k := range d.Students[i].Requests {
			n.All++
			if d.Students[i].Requests[k].Open() {
				n.Open++
			}
		}
	}
	return n
}

// OneParagraph is a text as words of requests are kept: without line breaks, control
// characters and what is no UTF-8, with single spaces; "" where nothing of it is seen.
func OneParagraph(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == utf8.RuneError, unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return -1
		}
		return r
	}, text)
	if !strings.ContainsFunc(text, seen) {
		return ""
	}
	return strings.Join(strings.Fields(text), " ")
}

// seen reports whether a reader sees a character.
func seen(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

// OfTarget are the requests about a check (or a task, or the lab), oldest first.
func (s *Student) OfTarget(task, check string) []Request {
	return slices.DeleteFunc(slices.Clone(s.Requests), func(r Request) bool {
		return r.Check != check || check == "" && r.Task != task
	})
}
