package grader

import (
	"strings"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/observe"
)

type verdict = judge.Verdict

// Event is something that a face may want to show. Events come one at a time, in
// the order in which things happened.
type Event interface{ event() }

// Note is something to know while work goes on.
type Note struct{ Msg, Hint i18n.Msg }

// Mind is something to know that must be seen, and is no failure.
type Mind struct{ Msg, Hint i18n.Msg }

// Alarm is a failure that ends nothing and must be seen.
type Alarm struct{ *diag.Failure }

// Stage is a part of a run that takes time.
type Stage string

// The stages in which load is driven: before any fault, after the last, and while an
// action on the students' own services is in force.
const (
	Loads  Stage = "loads"
	Later  Stage = "later"
	During Stage = "during"
)

// The stages that take a large class some time, in which no load is driven: storing
// evidence, judging it, looking at all of it for findings, writing a file of each student. Their steps
// are of students.
const (
	Storing Stage = "storing"
	Judging Stage = "judging"
	Looking Stage = "looking"
	Writing Stage = "writing"
)

// Began says that a stage begins, and how much there is to do.
type Began struct {
	Stage              Stage
	Students, Requests int
}

// Step is a step of the stage that goes on.
type Step struct{ observe.Progress }

// Ended says that a stage is over, well or not.
type Ended struct{ Stage Stage }

// WindowStep is where a fault window stands; WindowEnded says that it is over.
type (
	WindowStep  struct{ observe.WindowProgress }
	WindowEnded struct{}
)

// Recorded says under which ID a class's run is kept from now on.
type Recorded struct{ Run string }

// Planned says what will be observed of whom.
type Planned struct{ *observe.Plan }

// Allowed are the faults that will be made, for which leave was given beforehand.
type Allowed struct{ *observe.Plan }

// Known is a verdict of a student who checks, as soon as nothing can change it
// any more. They come in the rubric's order, each once.
type Known struct {
	Student string
	judge.Verdict
}

// Held says that a fault is in force from now on; Stuck is what to say, and to
// type, if the program ends before [LetGo]: nothing if Passing, as the cluster ends with it.
type Held struct {
	Stuck   *action.Stuck
	Passing bool
}

// LetGo says that a fault is in force no more; Undone, that there was one and it
// was undone.
type LetGo struct{ Undone bool }

// Unread are mistakes in files of classes that were only looked through.
type Unread struct{ diag.Problems }

// Beside says that a file was written under another name than was asked for, since
// the one of that name is not as it was exported.
type Beside struct{ File, New string }

func (Note) event()        {}
func (Mind) event()        {}
func (Unread) event()      {}
func (Beside) event()      {}
func (Alarm) event()       {}
func (Began) event()       {}
func (Step) event()        {}
func (Ended) event()       {}
func (WindowStep) event()  {}
func (WindowEnded) event() {}
func (Recorded) event()    {}
func (Planned) event()     {}
func (Allowed) event()     {}
func (Known) event()       {}
func (Held) event()        {}
func (LetGo) event()       {}

func (g *Grader) note(key string, pairs ...any) { g.tell(Note{Msg: i18n.M(key, pairs...)}) }

// stage tells of a stage over n students: done after each, over at the end.
func (g *Grader) stage(s Stage, n int) (done func(student string), over func()) {
	g.tell(Began{Stage: s, Students: n})
	return func(student string) { g.tell(Step{observe.Progress{Student: student}}) }, func() { g.tell(Ended{s}) }
}

// underscored is a word as keys of sentences have it.
func underscored(word string) string { return strings.ReplaceAll(word, "-", "_") }
