package fault

import (
	"errors"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// Problem is what kept a fault from being injected, for people. Nothing is left
// behind by it.
type Problem struct {
	// Code is a stable word: "busy" (another grader on this machine), "locked"
	// (the swarm is marked by another), "pending" (an earlier fault must be
	// undone first), "journal", "config" (the class file must be mended),
	// "changed" (the target is not as it was when it was chosen, and nothing was
	// done to it), "ssh", "failed" (the fault did not work).
	Code      string
	Msg, Hint i18n.Msg
	Cause     error
}

func (p *Problem) Error() string {
	text := i18n.EN.Text(p.Msg)
	if p.Cause != nil {
		text += ": " + p.Cause.Error()
	}
	return text
}

func (p *Problem) Unwrap() error { return p.Cause }

// Stuck says that a fault could not be undone, and what to type. It is exit
// status 4.
type Stuck struct {
	Fault evidence.Fault
	Class string
	// Commands are what a person types, in order; the last asks the program to
	// look again.
	Commands []string
	Cause    error
}

// NewStuck says of a class's fault that it is not undone; cause may be nil.
func NewStuck(f evidence.Fault, class string, inj Injector, cause error) *Stuck {
	s := &Stuck{Fault: f, Class: class, Cause: cause}
	if m, ok := inj.(Manual); ok {
		s.Commands = m.Commands(f)
	}
	s.Commands = append(s.Commands, "grade restore --class "+class)
	return s
}

func (s *Stuck) Error() string {
	text := i18n.EN.Text(s.Msg())
	if s.Cause != nil {
		text += ": " + s.Cause.Error()
	}
	return text
}

func (s *Stuck) Unwrap() error { return s.Cause }

// Msg and Hint are for people.
func (s *Stuck) Msg() i18n.Msg {
	return i18n.M("fault.stuck", "node", s.Fault.Hostname, "kind", s.Fault.Kind)
}

// Hint lists the commands, one a line.
func (s *Stuck) Hint() i18n.Msg {
	return i18n.M("fault.stuck_hint", "commands", "\n      "+strings.Join(s.Commands, "\n      "))
}

// Code gives the stable word of an error of this package, "" for others.
func Code(err error) string {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}
