package swarm

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/docker/docker/client"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// Cluster is one swarm, seen through one or more engines. It is safe for
// concurrent use.
type Cluster struct {
	nodes     map[string]string // addresses to dial, by host name or node ID
	endpoints []*endpoint

	mu      sync.Mutex
	manager int    // the endpoint that served last
	avoid   string // ID of the node whose endpoint must not serve
	flooded bool   // some service has too many tasks: each is asked for by itself
}

// Dial opens the class's endpoints and probes all of them side by side. An
// endpoint that can't be reached is no error as long as a manager of the swarm
// is left; snapshots name it as a gap and try it again.
//
// The error is an *[Error]; with Code "config" it is the class file, or a file
// that it names, that must be mended.
func Dial(ctx context.Context, conf roster.Cluster) (*Cluster, error) {
	c, err := open(conf)
	if err != nil {
		return nil, err
	}
	if err := c.muster(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Close gives back every connection.
func (c *Cluster) Close() error {
	for _, e := range c.endpoints {
		e.close()
	}
	return nil
}

// open prepares the endpoints and reaches none.
func open(conf roster.Cluster) (*Cluster, error) {
	list, err := sources(conf)
	if err != nil {
		return nil, err
	}
	c := &Cluster{nodes: conf.Nodes}
	for _, s := range list {
		e, err := openEndpoint(s)
		if err != nil {
			return nil, err
		}
		c.endpoints = append(c.endpoints, e)
	}
	return c, nil
}

// muster probes every endpoint and picks a manager.
func (c *Cluster) muster(ctx context.Context) error {
	errs := make([]error, len(c.endpoints))
	var wg sync.WaitGroup
	for i, e := range c.endpoints {
		wg.Go(func() { _, errs[i] = e.facts(ctx) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return explain(ctx, "", ctx.Err())
	}
	first, swarm := -1, ""
	for i, e := range c.endpoints {
		f := e.knownFacts()
		switch {
		case f == nil:
		case !f.manager:
			errs[i] = noManager(e, f)
		case first < 0:
			first, swarm = i, f.cluster
		case f.cluster != swarm:
			return fail(e.at.text, "config", "other_swarm", nil, "first", c.endpoints[first].at.text)
		}
	}
	if first < 0 {
		return noneLeft(errs)
	}
	c.manager = first
	return nil
}

func noManager(e *endpoint, f *facts) error {
	if f.nodeID == "" {
		return fail(e.at.text, "no-manager", "no_swarm", nil)
	}
	return fail(e.at.text, "no-manager", "not_manager", nil)
}

// noneLeft joins the failures of all endpoints. A single one speaks for
// itself.
func noneLeft(errs []error) error {
	var each []*Error
	for _, err := range errs {
		var e *Error
		if errors.As(err, &e) {
			each = append(each, e)
		}
	}
	if len(each) == 1 {
		return each[0]
	}
	lines := make([]i18n.Msg, len(each))
	code := "unreachable"
	for i, e := range each {
		lines[i] = e.Msg
		if e.Code == "no-leader" {
			code = e.Code
		}
	}
	out := fail("", code, "none_left", nil, "n", len(each), "each", lines)
	out.Others = each
	return out
}

// onManager runs a request on the manager that served last and, if that one
// fails in any way, on the others in turn. f must be safe to run again.
func (c *Cluster) onManager(ctx context.Context, f func(ctx context.Context, api *client.Client) error) error {
	return c.ask(ctx, 0, f)
}

// ask is onManager with a time limit for each manager; 0 is the endpoint's.
func (c *Cluster) ask(ctx context.Context, limit time.Duration, f func(ctx context.Context, api *client.Client) error) error {
	order := c.order()
	errs := make([]error, 0, len(order))
	for _, i := range order {
		e := c.endpoints[i]
		known, err := e.facts(ctx)
		if err == nil && !known.manager {
			err = noManager(e, known)
		}
		if err == nil {
			err = e.callWithin(ctx, limit, func(ctx context.Context) error { return f(ctx, e.api) })
		}
		if err == nil {
			c.mu.Lock()
			c.manager = i
			c.mu.Unlock()
			return nil
		}
		if ctx.Err() != nil {
			return explain(ctx, e.at.text, ctx.Err())
		}
		errs = append(errs, err)
	}
	return noneLeft(errs)
}

// order lists the endpoints in the order to ask them: the one that served last
// and those behind it, without the one to avoid if another was ever reached.
func (c *Cluster) order() []int {
	c.mu.Lock()
	start, avoid := c.manager, c.avoid
	c.mu.Unlock()
	var order []int
	others := false
	for k := range c.endpoints {
		i := (start + k) % len(c.endpoints)
		f := c.endpoints[i].knownFacts()
		if avoid != "" && f != nil && f.nodeID == avoid {
			continue
		}
		others = others || f != nil && f.manager
		order = append(order, i)
	}
	if !others {
		order = order[:0]
		for k := range c.endpoints {
			order = append(order, (start+k)%len(c.endpoints))
		}
	}
	return order
}

// Manager is the address of the endpoint that answers for the swarm at the
// moment; a fault must spare that node if another can serve.
func (c *Cluster) Manager() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.endpoints[c.manager].at.text
}
