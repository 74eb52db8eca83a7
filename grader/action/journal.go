package action

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
)

// Steps of a fault, in order. Those in -ing are written before the deed, the
// others after it.
const (
	StepPlanned    = "planned"
	StepLocking    = "locking"
	StepArming     = "arming"
	StepArmed      = "armed"
	StepInjecting  = "injecting"
	StepInjected   = "injected"
	StepRestoring  = "restoring"
	StepRestored   = "restored"
	StepRestarting = "restarting"
	StepRestarted  = "restarted"
	StepDone       = "done"
)

const (
	journalSchema = "swarmgrade-fault/1"
	// maxJournal bounds what is read of a journal: some hundred faults.
	maxJournal = 16 << 20
)

// Record is one fault as the journal knows it: all that it takes to undo it,
// and how far it came.
type Record struct {
	Schema string          `json:"schema"`
	Class  string          `json:"class"`
	Run    string          `json:"run"`
	Fault  evidence.Action `json:"fault"`
	// Spec and Conn are the class's: how the fault is made, how the swarm is
	// reached. They name files of keys and hold no secrets.
	Spec roster.Fault   `json:"spec"`
	Conn roster.Cluster `json:"conn"`
	// Containers are the stand-alone containers that ran on the target before.
	Containers []Held `json:"containers,omitempty"`
	// Host and PID are the grader's; Time is when the fault was planned.
	Host string    `json:"host"`
	PID  int       `json:"pid"`
	Time time.Time `json:"time"`
	// Timer is when the timer on the node will have gone off, by our clock; zero
	// if the kind has none.
	Timer time.Time `json:"timer,omitzero"`

	// Step is the last one that the journal holds.
	Step string `json:"-"`
}

// Held is a container that must run again.
type Held struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// line is one line of the file: a record with its first step, or a step.
type line struct {
	Step   string    `json:"step"`
	Time   time.Time `json:"time"`
	Record *Record   `json:"record,omitempty"`
}

// Journal is the file of one class's faults, one JSON object a line. It is
// locked as long as it is open.
type Journal struct {
	path string
	file *os.File
	// Hook, if set, is called after each step is on disk: tests kill the process
	// there.
	Hook func(step string)
}

// JournalPath is where a class's journal is kept: beside its gradebook.
func JournalPath(dir, class string) string {
	return filepath.Join(dir, "fault-"+class+".journal")
}

// Journals lists the journals in a directory.
func Journals(dir string) ([]string, error) {
	return filepath.Glob(filepath.Join(escapeGlob(dir), "fault-*.journal"))
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// OpenJournal opens or makes a journal and locks it. A [*diag.Failure] says that
// another grader holds it.
func OpenJournal(path string) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &diag.Failure{Code: "journal", Msg: i18n.M("fault.journal_unopened", "file", path), Hint: i18n.M("fault.journal_unopened_hint"), Cause: err}
	}
	j := &Journal{path: path, file: f}
	held, err := lockFile(f)
	if err == nil && !held {
		host, pid := j.holder()
		err = &diag.Failure{
			Code: "busy", Msg: i18n.M("fault.busy", "file", path, "host", host, "pid", pid), Hint: i18n.M("fault.busy_hint", "pid", pid),
		}
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return j, nil
}

// Path is the journal's file.
func (j *Journal) Path() string { return j.path }

// Close lets go of the lock.
func (j *Journal) Close() error { return j.file.Close() }

func (j *Journal) holder() (host string, pid int) {
	if last, err := j.last(); err == nil && last != nil {
		return last.Host, last.PID
	}
	return "?", 0
}

// Pending is the fault that is not known to be undone, nil if there is none.
func (j *Journal) Pending() (*Record, error) {
	last, err := j.last()
	if err != nil || last == nil || last.Step == StepDone {
		return nil, err
	}
	return last, nil
}

// last reads the last record of the file. A line that was cut off by a crash
// counts as not written: its deed had not begun.
func (j *Journal) last() (*Record, error) {
	raw, err := io.ReadAll(io.NewSectionReader(j.file, 0, maxJournal))
	if err != nil {
		return nil, err
	}
	rec, err := decode(raw)
	if err != nil {
		key := "journal_broken"
		if errors.Is(err, errNewer) {
			key = "journal_newer"
		}
		return nil, &diag.Failure{Code: "journal", Msg: i18n.M("fault."+key, "file", j.path), Hint: i18n.M("fault." + key + "_hint"), Cause: err}
	}
	return rec, nil
}

var errNewer = errors.New("schema is not " + journalSchema)

func decode(raw []byte) (*Record, error) {
	var rec *Record
	for len(raw) > 0 {
		text, rest, whole := bytes.Cut(raw, []byte("\n"))
		if !whole {
			break
		}
		raw = rest
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, err
		}
		switch {
		case l.Record != nil && l.Record.Schema != journalSchema:
			return nil, errNewer
		case l.Record != nil:
			rec = l.Record
		}
		if rec != nil {
			rec.Step = l.Step
		}
	}
	return rec, nil
}

// begin writes the first line of a fault. What stands in the file is of faults
// that are done, and goes.
func (j *Journal) begin(rec *Record) error {
	if err := j.file.Truncate(0); err != nil {
		return err
	}
	rec.Schema, rec.Step = journalSchema, StepPlanned
	return j.write(line{Step: StepPlanned, Time: time.Now().UTC(), Record: rec})
}

// step notes how far a fault came.
func (j *Journal) step(rec *Record, step string) error {
	if err := j.write(line{Step: step, Time: time.Now().UTC()}); err != nil {
		return err
	}
	rec.Step = step
	return nil
}

func (j *Journal) write(l line) error {
	raw, err := json.Marshal(l)
	if err != nil {
		return err
	}
	end, err := j.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	// What a crash left of a line would make ours unreadable.
	if keep, err := j.whole(end); err != nil {
		return err
	} else if keep < end {
		if err := j.file.Truncate(keep); err != nil {
			return err
		}
		end = keep
	}
	if _, err := j.file.WriteAt(append(raw, '\n'), end); err != nil {
		return err
	}
	if err := errors.Join(j.file.Sync(), syncDir(filepath.Dir(j.path))); err != nil {
		return err
	}
	if j.Hook != nil {
		j.Hook(l.Step)
	}
	return nil
}

// whole is the length of the file up to its last whole line.
func (j *Journal) whole(end int64) (int64, error) {
	if end == 0 {
		return 0, nil
	}
	raw, err := io.ReadAll(io.NewSectionReader(j.file, 0, min(end, maxJournal)))
	return int64(bytes.LastIndexByte(raw, '\n') + 1), err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
