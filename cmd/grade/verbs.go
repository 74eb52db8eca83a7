package main

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"swarmgrade/grader/i18n"
)

// maxTypos is how many letters may differ between a word that was typed and
// the one that is suggested for it.
const maxTypos = 2

// verbsOnly is for commands whose arguments can only be a verb of theirs: the
// nearest one is suggested for a word that is none.
func verbsOnly(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, append([]string{sub.Name()}, sub.SuggestFor...)...)
		}
	}
	if near, ok := nearest(args[0], names); ok {
		return usageHint(i18n.M("cli.unknown_command_near", "word", args[0], "command", c.CommandPath(), "near", near),
			i18n.M("cli.see_help_of", "command", c.CommandPath()))
	}
	return usageHint(i18n.M("cli.unknown_command", "word", args[0], "command", c.CommandPath()),
		i18n.M("cli.see_help_of", "command", c.CommandPath()))
}

// flagError says which flag a command does not have, and which one it has that
// is spelt much like it; all else that is wrong with flags is left to usage.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	name, names := unknown.GetSpecifiedName(), []string{}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	hint := i18n.M("cli.see_help_of", "command", c.CommandPath())
	if unknown.GetSpecifiedShortnames() != "" {
		return usageHint(i18n.M("cli.unknown_flag", "flag", "-"+name), hint)
	}
	if near, ok := nearest(name, names); ok {
		return usageHint(i18n.M("cli.unknown_flag_near", "flag", "--"+name, "near", "--"+near), hint)
	}
	return usageHint(i18n.M("cli.unknown_flag", "flag", "--"+name), hint)
}

// nearest is the name that the fewest changes of a letter lead to, of at most
// maxTypos and fewer than the word has letters; the first of several in the
// alphabet.
func nearest(word string, names []string) (string, bool) {
	best, found := maxTypos+1, ""
	for _, name := range slices.Sorted(slices.Values(names)) {
		if d := distance(word, name); d < best && d < len(name)-1 {
			best, found = d, name
		}
	}
	return found, found != ""
}

// distance is the number of letters to insert, delete, replace, or swap with
// the next, that make a of b (optimal string alignment); words longer than 32
// bytes are far from everything.
func distance(a, b string) int {
	const long = 32
	if len(a) > long || len(b) > long {
		return long
	}
	var before, last, row [long + 1]int
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// showHelp is what a command does that has verbs and none was given.
func showHelp(c *cobra.Command, _ []string) error { return c.Help() }
