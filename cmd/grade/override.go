package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// overrideFlags are what is done to a score by hand.
type overrideFlags struct {
	points, remark, reason  string
	excused, onTime, remove bool
}

func newOverrideCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f classFlags
	var o overrideFlags
	c := &cobra.Command{
		Use: "override --class CLASS ID [CHECK]", Short: lang.T("hand.short"), Long: lang.T("hand.long"),
		Args: cobra.RangeArgs(1, 2),
	}
	f.register(a, c)
	c.Flags().Lookup("task").Usage = lang.T("hand.flag_task")
	if err := c.Flags().MarkHidden("students"); err != nil { // it is the argument
		panic(err)
	}
	c.Flags().StringVar(&o.points, "points", "", lang.T("hand.flag_points"))
	c.Flags().BoolVar(&o.excused, "excused", false, lang.T("hand.flag_excused"))
	c.Flags().BoolVar(&o.onTime, "on-time", false, lang.T("hand.flag_on_time"))
	c.Flags().BoolVar(&o.remove, "remove", false, lang.T("hand.flag_remove"))
	c.Flags().StringVar(&o.remark, "remark", "", lang.T("hand.flag_remark"))
	c.Flags().StringVar(&o.reason, "reason", "", lang.T("hand.flag_reason"))
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return f.studentNames(a, c), cobra.ShellCompDirectiveNoFileComp
		case 1:
			return f.checkNames(a, c), cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		h, err := o.byHand(c.Flags().Changed, args)
		if err != nil {
			return err
		}
		if f.students != nil {
			return usageHint(i18n.M("hand.one"), i18n.M("hand.one_hint"))
		}
		f.students, f.argument, f.left = args[:1], true, true
		return a.override(c.Context(), &f, h)
	}
	return c
}

// byHand is what the flags ask for; changed tells which of them were given.
func (o *overrideFlags) byHand(changed func(string) bool, args []string) (h grader.ByHand, err error) {
	h = grader.ByHand{Reason: strings.TrimSpace(o.reason), Who: userName(), When: time.Now()}
	if len(args) > 1 {
		h.Check = args[1]
	}
	n := 0
	for _, k := range []struct {
		asked bool
		kind  result.Kind
	}{{changed("points"), result.SetPoints}, {o.excused, result.Excused}, {o.onTime && !o.remove, result.OnTime},
		{o.remove && !o.onTime, result.Remove}, {o.remove && o.onTime, result.NotOnTime}} {
		if k.asked {
			h.Kind = k.kind
			n++
		}
	}
	if changed("remark") {
		remark := strings.TrimSpace(o.remark)
		h.Remark = &remark
	}
	switch {
	case n > 1:
		return h, usageHint(i18n.M("hand.many"), i18n.M("cli.see_help_of", "command", "grade override"))
	case n == 0 && h.Remark == nil:
		return h, usageHint(i18n.M("hand.none", "student", args[0]), i18n.M("hand.none_hint", "student", args[0]))
	case n == 0 && h.Check != "":
		return h, usageHint(i18n.M("hand.remark_check", "check", h.Check), i18n.M("hand.remark_check_hint", "student", args[0]))
	}
	if h.Kind == result.SetPoints {
		var err error
		if h.Points, err = rubric.TypedPoints(o.points); err != nil {
			return h, usageHint(i18n.M("hand.points_word", "points", o.points), i18n.M("hand.points_word_hint"))
		}
	}
	return h, nil
}

// userName is who is at the keyboard, as the operating system knows them.
func userName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return strconv.Itoa(os.Getuid())
}

// checkNames are the checks of the class's rubric, with their titles.
func (f *classFlags) checkNames(a *app, c *cobra.Command) (out []string) {
	j, err := a.grader().Open(c.Context(), grader.Select{Class: f.class, Lab: f.lab, Rubric: f.rubric})
	if err != nil {
		return nil
	}
	for _, t := range j.Rubric.Tasks {
		for _, k := range t.Checks {
			out = append(out, k.ID+"\t"+k.Title.In(a.lang()))
		}
	}
	return out
}

// override records what is set by hand, and says what came of it.
func (a *app) override(ctx context.Context, f *classFlags, h grader.ByHand) error {
	j, err := a.open(ctx, f)
	if err != nil {
		return err
	}
	done, err := j.ByHand(ctx, h)
	if err != nil {
		return err
	}
	older, err := j.Older(ctx, a.lang()) // what was set is kept all the same
	s := &done.Student
	if word := strings.TrimSpace(f.students[0]); word != s.ID && strings.HasSuffix(s.ID, word) { // said with --quiet too
		fmt.Fprintln(a.Stderr, diag.Plain(a.lang().T("hand.ending", "word", word, "student", s.ID, "name", s.Name)))
	}
	if a.json {
		out := map[string]any{
			"schema": "swarmgrade-override/1", "class": j.Class.Name, "lab": j.Rubric.ID, "id": s.ID, "name": s.Name,
			"changes": report.JSONHistory(done.Changes),
		}
		if len(older.Files) > 0 {
			out["older"] = map[string]any{"files": older.Files, "renew": older.Renew}
		}
		return errors.Join(a.printJSON(out), err)
	}
	lang := a.lang()
	title := s.ID + " " + s.Name
	if s.Left {
		title += "  " + lang.T("enrolled.left_mark")
	}
	fmt.Fprintln(a.Stdout, diag.Plain(title))
	for _, c := range done.Changes {
		fmt.Fprintln(a.Stdout, "  "+report.ChangeLine(lang, c))
	}
	if done.Above != nil {
		key := "hand.under_"
		if h.Kind == result.Excused {
			key = "hand.excused_under_"
		}
		if done.Above.Task != "" {
			key += "task"
		} else {
			key += "total"
		}
		fmt.Fprintln(a.Stdout, diag.Plain(lang.T(key, "task", done.Above.Task, "points", done.Above.Points.String(), "class", j.Class.Name, "student", s.ID,
			"was", report.ScoreText(lang, done.Was), "is", report.ScoreText(lang, done.Is), "max", done.Is.Max.String())))
	}
	if !a.quiet {
		key := "hand.next"
		if len(older.Files) > 0 {
			key = "hand.next_older"
		}
		fmt.Fprintln(a.Stdout, diag.Plain(lang.T(key, "class", j.Class.Name, "student", s.ID)))
	}
	return errors.Join(a.sayOlder(older), err)
}

// sayOlder says which exported files have scores that do not count any more, with --quiet too.
func (a *app) sayOlder(o grader.Older) error {
	if len(o.Files) == 0 {
		return nil
	}
	msg, hint := o.Words()
	_, err := fmt.Fprintln(a.Stderr, diag.Plain(a.lang().Text(msg)+"\n    → "+a.lang().Text(hint)))
	return err
}
