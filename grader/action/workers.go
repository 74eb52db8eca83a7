package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// bringWorkers are the machines that load comes from beside the grader's own: its image is
// loaded into the engines, and a job runs it. Undoing takes all of it away again; a worker that
// nobody talks to any more has ended by itself by then.
func bringWorkers() Kind {
	return Kind{
		Name: Workers, Scope: Own,
		New:  func(_ roster.Fault, c Cluster) (Injector, error) { return NewWorkers(c, nil), nil },
		Back: func(context.Context, Cluster, evidence.Action) error { return nil },
	}
}

const (
	// workerImage is what the image, and the job, are called.
	workerImage = "swarmgrade-worker"
	// WorkerService is what the names of workers' services begin with.
	WorkerService = workerImage + "-"
	// hostNetwork has a worker's connections come from its node's own address, as those of a
	// program on that machine would, through nothing that forwards.
	hostNetwork = "host"
	// workersLimit is how long workers are waited for, being scheduled and greeted included;
	// workersLate how long for more of them where some are there.
	workersLimit = 60 * time.Second
	workersLate  = 15 * time.Second
	workersEvery = 200 * time.Millisecond
	// againLimit is how long one more is waited for in the place of a worker that is lost, and
	// againTimes how many are made in all for each that was asked for: what kills the next one too
	// is not got the better of by more of them.
	againLimit = 30 * time.Second
	againTimes = 2
	// overLimit is how long the managers may take to know that the container of one has ended.
	overLimit = 2 * time.Second
)

// AimWorkers is the workers of a run on the nodes whose engines can be reached, since it is through
// these that they are talked with; as [AimLookup] gives the helper.
func AimWorkers(snap *evidence.Snapshot, p *helper.Program, run string) (a evidence.Action, left []string, code string) {
	return aimOwn(Workers, workerImage, snap, p, run)
}

// Crew brings workers to a swarm, and is the [Injector] that takes them away.
type Crew struct {
	lodger
	hosts map[string]string // of nodes

	secret string
	join   Joining

	mu    sync.Mutex
	where map[string]site // of workers that came up, by name
	lost  map[string]bool // nodes of which nothing is known since one was lost there
	more  int             // how many may be made yet
	turn  int             // of services
}

// Joining has a worker called name join whom it is brought for, over a stream to it.
type Joining func(ctx context.Context, name string, stream io.ReadWriteCloser) error

// site is where a worker runs.
type site struct{ service, task, node string }

// NewWorkers prepares them.
func NewWorkers(c Cluster, p *helper.Program) *Crew {
	return &Crew{lodger: newLodger(c, p, helper.WorkerVerb), where: map[string]site{}, lost: map[string]bool{}}
}

// Name tells what the swarm's nodes are called.
func (w *Crew) Name(snap *evidence.Snapshot) {
	w.hosts = map[string]string{}
	for _, n := range snap.Nodes {
		w.hosts[n.ID] = n.Hostname
	}
}

// errNoTask says that not one came up in time.
var errNoTask = &diag.Failure{Code: "failed", Msg: i18n.M("action.workers_late")}

// ErrNoWorker is in the error of workers of which not one came up.
var ErrNoWorker = errors.New("no worker came up")

// Start runs so many workers that have the secret in common, and hands a stream to each to join
// as it comes up, several at a time. What dies before it has joined is made anew, as [Crew.Again] does.
// It gives how many were joined; fewer than were asked for is no error, none is: [ErrNoWorker].
// What did not work out is why.
func (w *Crew) Start(ctx context.Context, times int, secret string, join Joining) (joined int, why []error, err error) {
	w.mu.Lock()
	w.secret, w.join, w.more = secret, join, againTimes*times
	w.mu.Unlock()
	names, died, err := w.run(ctx, times, workersLimit, helper.Service{})
	joined, why = len(names), died
	for ctx.Err() == nil {
		n, turn := w.anew(min(len(died), times-joined))
		if n == 0 {
			break
		}
		names, died, err = w.run(ctx, n, againLimit, helper.Service{Again: turn})
		joined, why = joined+len(names), append(why, died...)
	}
	if joined > 0 {
		err = nil
	}
	return joined, why, err
}

// anew takes so many of those that may be made again, or as many as are left, and gives the number of
// the service that is to run them.
func (w *Crew) anew(wanted int) (n, turn int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n = min(wanted, w.more); n > 0 {
		w.more -= n
		w.turn++
	}
	return n, w.turn
}

// errEnough says that as many were brought anew as may be.
var errEnough = &diag.Failure{Code: "failed", Msg: i18n.M("action.workers_enough", "n", againTimes)}

