package action

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
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
func AimLookup(snap *evidence.Snapshot, p *lookup.Program, run string) (a evidence.Action, left []string, code string) {
	host, _ := os.Hostname()
	sum := sha256.Sum256(fmt.Append(nil, run, "\x00", host, "\x00", os.Getpid(), "\x00", time.Now().UnixNano()))
	token := hex.EncodeToString(sum[:6])
	a = evidence.Action{Kind: Lookup, Name: p.Ref(token), To: token, Was: run}
	for _, n := range snap.Nodes {
		reached := slices.ContainsFunc(snap.Endpoints, func(e evidence.Endpoint) bool { return e.Reached && e.NodeID == n.ID })
		if reached && n.State == "ready" && n.Availability == "active" {
			a.Nodes = append(a.Nodes, n.ID)
		} else {
			left = append(left, n.ID)
		}
	}
	if len(a.Nodes) == 0 {
		return a, left, "endpoint"
	}
	return a, left, ""
}

const (
	// loadsAtOnce is how many engines take in the image side by side, networksAtOnce how many
	// networks are looked into.
	loadsAtOnce    = 4
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
	// Left are the IDs of nodes that none is to run on, besides those that did not take
	// the image in.
	Left []string

	cluster Cluster
	program *lookup.Program // nil if it is only to be undone
	slots   chan struct{}
	action  evidence.Action
	without map[string]error // nodes that did not take the image in
	// image is what services name: the ID that all nodes have it under, since an engine asks
	// a registry for what has a name.
	image string

	mu     sync.Mutex
	barren int // services in a row that told nothing
}

// NewHelper prepares a helper.
func NewHelper(c Cluster, p *lookup.Program) *Helper {
	return &Helper{cluster: c, program: p, slots: make(chan struct{}, networksAtOnce), without: map[string]error{}}
}

// Inject loads the image. A node that does not take it is left out; the error is that of
// all if none does.
func (h *Helper) Inject(ctx context.Context, a evidence.Action) error {
	h.action, h.image = a, ""
	ids := map[string]bool{}
	labels := map[string]string{lookup.LabelToken: a.To, lookup.LabelRun: a.Was}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(loadsAtOnce)
	for _, id := range a.Nodes {
		g.Go(func() error {
			imageID, err := h.cluster.LoadImage(ctx, id, a.Name, h.program.Arch, func(w io.Writer) error { return h.program.Archive(w, a.Name, labels) })
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				h.without[id] = err
				return nil
			}
			ids[imageID], h.image = true, imageID
			return nil
		})
	}
	_ = g.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if len(h.without) == len(a.Nodes) {
		var all []error
		for _, id := range a.Nodes {
			all = append(all, h.without[id])
		}
		return errors.Join(all...)
	}
	if len(ids) > 1 { // engines that keep images in different ways
		h.image = a.Name
	}
	return nil
}

// Restore takes away all that bears the action's token: services, their containers, the
// image. It tries every node whatever becomes of another.
func (h *Helper) Restore(ctx context.Context, a evidence.Action) error {
	if a.To == "" || a.Name == "" {
		return nil // it made nothing
	}
	open, err := h.cluster.EndHelpers(ctx, a.To, "")
	if err != nil {
		return err
	}
	errs := make([]error, len(a.Nodes), len(a.Nodes)+1)
	var g errgroup.Group
	g.SetLimit(loadsAtOnce)
	for i, id := range a.Nodes {
		g.Go(func() error {
			n, err := h.cluster.ClearHelpers(ctx, id, a.To, "")
			switch {
			case err != nil:
			case n > 0:
				err = &diag.Failure{Code: "failed", Msg: i18n.M("action.lookup_left", "n", n)}
			case slices.Contains(open, id): // its container may be yet to come
			default:
				err = h.cluster.RemoveImage(ctx, id, a.Name)
			}
			errs[i] = err
			return nil
		})
	}
	_ = g.Wait()
	if len(open) > 0 {
		errs = append(errs, &diag.Failure{Code: "failed", Msg: i18n.M("action.lookup_open", "n", len(open))})
	}
	return errors.Join(errs...)
}

// Commands are what a person would type.
func (h *Helper) Commands(a evidence.Action) []string {
	return []string{
		"docker service ls -q --filter label=" + quote(lookup.LabelToken+"="+a.To) + " | xargs -r docker service rm",
		"docker image rm " + quote(a.Name) + "   # on every node",
	}
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
	of.Without = append(slices.Clone(h.Left), slices.Sorted(maps.Keys(h.without))...)
	of.Image, of.Token, of.Run = h.image, h.action.To, cmp.Or(h.action.Was, "-")
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
		err = h.run(ctx, of, out)
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
func (h *Helper) run(ctx context.Context, of lookup.Service, out []Seen) error {
	defer h.end(ctx, of)
	limited, cancel := context.WithTimeout(ctx, helperLimit)
	defer cancel()
	id, err := h.cluster.StartHelper(limited, of)
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
func (h *Helper) end(ctx context.Context, of lookup.Service) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), helperGone)
	defer cancel()
	_ = again(ctx, func() error {
		open, err := h.cluster.EndHelpers(ctx, of.Token, of.Student)
		if err != nil {
			return err
		}
		for _, id := range h.action.Nodes {
			if n, err := h.cluster.ClearHelpers(ctx, id, of.Token, of.Student); err != nil || n > 0 {
				return cmp.Or(err, errNotRun)
			}
		}
		if len(open) > 0 {
			return errNotRun
		}
		return nil
	})
}
