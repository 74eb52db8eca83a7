package observe

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"time"

	"swarmgrade/grader/evidence"
)

// Watcher reads the state of nodes and tasks from a manager that lives.
type Watcher interface {
	Poll(ctx context.Context, at func() int64) ([]evidence.Node, []evidence.Task, error)
}

// deltas turns readings into differences.
type deltas struct {
	nodes map[string]evidence.Node
	tasks map[string]evidence.Task
}

// add gives the part of a poll that is new or changed.
func (d *deltas) add(p *evidence.Poll, nodes []evidence.Node, tasks []evidence.Task) {
	if d.nodes == nil {
		d.nodes, d.tasks = map[string]evidence.Node{}, map[string]evidence.Task{}
	}
	for _, n := range nodes {
		if old, ok := d.nodes[n.ID]; !ok || !reflect.DeepEqual(old, n) {
			d.nodes[n.ID] = n
			p.Nodes = append(p.Nodes, n)
		}
	}
	listed := make(map[string]bool, len(tasks))
	for _, t := range tasks {
		listed[t.ID] = true
		if old, ok := d.tasks[t.ID]; !ok || !reflect.DeepEqual(old, t) {
			d.tasks[t.ID] = t
			p.Tasks = append(p.Tasks, t)
		}
	}
	for id := range d.tasks {
		if !listed[id] {
			delete(d.tasks, id)
			p.GoneTasks = append(p.GoneTasks, id)
		}
	}
	slices.SortFunc(p.Nodes, func(a, b evidence.Node) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(p.Tasks, func(a, b evidence.Task) int { return cmp.Compare(a.ID, b.ID) })
	slices.Sort(p.GoneTasks)
}

// polling reads the managers until stop is closed. A reading that takes longer
// than the time between two delays the next; it is never doubled.
type polling struct {
	watcher Watcher
	at      func() int64
	pace    pace
	took    func(p evidence.Poll, nodes []evidence.Node)
}

func (b *polling) run(ctx context.Context, stop <-chan struct{}) {
	tick := time.NewTicker(b.pace.poll)
	defer tick.Stop()
	var d deltas
	for {
		p := evidence.Poll{At: b.at()}
		limited, cancel := context.WithTimeout(ctx, b.pace.pollTimeout)
		nodes, tasks, err := b.watcher.Poll(limited, b.at)
		cancel()
		if ctx.Err() != nil {
			return
		}
		p.Took = b.at() - p.At
		if err != nil {
			p.Error = code(err)
			nodes = nil
		} else {
			d.add(&p, nodes, tasks)
		}
		b.took(p, nodes)
		select {
		case <-tick.C:
		case <-stop:
			return
		case <-ctx.Done():
			return
		}
	}
}
