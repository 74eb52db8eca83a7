package action

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

const (
	// journalSchema is what is written; the first layout knew one fault at a time,
	// and is read as that.
	journalSchema  = "swarmgrade-fault/2"
	journalSchema1 = "swarmgrade-fault/1"
	// maxJournal bounds what is read of a journal: some thousand actions.
	maxJournal = 64 << 20
)

// line is one line of the file: a record with its first step, or a step.
type line struct {
	Step   string    `json:"step"`
	Key    string    `json:"key,omitempty"`
	Time   time.Time `json:"time"`
	Record *Record   `json:"record,omitempty"`
}

// Journal is the file of what is done to one class's cluster, one JSON object a
// line. It is locked as long as it is open, and safe for concurrent use.
type Journal struct {
	path string
	mu   sync.Mutex
	file *os.File
	// end is where the next line goes, -1 while nobody knows where the last whole
	// one ends.
	end int64
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
	j := &Journal{path: path, file: f, end: -1}
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
	if all, err := j.read(); err == nil && len(all) > 0 {
		last := all[len(all)-1]
		return last.Host, last.PID
	}
	return "?", 0
}

// Pending are the actions that are not known to be undone, in the order in which
// they were begun.
func (j *Journal) Pending() ([]*Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.pending()
}

func (j *Journal) pending() ([]*Record, error) {
	all, err := j.read()
	return slices.DeleteFunc(all, func(r *Record) bool { return r.Step == StepDone }), err
}

// read reads the records of the file. A line that was cut off by a crash counts as
// not written: its deed had not begun.
func (j *Journal) read() ([]*Record, error) {
	raw, err := io.ReadAll(io.NewSectionReader(j.file, 0, maxJournal))
	if err != nil {
		return nil, err
	}
	all, err := decode(raw)
	if err != nil {
		key := "journal_broken"
		if errors.Is(err, errNewer) {
			key = "journal_newer"
		}
		return nil, &diag.Failure{Code: "journal", Msg: i18n.M("fault."+key, "file", j.path), Hint: i18n.M("fault." + key + "_hint"), Cause: err}
	}
	return all, nil
}

var errNewer = errors.New("schema is not " + journalSchema)

// decode gives the newest record of each key, in the order in which they were begun.
func decode(raw []byte) ([]*Record, error) {
	var all []*Record
	at := map[string]*Record{}
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
		switch r := l.Record; {
		case r == nil:
		case r.Schema != journalSchema && r.Schema != journalSchema1:
			return nil, errNewer
		default:
			if old := at[l.Key]; old != nil {
				all = slices.DeleteFunc(all, func(x *Record) bool { return x == old })
			}
			r.filed = l.Key
			at[l.Key], all = r, append(all, r)
		}
		if r := at[l.Key]; r != nil {
			r.Step = l.Step
		}
	}
	return all, nil
}

// begin writes the first line of an action, unless one is pending that it must not
// be done beside: of the same key, or for the class. What stands in the file of
// actions that are all done goes.
func (j *Journal) begin(rec *Record) (beside *Record, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	pending, err := j.pending()
	if err != nil {
		return nil, err
	}
	if beside := rec.inTheWay(pending); beside != nil {
		return beside, nil
	}
	if len(pending) == 0 {
		if err := j.file.Truncate(0); err != nil {
			return nil, err
		}
		j.end = 0
	}
	rec.Schema, rec.Step, rec.filed = journalSchema, StepPlanned, rec.key()
	return nil, j.write(line{Step: StepPlanned, Key: rec.key(), Time: time.Now().UTC(), Record: rec})
}

// step notes how far an action came.
func (j *Journal) step(rec *Record, step string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.write(line{Step: step, Key: rec.key(), Time: time.Now().UTC()}); err != nil {
		return err
	}
	rec.Step = step
	return nil
}

func (j *Journal) write(l line) (err error) {
	raw, err := json.Marshal(l)
	if err != nil {
		return err
	}
	// What a crash, or a full disk, left of a line would make ours unreadable.
	if at, err := j.file.Stat(); err != nil {
		return err
	} else if at.Size() != j.end {
		j.end = -1
	}
	if j.end < 0 {
		if j.end, err = j.whole(); err != nil {
			return err
		}
		if err := j.file.Truncate(j.end); err != nil {
			return err
		}
	}
	if j.end+int64(len(raw)) >= maxJournal {
		return fmt.Errorf("%d bytes, which is as much as is read again", maxJournal)
	}
	end := j.end
	j.end = -1
	n, err := j.file.WriteAt(append(raw, '\n'), end)
	if err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.end = end + int64(n)
	if j.Hook != nil {
		j.Hook(l.Step)
	}
	return nil
}

// whole is the length of the file up to its last whole line.
func (j *Journal) whole() (int64, error) {
	raw, err := io.ReadAll(io.NewSectionReader(j.file, 0, maxJournal))
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
