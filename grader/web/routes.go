package web

import (
	"net/http"
	"slices"
)

// Role is whom a page is for.
type Role int

// Whom pages are for. Nobody but a student sees a student's pages, and they are of that
// student; nobody but an instructor sees the class's.
const (
	Anyone Role = iota
	Student
	Instructor
)

// Handler answers a request, or says why not: a [diag.Failure] is told to the reader, and so is
// what this package's notFound, forbidden and such give; anything else is our own trouble.
type Handler func(w http.ResponseWriter, q *Request) error

// Route is a page: a pattern of [http.ServeMux] with its method, whom it is for, and what
// answers.
type Route struct {
	Pattern string
	Role    Role
	Do      Handler
	// Streams says that it answers for as long as its reader listens.
	Streams bool
	// open pages are the same for everybody, so that nobody is asked who they are.
	open bool
}

// allPages are all there are.
func allPages() []Route {
	return slices.Concat(homePages, studentPages, instructorPages, officePages)
}

// admits says why a page is not for who asks. It says the same whether there is anything to be
// seen or not.
func (t *Route) admits(q *Request) error {
	switch {
	case t.Role == Anyone:
		return nil
	case !q.In():
		return &trouble{status: http.StatusForbidden, key: "web.no_session"}
	case t.Role == Student && q.Who.Teacher:
		return &trouble{status: http.StatusForbidden, key: "web.for_students"}
	case t.Role == Instructor && !q.Who.Teacher:
		return &trouble{status: http.StatusForbidden, key: "web.for_instructors"}
	}
	return nil
}
