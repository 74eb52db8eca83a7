package main

import (
	"github.com/spf13/cobra"

	"swarmgrade/grader"
)

// classFlags are the flags of every verb that concerns a class.
type classFlags struct {
	class    string
	lab      string
	rubric   string
	task     string
	students []string
	argument bool // students are no flag's value
	parallel int
	rate     int
	left     bool // also who is not on the roster any more
}

func (f *classFlags) register(a *app, c *cobra.Command) {
	lang := a.lang()
	fs := c.Flags()
	fs.StringVar(&f.class, "class", "", lang.T("cli.flag_class"))
	fs.StringVar(&f.lab, "lab", "", lang.T("cli.flag_lab"))
	fs.StringVar(&f.rubric, "rubric", "", lang.T("cli.flag_rubric"))
	fs.StringVar(&f.task, "task", "", lang.T("cli.flag_tasks"))
	fs.StringSliceVar(&f.students, "students", nil, lang.T("cli.flag_students"))
	f.registerCompletion(a, c)
}

func (f *classFlags) registerLoad(a *app, c *cobra.Command) {
	lang := a.lang()
	if t := c.Flags().Lookup("task"); t != nil { // by what is deployed, where it is not said
		t.Usage = lang.T("cli.flag_task")
	}
	c.Flags().IntVar(&f.parallel, "parallel", 0, lang.T("cli.flag_parallel"))
	c.Flags().IntVar(&f.rate, "rate", 0, lang.T("cli.flag_rate"))
	a.haproxyFlag(c)
}

// sel is what the flags ask for.
func (f *classFlags) sel() grader.Select {
	return grader.Select{
		Class: f.class, Lab: f.lab, Rubric: f.rubric, Task: f.task, Students: f.students, Argument: f.argument, Parallel: f.parallel, Rate: f.rate, Left: f.left,
	}
}
