package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/explain"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/strictyaml"
	"swarmgrade/rubrics"
)

// usualRubric is the one that is meant where none is named.
const usualRubric = "ha-lb"

func newRubricExplainCmd(a *app) *cobra.Command {
	lang := a.lang()
	return &cobra.Command{
		Use: "explain [RUBRIC] [CHECK]", Short: lang.T("rubrictool.explain_short"), Long: lang.T("rubrictool.explain_long"),
		Args: cobra.MaximumNArgs(2), ValidArgsFunction: completeChecks,
		RunE: func(c *cobra.Command, args []string) error {
			rub, all, err := explained(c.Context(), args)
			switch {
			case err != nil:
				return err
			case a.json:
				return a.printJSON(explainJSON(rub, all, a.lang()))
			}
			return a.sayExplained(all)
		},
	}
}

// completeChecks has the shell offer rubrics, then the checks of the one given.
func completeChecks(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return rubrics.IDs(), cobra.ShellCompDirectiveDefault
	}
	rub, err := findRubric(c.Context(), args[0])
	if err != nil || len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return checkIDs(rub), cobra.ShellCompDirectiveNoFileComp
}

func checkIDs(rub *rubric.Rubric) []string {
	var ids []string
	for _, t := range rub.Tasks {
		for _, c := range t.Checks {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// explained are the checks that are asked for, all or one. A single word that is no
// rubric but a check of the usual one is that.
func explained(ctx context.Context, args []string) (*rubric.Rubric, []explain.Check, error) {
	name, id := usualRubric, ""
	switch len(args) {
	case 1:
		name = args[0]
		if usual, err := findRubric(ctx, usualRubric); err == nil && slices.Contains(checkIDs(usual), name) {
			name, id = usualRubric, name
		}
	case 2:
		name, id = args[0], args[1]
	}
	rub, err := findRubric(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	all := explain.Rubric(rub, action.Set{})
	if id == "" {
		return rub, all, nil
	}
	for _, c := range all {
		if c.ID == id {
			return rub, []explain.Check{c}, nil
		}
	}
	return nil, nil, usageHint(i18n.M("rubrictool.no_check", "check", id, "rubric", rub.ID), strictyaml.Suggest(id, checkIDs(rub)))
}

func (a *app) sayExplained(all []explain.Check) error {
	var b strings.Builder
	w := explainText{&b, a.lang(), a.ui.width}
	for i, c := range all {
		if i > 0 {
			b.WriteString("\n")
		}
		w.check(c)
	}
	b.WriteString("\n")
	w.say(0, a.lang().T("rubrictool.foot"))
	_, err := fmt.Fprint(a.Stdout, diag.Plain(b.String()))
	return err
}

// explainText writes what checks are about, for people.
type explainText struct {
	b     *strings.Builder
	lang  i18n.Lang
	width int
}

// say writes a sentence under an indentation, its further lines a little more.
func (w explainText) say(indent int, text string) {
	columns := w.width
	if columns <= 0 {
		columns = 80
	}
	pad := strings.Repeat(" ", indent)
	lines := report.Text{Lang: w.lang, Width: columns - indent - 2}.Wrapped(strings.ReplaceAll(text, "`", ""))
	fmt.Fprintf(w.b, "%s%s\n", pad, strings.ReplaceAll(lines, "\n", "\n"+pad+"  "))
}

func (w explainText) check(c explain.Check) {
	w.say(0, fmt.Sprintf("%s  %s  (%s)  %s", c.ID, c.Points, c.Kind, c.Title.In(w.lang)))
	w.say(2, w.lang.T("rubrictool.passes", "text", c.Passes))
	for _, l := range c.Sends {
		w.say(2, w.load(c, l))
	}
	if len(c.Sends) == 0 {
		w.say(2, w.lang.T("rubrictool.sends_nothing"))
	}
	w.say(2, w.lang.T("rubrictool.needs", "what", strings.Join(w.needs(c), w.lang.T("rubrictool.between"))))
	w.say(2, w.lang.T("rubrictool.credit", "text", w.credit(c)))
	w.params(c.Params)
}

func (w explainText) load(c explain.Check, l explain.Load) string {
	key := "rubrictool.sends_" + l.From
	switch {
	case l.From == "":
		key = "rubrictool.sends_probes"
	case l.Name == "load/later":
		key = "rubrictool.sends_later"
	}
	if l.Early {
		key += "_early"
	}
	port := l.Port
	if len(l.Or) > 0 {
		port = w.lang.T("rubrictool.ports_or", "port", port, "or", l.Or)
	}
	text := w.lang.T(key, "port", port, "least", l.Least, "usual", l.Usual, "rate", l.Rate, "expected", l.Expected,
		"containers", explain.UsualContainers, "nodes", explain.UsualNodes)
	if c.Action != nil {
		text = w.lang.T("rubrictool.sends_during", "text", text, "action", c.After)
	}
	if l.Spread {
		text = w.lang.T("rubrictool.sends_even", "text", text)
	}
	return text
}

func (w explainText) needs(c explain.Check) []string {
	var out []string
	if len(c.Needs) > 0 {
		out = append(out, w.lang.T("rubrictool.need_checks", "checks", c.Needs))
	}
	for _, r := range c.Reads {
		out = append(out, w.lang.T("rubrictool.need_"+r))
	}
	if c.Fault {
		out = append(out, w.lang.T("rubrictool.need_fault"))
	}
	if c.Action != nil {
		with := c.Action.Kind
		for _, p := range c.Action.Params {
			with += ", " + p.Name + " " + p.Text()
		}
		out = append(out, w.lang.T("rubrictool.need_action", "action", c.Action.Title.In(w.lang), "with", with))
	}
	return out
}

func (w explainText) credit(c explain.Check) string {
	var samples []string
	for _, s := range slices.Backward(c.Samples) {
		key, got := "rubrictool.credit_at_least", number(s.Got)
		if s.Want > 0 {
			key = "rubrictool.credit_unit"
		} else if len(c.Credit.Bands) > 0 && c.Credit.Bands[0].AtMost != nil {
			key = "rubrictool.credit_at_most"
		}
		samples = append(samples, w.lang.T(key, "got", got, "want", number(s.Want), "points", s.Points))
	}
	switch {
	case c.Credit.PerUnit:
		return w.lang.T("rubrictool.credit_units", "points", c.Points, "samples", strings.Join(samples, w.lang.T("rubrictool.between")))
	case c.Credit.Linear != nil:
		half := c.Samples[1]
		return w.lang.T("rubrictool.credit_linear", "from", number(c.Credit.Linear.From), "to", number(c.Credit.Linear.To),
			"got", number(half.Got), "points", half.Points)
	case len(samples) > 0:
		return w.lang.T("rubrictool.credit_bands", "samples", strings.Join(samples, w.lang.T("rubrictool.between")))
	case c.Measures:
		return w.lang.T("rubrictool.credit_none")
	}
	return w.lang.T("rubrictool.credit_never")
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// params lists what is in force, each with what it means.
func (w explainText) params(all []explain.Param) {
	if len(all) == 0 {
		return
	}
	w.say(2, w.lang.T("rubrictool.params"))
	values := make([]string, len(all))
	names, wide := 0, 0
	for i, p := range all {
		switch values[i] = p.Text(); {
		case p.Default && values[i] == "":
			values[i] = w.lang.T("rubrictool.param_none")
		case p.Default:
			values[i] = w.lang.T("rubrictool.param_default", "value", values[i])
		}
		names, wide = max(names, len(p.Name)), max(wide, columnsOf(values[i]))
	}
	wide = min(wide, 28)
	for i, p := range all {
		gap := strings.Repeat(" ", max(0, wide-columnsOf(values[i])))
		w.say(4, fmt.Sprintf("%-*s  %s%s  %s", names, p.Name, values[i], gap, w.lang.Text(p.About)))
	}
}

// columnsOf counts terminal columns, whatever the locale.
func columnsOf(s string) int {
	c := runewidth.Condition{StrictEmojiNeutral: true}
	return c.StringWidth(s)
}
