// Package evidence holds what was observed, as plain data.
//
// Evidence is written once by the observing side, hashed, and never edited; the
// judging side reads nothing else. The types import only the standard library,
// so that a bundle stored today can be read by every later version.
//
// Three kinds of blob exist. A [Snapshot] is one reading of the whole cluster,
// shared by every student of a run; a [Window] the same for a fault. A [Bundle]
// is what concerns one student: the names and ports derived for them, the state
// and configuration of their HAProxy, the load traces, and the [Episode]s. A
// [Case] joins them for judging.
//
// All times are offsets in milliseconds from the start of the run, taken from
// one monotonic clock on the grader's machine, unless a comment says that a
// stamp comes from an engine's own clock.
package evidence

import "slices"

// BundleSchema names the layout of a [Bundle]; the codec reads every older one.
const BundleSchema = "swarmgrade-bundle/2"

// SnapshotSchema names the layout of a [Snapshot].
const SnapshotSchema = "swarmgrade-snapshot/1"

// Bundle is everything observed of one student in one run, apart from what the
// class shares in the snapshots.
type Bundle struct {
	Schema  string  `json:"schema"`
	Run     string  `json:"run"`
	Student Student `json:"student"`
	// Task is the task of the rubric that this observation was made for.
	Task string `json:"task"`
	// NotUp are those of the tasks that the student did not have up when it was
	// looked for what they have.
	NotUp []string `json:"not_up,omitempty"`
	// Before and After are the hashes of the snapshots taken before the first
	// and after the last request of the run.
	Before string `json:"before"`
	After  string `json:"after,omitempty"`
	// Proxies are the HAProxy candidates: those that carry the student's name
	// or publish the student's port.
	Proxies []Proxy `json:"proxies"`
	// Traces are the load traces, one a target, ordered by target ID.
	Traces []Trace `json:"traces"`
	// Traffic is what the engines counted at the student's task containers
	// around a load, where what HAProxy's answers claim needs a second witness.
	Traffic []Traffic `json:"traffic,omitempty"`
	// Names are what engines say of the names of the student's services, where a
	// check asks for it; of each name and network one view an engine.
	Names []NameView `json:"names,omitempty"`
	// Lookups are what helpers within the networks were told of the same names, where a
	// check asks for it; of each name and network one a node.
	Lookups []Lookup `json:"lookups,omitempty"`
	// Gaps say what was planned and could not be observed, through no fault of
	// the student.
	Gaps []Gap `json:"gaps,omitempty"`
	// Episodes are what followed, in the order of time: all that is above was
	// observed before the first of them.
	Episodes []Episode `json:"episodes,omitempty"`
}

// Student is who was observed, with what was derived from the ID.
type Student struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Vars are the rubric's variables for this student, such as
	// published=8001, in text form.
	Vars map[string]string `json:"vars"`
}

// Gap is a piece of evidence that was asked for and not obtained.
type Gap struct {
	// What names the piece: "snapshot", "containers/<endpoint>", "configs",
	// "proxy/<name>"; "services", "tasks", "nodes", "networks" for a list that
	// was cut, "inside" for the helper that looks names up, "tasks/<service's ID>" for one service's tasks (Detail is how many
	// there are); "load/<target>"; of an episode also "window" for a fault window
	// that this student's service was not observed in, "action" for an action that
	// was not done, "snapshot/before" and "snapshot/after".
	What string `json:"what"`
	// Code is a stable word for the cause: "unreachable", "timeout",
	// "cancelled", "denied", "too-large", "internal", "local" (the grader's own
	// machine was short of descriptors, ports or memory); "abridged" if all of a
	// service's tasks that run were kept and only others left out; of a window and
	// of an action also "left-out" (none was wanted), of a window "self-check"
	// (which stops no node) or why no fault could be chosen that hits this student
	// (Detail is then the host name of the node that the reason is about), of an
	// action "no-service", "global" (a service that has no number of replicas),
	// "changed" (it was no longer as when the action was chosen), "taken" (another
	// grader was changing it).
	Code string `json:"code"`
	// Detail is for the instructor; it may hold text from outside.
	Detail string `json:"detail,omitempty"`
}

// Traffic is what one container received around one load, by its engine's
// count of packets in all its networks.
type Traffic struct {
	Target      string `json:"target"` // the load's
	ContainerID string `json:"container_id"`
	Before      int64  `json:"before"`
	After       int64  `json:"after"`
	// TookMS is the time between the two readings. IdleBefore and IdleAfter are
	// what was received in IdleMS without that load, just before and just after
	// it: health checks and whatever else goes on; absent in evidence of before
	// it was read.
	TookMS     int64 `json:"took_ms,omitempty"`
	IdleMS     int64 `json:"idle_ms,omitempty"`
	IdleBefore int64 `json:"idle_before,omitempty"`
	IdleAfter  int64 `json:"idle_after,omitempty"`
}

// Case is what a student is judged on.
type Case struct {
	Bundle *Bundle
	// Before and After are the snapshots that the bundle names. After is nil
	// when the run ended before it could be taken.
	Before *Snapshot
	After  *Snapshot
	// Episodes are the bundle's, in its order, with the blobs that they name.
	Episodes []Scene
}

// Scene is an episode with what it names.
type Scene struct {
	*Episode
	// Window is the fault window that Probing names, nil without one; From and To
	// are the snapshots around the traces, nil where there are none.
	Window   *Window
	From, To *Snapshot
}

// Gap reports the first gap whose What is one of the given names.
func (b *Bundle) Gap(what ...string) (Gap, bool) { return gap(b.Gaps, what) }

func gap(gaps []Gap, what []string) (Gap, bool) {
	i := slices.IndexFunc(gaps, func(g Gap) bool { return slices.Contains(what, g.What) })
	if i < 0 {
		return Gap{}, false
	}
	return gaps[i], true
}

// Trace returns the trace of a target, or nil.
func (b *Bundle) Trace(target string) *Trace {
	for i := range b.Traces {
		if b.Traces[i].Target.ID == target {
			return &b.Traces[i]
		}
	}
	return nil
}
