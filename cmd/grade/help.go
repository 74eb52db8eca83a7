package main

import (
	"strings"

	"github.com/spf13/cobra"

	"swarmgrade/grader/i18n"
)

// translateHelp puts the words that cobra itself says in help into a language.
func translateHelp(root *cobra.Command, lang i18n.Lang) {
	root.SetUsageTemplate(strings.NewReplacer(
		"Usage:", lang.T("cli.help_usage"),
		"Aliases:", lang.T("cli.help_aliases"),
		"Examples:", lang.T("cli.help_examples"),
		"Available Commands:", lang.T("cli.help_commands"),
		"Global Flags:", lang.T("cli.help_global_flags"),
		"Flags:", lang.T("cli.help_flags"),
		`Use "{{.CommandPath}} [command] --help" for more information about a command.`, lang.T("cli.help_more", "path", "{{.CommandPath}}"),
	).Replace(root.UsageTemplate()))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	translateCommand(root, lang)
}

func translateCommand(c *cobra.Command, lang i18n.Lang) {
	c.InitDefaultHelpFlag()
	c.Flags().Lookup("help").Usage = lang.T("cli.help_flag")
	switch c.Name() {
	case "help":
		c.Short = lang.T("cli.help_short")
	case "completion":
		translateCompletion(c, lang)
	}
	for _, sub := range c.Commands() {
		translateCommand(sub, lang)
	}
}
