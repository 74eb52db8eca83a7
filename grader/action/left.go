package action

import (
	"errors"
	"io/fs"
	"os"

	"swarmgrade/grader/diag"
)

// Left are the actions that a journal holds and that nobody alive will undo, in the order in
// which they were begun, with what to type; none if there is no journal, or a living grader
// holds it. Nothing is dialled or changed.
func Left(path string) (all []*Stuck, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	j, err := OpenJournal(path)
	if diag.Code(err) == "busy" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer j.Close()
	pending, err := j.Pending()
	for _, rec := range pending {
		if rec.Conn.Sim != "" { // it ended with the grader
			continue
		}
		inj, unknown := New(rec.Fault.Kind, rec.Spec, nil)
		if unknown != nil {
			inj = nil // of a newer grader: what to type is to restore
		}
		all = append(all, NewStuck(rec.Fault, rec.Class, inj, nil))
	}
	return all, err
}
