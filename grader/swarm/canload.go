package swarm

import (
	"bytes"
	"cmp"
	"context"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// jobsSince is the API version of the first engines that run jobs, Docker 20.10.
const jobsSince = "1.41"

// emptyArchive is the length of a tar archive of nothing: two blocks of zeros.
const emptyArchive = 1024

// CanLoad looks, changing nothing, whether a node's engine could take in an image for a processor and run jobs
// of it; the error says why not. That images may be taken in at all is tried with an empty archive, which
// holds none: a way to the engine that lets only some requests through refuses it.
func (c *Cluster) CanLoad(ctx context.Context, nodeID, arch string) error {
	e, err := c.on(ctx, nodeID)
	switch {
	case err != nil:
		return err
	case e == nil:
		return errUnseen
	}
	var v types.Version
	err = e.call(ctx, func(ctx context.Context) (err error) {
		v, err = e.api.ServerVersion(ctx)
		return err
	})
	switch {
	case err != nil:
		return err
	case v.Os != "linux" || v.Arch != arch:
		return unfit("arch", "arch", word(v.Os)+"/"+word(v.Arch), "want", "linux/"+arch)
	case versions.LessThan(v.APIVersion, jobsSince):
		return unfit("old", "engine", word(v.Version))
	}
	var refused error
	err = e.call(ctx, func(ctx context.Context) error {
		got, err := e.api.ImageLoad(ctx, bytes.NewReader(make([]byte, emptyArchive)), client.ImageLoadWithQuiet(true))
		switch {
		case err == nil:
			return got.Body.Close()
		case errdefs.IsPermissionDenied(err), errdefs.IsUnauthorized(err), errdefs.IsNotFound(err):
			refused = unfit("load", "error", text(err.Error()))
			return nil
		case errdefs.IsInvalidArgument(err), errdefs.IsInternal(err), errdefs.IsNotImplemented(err):
			return nil // it reads archives, and this is none
		}
		return err
	})
	return cmp.Or(err, refused)
}

func unfit(why string, pairs ...any) error {
	return &diag.Failure{Code: diag.Open, Msg: i18n.M("workers.unfit_"+why, pairs...), Hint: i18n.M("workers.unfit_"+why+"_hint", pairs...)}
}
