package grader

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/naming"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/regular"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// Select names a class and what of it is meant. Zero values leave it to the class.
type Select struct {
	Class string
	Lab   string // a built-in rubric, by ID
	// Rubric is a rubric's file; it goes before Lab. Loaded is one that was read
	// already and goes before all.
	Rubric string
	Loaded *rubric.Rubric
	// Task is a task's ID, several with commas between, "all", or "auto": what
	// each student has up.
	Task string
	// Students are IDs, ends of IDs or names.
	Students []string
	Argument bool // who Students are was no flag's value
	// Left lets Students be some who have results and are not on the roster any more.
	Left     bool
	Parallel int // students at a time, 1 to 64
	Rate     int // requests a second over the whole class, 1 to 100,000
}

const (
	maxParallel = 64
	maxRate     = 100000
)

// Job is a class that was read and checked: who is graded on what, under which
// names. It is for one goroutine at a time.
type Job struct {
	Class    *roster.Class
	Rubric   *rubric.Rubric
	Vars     map[string]map[string]string // by student
	Tasks    []string
	Students []roster.Student

	g    *Grader
	sel  Select
	home string                // where the gradebook is kept
	hurt atomic.Pointer[error] // see Damage
}

// Open reads class, roster and rubric, and derives everybody's names. Nothing is
// sent before all of it is in order. Errors are [diag.Failure]s and
// [diag.Problems].
func (g *Grader) Open(ctx context.Context, sel Select) (*Job, error) {
	if sel.Class == "" {
		return nil, diag.Misuse(i18n.M("cli.no_class"), i18n.M("cli.no_class_hint", "classes", g.ClassNames()))
	}
	class, err := roster.LoadClass(ctx, g.classOptions(sel.Class))
	if err != nil {
		return nil, err
	}
	return g.OpenClass(ctx, class, sel)
}

// OpenClass is [Grader.Open] for a class that was read, or made, already.
func (g *Grader) OpenClass(ctx context.Context, class *roster.Class, sel Select) (*Job, error) {
	if sel.Parallel < 0 || sel.Parallel > maxParallel || sel.Rate < 0 || sel.Rate > maxRate {
		return nil, diag.Misuse(i18n.M("cli.bad_bounds"), i18n.Msg{})
	}
	if sel.Parallel > 0 {
		class.Settings.Parallel = sel.Parallel
	}
	if sel.Rate > 0 {
		class.Settings.Rate = sel.Rate
	}
	rub, err := loadRubric(ctx, class, sel)
	if err != nil {
		return nil, err
	}
	j := &Job{Class: class, Rubric: rub, g: g, sel: sel, home: g.home(class)}
	if j.Tasks, err = TasksOf(rub, sel.Task); err != nil {
		return nil, err
	}
	if j.Vars, err = naming.Derive(rub, class); err != nil {
		return nil, err
	}
	from := "--students"
	if sel.Argument {
		from = ""
	}
	if j.Students, err = pick(class, sel.Students, from); err != nil && sel.Left {
		j.Students, err = pick(j.withLeft(ctx), sel.Students, from)
	}
	return j, err
}

// RubricFlag is what to type to have the same rubric again, "" for the class's.
func (j *Job) RubricFlag() string {
	if j.sel.Rubric == "" {
		return ""
	}
	return " --rubric " + j.sel.Rubric
}

// Place is the path of the class's gradebook, the same wherever the program is started: no two classes have one.
func (j *Job) Place() (string, error) { return filepath.Abs(j.bookPath()) }

func (j *Job) bookPath() string { return filepath.Join(j.journalDir(), j.Class.Name+".db") }

// journalDir holds the journals of faults, beside the gradebooks.
func (j *Job) journalDir() string { return filepath.Join(j.home, "gradebook") }

// TaskKey is the task as records name it.
func (j *Job) TaskKey() string {
	switch {
	case slices.Equal(j.Tasks, observe.Auto):
		return j.Tasks[0]
	case j.sel.Task == "":
		return "all"
	}
	return j.sel.Task
}

// Concerns reports whether a task is among those asked for.
func (j *Job) Concerns(task string) bool {
	return slices.Equal(j.Tasks, observe.Auto) || slices.Contains(j.Tasks, task)
}

