package grader

import (
	"slices"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// part is what of a class an export is of.
type part struct {
	students map[string]bool // nil for all
	tasks    []string        // nil for all
}

// narrow leaves of an export whom and what the job asks for.
func (w *writing) narrow(j *Job) {
	if j.Narrow() {
		for i := range w.class.Students {
			if o := w.class.Students[i].Whole(); o != nil && !o.Excused {
				w.totals = append(w.totals, w.class.Students[i].ID)
			}
		}
		for _, d := range []*result.Data{w.data, w.class} {
			for i := range d.Students {
				d.Students[i].Only(j.Concerns)
			}
		}
	}
	if len(j.Students) < len(j.Class.Students) {
		w.part.students = map[string]bool{}
		for _, s := range j.Students {
			w.part.students[s.ID] = true
		}
		w.gone = nil
		w.totals = slices.DeleteFunc(w.totals, func(id string) bool { return !w.asks(id) })
	}
	if j.Narrow() {
		w.part.tasks = []string{}
		for _, t := range j.Rubric.Tasks {
			if j.Concerns(t.ID) {
				w.part.tasks = append(w.part.tasks, t.ID)
			}
		}
	}
	w.o.Part = report.Part{Students: w.askedIDs(), Tasks: w.part.tasks}
}

// askedIDs are the IDs of the students asked for, in the roster's order; nil for all.
func (w *writing) askedIDs() []string {
	if w.part.students == nil {
		return nil
	}
	ids := []string{}
	for _, s := range w.class.Students {
		if w.asks(s.ID) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// asks reports whether a student is asked for.
func (w *writing) asks(id string) bool { return w.part.students == nil || w.part.students[id] }

// asked is d of the students asked for. What everybody is measured by stays the class's,
// see [report.Options.Of].
func (w *writing) asked(d *result.Data) *result.Data {
	if w.part.students == nil {
		return d
	}
	out := *d
	out.Students, out.Findings = nil, nil
	for _, s := range d.Students {
		if w.asks(s.ID) {
			out.Students = append(out.Students, s)
		}
	}
	for _, f := range d.Findings {
		if !slices.ContainsFunc(f.Students, func(id string) bool { return !w.asks(id) }) { // it names them all
			out.Findings = append(out.Findings, f)
		}
	}
	return &out
}

// sayPart says that a file is not the whole class's, or not of the whole lab.
func (w *writing) sayPart(format string) {
	if w.part.students != nil {
		w.remark(format, report.Remark{Key: "transfer.only_students", Students: w.askedIDs()})
	}
	if w.part.tasks != nil {
		w.remark(format, report.Remark{Key: "transfer.only_tasks", Args: []any{"tasks", w.part.tasks}})
	}
	if len(w.totals) > 0 {
		s := w.remark(format, report.Remark{Key: "transfer.part_totals", Students: w.totals})
		s.hint = i18n.M("transfer.part_totals_hint")
	}
}
