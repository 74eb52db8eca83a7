package web

import "slices"

// studentPages are what students can do, each a list beside its handlers.
var studentPages = slices.Concat(mePages, attemptPages, askPages)

// instructorPages are what instructors can do.
var instructorPages = slices.Concat(classPages, studentOfClassPages, runPages)

// entry is a place of the navigation: an address, and the key of its words.
type entry struct{ to, key string }

var (
	studentNav    = []entry{{"/me", "web.nav_me"}, {"/me/attempts", "web.nav_attempts"}}
	instructorNav = []entry{{"/class", "web.nav_class"}, {"/class/run", "web.nav_run"}}
)

// navigation is what a reader can go to.
func (q *Request) navigation() []entry {
	switch {
	case !q.In():
		return nil
	case q.Who.Teacher:
		return slices.Concat(instructorNav, officeNav)
	}
	return studentNav
}
