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
	"swarmgrade/grader/helper"
	"swarmgrade/grader/i18n"
)

// loadsAtOnce is how many engines take in an image side by side.
const loadsAtOnce = 4

// aimOwn is something of the grader's own on all nodes whose engines can be reached; left are
// the IDs of the others, and code says why there is none.
func aimOwn(kind, image string, snap *evidence.Snapshot, p *helper.Program, run string) (a evidence.Action, left []string, code string) {
	host, _ := os.Hostname()
	sum := sha256.Sum256(fmt.Append(nil, run, "\x00", host, "\x00", os.Getpid(), "\x00", time.Now().UnixNano()))
	token := hex.EncodeToString(sum[:6])
	a = evidence.Action{Kind: kind, Name: p.Ref(image, token), To: token, Was: run}
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

// lodger brings the grader's own executable to a swarm and takes all of it away again: what
// actions of the scope [Own] have in common.
type lodger struct {
	// Left are the IDs of nodes that none is to run on, besides those that did not take
	// the image in.
	Left []string

	cluster Cluster
	program *helper.Program // nil if it is only to be undone
	verb    string          // of the program
	action  evidence.Action
	without map[string]error // nodes that did not take the image in
	// image is what services name: the ID that all nodes have it under, since an engine asks
	// a registry for what has a name.
	image string
}

func newLodger(c Cluster, p *helper.Program, verb string) lodger {
	return lodger{cluster: c, program: p, verb: verb, without: map[string]error{}}
}

// Inject loads the image. A node that does not take it is left out; the error is that of
// all if none does.
func (l *lodger) Inject(ctx context.Context, a evidence.Action) error {
	l.action, l.image = a, ""
	ids := map[string]bool{}
	labels := map[string]string{helper.LabelToken: a.To, helper.LabelRun: a.Was}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(loadsAtOnce)
	for _, id := range a.Nodes {
		g.Go(func() error {
			write := func(w io.Writer) error { return l.program.Archive(w, a.Name, l.verb, labels) }
			imageID, err := l.cluster.LoadImage(ctx, id, a.Name, l.program.Arch, write)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				l.without[id] = err
				return nil
			}
			ids[imageID], l.image = true, imageID
			return nil
		})
	}
	_ = g.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if len(l.without) == len(a.Nodes) {
		var all []error
		for _, id := range a.Nodes {
			all = append(all, l.without[id])
		}
		return errors.Join(all...)
	}
	if len(ids) > 1 { // engines that keep images in different ways
		l.image = a.Name
	}
	return nil
}

// service is one with what all of them have.
func (l *lodger) service(of helper.Service) helper.Service {
	of.Without = slices.Concat(l.Left, slices.Sorted(maps.Keys(l.without)), of.Without)
	of.Image, of.Token, of.Run = l.image, l.action.To, cmp.Or(l.action.Was, "-")
	return of
}

// startEnds is how long a service that is being made is waited for once ctx has ended.
const startEnds = time.Second

// start makes a service. A request that is given up may still make one, after all that is there was taken away:
// so the managers are waited for, though not for long.
func (l *lodger) start(ctx context.Context, of helper.Service) (serviceID string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(startEnds, cancel) })()
	return l.cluster.StartHelper(last, of)
}

// Restore takes away all that bears the action's token: services, their containers, the
// image. It tries every node whatever becomes of another.
func (l *lodger) Restore(ctx context.Context, a evidence.Action) error {
	if a.To == "" || a.Name == "" {
		return nil // it made nothing
	}
	open, err := l.cluster.EndHelpers(ctx, a.To, "")
	if err != nil {
		return err
	}
	errs := make([]error, len(a.Nodes), len(a.Nodes)+1)
	var g errgroup.Group
	g.SetLimit(loadsAtOnce)
	for i, id := range a.Nodes {
		g.Go(func() error {
			n, err := l.cluster.ClearHelpers(ctx, id, a.To, "")
			switch {
			case err != nil:
			case n > 0:
				err = &diag.Failure{Code: "failed", Msg: i18n.M("action."+a.Kind+"_left", "n", n)}
			case slices.Contains(open, id): // its container may be yet to come
			default:
				err = l.cluster.RemoveImage(ctx, id, a.Name)
			}
			errs[i] = err
			return nil
		})
	}
	_ = g.Wait()
	if len(open) > 0 {
		errs = append(errs, &diag.Failure{Code: "failed", Msg: i18n.M("action."+a.Kind+"_open", "n", len(open))})
	}
	return errors.Join(errs...)
}

// Commands are what a person would type.
func (l *lodger) Commands(a evidence.Action) []string {
	return []string{
		"docker service ls -q --filter label=" + quote(helper.LabelToken+"="+a.To) + " | xargs -r docker service rm",
		"docker image rm " + quote(a.Name) + "   # on every node",
	}
}

// endOf takes one service away, with all that is left of it.
func (l *lodger) endOf(ctx context.Context, of helper.Service) error {
	open, err := l.cluster.EndHelpers(ctx, of.Token, of.Student)
	if err != nil {
		return err
	}
	for _, id := range l.action.Nodes {
		if n, err := l.cluster.ClearHelpers(ctx, id, of.Token, of.Student); err != nil || n > 0 {
			return cmp.Or(err, errNotRun)
		}
	}
	if len(open) > 0 {
		return errNotRun
	}
	return nil
}
