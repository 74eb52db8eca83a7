package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/lookup"
	"swarmgrade/grader/roster"
)

// lookUpNames is the helper of package lookup: its image is loaded into the engines, and
// services run it in students' networks. Undoing takes all of it away again.
func lookUpNames() Kind {
	return Kind{
		Name: Lookup, Scope: Own,
		New:  func(_ roster.Fault, c Cluster) (Injector, error) { return NewHelper(c, nil), nil },
		Back: func(context.Context, Cluster, evidence.Action) error { return nil },
	}
}

// AimLookup is the helper of a run on all nodes whose engines can be reached; left are the
// IDs of the others, and code says why there is none.
func AimLookup(snap *evidence.Snapshot, p *helper.Program, run string) (a evidence.Action, left []string, code string) {
	return aimOwn(Lookup, lookup.Image, snap, p, run)
}

const (
	// networksAtOnce is how many networks are looked into side by side.
	networksAtOnce = 4
	// helperLimit is what one of its services may take, being scheduled included; helperGone what is waited
	// for its containers to go. Whatever is left then goes when the action is undone.
	helperLimit = 54 * time.Second
	helperGone  = 15 * time.Second
	helperEvery = 200 * time.Millisecond
	// helperLate is what is waited for nodes that have no task while those of all others are
	// over: the managers make all its tasks at once.
	helperLate = 3 * time.Second
	// barrenServices is after how many services in a row that told nothing no more are made.
	barrenServices = 3
)

// Helper looks names up in students' networks, and is the [Injector] that brings it there.
// It is safe for concurrent use once it is injected.
type Helper struct {
	lodger
	slots chan struct{}

	mu     sync.Mutex
	barren int // services in a row that told nothing
}

// NewHelper prepares a helper.
func NewHelper(c Cluster, p *helper.Program) *Helper {
	return &Helper{lodger: newLodger(c, p, lookup.Verb), slots: make(chan struct{}, networksAtOnce)}
}

// Seen is what the helper of one node came to: its report, or why there is none.
type Seen struct {
	NodeID string
	Report *lookup.Report
	Err    error
}

var (
	errNotRun = errors.New("the helper did not run in time")
	errGiveUp = errors.New("the helper told nothing of several networks before")
	errEnded  = errors.New("the helper ended without a report")
)

// Look runs the helper in a network, once on each node, and gives what it saw there, in the
// order of the action's nodes. Whatever goes wrong is one of these errors and nobody else's
// trouble.
func (h *Helper) Look(ctx context.Context, of lookup.Service) []Seen {
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	out := make([]Seen, 0, len(h.action.Nodes))
	for _, id := range h.action.Nodes {
		out = append(out, Seen{NodeID: id, Err: h.without[id]})
	}
	err := ctx.Err()
	switch {
	case err != nil:
	case h.givenUp():
		err = errGiveUp
	default:
		err = h.run(ctx, h.service(of.Helper()), out)
	}
	told := false
	for i := range out {
		if out[i].Report == nil && out[i].Err == nil {
			out[i].Err = cmp.Or(err, errNotRun)
		}
		told = told || out[i].Report != nil
	}
	h.told(told)
	return out
}

func (h *Helper) givenUp() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.barren >= barrenServices
}

func (h *Helper) told(anything bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.barren++; anything {
		h.barren = 0
	}
}

// run makes a service of it and takes that away.
func (h *Helper) run(ctx context.Context, of helper.Service, out []Seen) error {
	defer h.end(ctx, of)
	limited, cancel := context.WithTimeout(ctx, helperLimit)
	defer cancel()
	id, err := h.start(limited, of)
	if err != nil {
		return err
	}
	return h.follow(limited, id, out)
}

// follow waits for the service's tasks to be over and reads what each has written.
func (h *Helper) follow(ctx context.Context, id string, out []Seen) error {
	var quiet time.Time // since when nothing is on its way
	for {
		tasks, err := h.cluster.HelperTasks(ctx, id)
		if err != nil {
			return err
		}
		open, coming := false, len(tasks) == 0
		for i := range out {
			s := &out[i]
			if s.Report != nil || s.Err != nil {
				continue
			}
			t, any := taskOn(tasks, s.NodeID)
			if t == nil {
				open, coming = true, coming || any
				continue
			}
			s.Report, s.Err = h.read(ctx, t)
		}
		switch {
		case !open:
			return nil
		case coming:
			quiet = time.Time{}
		case quiet.IsZero():
			quiet = time.Now()
		case time.Since(quiet) > helperLate:
			return errNotRun
		}
		if Pause(ctx, helperEvery) != nil {
			return errNotRun
		}
	}
}

// taskOn is a service's task on a node that is over, one that ended well before any other; any
// says that there is one at all. The managers may make another where one failed, whatever
// the restart policy says.
func taskOn(tasks []evidence.Task, nodeID string) (over *evidence.Task, any bool) {
	for i := range tasks {
		t := &tasks[i]
		if t.NodeID != nodeID {
			continue
		}
		any = true
		if slices.Contains(ended, t.State) && (over == nil || t.State == "complete") {
			over = t
		}
	}
	return over, any
}

func (h *Helper) read(ctx context.Context, t *evidence.Task) (*lookup.Report, error) {
	if t.State != "complete" || t.ContainerID == "" {
		return nil, fmt.Errorf("%w: %s %s", errEnded, t.State, t.Error)
	}
	text, err := h.cluster.Output(ctx, t.NodeID, t.ContainerID)
	if err != nil {
		return nil, err
	}
	return lookup.Parse(text)
}

// end takes a service away as soon as it is over, so that the network is the student's again.
func (h *Helper) end(ctx context.Context, of helper.Service) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), helperGone)
	defer cancel()
	_ = again(ctx, func() error { return h.endOf(ctx, of) })
}
