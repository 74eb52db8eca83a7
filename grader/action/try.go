package action

import (
	"context"
	"sync"

	"swarmgrade/grader/evidence"
)

// Trier is an Injector that can find out, changing nothing, whether it could do
// its work on a node. The error is a *[diag.Failure] or the context's.
type Trier interface {
	Try(ctx context.Context, f evidence.Action) error
}

// Candidates are the faults of a kind that the rules allow, one a node, whether
// or not they would hit anybody.
func Candidates(snap *evidence.Snapshot, rules Rules) []evidence.Action {
	c := newChooser(snap, nil, rules)
	var out []evidence.Action
	for i, n := range snap.Nodes {
		if n.State == "ready" && c.spared(i) == "" {
			out = append(out, c.fault(i))
		}
	}
	return out
}

// tries bounds the nodes that are tried at once.
const tries = 8

// Try asks of each fault whether it could be made. errs has an entry for each,
// nil for one that could; an Injector that is no [Trier] can't tell.
func Try(ctx context.Context, inj Injector, faults []evidence.Action) (errs []error) {
	errs = make([]error, len(faults))
	t, ok := inj.(Trier)
	if !ok {
		return errs
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, tries)
	for i, f := range faults {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = t.Try(ctx, f)
		})
	}
	wg.Wait()
	return errs
}
