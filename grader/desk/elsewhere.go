package desk

import (
	"context"
	"time"

	"swarmgrade/grader/gradebook"
)

// busyElsewhere reports whether another program grades the class at the moment.
func (d *Desk) busyElsewhere(ctx context.Context) bool {
	all, err := d.app.runs(ctx)
	if err != nil {
		return false // the check itself will say what is the matter
	}
	for _, r := range all {
		if r.Regrades == "" && r.Status == gradebook.Running {
			return true
		}
	}
	return false
}

// lookUntilFree lets the checks go on once no other program grades the class. It is called
// with the desk's lock.
func (d *Desk) lookUntilFree() {
	if d.looking {
		return
	}
	d.looking = true
	d.work.Go(func() {
		t := time.NewTicker(lookAgain)
		defer t.Stop()
		for d.busyElsewhere(d.ctx) {
			select {
			case <-t.C:
			case <-d.ctx.Done():
				return
			}
		}
		d.cache.forget("")
		d.mu.Lock()
		defer d.mu.Unlock()
		d.looking, d.elsewhere = false, false
		d.scoresMoved()
		d.dispatch()
	})
}
