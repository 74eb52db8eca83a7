package grader

import (
	"context"
	"errors"
	"io/fs"
	"reflect"
	"strings"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/regular"
	"swarmgrade/grader/result"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/takeback"
)

// ReadWorkbook reads an exported workbook that was filled in. Errors are
// [diag.Failure]s and [diag.Problems].
func ReadWorkbook(ctx context.Context, path string) (*takeback.Workbook, error) {
	data, err := regular.Read(ctx, path, takeback.MaxBytes)
	switch {
	case err == nil:
		return takeback.Read(ctx, data, path)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, regular.ErrTooBig):
		return nil, diag.Misuse(i18n.M("import.too_big", "file", path, "limit", takeback.MaxBytes>>20), i18n.M("import.too_big_hint"))
	case errors.Is(err, regular.ErrNotRegular):
		return nil, diag.Misuse(i18n.M("import.irregular", "file", path), i18n.M("import.irregular_hint"))
	case errors.Is(err, fs.ErrNotExist):
		return nil, diag.Misuse(i18n.M("import.missing", "file", path), i18n.M("import.missing_hint"))
	}
	return nil, &diag.Failure{Code: diag.Usage, Cause: err, Msg: i18n.M("import.not_read", "file", path), Hint: i18n.M("import.not_read_hint")}
}

// ClassOf is the class that a workbook names, for who names none. A name that leads
// elsewhere is not followed.
func ClassOf(w *takeback.Workbook) (string, error) {
	name := w.Origin.Class
	if strings.ContainsAny(name, `/\`) || strings.HasPrefix(name, ".") {
		return "", diag.Misuse(i18n.M("import.class_path", "class", name), i18n.M("import.class_path_hint"))
	}
	return name, nil
}

// ImportOptions say how a workbook is taken back.
type ImportOptions struct {
	Who  string
	When time.Time
	// Cleared is the reason of an override that was cleared by who gave none.
	Cleared string
	// SkipConflicts leaves out students who were changed since the export.
	SkipConflicts bool
	// Shown is what was shown to who agreed to it: only that is recorded. Nil records
	// nothing, and says what would be.
	Shown *Imported
}

// Imported is what a workbook comes to.
type Imported struct {
	Students []ImportedStudent // of whom something changes
	// Conflicts are students who were changed since the export, of whom nothing is
	// taken.
	Conflicts []takeback.Conflict
	Same      int      // students of whom nothing changes
	Absent    []string // students who have no row any more
	Passed    []string // cells of rows that are no students'
	// Overs are cells that were typed over which are counted, or the roster's: nothing
	// of them is taken.
	Overs  takeback.Overs
	Stored bool
}

// ImportedStudent is what changes of one student.
type ImportedStudent struct {
	ID, Name string
	Cell     string // where it was typed
	Changes  []result.Change
}

// Import records what was typed into a workbook of the class's lab, as [Job.ByHand] does:
// everything at once, or nothing. What is wrong comes as [diag.Problems], and so do
// conflicts that nobody said to skip, with what there is beside them.
func (j *Job) Import(ctx context.Context, w *takeback.Workbook, o ImportOptions) (x *Imported, err error) {
	if w.Origin.Class != j.Class.Name {
		return nil, diag.Misuse(i18n.M("import.other_class", "class", w.Origin.Class, "asked", j.Class.Name), i18n.M("import.other_class_hint", "class", w.Origin.Class))
	}
	if w.Origin.Lab != j.Rubric.ID {
		return nil, diag.Misuse(i18n.M("import.other_lab", "lab", w.Origin.Lab, "rubric", j.Rubric.ID), i18n.M("import.other_lab_hint", "lab", w.Origin.Lab))
	}
	book, err := j.openStored(ctx, o.Shown == nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = j.closeBook(book, err) }()
	if _, err := book.Run(ctx, w.Origin.Run); errors.Is(err, gradebook.ErrNotFound) {
		return nil, diag.Misuse(i18n.M("import.other_book", "run", w.Origin.Run, "class", j.Class.Name), i18n.M("import.other_book_hint", "class", j.Class.Name))
	} else if err != nil {
		return nil, err
	}
	err = j.putDown(ctx, book, func() (changes []gradebook.Change, err error) {
		x, changes, err = j.imported(ctx, book, w, o)
		switch {
		case err != nil:
			return nil, err
		case len(x.Conflicts) > 0 && !o.SkipConflicts:
			return nil, x.conflicts()
		case o.Shown == nil || len(changes) == 0:
			return nil, nil
		case !x.like(o.Shown):
			x = nil
			return nil, diag.Misuse(i18n.M("import.moved"), i18n.M("import.moved_hint"))
		}
		x.Stored = true
		return changes, nil
	})
	if err != nil && x != nil {
		x.Stored = false
	}
	return x, err
}

// conflicts are what keeps all of it from being taken, as an error.
func (x *Imported) conflicts() error {
	var out diag.Problems
	for _, c := range x.Conflicts {
		out = append(out, c.Problem)
	}
	return out
}

// like reports whether it is what was shown, whenever that was.
func (x *Imported) like(shown *Imported) bool {
	plain := func(all []ImportedStudent) (out []ImportedStudent) {
		for _, s := range all {
			var changes []result.Change
			for _, c := range s.Changes {
				c.When = time.Time{}
				changes = append(changes, c)
			}
			s.Changes = changes
			out = append(out, s)
		}
		return out
	}
	return reflect.DeepEqual(plain(x.Students), plain(shown.Students))
}

// imported works out what a workbook comes to.
func (j *Job) imported(ctx context.Context, book *gradebook.Gradebook, w *takeback.Workbook, o ImportOptions) (*Imported, []gradebook.Change, error) {
	now, err := j.counted(ctx, book, nil)
	if err != nil {
		return nil, nil, err
	}
	class := make(map[string]roster.Student, len(j.Class.Students))
	for _, s := range j.Class.Students {
		class[s.ID] = s
	}
	d, err := takeback.Decide(w, func(id string) (takeback.Standing, bool) {
		who, in := class[id]
		if !in {
			return takeback.Standing{}, false
		}
		s := *now(who)
		s.Name = who.Name
		return takeback.Standing{Student: &s, Most: s.Most("", "", j.Rubric)}, true
	})
	if err != nil {
		return nil, nil, err
	}
	x := &Imported{Conflicts: d.Conflicts, Same: d.Same, Absent: d.Absent, Passed: d.Passed, Overs: d.Overs}
	hands := make([]hand, len(d.Changes))
	for i, c := range d.Changes {
		if c.Kind == result.Remove && c.Reason == "" {
			c.Reason = o.Cleared
		}
		hands[i] = hand{class[c.ID], "", ByHand{
			Kind: c.Kind, Points: c.Points, Remark: c.Remark, Reason: c.Reason, Who: o.Who, When: o.When,
		}}
	}
	dones, changes, err := j.set(ctx, book, hands)
	if err != nil {
		return nil, nil, err
	}
	for i, c := range d.Changes {
		x.Students = append(x.Students, ImportedStudent{c.ID, class[c.ID].Name, c.Ref, dones[i].Changes})
	}
	return x, changes, nil
}
