package grader

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// Team is who drives load together, as a face makes it: workers join it.
type Team interface {
	// Join takes a worker in that is talked with over a stream, which is the team's from then on.
	Join(ctx context.Context, name string, stream io.ReadWriteCloser) error
	// Refill has again called for each worker that is lost from then on; it is to bring another, and its
	// context ends when the team is closed.
	Refill(again func(ctx context.Context, lost string) error)
	// Workers are the names of those that are there.
	Workers() []string
	// Close lets go of all workers.
	Close() error
}

// Bring says which workers are brought where.
type Bring struct {
	// Of is the swarm that they run on, Count how many.
	Of    roster.Cluster
	Count int
	// Dir is where the journal is kept that has them taken away; For is what it is kept for: a
	// class's name, or "" for no class.
	Dir, For string
	// Run is the run's ID; Secret is what workers are known by.
	Run    string
	Secret string
	Team   Team
}

// NewSecret is one of a run's.
func NewSecret() string { return rand.Text() }

// aside is the name that the journal of a class's workers has, or of those of no class: no class is
// called like that.
func (b *Bring) aside() string {
	if b.For == "" {
		return "~load-" + rand.Text()[:8]
	}
	return b.For + asideWorkers
}

const asideWorkers = "~workers"

// BringWorkers brings workers to a swarm and has them join a team. It gives how many did; away takes them
// off again, and is to be called whatever happens. The journal has them before anything is made, so that
// [Grader.Restore] takes away what a killed program left.
func (g *Grader) BringWorkers(ctx context.Context, b Bring) (joined int, away func(context.Context) error, err error) {
	conn, err := g.Dial(ctx, b.Of)
	if err != nil {
		return 0, nil, err
	}
	program, letGo := conn.Helper, func() error { return nil }
	if program == nil {
		if program, letGo, err = helper.Own(); err != nil {
			conn.Close()
			if errors.Is(err, helper.ErrNotStatic) {
				err = &diag.Failure{Code: "failed", Msg: i18n.M("workers.not_static"), Hint: i18n.M("workers.not_static_hint"), Cause: err}
			}
			return 0, nil, err
		}
	}
	start := time.Now()
	closing := func() error { conn.Close(); return letGo() }
	snap, err := conn.Snapshot(ctx, func() int64 { return 0 })
	if err != nil {
		return 0, nil, errors.Join(err, closing())
	}
	aim, left, code := action.AimWorkers(snap, program, b.Run)
	if code != "" {
		return 0, nil, errors.Join(&diag.Failure{Code: "unreachable", Msg: i18n.M("workers.no_node"), Hint: i18n.M("workers.no_node_hint")}, closing())
	}
	made := missing(b.Dir)
	unmake := func() {
		for _, dir := range made {
			_ = os.Remove(dir) // unless somebody else uses it by now
		}
	}
	if err := os.MkdirAll(b.Dir, 0o700); err != nil {
		unmake()
		return 0, nil, errors.Join(err, closing())
	}
	name := b.aside()
	journal, err := action.OpenJournal(action.JournalPath(b.Dir, name))
	if err != nil {
		unmake()
		return 0, nil, errors.Join(err, closing())
	}
	crew := action.NewWorkers(conn, program)
	crew.Left = left
	crew.Name(snap)
	opt := action.Options{
		Cluster: conn, Injector: crew, Journal: journal, Class: name, Run: b.Run, Conn: b.Of, Note: g.said,
		At:             func() int64 { return time.Since(start).Milliseconds() },
		RestoreTimeout: max(helperGoneSoon, time.Duration(float64(helperGone)/snap.Swarm.Speed())),
	}
	session, err := action.Begin(ctx, opt, aim)
	done := func(ctx context.Context) error {
		err := errors.Join(b.Team.Close(), session.Restore(ctx), journal.Close())
		if err == nil && b.For == "" {
			err = os.Remove(journal.Path()) // nobody asks for it again
			unmake()
		}
		return errors.Join(g.left(err), closing())
	}
	if err != nil {
		return 0, nil, errors.Join(err, done(ctx))
	}
	b.Team.Refill(func(ctx context.Context, lost string) error { return g.bringAgain(ctx, crew, lost) })
	joined, why, err := crew.Start(ctx, b.Count, b.Secret, b.Team.Join)
	if err != nil {
		if undone := done(ctx); undone != nil {
			err = errors.Join(err, undone)
		}
		return 0, nil, err
	}
	joined = min(joined, b.Count) // one that is lost by now may have been made anew
	if joined < b.Count {
		g.note("workers.fewer", "n", joined, "all", b.Count, "why", workerTrouble(why))
	}
	return joined, done, nil
}

