package grader

import (
	"context"
	"os"
	"time"

	"swarmgrade/grader/gradebook"
)

// checksPatience is how long a run waits for self-checks on the class's page, which begin anew
// some time before if they have not come to their end.
const checksPatience = 150 * time.Second

// Busy reports whether a program is at a run of the class, whatever it grades: the cluster is
// that one's then.
func (j *Job) Busy(ctx context.Context) bool { return gradebook.RunUnderWay(ctx, j.bookPath()) }

// Checking tells other programs, whose runs wait, that a self-check of the class goes on until done is called. Who
// looks for a run after that misses none: either is seen by the other.
func (j *Job) Checking(ctx context.Context) (done func(), err error) {
	if err := os.MkdirAll(j.journalDir(), 0o755); err != nil {
		return nil, err
	}
	return gradebook.Checking(ctx, j.bookPath())
}

// alone waits for self-checks on the class's page: each would disturb the other's load. The run
// is recorded already, so that no more begin.
func (x *flow) alone(ctx context.Context) error {
	waited := false
	alone, err := gradebook.AwaitChecks(ctx, x.j.bookPath(), checksPatience, func() {
		waited = true
		x.j.g.note("record.awaits_checks", "seconds", int(checksPatience.Seconds()))
	})
	if err != nil || !waited {
		return err
	}
	if !alone {
		x.j.g.note("record.beside_checks")
	}
	// A container that was killed for a check has another in its place.
	snap, err := x.conn.Snapshot(ctx, x.at)
	if err == nil {
		x.snap = snap
	}
	return err
}