// Narrow reports whether only some tasks of the rubric were asked for.
func (j *Job) Narrow() bool {
	return slices.ContainsFunc(j.Rubric.Tasks, func(t rubric.Task) bool { return !j.Concerns(t.ID) })
}

// Has reports whether a student is among those asked for.
func (j *Job) Has(id string) bool {
	return slices.ContainsFunc(j.Students, func(s roster.Student) bool { return s.ID == id })
}

// observed are the tasks that a student's evidence was collected for.
func observed(c evidence.Case) []string {
	return strings.FieldsFunc(c.Bundle.Task, func(r rune) bool { return r == ',' })
}

// observed are the tasks to judge a student on: those asked for that the evidence
// was collected for.
func (j *Job) observed(c evidence.Case) []string {
	return slices.DeleteFunc(observed(c), func(t string) bool { return !j.Concerns(t) })
}

// loadRubric takes the file that is asked for, else the lab asked for, else the
// class's.
func loadRubric(ctx context.Context, class *roster.Class, sel Select) (*rubric.Rubric, error) {
	if sel.Loaded != nil {
		return sel.Loaded, nil
	}
	name := class.Rubric
	if sel.Lab != "" {
		name = sel.Lab
	}
	path := ""
	switch {
	case sel.Rubric != "":
		path = sel.Rubric
	case strings.ContainsAny(name, `/\.`):
		if path = name; !filepath.IsAbs(path) {
			path = filepath.Join(class.Dir, name)
		}
	}
	if path == "" {
		return BuiltinRubric(name)
	}
	if data, ok := rubrics.Find(path); ok { // --rubric ha-lb
		return rubric.Load(data, "builtin:"+path, check.Set{}, action.Set{})
	}
	return ReadRubric(ctx, path)
}

// BuiltinRubric is the rubric of that ID that came with the program.
func BuiltinRubric(id string) (*rubric.Rubric, error) {
	data, ok := rubrics.Find(id)
	if !ok {
		return nil, diag.Misuse(i18n.M("cli.no_rubric", "rubric", id), i18n.M("cli.no_rubric_hint", "rubrics", rubrics.IDs()))
	}
	return rubric.Load(data, "builtin:"+id, check.Set{}, action.Set{})
}

// maxRubric bounds a rubric's file, in bytes.
const maxRubric = 1 << 20

// ReadRubric reads a rubric's file.
func ReadRubric(ctx context.Context, path string) (*rubric.Rubric, error) {
	data, err := regular.Read(ctx, path, maxRubric)
	hint := i18n.M("cli.no_rubric_hint", "rubrics", rubrics.IDs())
	switch {
	case err == nil:
		return rubric.Load(data, path, check.Set{}, action.Set{})
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, regular.ErrTooBig):
		return nil, diag.Misuse(i18n.M("cli.rubric_large", "file", path), i18n.Msg{})
	case errors.Is(err, regular.ErrNotRegular):
		return nil, diag.Misuse(i18n.M("cli.rubric_irregular", "file", path), hint)
	case errors.Is(err, fs.ErrNotExist):
		return nil, diag.Misuse(i18n.M("cli.rubric_missing", "file", path), hint)
	}
	return nil, &diag.Failure{Code: diag.Usage, Cause: err, Msg: i18n.M("cli.rubric_unread", "file", path), Hint: hint}
}

// TasksOf are the tasks of a rubric that a word asks for: those named, all, or what
// each student has up, which is what no word means where a rubric can tell.
func TasksOf(rub *rubric.Rubric, arg string) ([]string, error) {
	var all, out []string
	for _, t := range rub.Tasks {
		all = append(all, t.ID)
	}
	recognised := slices.ContainsFunc(rub.Tasks, func(t rubric.Task) bool { return t.When != nil })
	switch {
	case arg == "all", arg == "" && !recognised:
		return all, nil
	case arg == "auto" && !recognised:
		return nil, diag.Misuse(i18n.M("cli.no_auto", "rubric", rub.ID), i18n.M("cli.no_task_hint", "tasks", all))
	case arg == "" || arg == "auto":
		return observe.Auto, nil
	}
	for _, id := range strings.Split(arg, ",") {
		id = strings.TrimSpace(id)
		if !slices.Contains(all, id) {
			return nil, diag.Misuse(i18n.M("cli.no_task", "task", id, "rubric", rub.ID), i18n.M("cli.no_task_hint", "tasks", all))
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
}
