package swarm

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"

	"swarmgrade/grader/evidence"
)

const (
	// maxOfService bounds the tasks kept of one service, those that run first:
	// a service of nine thousand that nothing can place leaves room for the
	// others.
	maxOfService = 500
	// leastOfService is what each keeps if there are very many services.
	leastOfService = 50
	// askedTogether is how many services' tasks are asked for in one request.
	askedTogether = 32
)

// tooLarge reports whether an answer was refused for its size, by us or by the
// engine: between its parts an answer may have 16 MB.
func tooLarge(err error) bool {
	return errors.Is(err, errTooLarge) || err != nil && (strings.Contains(err.Error(), "ResourceExhausted") ||
		strings.Contains(err.Error(), "message larger than max"))
}

// tasksOf reads the swarm's tasks. They come all in one request, unless there are so
// many that one service's could crowd out the others'. Then, and from then on, each
// service is asked for by itself. Gaps name the services of which not all tasks
// were kept: with code "abridged" if all that run were, else "too-large".
type tasksOf struct {
	api      *client.Client
	nodes    []swarm.Node
	services []swarm.Service

	out    []swarm.Task
	counts map[string]int  // tasks that there are, of services that were cut
	unread map[string]bool // services of which not even those that run could be read
}

// sift gives the tasks that are kept, and the gaps. list are all, unless there
// is a flood.
func (c *Cluster) sift(ctx context.Context, api *client.Client, list []swarm.Task, flood bool, nodes []swarm.Node, services []swarm.Service) ([]swarm.Task, []evidence.Gap, error) {
	r := &tasksOf{api: api, nodes: nodes, services: services, out: list, counts: map[string]int{}, unread: map[string]bool{}}
	if flood {
		if err := r.each(ctx); err != nil {
			return nil, nil, err
		}
	}
	gaps := r.thin()
	if len(gaps) > 0 {
		c.setFlooded()
	}
	return r.out, gaps, nil
}

// allTasks reads the tasks in one request; flood says that it takes asking for
// each service.
func allTasks(ctx context.Context, c *Cluster, api *client.Client) (list []swarm.Task, flood bool, err error) {
	if c.isFlooded() {
		return nil, true, nil
	}
	list, err = api.TaskList(ctx, swarm.TaskListOptions{})
	if tooLarge(err) {
		c.setFlooded()
		return nil, true, nil
	}
	return list, false, err
}

func (c *Cluster) isFlooded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flooded
}

func (c *Cluster) setFlooded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flooded = true
}

// each asks for every service's tasks, several services together, and for the
// big ones' alone.
func (r *tasksOf) each(ctx context.Context) error {
	var small []string
	for _, s := range r.services {
		if _, n := toMode(s.Spec.Mode); n > maxOfService {
			if err := r.placed(ctx, s.ID); err != nil {
				return err
			}
			continue
		}
		small = append(small, s.ID)
	}
	for group := range slices.Chunk(small, askedTogether) {
		if err := r.group(ctx, group); err != nil {
			return err
		}
	}
	return nil
}

// group asks for the tasks of some services and, where that is too much or one
// of them is gone, for those of half of them at a time.
func (r *tasksOf) group(ctx context.Context, ids []string) error {
	list, err := r.ask(ctx, ids, nil)
	switch {
	case err == nil:
		r.out = append(r.out, list...)
		return nil
	case !tooLarge(err) && !errdefs.IsNotFound(err):
		return err
	case len(ids) > 1:
		half := len(ids) / 2
		if err := r.group(ctx, ids[:half]); err != nil {
			return err
		}
		return r.group(ctx, ids[half:])
	case tooLarge(err):
		return r.placed(ctx, ids[0])
	}
	return nil // removed since
}

// placed asks for those tasks of one service that have a node and are wanted:
// all that can run.
func (r *tasksOf) placed(ctx context.Context, id string) error {
	i := slices.IndexFunc(r.services, func(s swarm.Service) bool { return s.ID == id })
	_, wanted := toMode(r.services[i].Spec.Mode)
	list, err := r.ask(ctx, []string{id}, r.nodes)
	switch {
	case err == nil:
		r.counts[id] = max(wanted, len(list))
		r.out = append(r.out, list...)
	case tooLarge(err), errdefs.IsNotFound(err):
		r.counts[id], r.unread[id] = wanted, true
	default:
		return err
	}
	return nil
}

func (r *tasksOf) ask(ctx context.Context, services []string, nodes []swarm.Node) ([]swarm.Task, error) {
	f := filters.NewArgs()
	for _, id := range services {
		f.Add("service", id)
	}
	for _, n := range nodes {
		f.Add("node", n.ID)
	}
	if nodes != nil {
		f.Add("desired-state", string(swarm.TaskStateRunning))
	}
	return r.api.TaskList(ctx, swarm.TaskListOptions{Filters: f})
}

// thin keeps of each service as many tasks as there is room for, those that run
// first and then the newest, and says of which it did not keep all.
func (r *tasksOf) thin() []evidence.Gap {
	byService := map[string][]swarm.Task{}
	for _, t := range r.out {
		// The network attachment of a stand-alone container is a task, too, but
		// of no service.
		if t.ServiceID != "" {
			byService[t.ServiceID] = append(byService[t.ServiceID], t)
		}
	}
	most := maxOfService
	for most > leastOfService && kept(byService, most) > maxObjects {
		most = max(most/2, leastOfService)
	}
	r.out = r.out[:0]
	var gaps []evidence.Gap
	for _, id := range sortedKeys(byService) {
		list := byService[id]
		if n := len(list); n > most {
			slices.SortFunc(list, func(a, b swarm.Task) int {
				return cmp.Or(cmp.Compare(stage(a), stage(b)), b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
			})
			r.unread[id] = r.unread[id] || stage(list[most]) == 0
			r.counts[id] = max(r.counts[id], n)
			list = list[:most]
		}
		r.out = append(r.out, list...)
	}
	for _, id := range sortedKeys(r.counts) {
		g := evidence.Gap{What: "tasks/" + word(id), Code: "abridged", Detail: strconv.Itoa(r.counts[id])}
		if r.unread[id] {
			g.Code = "too-large"
		}
		gaps = append(gaps, g)
	}
	if n := len(r.out); n > maxObjects {
		gaps = append(gaps, evidence.Gap{What: "tasks", Code: "too-large", Detail: strconv.Itoa(n)})
		r.out = r.out[:maxObjects]
	}
	return gaps
}

func kept(byService map[string][]swarm.Task, most int) int {
	n := 0
	for _, list := range byService {
		n += min(len(list), most)
	}
	return n
}

// stage is 0 for a task that runs as it should, 1 for one that should, 2 for
// the rest.
func stage(t swarm.Task) int {
	switch {
	case t.DesiredState != swarm.TaskStateRunning:
		return 2
	case t.Status.State != swarm.TaskStateRunning:
		return 1
	}
	return 0
}