// Again runs one more worker in the place of one that is lost, and has it join as those of
// [Crew.Start] did. Swarm makes no task of a job again that was killed, and knows nothing of a worker that is cut
// off: it is one more job, which bears the same token. It leaves out a node of which
// the managers don't say that the worker there has ended, as long as there are others. It gives the new one's name.
func (w *Crew) Again(ctx context.Context, lost string) (name string, err error) {
	n, turn := w.anew(1)
	if n == 0 {
		return "", errEnough
	}
	of := helper.Service{Again: turn}
	w.mu.Lock()
	was := w.where[lost]
	w.mu.Unlock()
	over := w.isOver(ctx, was)
	w.mu.Lock()
	if !over {
		w.lost[was.node] = true
	}
	if rest := slices.ContainsFunc(w.action.Nodes, func(id string) bool { return w.without[id] == nil && !w.lost[id] }); rest {
		of.Without = slices.Sorted(maps.Keys(w.lost))
	}
	w.mu.Unlock()
	switch names, why, err := w.run(ctx, 1, againLimit, of); {
	case len(names) > 0:
		return names[0], nil
	case len(why) > 0: // says more than that there is none
		return "", why[0]
	case errors.Is(err, errNoTask):
		return "", errNoTask
	default:
		return "", err
	}
}

// isOver reports whether the managers know a worker's task to be over, which they do soon after its
// container has ended.
func (w *Crew) isOver(ctx context.Context, at site) bool {
	if at.task == "" {
		return true
	}
	for until := time.Now().Add(overLimit); ; {
		tasks, err := w.cluster.HelperTasks(ctx, at.service)
		i := slices.IndexFunc(tasks, func(t evidence.Task) bool { return t.ID == at.task })
		if err == nil && (i < 0 || slices.Contains(ended, tasks[i].State)) {
			return true
		}
		if time.Now().After(until) || Pause(ctx, workersEvery) != nil {
			return false
		}
	}
}

// run makes a service of so many workers, has them join, and gives their names.
func (w *Crew) run(ctx context.Context, times int, limit time.Duration, of helper.Service) (joined []string, why []error, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(limit, func() { cancel(errNoTask) })
	defer late.Stop()
	of.Kind, of.NetworkID, of.Times, of.Talks, of.Env = workerImage, hostNetwork, times, true, []string{helper.WorkerSecret + "=" + w.secret}
	id, err := w.start(ctx, w.service(of))
	if err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	var g sync.WaitGroup
	seen, open := map[string]bool{}, 0
	count := func(name string, err error) {
		mu.Lock()
		defer mu.Unlock()
		if open--; err != nil {
			why = append(why, err)
			return
		}
		joined = append(joined, name)
		late.Reset(workersLate)
	}
	for {
		tasks, err := w.cluster.HelperTasks(ctx, id)
		if err != nil {
			mu.Lock()
			if ctx.Err() == nil {
				why = append(why, err)
			}
			mu.Unlock()
			break // whoever is there by now is met
		}
		coming := len(tasks) < times
		for _, t := range tasks {
			switch {
			case seen[t.ID]:
			case t.State == "running" && t.ContainerID != "":
				seen[t.ID] = true
				mu.Lock()
				open++
				mu.Unlock()
				g.Go(func() { count(w.meet(ctx, id, t)) })
			case slices.Contains(ended, t.State):
				seen[t.ID] = true
				mu.Lock()
				why = append(why, &diag.Failure{Code: "failed", Msg: i18n.M("action.workers_early", "state", t.State, "error", t.Error)})
				mu.Unlock()
			default:
				coming = true
			}
		}
		mu.Lock()
		all := len(joined) >= times || open == 0 && !coming
		mu.Unlock()
		if all || Pause(ctx, workersEvery) != nil {
			break
		}
	}
	g.Wait()
	if len(joined) == 0 {
		err = &diag.Failure{Code: "failed", Msg: i18n.M("action.workers_none"), Hint: i18n.M("action.workers_none_hint"), Cause: errors.Join(append(slices.Clone(why), context.Cause(ctx), ErrNoWorker)...)}
	}
	return joined, why, err
}

// meet talks with one for the first time.
func (w *Crew) meet(ctx context.Context, serviceID string, t evidence.Task) (name string, err error) {
	stream, err := w.cluster.Talk(ctx, t.NodeID, t.ContainerID)
	if err != nil {
		return "", err
	}
	name = w.called(site{serviceID, t.ID, t.NodeID})
	return name, w.join(ctx, name, stream)
}

// called is what a worker at a site is called: as its node, with a number from the second on.
func (w *Crew) called(at site) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := cmp.Or(w.hosts[at.node], at.node)
	name := of
	for n := 2; w.where[name] != (site{}); n++ {
		name = fmt.Sprintf("%s-%d", of, n)
	}
	w.where[name] = at
	return name
}
