package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
	"swarmgrade/grader/takeback"
)

// importFlags say how a workbook is taken back.
type importFlags struct {
	file           string
	yes, skip, dry bool
	// again is the command without its flags, to be typed again with more of them.
	again string
	// ready says what keeps the verb from what comes after, once the class is read and
	// before anything is recorded; it may be nil.
	ready func(*grader.Job) error
}

func newImportCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f classFlags
	var o importFlags
	c := &cobra.Command{
		Use: "import FILE.xlsx", Short: lang.T("import.short"), Long: lang.T("import.long"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageHint(i18n.M("import.one_file"), i18n.M("import.one_file_hint"))
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"xlsx"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	fs := c.Flags()
	fs.StringVar(&f.class, "class", "", lang.T("import.flag_class"))
	fs.StringVar(&f.lab, "lab", "", lang.T("cli.flag_lab"))
	fs.StringVar(&f.rubric, "rubric", "", lang.T("cli.flag_rubric"))
	completeFlag(c, "class", func() []string { return a.grader().ClassNames() })
	fs.BoolVarP(&o.yes, "yes", "y", false, lang.T("import.flag_yes"))
	fs.BoolVar(&o.skip, "skip-conflicts", false, lang.T("import.flag_skip"))
	fs.BoolVar(&o.dry, "dry-run", false, lang.T("import.flag_dry"))
	c.RunE = func(c *cobra.Command, args []string) error {
		o.file, o.again = args[0], "grade import "+shellWord(args[0])
		t := &taking{a: a, f: &f, o: o}
		err := t.run(c.Context())
		if err == nil && t.agreed && !a.json {
			var older grader.Older
			if older, err = t.j.Older(c.Context(), a.lang()); err == nil {
				err = a.sayOlder(older)
			}
		}
		if a.json && t.x != nil {
			err = errors.Join(a.printJSON(t.json()), err)
		}
		return err
	}
	return c
}

// registerWith adds the flags to a verb that does more than import.
func (o *importFlags) registerWith(a *app, fs *pflag.FlagSet) {
	lang := a.lang()
	fs.StringVar(&o.file, "import", "", lang.T("import.flag_import"))
	fs.BoolVarP(&o.yes, "yes", "y", false, lang.T("import.flag_export_yes"))
	fs.BoolVar(&o.skip, "skip-conflicts", false, lang.T("import.flag_skip"))
}

// taking is a workbook on its way back.
type taking struct {
	a *app
	f *classFlags
	o importFlags

	j *grader.Job
	w *takeback.Workbook
	x *grader.Imported // nil before it is known what there is
	// agreed says that there is nothing that was not recorded: nobody said no.
	agreed bool
}

// run shows what was typed into the workbook, asks, and records it.
func (t *taking) run(ctx context.Context) (err error) {
	a := t.a
	if t.w, err = grader.ReadWorkbook(ctx, t.o.file); err != nil {
		return err
	}
	if t.f.class == "" {
		if t.f.class, err = grader.ClassOf(t.w); err != nil {
			return err
		}
	}
	if t.j, err = a.open(ctx, t.f); err != nil {
		return err
	}
	if t.o.ready != nil {
		if err := t.o.ready(t.j); err != nil {
			return err
		}
	}
	how := grader.ImportOptions{
		Who: userName(), When: time.Now(), SkipConflicts: t.o.skip,
		Cleared: a.lang().T("import.cleared", "file", filepath.Base(t.w.File)),
	}
	if t.x, err = t.j.Import(ctx, t.w, how); t.x == nil {
		return err
	}
	if err := t.show(); err != nil {
		return err
	}
	if err != nil {
		t.say("import.conflicts", "n", t.conflicting())
		return err
	}
	if len(t.x.Students) == 0 {
		t.agreed = true
		return nil
	}
	if t.o.dry {
		t.say("import.dry")
		return nil
	}
	if !t.o.yes {
		in, ok := a.Stdin.(*os.File)
		if !ok || !term.IsTerminal(int(in.Fd())) || a.json { // nobody was shown anything
			return usageHint(i18n.M("import.nobody_asked"), i18n.M("import.nobody_asked_hint", "command", t.o.again+t.flags()+" --yes"))
		}
		fmt.Fprint(a.Stderr, a.lang().T("import.ask"), " ")
		answer, err := readLine(ctx, in)
		if err != nil {
			return err
		}
		if !slices.Contains([]string{"y", "yes", "是"}, strings.ToLower(answer)) {
			t.say("import.declined")
			return nil
		}
	}
	how.Shown = t.x
	x, err := t.j.Import(ctx, t.w, how)
	if err != nil {
		return err
	}
	t.x, t.agreed = x, true
	t.say("import.done", "n", len(t.x.Students), "class", t.j.Class.Name, "flags", t.rubricFlags())
	return nil
}

// say prints a line, where it is not JSON that was asked for.
func (t *taking) say(key string, pairs ...any) {
	if !t.a.json {
		fmt.Fprintln(t.a.Stdout, diag.Plain(t.a.lang().T(key, pairs...)))
	}
}

// listed is how many IDs or cells stand in a line.
const listed = 20

// show prints what changes, and what else there is to be known.
func (t *taking) show() error {
	if t.a.json {
		return nil
	}
	x := t.x
	about := []any{"file", t.w.File, "class", t.j.Class.Name, "lab", t.j.Rubric.ID}
	switch {
	case len(x.Students) == 0 && len(x.Conflicts) > 0:
		t.say("import.nothing_else", about...)
	case len(x.Students) == 0:
		t.say("import.nothing", about...)
	default:
		t.say("import.head", append(about, "n", len(x.Students), "same", x.Same)...)
		rows := make([]report.Imported, len(x.Students))
		var removed []string
		for i, s := range x.Students {
			rows[i] = report.Imported{ID: s.ID, Name: s.Name, Changes: s.Changes}
			if slices.ContainsFunc(s.Changes, func(c result.Change) bool { return c.Kind == result.Remove }) {
				removed = append(removed, s.ID)
			}
		}
		if err := report.Imports(t.a.Stdout, rows, t.a.ui.text()); err != nil {
			return err
		}
		if len(removed) > 0 {
			t.say("import.removals", "n", len(removed), "students", grader.ClipList(removed, listed))
		}
	}
	if len(x.Absent) > 0 {
		t.say("import.absent", "n", len(x.Absent), "students", grader.ClipList(x.Absent, listed))
	}
	if len(x.Passed) > 0 {
		t.say("import.passed", "cells", grader.ClipList(x.Passed, listed))
	}
	if len(t.w.Added) > 0 {
		t.say("import.added", "heads", grader.ClipList(t.w.Added, listed), "override", t.w.HeadOf(takeback.Override),
			"reason", t.w.HeadOf(takeback.Reason), "remark", t.w.HeadOf(takeback.Remark))
	}
	t.showOvers()
	if len(x.Conflicts) > 0 && t.o.skip {
		t.say("import.conflicts_skipped", "n", t.conflicting())
		for _, c := range x.Conflicts {
			t.say("import.conflict_line", "where", c.Pos.File, "what", c.Msg)
		}
	}
	return nil
}

// conflicting is how many students are in conflict.
func (t *taking) conflicting() int {
	seen := map[string]bool{}
	for _, c := range t.x.Conflicts {
		seen[c.ID] = true
	}
	return len(seen)
}

// flags are those that were given, to type them again.
func (t *taking) flags() string {
	out := " --class " + shellWord(t.f.class) + t.rubricFlags()
	if t.o.skip {
		out += " --skip-conflicts"
	}
	return out
}

func (t *taking) rubricFlags() string {
	out := ""
	if t.f.lab != "" {
		out += " --lab " + shellWord(t.f.lab)
	}
	if t.f.rubric != "" {
		out += " --rubric " + shellWord(t.f.rubric)
	}
	return out
}

// importJSON is what --json prints.
type importJSON struct {
	Schema    string           `json:"schema"` // swarmgrade-import/1
	Class     string           `json:"class"`
	Lab       string           `json:"lab"`
	File      string           `json:"file"`
	DryRun    bool             `json:"dry_run"`
	Stored    bool             `json:"stored"`
	Students  []importStudent  `json:"students"` // of whom something changes
	Conflicts []importConflict `json:"conflicts"`
	Unchanged int              `json:"unchanged"`
	Absent    []string         `json:"absent,omitempty"`
	Passed    []string         `json:"passed_over,omitempty"`
	Added     []string         `json:"added_columns,omitempty"` // which are not read
	// Over are cells that are not read and were typed over, MoreOver how many others.
	Over     []importOver `json:"typed_over,omitempty"`
	MoreOver int          `json:"typed_over_more,omitempty"`
}

type importStudent struct {
	ID      string              `json:"id"`
	Name    string              `json:"name"`
	Cell    string              `json:"cell"`
	Changes []report.JSONChange `json:"changes"`
}

type importConflict struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Where   string `json:"where"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

func (t *taking) json() importJSON {
	x, lang := t.x, t.a.lang()
	out := importJSON{
		Schema: "swarmgrade-import/1", Class: t.j.Class.Name, Lab: t.j.Rubric.ID, File: t.w.File, DryRun: t.o.dry, Stored: x.Stored,
		Students: []importStudent{}, Conflicts: []importConflict{}, Unchanged: x.Same, Absent: x.Absent, Passed: x.Passed, Added: t.w.Added,
	}
	for _, s := range x.Students {
		out.Students = append(out.Students, importStudent{s.ID, s.Name, s.Cell, report.JSONHistory(s.Changes)})
	}
	out.Over, out.MoreOver = oversJSON(x.Overs)
	for _, c := range x.Conflicts {
		out.Conflicts = append(out.Conflicts, importConflict{c.ID, c.Name, c.Pos.File, lang.Text(c.Msg), lang.Text(c.Hint)})
	}
	return out
}

// shellWord is a word as a shell takes it whole.
func shellWord(s string) string {
	return diag.ShellWord(s)
}
