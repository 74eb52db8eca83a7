package desk

import "time"

// watchEvery is how often it is looked whether somebody else has changed the gradebook.
const watchEvery = 2 * time.Second

// watch tells who listens that what counts may be another, where it was changed by the command
// line or another program beside the desk. As long as nobody listens nothing is read.
func (d *Desk) watch() {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	known := ""
	for {
		select {
		case <-t.C:
		case <-d.ctx.Done():
			return
		}
		d.mu.Lock()
		on := d.run != nil // whose end is told
		d.mu.Unlock()
		if on || !d.hub.heard() {
			known = ""
			continue
		}
		mark, err := d.cache.current(d.ctx)
		if err != nil {
			continue
		}
		if known != "" && mark != known {
			d.scoresMoved()
		}
		known = mark
	}
}
