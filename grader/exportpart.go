package grader

import (
	"slices"

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
	}
	if j.Narrow() {
		w.part.tasks = j.Tasks
	}
	w.o.Part = w.part.students != nil || w.part.tasks != nil
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
		var ids []string
		for _, s := range w.class.Students {
			if w.asks(s.ID) {
				ids = append(ids, s.ID)
			}
		}
		w.remark(format, report.Remark{Key: "transfer.only_students", Students: ids})
	}
	if w.part.tasks != nil {
		w.remark(format, report.Remark{Key: "transfer.only_tasks", Args: []any{"tasks", w.part.tasks}})
	}
}
