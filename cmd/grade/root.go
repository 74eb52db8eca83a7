package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/observe"
)

// command is the program with its surroundings, so that tests can run it
// whole.
type command struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
}

// app is what every verb shares: the surroundings and the common flags.
type app struct {
	command
	ui     *ui
	litter *litter

	dir     string              // where classes are looked for
	simSeed uint64              // of embedded clusters; 0 is the sample class's
	kept    *simCluster         // that is up already, nil to bring one up
	g       *grader.Grader      // see grader
	jobs    []*grader.Job       // see open
	planned func(*observe.Plan) // what a self-check says
	known   func(judge.Verdict)
	haproxy string // which one embedded clusters run; see simProxy
	langStr string
	json    bool
	quiet   bool
	verbose bool
	ran     *cobra.Command // what the command line asked for
	// simFiles is where the students of embedded clusters keep what containers
	// mount; "" copies it into them.
	simFiles string
}

// Main runs the program, until ctx ends, and gives its exit status.
func (c command) Main(ctx context.Context, args []string) int {
	a := &app{command: c, langStr: langOf(args), litter: &litter{}}
	defer a.litter.hurry(ctx)()
	out := &outlet{Writer: c.Stdout}
	a.Stdout = out
	a.ui = newUI(a.command, a.lang())
	// A reader of the output that goes away ends nothing half-way: what is
	// written then fails like any other writing.
	gone := make(chan os.Signal, 1)
	signal.Notify(gone, syscall.SIGPIPE)
	defer signal.Stop(gone)
	root := newRootCmd(a)
	root.SetArgs(args)
	root.SetIn(c.Stdin)
	root.SetOut(out)
	root.SetErr(c.Stderr)
	ran, err := root.ExecuteContextC(ctx)
	a.ran = ran
	return a.exit(ctx, a.damage(out.lost(err)))
}

func newRootCmd(a *app) *cobra.Command {
	lang := a.lang()
	root := &cobra.Command{
		Use:               "grade",
		Short:             lang.T("cli.grade_short"),
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.settle() },
	}
	f := root.PersistentFlags()
	f.StringVar(&a.dir, "dir", "", lang.T("cli.flag_dir"))
	f.StringVar(&a.langStr, "lang", a.langStr, lang.T("cli.flag_lang"))
	completeFlag(root, "lang", func() []string { return []string{"zh", "en"} })
	f.Lookup("lang").DefValue = "" // the locale's, whatever the command line says
	f.BoolVar(&a.json, "json", false, lang.T("cli.flag_json"))
	f.BoolVarP(&a.quiet, "quiet", "q", false, lang.T("cli.flag_quiet"))
	f.BoolVarP(&a.verbose, "verbose", "v", false, lang.T("cli.flag_verbose"))
	var run runFlags
	run.register(a, root)
	root.Args = verbsOnly
	root.Version = version()
	root.SetVersionTemplate(versionLine() + "\n")
	root.SetFlagErrorFunc(flagError)
	root.RunE = func(c *cobra.Command, _ []string) error {
		if run.class == "" && run.students == nil && !run.dryRun {
			return c.Help()
		}
		return a.grade(c.Context(), &run)
	}
	root.AddCommand(
		newRestoreCmd(a), newCheckCmd(a), newPlanCmd(a), newExportCmd(a), newFeedbackCmd(a), newImportCmd(a), newOverrideCmd(a), newRegradeCmd(a), newShowCmd(a), newRunsCmd(a),
		newDoctorCmd(a), newRubricCmd(a), newLoadCmd(a), newLabCmd(a), newServeCmd(a), newSimCmd(a), newWhoamiCmd(a), newVersionCmd(a),
		newManCmd(a), newLookupCmd(a), newWorkerCmd(a),
	)
	translateHelp(root, lang)
	return root
}

// lang is the language asked for: the flag, else the locale's, else English.
func (a *app) lang() i18n.Lang {
	for _, s := range []string{a.langStr, a.Getenv("LC_ALL"), a.Getenv("LC_MESSAGES"), a.Getenv("LANG")} {
		if l, ok := i18n.Parse(s); ok {
			return l
		}
	}
	return i18n.EN
}

// settle checks the common flags and lets the screen know of them.
func (a *app) settle() error {
	if a.langStr != "" {
		if _, ok := i18n.Parse(a.langStr); !ok {
			return usageError(i18n.M("cli.bad_lang", "lang", a.langStr))
		}
	}
	a.ui = newUI(a.command, a.lang())
	a.ui.quiet, a.ui.verbose = a.quiet, a.verbose
	return nil
}
