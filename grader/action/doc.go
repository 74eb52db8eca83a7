// Package action changes a cluster to see what comes of it, and puts it back: a node
// fails, for a whole class at a time, or something is done to each student's own
// service, side by side, or something of the grader's own is put beside what is there.
//
// [Choose] and [ChooseOne] pick nodes, a [Kind]'s Aim how it is done to a service. [Run] (or [Begin]
// and [Session.Restore]) does one action and undoes it, whatever happens in between; a
// [Journal] that is synced before each step lets [Heal] undo what a killed grader left,
// and a mark in the swarm keeps graders on other machines away. A [Guard] says when the
// window of a fault must be broken off.
package action

import (
	"context"
	"io"
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/helper"
)

// The kinds of action, by name.
const (
	NodeStop  = "node-stop"  // Docker is stopped on the node, over SSH
	NodeDrain = "node-drain" // the node's availability is set to drain
	TaskKill  = "task-kill"  // one container of the student's own is killed
	Command   = "command"    // the class's own commands
	Scale     = "scale"      // a service's number of replicas is another for a while
	// ContainerKill kills one container of a service and Update rolls a service out
	// anew, for whoever watches.
	ContainerKill = "container-kill"
	Update        = "update"
	// Lookup puts a helper of the grader's own into students' networks for a moment.
	Lookup = "lookup"
	// Workers are processes of the grader's own that drive load from the nodes of a swarm.
	Workers = "workers"
)

// Injector does one kind of action and undoes it.
//
// Restore must be safe to call when the fault was injected in part, not at all,
// or undone before, and by a process other than the one that injected. It only
// starts the undoing; that the node is back is for the caller to see.
type Injector interface {
	Inject(ctx context.Context, f evidence.Action) error
	Restore(ctx context.Context, f evidence.Action) error
}

// Armer is an Injector that can leave a timer on the node which undoes the
// fault after some time even if nobody is left to do it. Restore disarms it.
type Armer interface {
	Arm(ctx context.Context, f evidence.Action, after time.Duration) error
}

// Manual is an Injector that knows what a person would type to undo a fault.
type Manual interface {
	Commands(f evidence.Action) []string
}

// Watcher reads the managers; at gives the run's milliseconds.
type Watcher interface {
	Poll(ctx context.Context, at func() int64) ([]evidence.Node, []evidence.Task, error)
	// Avoid keeps a node's endpoint from being asked for the swarm as long as
	// there is another; "" ends it.
	Avoid(nodeID string)
}

// Keeper looks after the containers of one node.
type Keeper interface {
	// Containers are those of a node's engine; seen is false if no endpoint of
	// the class is on that node.
	Containers(ctx context.Context, nodeID string) (list []evidence.Container, seen bool, err error)
	StartContainer(ctx context.Context, nodeID, containerID string) error
	KillContainer(ctx context.Context, nodeID, containerID string) error
}

// Locker keeps a mark that all users of the swarm see.
type Locker interface {
	// CreateLock is atomic; created is false if the name is taken.
	CreateLock(ctx context.Context, name string, data []byte) (created bool, err error)
	ReadLock(ctx context.Context, name string) (data []byte, found bool, err error)
	// RemoveLock of a name that is not there is no error.
	RemoveLock(ctx context.Context, name string) error
}

// Drainer sets the availability of a node: active, pause or drain.
type Drainer interface {
	SetAvailability(ctx context.Context, nodeID, availability string) error
}

// Scaler changes the number of replicas of a service.
type Scaler interface {
	// Replicas is that number; found is false if there is no such service, or it
	// has none, being global.
	Replicas(ctx context.Context, serviceID string) (n uint64, found bool, err error)
	// Scale changes it from one to another and nothing else of the service. Scaled is
	// false, and nothing done, if it was not the first any more.
	Scale(ctx context.Context, serviceID string, from, to uint64) (scaled bool, err error)
}

// Updater has a service rolled out anew.
type Updater interface {
	// Forced is how often that was asked for, and the state of the last update: one
	// of the engine's words, "" where there was none; found is false if there is no
	// such service.
	Forced(ctx context.Context, serviceID string) (n uint64, state string, found bool, err error)
	// Force changes that number from one to another and nothing else of the service.
	// Changed is false, and nothing done, if it was not the first any more.
	Force(ctx context.Context, serviceID string, from, to uint64) (changed bool, err error)
}

// Lodging puts something of the grader's own beside what is in a swarm, and takes it away.
// What bears a token of [helper.Service] is found by it.
type Lodging interface {
	// LoadImage has a node's engine take in an image for a processor, which write
	// writes as docker save does, and gives the ID that the engine has it under.
	LoadImage(ctx context.Context, nodeID, name, arch string, write func(io.Writer) error) (id string, err error)
	// CanLoad looks, changing nothing, whether a node's engine could take in an image for a processor and
	// run jobs of it; the error says why not.
	CanLoad(ctx context.Context, nodeID, arch string) error
	// RemoveImage of a name that is not there is no error.
	RemoveImage(ctx context.Context, nodeID, name string) error
	// StartHelper makes the service and gives its ID; one of the same name and token
	// counts as made.
	StartHelper(ctx context.Context, of helper.Service) (serviceID string, err error)
	// HelperTasks are its tasks so far.
	HelperTasks(ctx context.Context, serviceID string) ([]evidence.Task, error)
	// Output is what a container of a node's has written, up to what a report of package lookup takes.
	Output(ctx context.Context, nodeID, containerID string) ([]byte, error)
	// Talk is a stream to a container's standard input and of what it writes to its standard
	// output, from now on. It is not bound to ctx once it is there; closing it ends it.
	Talk(ctx context.Context, nodeID, containerID string) (io.ReadWriteCloser, error)
	// EndHelpers removes the services that bear a token, of a student or, where that is "",
	// of all, and gives the node of each of their tasks that is not over, "" where it has
	// none: such a task may be about to make a container, and has an address in the network.
	EndHelpers(ctx context.Context, token, student string) (open []string, err error)
	// ClearHelpers removes those of their containers from a node's engine that are over, and
	// tells how many it still has.
	ClearHelpers(ctx context.Context, nodeID, token, student string) (int, error)
}

// Cluster is all that actions need of a swarm; *swarm.Cluster is one.
type Cluster interface {
	Scaler
	Updater
	Watcher
	Keeper
	Locker
	Drainer
	Lodging
}
