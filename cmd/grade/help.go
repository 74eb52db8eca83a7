package main

import (
	"regexp"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"swarmgrade/grader/i18n"
)

func init() { // for all commands of the process
	cobra.AddTemplateFunc("flagUsages", flagUsages)
	cobra.AddTemplateFunc("useLine", useLine)
}

// translateHelp puts the words that cobra itself says in help into a language.
func translateHelp(root *cobra.Command, lang i18n.Lang) {
	root.SetUsageTemplate(strings.NewReplacer(
		".LocalFlags.FlagUsages", `flagUsages "`+string(lang)+`" .LocalFlags`,
		".InheritedFlags.FlagUsages", `flagUsages "`+string(lang)+`" .InheritedFlags`,
		"{{.UseLine}}", `{{useLine "`+string(lang)+`" .UseLine}}`,
		"{{.CommandPath}} [command]{{end}}{{if gt", `{{.CommandPath}} `+lang.T("use.command")+`{{end}}{{if gt`,
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

var useWord = regexp.MustCompile(`\[(flags|command)\]|\b[A-Z]{2,}\b`)

// useLine is how a command is written, with what stands for values in a language.
func useLine(lang, line string) string {
	return useWord.ReplaceAllStringFunc(line, func(s string) string {
		key := "use." + strings.ToLower(strings.Trim(s, "[]"))
		if _, ok := i18n.Lang(lang).Raw(key); !ok {
			return s
		}
		return i18n.Lang(lang).T(key)
	})
}

var valueType = regexp.MustCompile(`(?m)^( +(?:-\w, )? *--[\w-]+ )(strings|string|int|float|duration)\b`)

var defaultValue = regexp.MustCompile(`(?m) \(default (.*)\)$`)

// flagUsages are the lines on flags, with what the library adds to them in a language.
func flagUsages(lang string, flags *pflag.FlagSet) string {
	text := valueType.ReplaceAllStringFunc(flags.FlagUsages(), func(s string) string {
		m := valueType.FindStringSubmatch(s)
		word := i18n.Lang(lang).T("use." + m[2])
		return m[1] + word + strings.Repeat(" ", max(0, len(m[2])-runewidth.StringWidth(word))) // what follows stays in its column
	})
	return defaultValue.ReplaceAllStringFunc(text, func(s string) string {
		return i18n.Lang(lang).T("cli.help_default", "value", defaultValue.FindStringSubmatch(s)[1])
	})
}

func translateCommand(c *cobra.Command, lang i18n.Lang) {
	c.InitDefaultHelpFlag()
	c.Flags().Lookup("help").Usage = lang.T("cli.help_flag")
	switch c.Name() {
	case "help":
		c.Short = lang.T("cli.help_short")
		if run := c.Run; run != nil {
			c.Run, c.RunE = nil, func(c *cobra.Command, args []string) error {
				if of, rest, err := c.Root().Find(args); err == nil && of.HasSubCommands() && len(rest) > 0 {
					return verbsOnly(of, rest) // the library would show help of something else
				}
				run(c, args)
				return nil
			}
		}
	case "completion":
		translateCompletion(c, lang)
	}
	for _, sub := range c.Commands() {
		translateCommand(sub, lang)
	}
}
