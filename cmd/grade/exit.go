package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/local"
	"swarmgrade/grader/swarm"
)

// Exit statuses; the README and every help text list the same.
const (
	exitOK          = 0
	exitMend        = 1   // a self-check found something to mend
	exitUsage       = 2   // wrong usage, class or rubric
	exitCluster     = 3   // cluster not reached, or some students ungraded
	exitFault       = 4   // a fault could not be undone
	exitInterrupted = 130 // interrupted, everything undone
	exitPipe        = 141 // nobody reads the output any more
)

// statusOf is the exit status that goes with a failure's code; of all others it
// is [exitCluster].
var statusOf = map[string]int{diag.Usage: exitUsage, "config": exitUsage, gradebook.Kept: exitUsage, diag.Mend: exitMend}

func status(f *diag.Failure) int {
	if s, ok := statusOf[f.Code]; ok {
		return s
	}
	return exitCluster
}

// childStatus is that of a program that was run in this one's place.
type childStatus int

func (s childStatus) Error() string { return "exit status " + strconv.Itoa(int(s)) }

// cutOff is an interrupt that has words of its own.
type cutOff struct{ msg i18n.Msg }

func (c cutOff) Error() string { return i18n.EN.Text(c.msg) }
func (c cutOff) Unwrap() error { return context.Canceled }

// usageError is wrong usage, status 2.
func usageError(msg i18n.Msg) error { return usageHint(msg, i18n.Msg{}) }

// usageHint is wrong usage with the way out.
func usageHint(msg, hint i18n.Msg) error {
	return diag.Misuse(msg, hint)
}

// damage adds to an error what of a gradebook was not as it was written, unless
// the error is of a gradebook too.
func (a *app) damage(err error) error {
	for _, j := range a.jobs {
		hurt := j.Damage()
		var e *diag.Failure
		switch {
		case hurt == nil || diag.Code(err) == gradebook.Kept:
		case err == nil:
			err = hurt
		case errors.As(hurt, &e):
			a.ui.failure(a.lang().Text(e.Msg), a.lang().Text(e.Hint))
		}
	}
	return err
}

// exit is the only place that turns an error into words and a status.
func (a *app) exit(ctx context.Context, err error) int {
	var problems diag.Problems
	var stuck *action.Stuck
	var none *grader.NoFault
	var other childStatus
	lang := a.lang()
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, syscall.EPIPE) && !errors.As(err, &stuck):
		return exitPipe
	case errors.As(err, &stuck): // louder than anything else, an interrupt too
		return a.sayStuck(action.AllStuck(err)...)
	// What the cluster did not answer once we were interrupted is no failure of it.
	case ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, ctx.Err()) || errors.As(err, new(*swarm.Error))):
		return a.sayInterrupted(err)
	case errors.As(err, &other):
		return int(other)
	case errors.As(err, &none):
		a.ui.failure(lang.T("observe.untried", "n", none.Students), lang.T("observe.untried_hint"))
		return a.sayFailures(none.Problems)
	case len(diag.Failures(err)) > 0:
		return a.sayFailures(diag.Failures(err))
	case errors.As(err, &problems):
		count := ""
		if problems.Count() > 1 || problems[0].Pos.Line > 0 { // one word on the command line counts itself
			count = lang.T("cli.problems_found", "n", problems.Count())
		}
		a.ui.failure(problems.Render(lang), count)
		return exitUsage
	case ctx.Err() != nil: // what stopped half-way has no words of its own
		return a.sayInterrupted(err)
	case local.Short(err):
		a.ui.failure(detail(lang, lang.T("cli.short_of"), err), lang.T("cli.short_of_hint"))
		return exitCluster
	}
	hint := lang.T("cli.see_help")
	if a.ran != nil && a.ran.HasParent() {
		hint = lang.T("cli.see_use", "use", useLine(string(lang), strings.TrimSuffix(a.ran.UseLine(), " [flags]")), "command", a.ran.CommandPath())
	}
	a.ui.failure(lang.Text(usage(err)), hint)
	return exitUsage
}

// sayStuck says loudly what may still be down or changed, and what to type.
func (a *app) sayStuck(all ...*action.Stuck) int {
	lang := a.lang()
	for i, stuck := range all {
		hint := ""
		if i == len(all)-1 {
			hint = lang.Text(action.Together(all).Hint())
		}
		a.ui.failure(detail(lang, lang.Text(stuck.Msg()), stuck.Cause), hint)
	}
	return exitFault
}

// sayInterrupted says what was undone only if something was.
func (a *app) sayInterrupted(err error) int {
	msg := i18n.M("cli.interrupted")
	var own cutOff
	switch {
	case a.litter.restored():
		msg = i18n.M("cli.interrupted_restored")
	case errors.As(err, &own):
		msg = own.msg
	}
	a.ui.failure(a.lang().Text(msg), "")
	return exitInterrupted
}

// sayFailures says each of them once, and gives the status of the first that is
// not the user's own to mend.
func (a *app) sayFailures(all []*diag.Failure) int {
	lang, first := a.lang(), exitOK
	said := map[string]bool{}
	for _, f := range all {
		text := detail(lang, lang.Text(f.Msg), f.Cause)
		if !f.Msg.Empty() && !said[text] {
			a.ui.failure(text, lang.Text(f.Hint))
		}
		said[text] = true
		if s := status(f); first == exitOK || first == exitUsage {
			first = s
		}
	}
	return first
}

// detail adds the raw cause behind the words for people, in their line; there is none
// behind words that say all of it.
func detail(lang i18n.Lang, text string, cause error) string {
	if cause == nil || errors.Is(cause, gradebook.ErrBusy) {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, strings.ReplaceAll(diag.Said(lang, cause), "\n", "; "))
}
