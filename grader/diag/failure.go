package diag

import (
	"errors"

	"swarmgrade/grader/i18n"
)

// Failure is an error for people: what happened, to whom, and what to do next.
// It is the only such type; packages say more by codes.
type Failure struct {
	// Code is a stable word for programs. Those below mean the same everywhere;
	// a package's other ones are listed with what gives them.
	Code string
	// Msg is what happened; "" where everything has been said already.
	Msg i18n.Msg
	// Hint is what to do, or to type, next.
	Hint i18n.Msg
	// Cause is a detail, shown last; it may be nil.
	Cause error
}

// Codes that every package may use.
const (
	Usage = "usage" // the command line, or a file that it names, must be mended
	Open  = "open"  // something was not reached, or could not be decided
	Mend  = "mend"  // what was looked at is not as it should be
)

// Error gives the English text, for logs.
func (f *Failure) Error() string {
	text := i18n.EN.Text(f.Msg)
	if f.Cause != nil {
		text += ": " + f.Cause.Error()
	}
	return text
}

func (f *Failure) Unwrap() error { return f.Cause }

// Misuse is a failure of code [Usage].
func Misuse(msg, hint i18n.Msg) *Failure { return &Failure{Code: Usage, Msg: msg, Hint: hint} }

// Failures are all those within an error that may be several joined, the first
// first. What one was caused by is not among them.
func Failures(err error) []*Failure {
	var out []*Failure
	switch e := err.(type) { //nolint:errorlint // the tree is walked here
	case nil:
	case *Failure:
		return []*Failure{e}
	case interface{ Failures() []*Failure }: // an error that is one, and may hold others
		return e.Failures()
	case interface{ Unwrap() []error }:
		for _, x := range e.Unwrap() {
			out = append(out, Failures(x)...)
		}
	default:
		return Failures(errors.Unwrap(err))
	}
	return out
}

// Code is that of the first failure within an error, "" if there is none.
func Code(err error) string {
	if all := Failures(err); len(all) > 0 {
		return all[0].Code
	}
	return ""
}
