package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
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
	// hostNetwork has a worker's connections come from its node's own address, as those of a
	// program on that machine would, through nothing that forwards.
	hostNetwork = "host"
	// workersLimit is how long workers are waited for, being scheduled and greeted included;
	// workersLate how long for more of them where some are there.
	workersLimit = 60 * time.Second
	workersLate  = 15 * time.Second
	workersEvery = 200 * time.Millisecond
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

	mu sync.Mutex
	on map[string]int // workers that came up, by node
}

// NewWorkers prepares them.
func NewWorkers(c Cluster, p *helper.Program) *Crew {
	return &Crew{lodger: newLodger(c, p, helper.WorkerVerb), on: map[string]int{}}
}

// Name tells what the swarm's nodes are called.
func (w *Crew) Name(snap *evidence.Snapshot) {
	w.hosts = map[string]string{}
	for _, n := range snap.Nodes {
		w.hosts[n.ID] = n.Hostname
	}
}

var (
	errNoTask = errors.New("no worker came up in time")
	errEarly  = errors.New("a worker ended before it was talked with")
)

// Start runs so many workers that have the secret in common, and hands a stream to each to join
// as it comes up, several at a time. It gives how many were joined; fewer than were asked for is
// no error, none is. What did not work out is why.
func (w *Crew) Start(ctx context.Context, times int, secret string, join func(ctx context.Context, name string, stream io.ReadWriteCloser) error) (joined int, why []error, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(workersLimit, func() { cancel(errNoTask) })
	defer late.Stop()
	id, err := w.cluster.StartHelper(ctx, w.service(helper.Service{
		Kind: workerImage, NetworkID: hostNetwork, Times: times, Talks: true, Env: []string{helper.WorkerSecret + "=" + secret},
	}))
	if err != nil {
		return 0, nil, err
	}
	var mu sync.Mutex
	var g sync.WaitGroup
	seen, open := map[string]bool{}, 0
	count := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if open--; err != nil {
			why = append(why, err)
			return
		}
		joined++
		late.Reset(workersLate)
	}
	for {
		tasks, err := w.cluster.HelperTasks(ctx, id)
		if err != nil && ctx.Err() == nil {
			return joined, why, err
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
				g.Go(func() { count(w.meet(ctx, t, join)) })
			case slices.Contains(ended, t.State):
				seen[t.ID] = true
				mu.Lock()
				why = append(why, fmt.Errorf("%w: %s %s", errEarly, t.State, t.Error))
				mu.Unlock()
			default:
				coming = true
			}
		}
		mu.Lock()
		all := joined >= times || open == 0 && !coming
		mu.Unlock()
		if all || pause(ctx, workersEvery) != nil {
			break
		}
	}
	g.Wait()
	if joined == 0 {
		err = &diag.Failure{Code: "failed", Msg: i18n.M("action.workers_none"), Hint: i18n.M("action.workers_none_hint"), Cause: errors.Join(append(why, context.Cause(ctx))...)}
	}
	return joined, why, err
}

// meet talks with one for the first time.
func (w *Crew) meet(ctx context.Context, t evidence.Task, join func(ctx context.Context, name string, stream io.ReadWriteCloser) error) error {
	stream, err := w.cluster.Talk(ctx, t.NodeID, t.ContainerID)
	if err != nil {
		return err
	}
	return join(ctx, w.called(t.NodeID), stream)
}

// called is what a worker on a node is called: as the node, with a number from the second on.
func (w *Crew) called(nodeID string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on[nodeID]++
	name := cmp.Or(w.hosts[nodeID], nodeID)
	if n := w.on[nodeID]; n > 1 {
		name += fmt.Sprintf("-%d", n)
	}
	return name
}
