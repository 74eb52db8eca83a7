package observe

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/local"
)

// window is one window under way.
type window struct {
	r        *Windows
	pace     pace
	services []Watched
	series   []*series
	settled  []bool
	polled   chan struct{} // a poll has come in, or something crashed

	mu     sync.Mutex
	shared evidence.Window
	// own are the polls with one service's tasks each, by service, so that
	// asking after each service does not go through the tasks of all.
	own    [][]evidence.Poll
	place  map[string][]int // of a service's ID in services
	guard  *action.Guard    // from the injection to its undoing
	nodes  []evidence.Node
	reason string // to break off
	crash  error
}

func newWindow(r *Windows, f evidence.Action, services []Watched) *window {
	speed := r.Swarm.Speed()
	w := &window{
		r: r, pace: paceAt(speed), services: services,
		settled: make([]bool, len(services)), polled: make(chan struct{}, 1),
		own: make([][]evidence.Poll, len(services)), place: map[string][]int{},
		shared: evidence.Window{
			Schema: evidence.WindowSchema, Fault: f, Speed: speed, Began: r.At(),
			Injecting: -1, Injected: -1, Restoring: -1, Restored: -1, Ended: -1, Polls: []evidence.Poll{},
		},
	}
	var all []*evidence.Service
	rate := 0.0
	for i, s := range services {
		all = append(all, s.Service)
		rate = max(rate, s.Rate)
		w.place[s.Service.ID] = append(w.place[s.Service.ID], i)
	}
	w.shared.HoldMS = w.pace.hold.Milliseconds()
	w.shared.LimitMS = limitMS(f, all, r.Swarm)
	period := periodMS(f.Kind, rate, speed, max(1, len(services)), r.Rate, local.Slower)
	for _, s := range services {
		w.series = append(w.series, newSeries(s.Service.ID, s.Targets, period, speed))
	}
	return w
}

// begin starts probing and polling.
func (w *window) begin(ctx context.Context, stop <-chan struct{}, running *sync.WaitGroup) {
	guarded := func(run func(context.Context, <-chan struct{})) {
		running.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					w.crashWith(v)
				}
			}()
			run(ctx, stop)
		})
	}
	guarded((&polling{watcher: w.r.Watcher, at: w.r.At, pace: w.pace, took: w.took}).run)
	probed := slices.DeleteFunc(slices.Clone(w.series), func(s *series) bool { return len(s.p.Targets) == 0 })
	if len(probed) > 0 {
		guarded((&probing{prober: w.r.Prober, at: w.r.At, all: probed, crash: w.crashWith}).run)
	}
}

// took enters a reading.
func (w *window) took(p evidence.Poll, nodes []evidence.Node) {
	w.mu.Lock()
	w.shared.Polls = append(w.shared.Polls, p)
	w.share(p)
	if p.Error == "" {
		w.nodes = nodes
	}
	if w.guard != nil && w.reason == "" {
		w.reason = w.guard.Look(p.At, nodes, p.Error != "")
	}
	w.mu.Unlock()
	w.wake()
}

// share gives each service its part of a poll.
func (w *window) share(p evidence.Poll) {
	tasks := p.Tasks
	p.Tasks = nil
	for i := range w.own {
		w.own[i] = append(w.own[i], p)
	}
	for _, t := range tasks {
		for _, i := range w.place[t.ServiceID] {
			last := &w.own[i][len(w.own[i])-1]
			last.Tasks = append(last.Tasks, t)
		}
	}
}

func (w *window) wake() {
	select {
	case w.polled <- struct{}{}:
	default:
	}
}

func (w *window) crashWith(v any) {
	w.mu.Lock()
	if w.crash == nil {
		w.crash = &diag.Failure{
			Code: "failed", Msg: i18n.M("observe.crashed"), Hint: i18n.M("observe.crashed_hint"), Cause: fmt.Errorf("%v", v),
		}
	}
	w.mu.Unlock()
	w.wake()
}

func (w *window) crashed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.crash
}

func (w *window) set(f func(x *evidence.Window)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.shared)
}
