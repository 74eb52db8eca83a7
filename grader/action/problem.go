package action

import (
	"errors"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// Codes of this package's failures, besides those of [diag]. Nothing is left
// behind by any of them: "busy" (another grader on this machine), "locked" (the
// swarm is marked by another), "taken" (a student's service is), "pending" (an earlier fault must be undone first),
// "journal", "config" (the class file must be mended), "changed" (the target is not
// as it was when it was chosen, and nothing was done to it), "ssh", "failed" (the
// fault did not work).

// Stuck says that a fault could not be undone, and what to type. It is exit
// status 4.
type Stuck struct {
	Fault evidence.Action
	Class string
	// Commands are what a person types, in order; the last asks the program to
	// look again.
	Commands []string
	Cause    error
}

// NewStuck says of a class's fault that it is not undone; cause may be nil.
func NewStuck(f evidence.Action, class string, inj Injector, cause error) *Stuck {
	s := &Stuck{Fault: f, Class: class, Cause: cause}
	if m, ok := inj.(Manual); ok {
		s.Commands = m.Commands(f)
	}
	again := "grade restore"
	if !strings.HasPrefix(class, "~") { // what is done for no class has such a name
		of, _, _ := strings.Cut(class, "~")
		again += " --class " + of
	}
	s.Commands = append(s.Commands, again)
	return s
}

// AllStuck are all that an error holds, in its order.
func AllStuck(err error) []*Stuck {
	var out []*Stuck
	switch e := err.(type) { //nolint:errorlint // the tree is walked here
	case nil:
	case *Stuck:
		return []*Stuck{e}
	case interface{ Unwrap() []error }:
		for _, x := range e.Unwrap() {
			out = append(out, AllStuck(x)...)
		}
	default:
		return AllStuck(errors.Unwrap(err))
	}
	return out
}

// Together is what to say of several at once: the commands of all, each once, and
// last what asks the program to look again.
func Together(all []*Stuck) *Stuck {
	one := *all[0]
	one.Commands = nil
	for _, s := range all {
		for _, c := range s.Commands[:len(s.Commands)-1] {
			if !slices.Contains(one.Commands, c) {
				one.Commands = append(one.Commands, c)
			}
		}
	}
	one.Commands = append(one.Commands, all[0].Commands[len(all[0].Commands)-1])
	return &one
}

func (s *Stuck) Error() string {
	text := i18n.EN.Text(s.Msg())
	if s.Cause != nil {
		text += ": " + s.Cause.Error()
	}
	return text
}

// Harmless says that what is left is the grader's own and in nobody's way.
func (s *Stuck) Harmless() bool { return kindOf(s.Fault).Scope == Own }

func (s *Stuck) Unwrap() error { return s.Cause }

// worded is the key of a sentence that each kind words in its own way; scaling is the
// first that there was.
func worded(key, kind string) string {
	if kind == Scale {
		return key
	}
	return key + "_" + strings.ReplaceAll(kind, "-", "_")
}

// Msg and Hint are for people.
func (s *Stuck) Msg() i18n.Msg {
	if k := kindOf(s.Fault); k.Scope == Own {
		return i18n.M("action.stuck_"+k.Name, "image", s.Fault.Name)
	}
	if s.Fault.Student != "" {
		return i18n.M(worded("action.stuck", s.Fault.Kind), "service", s.Fault.Name, "student", s.Fault.Student, "was", s.Fault.Was, "to", s.Fault.To)
	}
	return i18n.M("fault.stuck", "node", s.Fault.Hostname, "kind", s.Fault.Kind)
}

// Hint lists the commands, one a line.
func (s *Stuck) Hint() i18n.Msg {
	return i18n.M("fault.stuck_hint", "commands", "\n      "+strings.Join(s.Commands, "\n      "))
}
