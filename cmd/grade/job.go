package main

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"swarmgrade/fixtures/classes"
	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/naming"
	"swarmgrade/grader/observe"
	"swarmgrade/grader/regular"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// classFlags are the flags of every verb that concerns a class.
type classFlags struct {
	class    string
	lab      string
	rubric   string
	task     string
	students []string
	parallel int
	rate     int
}

func (f *classFlags) register(a *app, c *cobra.Command) {
	lang := a.lang()
	fs := c.Flags()
	fs.StringVar(&f.class, "class", "", lang.T("cli.flag_class"))
	fs.StringVar(&f.lab, "lab", "", lang.T("cli.flag_lab"))
	fs.StringVar(&f.rubric, "rubric", "", lang.T("cli.flag_rubric"))
	fs.StringVar(&f.task, "task", "", lang.T("cli.flag_task"))
	fs.StringSliceVar(&f.students, "students", nil, lang.T("cli.flag_students"))
	f.registerCompletion(a, c)
}

func (f *classFlags) registerLoad(a *app, c *cobra.Command) {
	lang := a.lang()
	c.Flags().IntVar(&f.parallel, "parallel", 0, lang.T("cli.flag_parallel"))
	c.Flags().IntVar(&f.rate, "rate", 0, lang.T("cli.flag_rate"))
	a.haproxyFlag(c, proxyEmbedded)
}

// job is a class read and checked: who is graded on what, under which names.
type job struct {
	class   *roster.Class
	rub     *rubric.Rubric
	vars    map[string]map[string]string
	tasks   []string
	taskArg string
	// rubricArg is the rubric's file if one was asked for.
	rubricArg string
	students  []roster.Student
	home      string // where the gradebook is kept
}

// load reads class, roster and rubric, and derives everybody's names. Nothing
// is sent before all of it is in order.
func (a *app) load(ctx context.Context, f *classFlags) (*job, error) {
	if f.class == "" {
		return nil, usageHint(i18n.M("cli.no_class"), i18n.M("cli.no_class_hint", "classes", a.classNames()))
	}
	class, err := roster.LoadClass(ctx, a.classOptions(f.class))
	if err != nil {
		return nil, err
	}
	return a.jobOf(ctx, class, f)
}

func (a *app) jobOf(ctx context.Context, class *roster.Class, f *classFlags) (*job, error) {
	if a.langStr == "" && class.Settings.Lang != "" {
		a.langStr = class.Settings.Lang
		if err := a.settle(); err != nil {
			return nil, err
		}
	}
	if f.parallel > 0 {
		class.Settings.Parallel = f.parallel
	}
	if f.rate > 0 {
		class.Settings.Rate = f.rate
	}
	if f.parallel < 0 || f.parallel > 64 || f.rate < 0 || f.rate > 100000 {
		return nil, usageError(i18n.M("cli.bad_bounds"))
	}
	rub, err := a.loadRubric(ctx, class, f)
	if err != nil {
		return nil, err
	}
	j := &job{class: class, rub: rub, taskArg: f.task, rubricArg: f.rubric, home: a.home(class)}
	if j.tasks, err = tasksOf(rub, f.task); err != nil {
		return nil, err
	}
	if j.vars, err = naming.Derive(rub, class); err != nil {
		return nil, err
	}
	j.students, err = pick(class, f.students)
	return j, err
}

func (a *app) classOptions(name string) roster.Options {
	return roster.Options{Name: name, Dir: a.dir, Home: a.Getenv("GRADE_HOME"), Samples: deployments.WithGenerated(classes.FS())}
}

// home is the directory that holds classes/, and so the gradebooks.
func (a *app) home(class *roster.Class) string {
	if class.Dir != "" && filepath.Base(class.Dir) == "classes" {
		return filepath.Dir(class.Dir)
	}
	for _, dir := range []string{a.dir, a.Getenv("GRADE_HOME")} {
		if dir != "" {
			return dir
		}
	}
	return "."
}

// rubricFlag is what to type to have the same rubric again, "" for the class's.
func (j *job) rubricFlag() string {
	if j.rubricArg == "" {
		return ""
	}
	return " --rubric " + j.rubricArg
}

func (j *job) bookPath() string {
	return filepath.Join(j.home, "gradebook", j.class.Name+".db")
}

// loadRubric takes the flag's file, else the lab asked for, else the class's.
func (a *app) loadRubric(ctx context.Context, class *roster.Class, f *classFlags) (*rubric.Rubric, error) {
	name := class.Rubric
	if f.lab != "" {
		name = f.lab
	}
	path := ""
	switch {
	case f.rubric != "":
		path = f.rubric
	case strings.ContainsAny(name, `/\.`):
		if path = name; !filepath.IsAbs(path) {
			path = filepath.Join(class.Dir, name)
		}
	}
	if path == "" {
		return builtinRubric(name)
	}
	if data, ok := rubrics.Find(path); ok { // --rubric ha-lb
		return rubric.Load(data, "builtin:"+path, check.Set{})
	}
	return readRubric(ctx, path)
}

func builtinRubric(id string) (*rubric.Rubric, error) {
	data, ok := rubrics.Find(id)
	if !ok {
		return nil, usageHint(i18n.M("cli.no_rubric", "rubric", id), i18n.M("cli.no_rubric_hint", "rubrics", rubrics.IDs()))
	}
	return rubric.Load(data, "builtin:"+id, check.Set{})
}

// maxRubric bounds a rubric's file, in bytes.
const maxRubric = 1 << 20

func readRubric(ctx context.Context, path string) (*rubric.Rubric, error) {
	data, err := regular.Read(ctx, path, maxRubric)
	hint := i18n.M("cli.no_rubric_hint", "rubrics", rubrics.IDs())
	switch {
	case err == nil:
		return rubric.Load(data, path, check.Set{})
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, regular.ErrTooBig):
		return nil, usageError(i18n.M("cli.rubric_large", "file", path))
	case errors.Is(err, regular.ErrNotRegular):
		return nil, usageHint(i18n.M("cli.rubric_irregular", "file", path), hint)
	case errors.Is(err, fs.ErrNotExist):
		return nil, usageHint(i18n.M("cli.rubric_missing", "file", path), hint)
	}
	return nil, &diag.Failure{Code: diag.Usage, Cause: err, Msg: i18n.M("cli.rubric_unread", "file", path), Hint: hint}
}

// tasksOf are the tasks asked for: those named, all, or what each student has
// up, which is what nothing asked for means where a rubric can tell.
func tasksOf(rub *rubric.Rubric, arg string) ([]string, error) {
	var all, out []string
	for _, t := range rub.Tasks {
		all = append(all, t.ID)
	}
	recognised := slices.ContainsFunc(rub.Tasks, func(t rubric.Task) bool { return t.When != nil })
	switch {
	case arg == "all", arg == "" && !recognised:
		return all, nil
	case arg == "auto" && !recognised:
		return nil, usageHint(i18n.M("cli.no_auto", "rubric", rub.ID), i18n.M("cli.no_task_hint", "tasks", all))
	case arg == "" || arg == "auto":
		return observe.Auto, nil
	}
	for _, id := range strings.Split(arg, ",") {
		id = strings.TrimSpace(id)
		if !slices.Contains(all, id) {
			return nil, usageHint(i18n.M("cli.no_task", "task", id, "rubric", rub.ID), i18n.M("cli.no_task_hint", "tasks", all))
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
}