// missing are those directories of a path that do not exist, the innermost first.
func missing(path string) (dirs []string) {
	for dir := filepath.Clean(path); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
			return dirs
		}
		dirs = append(dirs, dir)
	}
}

// bringAgain brings one more worker where one is lost, and says what came of it.
func (g *Grader) bringAgain(ctx context.Context, crew *action.Crew, lost string) error {
	name, err := crew.Again(ctx, lost)
	switch {
	case ctx.Err() != nil: // nobody needs it any more
	case err != nil:
		g.note("workers.not_anew", "worker", lost, "why", sentence(err))
	default:
		g.note("workers.anew", "worker", lost, "other", name)
	}
	return err
}

// workerTrouble is why there are fewer workers than were asked for.
func workerTrouble(why []error) any {
	if len(why) == 0 {
		return i18n.M("workers.no_place")
	}
	return sentence(why[0])
}

// workers brings those that the class asks for, if it does, and has them drive its loads; away takes
// them off. A student's check brings none.
func (x *flow) workers(ctx context.Context, opt LoadOptions) (away func(context.Context) error, err error) {
	w := x.j.Class.Settings.Workers
	if w == nil || !x.helps {
		return func(context.Context) error { return nil }, nil
	}
	secret := NewSecret()
	loader, team, err := x.j.g.Crew(opt, CrewOptions{
		Secret: secret,
		Lost: func(name, reason string, why error) {
			if ctx.Err() == nil { // else nothing is driven again
				x.j.g.tell(Note{Msg: LostWorker(name, reason, why)})
			}
		},
		Alone: sync.OnceFunc(func() {
			x.j.g.tell(Mind{Msg: i18n.M("workers.alone"), Hint: i18n.M("workers.alone_hint")})
		}),
	})
	if err != nil {
		return nil, err
	}
	_, away, err = x.j.g.BringWorkers(ctx, Bring{
		Of: w.Cluster(x.j.Class.Cluster), Count: w.Count, Dir: x.j.journalDir(), For: x.j.Class.Name, Run: x.run, Secret: secret, Team: team,
	})
	why, none := noWorker(err)
	switch {
	case none && ctx.Err() == nil: // as if all had been lost: this machine sends everything
		x.j.g.tell(Mind{Msg: i18n.M("workers.none_came", "why", why), Hint: i18n.M("workers.none_came_hint")})
		return func(context.Context) error { return nil }, nil
	case err != nil:
		return nil, err
	}
	if n := len(team.Workers()); n > 0 { // who is lost by now is said, and who comes instead
		x.j.g.note("workers.there", "n", n)
	}
	x.loader = loader
	return away, nil
}

// noWorker reports whether all that went wrong is that no worker came up, and why; what was brought is gone
// again then.
func noWorker(err error) (why any, ok bool) {
	f, ok := err.(*diag.Failure) //nolint:errorlint // joined with others it is not all
	if !ok || !errors.Is(f, action.ErrNoWorker) {
		return nil, false
	}
	if causes, ok := f.Cause.(interface{ Unwrap() []error }); ok {
		return sentence(causes.Unwrap()[0]), true
	}
	return sentence(f.Cause), true
}

// LostWorker says that a worker is let go of; reason is a word for why: ended, silent, stuck, or wrong.
func LostWorker(name, reason string, why error) i18n.Msg {
	return i18n.M("workers.lost", "worker", name, "why", i18n.M("workers.why_"+reason, "text", why.Error()))
}

// CrewOptions are what a team is made with.
type CrewOptions struct {
	// Secret is what workers are known by.
	Secret string
	// Lost is told of a worker that is let go of, from any goroutine; see [LostWorker].
	Lost func(name, reason string, why error)
	// Alone is told before the first load that this machine drives itself, since no worker is left for it,
	// and before each one after; from any goroutine.
	Alone func()
}
