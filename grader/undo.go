package grader

import (
	"context"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/observe"
)

// undone reports whether somebody wants no fault any more.
func (x *flow) undone() bool {
	select {
	case <-x.undo:
		return true
	default:
		return false
	}
}

// leftOut is what an action leaves that was not wanted any more.
var leftOut = evidence.Gap{What: "action", Code: "left-out"}

// leave notes of a fault that is not made any more whom it would have concerned.
func (x *flow) leave(services []observe.Watched) {
	for _, s := range services {
		e := x.bundle(s.Student).Begin(evidence.FaultEpisode)
		e.Gaps = append(e.Gaps, evidence.Gap{What: "window", Code: "left-out"})
	}
}

// untilUndone is ctx that also ends when nobody wants an action in force any more.
func (x *flow) untilUndone(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-x.undo:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(); <-over }
}

// givenUp leaves an action open that is undone early since somebody wants it so.
func (a *acts) givenUp() bool {
	if !a.x.undone() {
		return false
	}
	a.episode.LeaveOut(leftOut)
	return true
}

// unless is err, which is none of the run's if the action was given up while ctx goes on.
func (a *acts) unless(ctx context.Context, err error) error {
	if err != nil && ctx.Err() == nil && a.givenUp() {
		return nil
	}
	return err
}
