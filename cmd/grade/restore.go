package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
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

// restore undoes what the journals at hand tell of, and says what was done also
// when something failed.
func (a *app) restore(ctx context.Context, class string, force bool) error {
	all, mark, err := a.grader().Restore(ctx, class, force)
	if a.json {
		done := restoreJSON{Schema: "swarmgrade-restore/1", Restored: []restoredJSON{}, MarkCleared: mark.Cleared}
		for _, r := range all {
			done.Restored = append(done.Restored, restoredJSON{
				Class: r.Class, Node: r.Fault.Hostname, Kind: r.Fault.Kind, Since: r.Time.Format(time.RFC3339),
				Untouched: r.Untouched, Service: r.Fault.Name, Student: r.Fault.Student, Left: r.Left, Restarted: len(r.Restarted), NotRestarted: slices.Sorted(maps.Keys(r.Failed)),
			})
		}
		return errors.Join(err, a.printJSON(done))
	}
	for _, r := range all {
		a.sayHealed(r)
	}
	if mark.Cleared {
		fmt.Fprintln(a.Stdout, diag.Plain(a.lang().T("fault.mark_cleared", mark.Pairs()...)))
	}
	if err == nil && len(all) == 0 && !mark.Cleared {
		fmt.Fprintln(a.Stdout, a.lang().T("fault.nothing"))
	}
	return err
}

// restoreJSON is what was undone, for scripts.
type restoreJSON struct {
	Schema      string         `json:"schema"`
	Restored    []restoredJSON `json:"restored"`
	MarkCleared bool           `json:"mark_cleared"`
}

type restoredJSON struct {
	Class        string   `json:"class"`
	Node         string   `json:"node,omitempty"`
	Kind         string   `json:"kind"`
	Since        string   `json:"since"`
	Untouched    bool     `json:"untouched"` // the fault had never reached the node
	Service      string   `json:"service,omitempty"`
	Student      string   `json:"student,omitempty"`
	Left         bool     `json:"left,omitempty"` // as somebody else had changed it since
	Restarted    int      `json:"restarted"`      // containers started again
	NotRestarted []string `json:"not_restarted,omitempty"`
}

func (a *app) sayHealed(r action.Healed) {
	lang := a.lang()
	say := func(text string) { fmt.Fprintln(a.Stdout, diag.Plain(text)) }
	key := "fault.healed"
	if r.Fault.Student != "" || r.Own() {
		say(lang.Text(r.Msg()))
		return
	}
	if r.Untouched {
		key = "fault.healed_untouched"
	}
	say(lang.T(key, "class", r.Class, "node", r.Fault.Hostname, "kind", r.Fault.Kind, "time", r.Time.Local().Format(time.DateTime)))
	if n := len(r.Restarted); n > 0 {
		say(lang.T("fault.healed_restarted", "n", n))
	}
	if len(r.Failed) > 0 {
		say(lang.T("fault.healed_failed", "names", slices.Sorted(maps.Keys(r.Failed))))
	}
}
