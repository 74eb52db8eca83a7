package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"swarmgrade/fixtures/sim"
	"swarmgrade/fixtures/sim/realproxy"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// Which HAProxy the containers of an embedded cluster run; anything else is the
// path of a program.
const (
	proxyAuto     = "auto"
	proxyEmbedded = "embedded"
	proxyEnv      = "GRADE_HAPROXY" // in place of the flag
)

// maxRealProxies is how many installed HAProxies run at a time: each is a
// process of some 15 MB. Further containers have the embedded balancer.
const maxRealProxies = 150

func (a *app) haproxyFlag(c *cobra.Command) {
	c.Flags().StringVar(&a.haproxy, "haproxy", cmp.Or(a.Getenv(proxyEnv), proxyAuto), a.lang().T("sim.flag_haproxy"))
}

// simProxy is what haproxy containers run, and how to say so.
func (a *app) simProxy(ctx context.Context, embedded sim.HAProxy) (sim.ProxyRunner, i18n.Msg, error) {
	path := a.haproxy
	switch path {
	case proxyEmbedded, "":
		return embedded, i18n.M("sim.haproxy_embedded"), nil
	case proxyAuto:
		path = ""
	}
	bin, err := realproxy.Find(ctx, path)
	switch {
	case err == nil:
		r := &realproxy.Runner{Binary: bin, Embedded: embedded, Most: maxRealProxies,
			Full: func() { a.ui.note(a.lang().T("sim.haproxy_full", "most", maxRealProxies)) }}
		return r, i18n.M("sim.haproxy_real", "version", bin.Version, "path", bin.Path), nil
	case path != "":
		return nil, i18n.Msg{}, &diag.Failure{Code: diag.Usage, Msg: i18n.M("sim.haproxy_bad", "path", path), Hint: i18n.M("sim.haproxy_bad_hint"), Cause: err}
	case errors.Is(err, realproxy.ErrOld):
		return embedded, i18n.M("sim.haproxy_old", "version", bin.Version), nil
	}
	return embedded, i18n.M("sim.haproxy_none"), nil
}
