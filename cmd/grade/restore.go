package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/fault"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/swarm"
)

func newRestoreCmd(a *app) *cobra.Command {
	lang := a.lang()
	var class string
	var force bool
	c := &cobra.Command{
		Use: "restore [--class CLASS]", Short: lang.T("fault.restore_short"), Long: lang.T("fault.restore_long"), Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.restore(c.Context(), class, force) },
	}
	c.Flags().StringVar(&class, "class", "", lang.T("cli.flag_class"))
	c.Flags().BoolVar(&force, "force", false, lang.T("fault.flag_force"))
	return c
}

// restore heals what the journals at hand tell of; for a class that is named it
// also takes a mark off the swarm that nobody alive holds.
func (a *app) restore(ctx context.Context, name string, force bool) error {
	paths, class, err := a.journals(ctx, name)
	if err != nil {
		return err
	}
	healed := 0
	done := restoreJSON{Schema: "swarmgrade-restore/1", Restored: []restoredJSON{}}
	var failed []error
	for _, path := range paths {
		rec, out, err := fault.Heal(ctx, path, fault.HealOptions{Dial: dialFault, Note: func(m i18n.Msg) { a.ui.note(a.lang().Text(m)) }})
		if rec != nil {
			healed++
		}
		switch {
		case err != nil:
			failed = append(failed, err)
		case rec != nil:
			done.Restored = append(done.Restored, restoredJSON{
				Class: rec.Class, Node: rec.Fault.Hostname, Kind: rec.Fault.Kind, Since: rec.Time.Format(time.RFC3339),
				Untouched: out.Untouched, Restarted: len(out.Restarted), NotRestarted: slices.Sorted(maps.Keys(out.Failed)),
			})
			if !a.json {
				a.sayHealed(rec, out)
			}
		}
	}
	if class != nil && class.Cluster.Sim == "" && len(failed) == 0 {
		cleared, err := a.clearMark(ctx, class, force)
		if done.MarkCleared = cleared; cleared {
			healed++
		}
		failed = append(failed, err)
	}
	if a.json { // what was done is said also when something failed
		failed = append(failed, a.printJSON(done))
	}
	if err := errors.Join(failed...); err != nil || a.json {
		return err
	}
	if healed == 0 {
		fmt.Fprintln(a.Stdout, a.lang().T("fault.nothing"))
	}
	return nil
}

// restoreJSON is what was undone, for scripts.
type restoreJSON struct {
	Schema      string         `json:"schema"`
	Restored    []restoredJSON `json:"restored"`
	MarkCleared bool           `json:"mark_cleared"`
}

type restoredJSON struct {
	Class        string   `json:"class"`
	Node         string   `json:"node"`
	Kind         string   `json:"kind"`
	Since        string   `json:"since"`
	Untouched    bool     `json:"untouched"` // the fault had never reached the node
	Restarted    int      `json:"restarted"` // containers started again
	NotRestarted []string `json:"not_restarted,omitempty"`
}

// journals are those of the class that is named, or of all classes.
func (a *app) journals(ctx context.Context, name string) ([]string, *roster.Class, error) {
	if name != "" {
		class, err := roster.LoadClass(ctx, a.classOptions(name))
		if err != nil {
			return nil, nil, err
		}
		dir := filepath.Join(a.home(class), "gradebook")
		return []string{fault.JournalPath(dir, class.Name)}, class, nil
	}
	var all []string
	for _, home := range []string{a.dir, a.Getenv("GRADE_HOME"), "."} {
		if home == "" {
			continue
		}
		found, err := fault.Journals(filepath.Join(home, "gradebook"))
		if err != nil {
			return nil, nil, err
		}
		all = append(all, found...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil, nil
}

// dialFault opens the swarm of a journal.
func dialFault(ctx context.Context, conf roster.Cluster) (fault.Cluster, func() error, error) {
	c, err := swarm.Dial(ctx, conf)
	if err != nil {
		return nil, nil, err
	}
	return c, c.Close, nil
}

func (a *app) sayHealed(rec *fault.Record, out fault.Outcome) {
	lang := a.lang()
	say := func(text string) { fmt.Fprintln(a.Stdout, diag.Plain(text)) }
	key := "fault.healed"
	if out.Untouched {
		key = "fault.healed_untouched"
	}
	say(lang.T(key, "class", rec.Class, "node", rec.Fault.Hostname, "kind", rec.Fault.Kind, "time", rec.Time.Local().Format(time.DateTime)))
	if n := len(out.Restarted); n > 0 {
		say(lang.T("fault.healed_restarted", "n", n))
	}
	if len(out.Failed) > 0 {
		say(lang.T("fault.healed_failed", "names", slices.Sorted(maps.Keys(out.Failed))))
	}
}

// clearMark takes the class's swarm's mark off if its grader is gone.
func (a *app) clearMark(ctx context.Context, class *roster.Class, force bool) (bool, error) {
	c, closing, err := dialFault(ctx, class.Cluster)
	if err != nil {
		return false, err
	}
	defer func() { _ = closing() }()
	host, err := os.Hostname()
	if err != nil {
		return false, err
	}
	m, found, held, err := fault.ClearMark(ctx, c, host, force)
	if err != nil || !found {
		return false, err
	}
	pairs := []any{"host", m.Host, "pid", m.PID, "class", m.Class, "node", m.Node, "time", m.Time.Local().Format(time.DateTime)}
	if held {
		return false, &diag.Failure{Code: "locked", Msg: i18n.M("fault.mark_held", pairs...), Hint: i18n.M("fault.mark_held_hint", pairs...)}
	}
	if !a.json {
		fmt.Fprintln(a.Stdout, diag.Plain(a.lang().T("fault.mark_cleared", pairs...)))
	}
	return true, nil
}
