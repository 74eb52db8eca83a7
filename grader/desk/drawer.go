package desk

import (
	"context"
	"strings"
	"sync"

	"swarmgrade/grader/result"
)

// drawer draws fault windows, which take reading what was seen of a whole class: for all who ask it is done by one at
// a time, with what students share read once, and who asked last comes first, so that nobody who opens a page
// waits for the pages of everybody that are brought up to date.
type drawer struct {
	app  app
	ctx  context.Context // of readings
	work *sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	drawing bool
	waiting []*drawing
	kept    map[string]*drawing // by student; evidence never changes
}

// drawing is one window, that is wanted or there.
type drawing struct {
	student  result.Student
	rests    string // the evidence that the verdicts rest on
	over     chan struct{}
	timeline *result.Timeline
	err      error
}

// inOne is how many are drawn from one reading.
const inOne = 256

// of is a student's fault window, nil for none. What counts for them is kept.
func (x *drawer) of(ctx context.Context, s *result.Student, counts bool) (*result.Timeline, error) {
	rests := evidenceOf(s)
	x.mu.Lock()
	w := x.kept[s.ID]
	if w == nil || w.rests != rests {
		if x.closed {
			x.mu.Unlock()
			return nil, errDown
		}
		w = &drawing{student: *s, rests: rests, over: make(chan struct{})}
		x.waiting = append(x.waiting, w)
		if counts {
			x.kept[s.ID] = w
		}
		if !x.drawing {
			x.drawing = true
			x.work.Go(x.draw)
		}
	}
	x.mu.Unlock()
	select {
	case <-w.over:
		return w.timeline, w.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// evidenceOf names what a student's verdicts rest on.
func evidenceOf(s *result.Student) string {
	seen := map[string]bool{}
	var b strings.Builder
	for _, v := range s.Verdicts {
		if !seen[v.Evidence] {
			seen[v.Evidence] = true
			b.WriteString(v.Evidence + "\n")
		}
	}
	return b.String()
}

// draw draws until nobody waits.
func (x *drawer) draw() {
	for {
		var w *drawing
		n := 0
		next := func() *result.Student {
			if w = nil; n < inOne {
				n++
				w = x.newest()
			}
			if w == nil {
				return nil
			}
			return &w.student
		}
		err := func() (err error) {
			defer func() {
				if v := recover(); v != nil {
					err = crashed(v)
				}
			}()
			return x.app.timelines(x.ctx, next, func(t *result.Timeline, err error) {
				x.drawn(w, t, err)
				w = nil
			})
		}()
		if w != nil { // it got no further
			x.drawn(w, nil, err)
		} else if n == 0 && err != nil { // there is nothing to read from
			if w = x.newest(); w != nil {
				x.drawn(w, nil, err)
			}
		}
		x.mu.Lock()
		if len(x.waiting) == 0 {
			x.drawing = false
			x.mu.Unlock()
			return
		}
		x.mu.Unlock()
	}
}

func (x *drawer) newest() *drawing {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := len(x.waiting)
	if n == 0 {
		return nil
	}
	w := x.waiting[n-1]
	x.waiting = x.waiting[:n-1]
	return w
}

// drawn tells who waits. What failed is not kept.
func (x *drawer) drawn(w *drawing, t *result.Timeline, err error) {
	x.mu.Lock()
	if err != nil && x.kept[w.student.ID] == w {
		delete(x.kept, w.student.ID)
	}
	w.timeline, w.err, w.student = t, err, result.Student{} // which holds all its verdicts
	x.mu.Unlock()
	close(w.over)
}

func (x *drawer) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
}
