package web

import (
	"context"
	"errors"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/result"
)

// Desk is what pages need of a class; [desk.Desk] is one. What it gives is shared by all who ask, and
// changed by nobody.
type Desk interface {
	classDesk

	// WhoHas tells whose a link's token is; [grader.ErrNoLink] for nobody's.
	WhoHas(ctx context.Context, token string) (grader.Who, error)

	Class(ctx context.Context) (*desk.ClassInfo, error)
	Standing(ctx context.Context) (*result.Data, error)
	Student(ctx context.Context, id string) (*result.Data, error)

	Check(ctx context.Context, student string, o desk.CheckOptions) (desk.Ticket, error)
	Cancel(student string) bool
	Own(student string) desk.OwnState
	Queue() desk.QueueState

	ofStudents

	Now() uint64
	Subscribe(topic desk.Topic, after uint64) (events <-chan desk.Event, cancel func())

	officeDesk
}

// Who is who asks.
type Who = grader.Who

func isNobody(err error) bool { return errors.Is(err, grader.ErrNoLink) }

// Desk is what does things about the class.
func (q *Request) Desk() Desk { return q.site.desk }
