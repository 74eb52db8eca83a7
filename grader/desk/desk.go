// Package desk is what a page needs of a class for as long as it is served: a queue
// of self-checks, control of the class's run, streams of what goes on, and what stands
// in the gradebook, read once for all who look.
//
// It is safe for use by many goroutines. It knows no HTTP, words no sentence and has no
// language: refusals are [diag.Failure]s with messages. Everything of the class is done
// by package grader, an operation at a time, each with a grader of its own.
package desk

import (
	"context"
	"time"

	"swarmgrade/grader"
)

// Options say what a desk works with. Grader and Select are needed.
type Options struct {
	// Grader makes a grader for one operation. Tell and Ask are set by the desk; Dial
	// should hand out one cluster again and again, see [Share].
	Grader func() *grader.Grader
	// Select names the class, the rubric and the bounds of load. Its tasks and students are
	// those that an operation takes if it names none.
	Select grader.Select

	AtOnce  int           // self-checks at once; 0 is 4
	Every   time.Duration // from the end of a student's check to their next one; 0 is 30 s, less is none
	Waiting int           // most students in the queue; 0 is 200
	// Longest is what a self-check may take, and Patience how long a run waits for checks
	// under way, which begin anew after the run then; 0 are 10 min and 2 min.
	Longest, Patience time.Duration
	// Fresh is how long what was read of the gradebook is taken for new without asking;
	// what this desk writes shows at once. 0 is 1 s.
	Fresh time.Duration
}

// New makes a desk of a class. The error says why the class cannot be opened.
func New(ctx context.Context, o Options) (*Desk, error) { panic("later") }

// Close ends the checks and the run, and waits until a fault is undone and nothing of
// the desk goes on any more; or until ctx ends, which is its error then. Streams end.
func (d *Desk) Close(ctx context.Context) error { panic("later") }

// Desk is of one class.
type Desk struct{}
