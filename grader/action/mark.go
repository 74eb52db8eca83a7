package action

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// MarkName is the swarm config that marks a swarm in which a fault is injected.
const MarkName = "swarmgrade-fault-lock"

// markName is what a record marks: the swarm, or the student's service alone, so that
// two graders who change one at the same time do not take each other's change for what
// stood before; nothing is where nobody else's is changed.
func (r *Record) markName() string {
	switch {
	case r.Own():
		return ""
	case r.Fault.Student != "":
		return evidence.ServiceMark + r.Fault.Service
	}
	return MarkName
}

// Mark is what it holds: whose fault it is.
type Mark struct {
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Class string    `json:"class"`
	Run   string    `json:"run"`
	Node  string    `json:"node"`
	Time  time.Time `json:"time"`
}

func (r *Record) mark() []byte {
	raw, err := json.Marshal(Mark{Host: r.Host, PID: r.PID, Class: r.Class, Run: r.Run, Node: r.Fault.Hostname, Time: r.Time})
	if err != nil {
		panic(err) // plain fields
	}
	return raw
}

// takeMark marks the swarm, or the service; a *diag.Failure says who was first.
func takeMark(ctx context.Context, c Locker, r *Record) error {
	name := r.markName()
	if name == "" {
		return nil
	}
	created, err := c.CreateLock(ctx, name, r.mark())
	if err != nil || created {
		return err
	}
	raw, found, err := c.ReadLock(ctx, name)
	if err != nil {
		return err
	}
	if bytes.Equal(raw, r.mark()) {
		return nil // made by a request of ours whose answer was lost
	}
	m := Mark{Host: "?"}
	if found {
		_ = json.Unmarshal(raw, &m)
	}
	if r.Fault.Student != "" {
		return &diag.Failure{
			Code: "taken",
			Msg:  i18n.M("action.taken", "service", r.Fault.Name, "student", r.Fault.Student, "host", m.Host, "pid", m.PID, "time", m.Time.Format(time.RFC3339)),
			Hint: i18n.M("action.taken_hint", "config", name),
		}
	}
	return &diag.Failure{
		Code: "locked",
		Msg:  i18n.M("fault.locked", "host", m.Host, "pid", m.PID, "class", m.Class, "node", m.Node, "time", m.Time.Format(time.RFC3339)),
		Hint: i18n.M("fault.locked_hint", "class", r.Class),
	}
}

// dropMark takes a fault's own mark away and leaves any other.
func dropMark(ctx context.Context, c Locker, r *Record) error {
	if r.markName() == "" {
		return nil
	}
	raw, found, err := c.ReadLock(ctx, r.markName())
	if err != nil || !found || !bytes.Equal(raw, r.mark()) {
		return err
	}
	return c.RemoveLock(ctx, r.markName())
}

// ReadMark tells whose fault the swarm is marked by. Of a mark that can't be
// read only found is true.
func ReadMark(ctx context.Context, c Locker) (m Mark, found bool, err error) {
	raw, found, err := c.ReadLock(ctx, MarkName)
	if err == nil && found {
		_ = json.Unmarshal(raw, &m) // anybody may have written it
	}
	return m, found, err
}

// ClearMark takes the mark away if its grader is gone: it ran on this machine
// and no longer does, or force says so. held is true if a mark is left.
func ClearMark(ctx context.Context, c Locker, host string, force bool) (m Mark, found, held bool, err error) {
	m, found, err = ReadMark(ctx, c)
	if err != nil || !found {
		return m, found, false, err
	}
	if !force && (m.Host != host || alive(m.PID)) {
		return m, true, true, nil
	}
	return m, true, false, c.RemoveLock(ctx, MarkName)
}
