// Package grader is what can be done with a class: plan, grade, let a student check,
// judge anew, say what counts, look for trouble, undo a fault. Every face calls it:
// the command line, a page, tests.
//
// It knows no terminal and words no sentence: what goes on comes as [Event]s in one
// order, with messages that the face says in whatever language it likes. Clusters and
// load are handed in, so that nothing here knows what stands in for the world.
package grader

import (
	"context"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

// Grader grades classes. Its fields are set before its first use.
type Grader struct {
	// Dir and Home are where classes/ is looked for, Dir first, then the working
	// directory; "" is nowhere.
	Dir, Home string
	// Samples are classes that come with the program, and SampleNames their names;
	// they may be missing.
	Samples     fs.FS
	SampleNames []string
	// Dial opens a class's cluster.
	Dial func(ctx context.Context, of roster.Cluster) (Conn, error)
	// Load prepares to drive load for a class.
	Load func(LoadOptions) (Loader, error)
	// Crew is Load by workers: those that join the team drive what the loader is asked to.
	Crew func(LoadOptions, CrewOptions) (Loader, Team, error)
	// Diagnose looks at a cluster, also at one that cannot be opened.
	Diagnose func(ctx context.Context, of roster.Cluster) []diag.Notice
	// Ask asks for leave; nil means that there is nobody to be asked.
	Ask func(ctx context.Context, q Question) (bool, error)
	// Tell is told what goes on, one event at a time; it may be nil.
	Tell func(Event)
	// Tool is what records name this program.
	Tool string

	telling sync.Mutex
	aside   sync.Map // gradebooks of which a damaged copy was kept
}

// Cluster is an open way to a swarm.
type Cluster interface {
	observe.Cluster
	observe.Watcher
	observe.Meter
	action.Cluster
	// Manager is the address of the endpoint that answers for the swarm.
	Manager() string
}

// Conn is a cluster with how it is let go of, and what it can do beyond others.
type Conn struct {
	Cluster
	Close func()
	// Injector makes its nodes fail; nil takes the class's own way.
	Injector action.Injector
	// Passing says that it ends with this process, so that nothing that is done
	// to it need be remembered; Scratch is where what is needed meanwhile may be
	// written, "" for the system's temporary directory.
	Passing bool
	Scratch string
	// Helper is what looks names up from inside of networks; nil is the executable that
	// runs.
	Helper *helper.Program
	// Diagnose looks at it in its own way; nil leaves it to the grader's.
	Diagnose func(ctx context.Context) []diag.Notice
}

// dialFault opens the swarm of a journal.
func (g *Grader) dialFault(ctx context.Context, of roster.Cluster) (action.Cluster, func() error, error) {
	c, err := g.Dial(ctx, of)
	if err != nil {
		return nil, nil, err
	}
	return c, func() error { c.Close(); return nil }, nil
}

// Loader drives load and probes, and knows who may answer.
type Loader interface {
	observe.Loader
	observe.Prober
	// Knowing is the same with what exists by a later snapshot.
	Knowing(snap *evidence.Snapshot) Loader
}

// LoadOptions are what load is driven with.
type LoadOptions struct {
	Attribution rubric.Attribution
	Known       *evidence.Snapshot // what exists
	Rate        int                // requests a second over the whole class
	Start       time.Time          // of the run
}

// Question asks for leave to do harm: to make nodes fail, or to kill a student's
// own container.
type Question struct {
	Plan *observe.Plan
	// Own says that it is the student who is asked.
	Own bool
}

// classOptions say where a class is found.
func (g *Grader) classOptions(name string) roster.Options {
	return roster.Options{Name: name, Dir: g.Dir, Home: g.Home, Samples: g.Samples}
}

// home is the directory that holds a class's classes/, and so the gradebooks.
func (g *Grader) home(class *roster.Class) string {
	if class.Dir != "" && filepath.Base(class.Dir) == "classes" {
		return filepath.Dir(class.Dir)
	}
	for _, dir := range []string{g.Dir, g.Home} {
		if dir != "" {
			return dir
		}
	}
	return "."
}

// tell hands out one event at a time.
func (g *Grader) tell(e Event) {
	if g.Tell == nil {
		return
	}
	g.telling.Lock()
	defer g.telling.Unlock()
	g.Tell(e)
}

// Keeper keeps what is observed and judged as it comes: a gradebook, or memory for
// a self-check.
type Keeper interface {
	BeginRun(ctx context.Context, b gradebook.Begin) (gradebook.Run, error)
	FinishRun(ctx context.Context, run string, s gradebook.Status, at time.Time) error
	Students(ctx context.Context, run string) ([]gradebook.Student, error)
	PutSnapshot(ctx context.Context, s *evidence.Snapshot) (hash string, err error)
	Snapshot(ctx context.Context, hash string) (*evidence.Snapshot, error)
	SaveBefore(ctx context.Context, run, snapshot string) error
	Traces(ctx context.Context, run, student string) ([]evidence.Trace, error)
	SaveTrace(ctx context.Context, run, student string, t *evidence.Trace) error
	Draft(ctx context.Context, run, student string) (*evidence.Bundle, error)
	SaveDrafts(ctx context.Context, run string, drafts []*evidence.Bundle) error
	SaveWindow(ctx context.Context, run, episode string, w *evidence.Window, fault any, concerned []*evidence.Bundle) (hash string, err error)
	SaveBundle(ctx context.Context, run string, b *evidence.Bundle) (hash string, err error)
	Forget(ctx context.Context, run, student string) error
	Case(ctx context.Context, run, student string) (evidence.Case, error)
	SaveVerdicts(ctx context.Context, run, student string, vs []verdict) error
}
