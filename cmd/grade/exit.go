package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/fault"
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

// statusError is an error that people are shown: what happened and what to do
// next, with the exit status that goes with it.
type statusError struct {
	Status int
	Msg    i18n.Msg
	Hint   i18n.Msg
	Cause  error // shown after the message, as a detail
}

func (e *statusError) Error() string {
	text := i18n.EN.Text(e.Msg)
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

func (e *statusError) Unwrap() error { return e.Cause }

// usageError is wrong usage, status 2.
func usageError(msg i18n.Msg) error { return usageHint(msg, i18n.Msg{}) }

// usageHint is wrong usage with the way out.
func usageHint(msg, hint i18n.Msg) error {
	return &statusError{Status: exitUsage, Msg: msg, Hint: hint}
}

// exit is the only place that turns an error into words and a status.
func (a *app) exit(ctx context.Context, err error) int {
	var status *statusError
	var problems diag.Problems
	var cluster *swarm.Error
	var book *gradebook.Error
	var stuck *fault.Stuck
	var problem *fault.Problem
	var none *noFaultError
	lang := a.lang()
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, syscall.EPIPE) && !errors.As(err, &stuck):
		return exitPipe
	case errors.As(err, &stuck): // louder than anything else, an interrupt too
		return a.sayStuck(stuck)
	// What the cluster did not answer once we were interrupted is no failure of it.
	case ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, ctx.Err()) || errors.As(err, &cluster)):
		return a.sayInterrupted()
	case errors.As(err, &status):
		if !status.Msg.Empty() {
			a.ui.failure(detail(lang.Text(status.Msg), status.Cause), lang.Text(status.Hint))
		}
		return status.Status
	case errors.As(err, &problems):
		a.ui.failure(problems.Render(lang), lang.T("cli.problems_found", "n", problems.Count()))
		return exitUsage
	case errors.As(err, &none):
		a.ui.failure(lang.T("observe.untried", "n", none.students), lang.T("observe.untried_hint"))
		return a.sayProblems(none.problems)
	case errors.As(err, &problem):
		return a.sayProblems(fault.Problems(err))
	case errors.As(err, &cluster):
		a.ui.failure(detail(lang.Text(cluster.Msg), cluster.Cause), lang.Text(cluster.Hint))
		for _, other := range cluster.Others {
			a.ui.failure(detail(lang.Text(other.Msg), other.Cause), lang.Text(other.Hint))
		}
		if cluster.Code == "config" {
			return exitUsage
		}
		return exitCluster
	case errors.As(err, &book):
		a.ui.failure(detail(lang.Text(book.Msg), book.Cause), lang.Text(book.Hint))
		return exitUsage
	case ctx.Err() != nil: // what stopped half-way has no words of its own
		return a.sayInterrupted()
	case local.Short(err):
		a.ui.failure(detail(lang.T("cli.short_of"), err), lang.T("cli.short_of_hint"))
		return exitCluster
	}
	a.ui.failure(lang.Text(usage(err)), lang.T("cli.see_help"))
	return exitUsage
}

// sayStuck says loudly that a node may still be down, and what to type.
func (a *app) sayStuck(stuck *fault.Stuck) int {
	lang := a.lang()
	a.ui.failure(detail(lang.Text(stuck.Msg()), stuck.Cause), lang.Text(stuck.Hint()))
	return exitFault
}

// sayInterrupted says what was undone only if something was.
func (a *app) sayInterrupted() int {
	key := "cli.interrupted"
	if a.litter.restored() {
		key = "cli.interrupted_restored"
	}
	a.ui.failure(a.lang().T(key), "")
	return exitInterrupted
}

// sayProblems says why a fault can't be made, each reason once.
func (a *app) sayProblems(problems []*fault.Problem) int {
	lang, status := a.lang(), exitUsage
	said := map[string]bool{}
	for _, p := range problems {
		text := detail(lang.Text(p.Msg), p.Cause)
		if !said[text] {
			a.ui.failure(text, lang.Text(p.Hint))
		}
		said[text] = true
		if p.Code != "config" {
			status = exitCluster
		}
	}
	return status
}

// detail adds the raw cause behind the words for people.
func detail(text string, cause error) string {
	if cause == nil {
		return text
	}
	return fmt.Sprintf("%s (%v)", text, cause)
}
