package desk

import (
	"context"
	"time"
)

// Another program may grade the class, as the command line does. Its run and a check see each other, whichever
// begins first: checks that have not begun wait, and the run waits for those under way, which begin anew after it
// if they take longer than a run of ours would wait.

// busyElsewhere reports whether another program grades the class at the moment.
func (d *Desk) busyElsewhere(ctx context.Context) bool {
	d.mu.Lock()
	ours := d.run != nil
	d.mu.Unlock()
	return !ours && d.app.busy(ctx)
}

// othersGrade has checks wait for another program's run. It is called with the desk's lock.
func (d *Desk) othersGrade() {
	d.elsewhere = true
	d.lookUntilFree()
}

// lookUntilFree lets the checks go on once no other program grades the class. It is called
// with the desk's lock.
func (d *Desk) lookUntilFree() {
	if d.looking {
		return
	}
	d.looking = true
	d.work.Go(func() {
		free := func() bool { return !d.app.busy(d.ctx) }
		if !free() && !d.lookUntil(free) {
			return
		}
		d.cache.forget("")
		d.mu.Lock()
		defer d.mu.Unlock()
		d.looking, d.elsewhere = false, false
		d.scoresMoved()
		d.dispatch()
	})
}

// lookOut sees to it that checks under way make room for another program's run. It is called with the desk's
// lock as checks begin, and goes on for as long as there are any.
func (d *Desk) lookOut() {
	if d.lookingOut {
		return
	}
	d.lookingOut = true
	d.work.Go(func() {
		var since time.Time // they have been in the way
		d.lookUntil(func() bool {
			busy := d.busyElsewhere(d.ctx)
			d.mu.Lock()
			defer d.mu.Unlock()
			switch {
			case len(d.checking) == 0:
				d.lookingOut = false
				return true
			case !busy:
				since = time.Time{}
			case since.IsZero():
				since = time.Now()
				d.othersGrade()
				d.dispatch() // for who waits to know why
			case time.Since(since) >= d.o.Patience:
				d.yield()
			}
			return false
		})
	})
}

// lookUntil looks again and again until it is over; it reports false if the desk goes down before.
func (d *Desk) lookUntil(over func() bool) bool {
	t := time.NewTicker(lookAgain)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-d.ctx.Done():
			return false
		}
		if over() {
			return true
		}
	}
}

// yield ends the checks under way, which begin anew later. It is called with the desk's lock.
func (d *Desk) yield() {
	for _, e := range d.checking {
		e.stop(errYielded)
	}
}
