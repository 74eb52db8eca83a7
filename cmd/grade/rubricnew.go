package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

func newRubricNewCmd(a *app) *cobra.Command {
	lang := a.lang()
	from := usualRubric
	c := &cobra.Command{
		Use: "new NAME", Short: lang.T("rubrictool.new_short"), Long: lang.T("rubrictool.new_long"), Args: cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return a.newRubric(c.Context(), args[0], from) },
	}
	c.Flags().StringVar(&from, "from", usualRubric, lang.T("rubrictool.flag_from"))
	completeFlag(c, "from", rubrics.IDs)
	return c
}

// newRubric writes a copy of a rubric under a name of its own, and never over a
// file that is there.
func (a *app) newRubric(ctx context.Context, name, from string) error {
	id := strings.TrimSuffix(name, ".yaml")
	if msg, hint := rubric.BadID(id); !msg.Empty() {
		return usageHint(msg, hint)
	}
	if slices.Contains(rubrics.IDs(), id) {
		return usageHint(i18n.M("rubrictool.new_builtin", "id", id), i18n.M("rubrictool.new_builtin_hint", "id", id))
	}
	old, err := findRubric(ctx, from)
	if err != nil {
		return err
	}
	file := id + ".yaml"
	text := rubric.Copy(old.Source, id)
	rub, err := rubric.Load(text, file, check.Set{}, action.Set{})
	if err != nil {
		return err
	}
	if err := writeNew(file, text); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{
			"schema": "swarmgrade-rubric-new/1", "file": file, "id": rub.ID, "version": rub.Version, "from": from,
			"checks": checksIn(rub), "points": rub.Points,
		})
	}
	lines := a.lang().T("rubrictool.new_done", "file", file, "from", from, "checks", checksIn(rub), "points", rub.Points.String())
	return a.sayLine(lines)
}

func writeNew(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a file that its author shares
	switch {
	case errors.Is(err, fs.ErrExist):
		return usageHint(i18n.M("rubrictool.new_exists", "file", file), i18n.M("rubrictool.new_exists_hint", "file", file))
	case err != nil:
		return &diag.Failure{Code: diag.Usage, Msg: i18n.M("rubrictool.new_unwritten", "file", file), Cause: err}
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return &diag.Failure{Code: diag.Usage, Msg: i18n.M("rubrictool.new_unwritten", "file", file), Cause: errors.Join(err, os.Remove(file))}
	}
	return nil
}
