package main

import (
	"errors"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"swarmgrade/grader/i18n"
)

// What cobra says has no types, so it is known by its form. What is not known
// is shown as it is.
var (
	unknownCommand = regexp.MustCompile(`^unknown command "([^"]*)" for "([^"]*)"`)
	argsExact      = regexp.MustCompile(`^accepts (\d+) arg\(s\), received (\d+)$`)
	argsBetween    = regexp.MustCompile(`^accepts between (\d+) and (\d+) arg\(s\), received (\d+)$`)
	argsAtLeast    = regexp.MustCompile(`^requires at least (\d+) arg\(s\), only received (\d+)$`)
	argsAtMost     = regexp.MustCompile(`^accepts at most (\d+) arg\(s\), received (\d+)$`)
	flagsExclude   = regexp.MustCompile(`^if any flags in the group \[.*\] are set none of the others can be; \[(.*)\] were all set$`)
)

// usage is what is wrong with the flags or arguments, as the library that
// reads them found it.
func usage(err error) i18n.Msg {
	var bare *pflag.ValueRequiredError
	var bad *pflag.InvalidValueError
	switch {
	case errors.As(err, &bare):
		return i18n.M("cli.flag_bare", "flag", "--"+bare.GetFlag().Name)
	case errors.As(err, &bad):
		return i18n.M("cli.flag_value", "flag", "--"+bad.GetFlag().Name, "value", bad.GetValue(), "type", taken(bad.GetFlag().Value.Type()))
	}
	text := err.Error()
	if m := unknownCommand.FindStringSubmatch(text); m != nil {
		return i18n.M("cli.unknown_command", "word", m[1], "command", m[2])
	}
	for _, a := range []struct {
		form *regexp.Regexp
		key  string
	}{{argsExact, "cli.args_exact"}, {argsAtLeast, "cli.args_least"}, {argsAtMost, "cli.args_most"}} {
		if m := a.form.FindStringSubmatch(text); m != nil {
			return i18n.M(a.key, "want", m[1], "got", m[2])
		}
	}
	if m := argsBetween.FindStringSubmatch(text); m != nil {
		return i18n.M("cli.args_between", "least", m[1], "most", m[2], "got", m[3])
	}
	if m := flagsExclude.FindStringSubmatch(text); m != nil {
		return i18n.M("cli.flags_exclude", "flags", "--"+strings.ReplaceAll(m[1], " ", " --"))
	}
	return i18n.M("cli.usage_other", "text", text)
}

// taken is what a flag of a type takes, the type's own name where there are no
// words for it.
func taken(kind string) any {
	kind = strings.TrimSuffix(kind, "64")
	switch kind {
	case "int", "float", "duration", "bool":
		return i18n.M("use.takes_" + kind)
	}
	return kind
}

// langOf finds --lang in a command line that may not be right otherwise, so
// that help and complaints about it are in that language too.
func langOf(args []string) string {
	for i, arg := range args {
		switch value, ok := strings.CutPrefix(arg, "--lang="); {
		case arg == "--":
			return ""
		case ok:
			return value
		case arg == "--lang" && i+1 < len(args):
			return args[i+1]
		}
	}
	return ""
}
