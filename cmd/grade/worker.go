package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
	"swarmgrade/grader/mention"
	"swarmgrade/loadgen/worker"
)

// newWorkerCmd is what runs on the nodes that load comes from: see package worker.
func newWorkerCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use: helper.WorkerVerb, Short: a.lang().T("cli.worker_short"), Hidden: true, Args: cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		RunE: func(c *cobra.Command, _ []string) error {
			err := playWorker(c.Context(), a.Stdin, a.Stdout, []string{helper.WorkerSecret + "=" + a.Getenv(helper.WorkerSecret)})
			if err != nil && !errors.Is(err, errNoSecret) {
				// Its coordinator knows, or is gone. What fails the managers make anew.
				fmt.Fprintln(a.Stderr, err)
				err = nil
			}
			return err
		},
	}
}

var errNoSecret = errors.New(helper.WorkerSecret + " is not set: this command is run by grade itself")

// playWorker is a worker with its standard streams and environment.
func playWorker(ctx context.Context, in io.Reader, out io.Writer, env []string) error {
	for _, e := range env {
		if secret, ok := strings.CutPrefix(e, helper.WorkerSecret+"="); ok && secret != "" {
			return worker.Serve(ctx, in, out, []byte(secret))
		}
	}
	return errNoSecret
}

// team is a pool as the grader takes it.
type team struct{ *worker.Pool }

func (t team) Join(ctx context.Context, name string, stream io.ReadWriteCloser) error {
	return t.Pool.Join(ctx, worker.Line{Name: name, ReadWriteCloser: stream})
}

// crewLoader has workers drive load as long as one is left for it, and this machine the rest, within the
// same rate; probes are this machine's own.
type crewLoader struct {
	loader
	workers worker.Loader
	alone   func() // see [grader.CrewOptions]
}

func (l crewLoader) Load(ctx context.Context, t evidence.Target) (evidence.Trace, error) {
	trace, err := l.workers.Load(ctx, t)
	if errors.Is(err, worker.ErrNone) && ctx.Err() == nil {
		l.alone()
		return l.loader.Load(ctx, t)
	}
	return trace, err
}

func (l crewLoader) Reach(ctx context.Context, host string) error {
	err := l.workers.Reach(ctx, host)
	if errors.Is(err, worker.ErrNone) && ctx.Err() == nil {
		return l.loader.Reach(ctx, host)
	}
	return err
}

func (l crewLoader) Knowing(snap *evidence.Snapshot) grader.Loader {
	l.Options.Known = mention.New(snap)
	l.workers = l.workers.Knowing(l.Options.Known)
	return l
}

// newCrew is newLoader with workers.
func newCrew(o grader.LoadOptions, c grader.CrewOptions) (grader.Loader, grader.Team, error) {
	own, err := newLoader(o)
	if err != nil {
		return nil, nil, err
	}
	l := own.(loader)
	p := worker.New(worker.Options{
		Secret: []byte(c.Secret), Limiter: l.Options.Limiter, Epoch: o.Start, Settle: l.Options.Settle, Nonce: l.Options.Nonce,
		Lost: func(name string, why error) { c.Lost(name, worker.Reason(why), why) },
	})
	return crewLoader{l, p.Loader(o.Attribution, l.Options.Known), c.Alone}, team{p}, nil
}
