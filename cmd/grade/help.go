package main

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"swarmgrade/grader/i18n"
)

func init() { cobra.AddTemplateFunc("flagUsages", flagUsages) } // for all commands of the process

// translateHelp puts the words that cobra itself says in help into a language.
func translateHelp(root *cobra.Command, lang i18n.Lang) {
	root.SetUsageTemplate(strings.NewReplacer(
		".LocalFlags.FlagUsages", `flagUsages "`+string(lang)+`" .LocalFlags`,
		".InheritedFlags.FlagUsages", `flagUsages "`+string(lang)+`" .InheritedFlags`,
		"Usage:", lang.T("cli.help_usage"),
		"Aliases:", lang.T("cli.help_aliases"),
		"Examples:", lang.T("cli.help_examples"),
		"Available Commands:", lang.T("cli.help_commands"),
		"Global Flags:", lang.T("cli.help_global_flags"),
		"Flags:", lang.T("cli.help_flags"),
		`Use "{{.CommandPath}} [command] --help" for more information about a command.`, lang.T("cli.help_more", "path", "{{.CommandPath}}"),
	).Replace(root.UsageTemplate()))
	root.InitDefaultVersionFlag()
	root.Flags().Lookup("version").Usage = lang.T("cli.help_version")
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	translateCommand(root, lang)
}

var defaultValue = regexp.MustCompile(`(?m) \(default (.*)\)$`)

// flagUsages are the lines on flags, with what the library adds to them in a language.
func flagUsages(lang string, flags *pflag.FlagSet) string {
	return defaultValue.ReplaceAllStringFunc(flags.FlagUsages(), func(s string) string {
		return i18n.Lang(lang).T("cli.help_default", "value", defaultValue.FindStringSubmatch(s)[1])
	})
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
