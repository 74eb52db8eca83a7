package desk

import (
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
)

// Topic is a stream of events.
type Topic string

// Class is the instructor's topic: the run, and every student's checks.
const Class Topic = "class"

// OfStudent is the topic of one student: nothing of anybody else is in it.
func OfStudent(id string) Topic { return Topic(studentTopic + id) }

const studentTopic = "student/"

// Event is something that happened. IDs grow over all topics, also from one start of the
// server to the next.
type Event struct {
	ID    uint64
	Topic Topic
	When  time.Time
	What  What
}

// What happened: one of the types below.
type What interface{ what() }

type (
	// Reset says that what came since the ID asked for is not known any more: look at
	// everything anew. It bears the newest ID.
	Reset struct{}
	// Queued says where a student's check waits.
	Queued struct {
		Student string
		Place   int
		Paused  Pause
	}
	// Started says that a student's check begins.
	Started struct {
		Student string
		CheckOptions
	}
	// Looking says which tasks a student's check looks at, and at how many requests.
	Looking struct {
		Student string
		Tasks   []string
	}
	// Step is how far a student's check has come.
	Step struct {
		Student  string
		Done, Of int // requests
	}
	// Noted is something to know of a student's check (Student is set) or of the run.
	Noted struct {
		At        time.Time
		Student   string
		Msg, Hint i18n.Msg
	}
	// Verdict is a check decided, in the rubric's order.
	Verdict struct {
		Student string
		judge.Verdict
	}
	// Ended says that a student's check is over.
	Ended struct {
		Student  string
		At       time.Time
		Tasks    []string
		Verdicts []judge.Verdict // all of them; none if it failed
		Untried  bool            // nothing was made to fail
		// Cancelled says that it was ended, by the student, or as the desk goes down; Failed why
		// it came to nothing.
		Cancelled bool
		Failed    []*diag.Failure
	}
	// QueueMoved says that the queue is another; only the class is told.
	QueueMoved struct{ Running, Waiting int }
	// RunBegan, RunStep and RunOver are of the class's run.
	RunBegan struct{ RunState }
	RunStep  struct{ RunState }
	RunOver  struct{ RunEnded }
	// FaultOn says that a fault is in force, FaultOff that it is no more.
	FaultOn  struct{ FaultState }
	FaultOff struct{ FaultState }
	// ScoreChanged says that what counts may be another for a student; "" is for anybody.
	ScoreChanged struct{ Student string }
	// RequestChanged says that there is a new word on a request to look again.
	RequestChanged struct {
		Student string
		ID      int64
	}
	// LinksChanged says that links were made or revoked.
	LinksChanged struct{}
	// TroubleMoved says that what is the matter is another; see [Desk.Troubles] and [Desk.Run].
	TroubleMoved struct{}
)

func (Reset) what()          {}
func (Queued) what()         {}
func (Started) what()        {}
func (Looking) what()        {}
func (Step) what()           {}
func (Noted) what()          {}
func (Verdict) what()        {}
func (Ended) what()          {}
func (QueueMoved) what()     {}
func (RunBegan) what()       {}
func (RunStep) what()        {}
func (RunOver) what()        {}
func (FaultOn) what()        {}
func (FaultOff) what()       {}
func (ScoreChanged) what()   {}
func (RequestChanged) what() {}
func (LinksChanged) what()   {}
func (TroubleMoved) what()   {}

// Subscribe gives the events of a topic that come after an ID, at first those that are
// kept, and then as they happen; 0 is from now on. If some are kept no more, or the ID is of
// an earlier server, the first event is a [Reset]. The channel is closed by cancel, by the end of
// the desk, and for who reads too slowly: they ask again with the last ID that they saw.
func (d *Desk) Subscribe(topic Topic, after uint64) (events <-chan Event, cancel func()) {
	return d.hub.subscribe(topic, after)
}

// Now is the ID of the newest event: a page that was made after it was asked for misses
// nothing if it subscribes after it.
func (d *Desk) Now() uint64 { return d.hub.now() }
