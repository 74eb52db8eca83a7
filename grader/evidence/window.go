package evidence

// WindowSchema names the layout of a [Window].
const WindowSchema = "swarmgrade-window/1"

// Window is what all students of one fault window share: the fault, its
// moments, and the cluster's states while it lasted. It is a series; that a
// service recovered is for judging to find.
//
// A moment that did not come is -1.
type Window struct {
	Schema string `json:"schema"`
	Fault  Action `json:"fault"`
	// Began is when probing began, before the fault; Injecting and Injected
	// when the first step of the injection was begun and its last was done;
	// Restoring and Restored the same for undoing it, Restored being when the
	// target was seen back in service. Ended is when probing ended.
	Began     int64 `json:"began_ms"`
	Injecting int64 `json:"injecting_ms"`
	Injected  int64 `json:"injected_ms"`
	Restoring int64 `json:"restoring_ms"`
	Restored  int64 `json:"restored_ms"`
	Ended     int64 `json:"ended_ms"`
	// End says why the fault was undone: "recovered" (every service came back
	// and held), "limit" (the time a recovery may take was over), "aborted".
	End string `json:"end"`
	// Reason is the stable word for an abort: "quorum", "other-node",
	// "api-silent", "inject-failed", "cancelled", "internal", "by-hand"; Detail is for the
	// instructor.
	Reason string `json:"reason,omitempty"`
	Detail string `json:"detail,omitempty"`
	// LimitMS is how long after the injection a recovery could be waited for.
	LimitMS int64 `json:"limit_ms"`
	// HoldMS is how long a service must have been back before it counts as
	// recovered: 10 s, less on an embedded cluster whose delays pass faster.
	HoldMS int64 `json:"hold_ms"`
	// Speed is how many times faster than the clock the swarm's delays passed;
	// 1 on every real swarm. Durations times Speed are those of a real one.
	Speed float64 `json:"speed"`
	// Polls are readings of the managers, in order.
	Polls []Poll `json:"polls"`
	// Stopped are the stand-alone containers that ran on the target before and
	// not after, by ID; Restarted those of them that run again.
	Stopped   []string `json:"stopped,omitempty"`
	Restarted []string `json:"restarted,omitempty"`
}

// Action is one change that the grader made to the cluster: a failure that it
// injected, or a service of a student's that it changed.
type Action struct {
	// Kind is node-stop, node-drain, task-kill, command, or of those done to a
	// student's own service scale, container-kill or update; or lookup, which adds
	// something of the grader's own.
	Kind string `json:"kind"`
	// NodeID, Hostname and Address are the target's; for task-kill the node
	// that the container is on; "" where no node is meant.
	NodeID   string `json:"node_id"`
	Hostname string `json:"hostname"`
	Address  string `json:"address,omitempty"`
	// Leader says that the target led the managers when it was chosen.
	Leader bool `json:"leader,omitempty"`
	// Was is what stood before and undoing gives back: the target's availability
	// of node-drain, the number of replicas of scale and of container-kill, the count of
	// forced updates of update. To is what the action
	// made of it, where that is not one and the same.
	Was string `json:"was,omitempty"`
	To  string `json:"to,omitempty"`
	// Ran is how many tasks of the service ran, or were about to, before something that
	// may lose some of them: no more are brought back. "" in records of before it was kept,
	// when the service was taken to have all that it asks for.
	Ran string `json:"ran,omitempty"`
	// Student is whose service an action changes; "" where it is for the class.
	Student string `json:"student,omitempty"`
	// Service (its ID) is set for task-kill and for what changes a service, or a node
	// for a student's service to be watched; its name is Name; TaskID and ContainerID are those of what was killed.
	Service     string `json:"service,omitempty"`
	Name        string `json:"name,omitempty"`
	TaskID      string `json:"task_id,omitempty"`
	ContainerID string `json:"container_id,omitempty"`
	// Nodes are the IDs of those on which something of the grader's own is put.
	Nodes []string `json:"nodes,omitempty"`
}

// Poll is one reading of nodes and tasks, as differences to the one before, so
// that a window of a large class stays small. The first holds everything.
type Poll struct {
	// At is when the reading was asked for, Took how long it lasted (ms).
	At   int64 `json:"at_ms"`
	Took int64 `json:"took_ms"`
	// Error is a gap's code if there was no answer: "unreachable", "timeout",
	// "no-leader". Such a poll is no sample; it says nothing of the cluster.
	Error string `json:"error,omitempty"`
	// Nodes and Tasks are those that are new or changed, by ID; GoneTasks the
	// IDs of tasks that are no longer listed.
	Nodes     []Node   `json:"nodes,omitempty"`
	Tasks     []Task   `json:"tasks,omitempty"`
	GoneTasks []string `json:"gone_tasks,omitempty"`
}

// Probing is the steady, slow load on one student's service through a window.
// Each probe is a connection of its own.
type Probing struct {
	// Window is the hash of the shared part.
	Window string `json:"window"`
	// Service is the ID of the service that is probed.
	Service string `json:"service"`
	// Targets are the addresses, taken in turn.
	Targets []Target `json:"targets"`
	// PeriodMS is the time between two probes.
	PeriodMS   int64        `json:"period_ms"`
	Responders []Responder  `json:"responders"`
	Errors     []ErrorClass `json:"errors,omitempty"`
	// Probes are in the order sent. One that had not ended when the window did
	// is left out.
	Probes []Probe `json:"probes"`
	// Skipped counts probes that were not sent because too many earlier ones
	// still waited for their answers. In records of before Late was kept it counts
	// those too.
	Skipped int `json:"skipped,omitempty"`
	// Late counts probes that the grader's own machine could not send, or not in
	// time: it was starved, slept, or was short of something. LateIn is when it
	// was late, also where all was sent: in order, apart from each other, and
	// bounded in number.
	Late   int       `json:"late,omitempty"`
	LateIn []Stretch `json:"late_in,omitempty"`
}

// Stretch is a time, in ms from the run's start.
type Stretch struct {
	From int64 `json:"from_ms"`
	To   int64 `json:"to_ms"`
}

// Probe is one request of a [Probing].
type Probe struct {
	At   int64 `json:"t"` // when it was sent, ms from the run's start
	Took int64 `json:"d"` // until its end, microseconds
	To   int   `json:"to"`
	// Who is an index into Responders, or -1-i for an index i into Errors.
	Who int `json:"who"`
}

// Replay calls f after each poll that got an answer, with the state of all
// nodes and tasks at that time, by ID. The maps are f's only until it returns;
// it may stop by returning false.
func (w *Window) Replay(f func(p *Poll, nodes map[string]*Node, tasks map[string]*Task) bool) {
	nodes, tasks := map[string]*Node{}, map[string]*Task{}
	for i := range w.Polls {
		p := &w.Polls[i]
		if p.Error != "" {
			continue
		}
		for k := range p.Nodes {
			nodes[p.Nodes[k].ID] = &p.Nodes[k]
		}
		for k := range p.Tasks {
			tasks[p.Tasks[k].ID] = &p.Tasks[k]
		}
		for _, id := range p.GoneTasks {
			delete(tasks, id)
		}
		if !f(p, nodes, tasks) {
			return
		}
	}
}
