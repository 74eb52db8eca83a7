package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// completeFlag has the shell offer words for a flag. What cannot be read, such
// as a class with a mistake in it, offers nothing.
func completeFlag(c *cobra.Command, flag string, words func() []string) {
	list := func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		// The last of a list is being typed: --students 01,0
		done := ""
		if c.Flags().Lookup(flag).Value.Type() == "stringSlice" {
			done = typed[:strings.LastIndexByte(typed, ',')+1]
		}
		var out []string
		for _, w := range words() {
			out = append(out, done+w)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
	if err := c.RegisterFlagCompletionFunc(flag, list); err != nil {
		panic(err) // a flag that the command does not have
	}
}

// completeArg has the shell offer words for the only argument.
func completeArg(c *cobra.Command, words func() []string) {
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return words(), cobra.ShellCompDirectiveNoFileComp
	}
}

// registerCompletion offers classes, labs, tasks and students.
func (f *classFlags) registerCompletion(a *app, c *cobra.Command) {
	completeFlag(c, "class", func() []string { return a.grader().ClassNames() })
	completeFlag(c, "lab", rubrics.IDs)
	completeFlag(c, "task", func() []string { return f.taskNames(a, c) })
	completeFlag(c, "students", func() []string { return f.studentNames(a, c) })
}

func (f *classFlags) taskNames(a *app, c *cobra.Command) []string {
	var rub *rubric.Rubric
	if j, err := a.grader().Open(c.Context(), grader.Select{Class: f.class, Lab: f.lab, Rubric: f.rubric}); err == nil {
		rub = j.Rubric
	} else if rub, err = grader.BuiltinRubric(rubrics.IDs()[0]); err != nil {
		return nil
	}
	out := []string{"auto", "all"}
	for _, t := range rub.Tasks {
		out = append(out, t.ID+"\t"+t.Title.In(a.lang()))
	}
	return out
}

// studentNames are the IDs of the class, with the names.
func (f *classFlags) studentNames(a *app, c *cobra.Command) []string {
	j, err := a.grader().Open(c.Context(), grader.Select{Class: f.class})
	if err != nil {
		return nil
	}
	var out []string
	for _, s := range j.Students {
		out = append(out, s.ID+"\t"+s.Name)
	}
	return out
}

// runNames are the runs of the class, newest first.
func (f *classFlags) runNames(a *app, c *cobra.Command) []string {
	j, err := a.grader().Open(c.Context(), grader.Select{Class: f.class})
	if err != nil {
		return nil
	}
	runs, err := j.Runs(c.Context())
	if err != nil {
		return nil
	}
	var out []string
	for _, r := range slices.Backward(runs) {
		out = append(out, r.ID)
	}
	return out
}

// translateCompletion has the shells' commands speak the language asked for.
func translateCompletion(c *cobra.Command, lang i18n.Lang) {
	c.Short, c.Long = lang.T("cli.completion_short"), lang.T("cli.completion_long")
	for _, shell := range c.Commands() {
		shell.Short = lang.T("cli.completion_shell", "shell", shell.Name())
		shell.Long = ""
		if f := shell.Flags().Lookup("no-descriptions"); f != nil {
			f.Usage = lang.T("cli.completion_bare")
		}
	}
}
