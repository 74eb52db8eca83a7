package gradebook

import (
	"errors"
	"syscall"

	"modernc.org/sqlite"

	"swarmgrade/grader/i18n"
)

// SQLite's primary result codes (https://www.sqlite.org/rescode.html).
const (
	codeBusy     = 5
	codeReadOnly = 8
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeNotADB   = 26

	// codeShmSize is an extended one: no room for the file beside the gradebook
	// that processes share.
	codeShmSize = 10 | 19<<8
)

// sqliteIs compares the primary code, which is the low byte.
func sqliteIs(err error, code int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == code
}

func isShmSize(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == codeShmSize
}

func isReadOnlyFS(err error) bool { return errors.Is(err, syscall.EROFS) }

// explainSQLite puts words to the failures that a person can do something
// about, and leaves every other error as it is.
func explainSQLite(path string, err error) error {
	word := ""
	switch {
	case sqliteIs(err, codeBusy):
		word = "busy"
	case sqliteIs(err, codeReadOnly):
		word = "read_only"
	case sqliteIs(err, codeNotADB), sqliteIs(err, codeCorrupt):
		word = "corrupt"
	case sqliteIs(err, codeFull), isShmSize(err), errors.Is(err, syscall.ENOSPC):
		word = "full"
	default:
		return err
	}
	say := failure
	if word == "corrupt" {
		say = damage
	}
	return say(i18n.M("gradebook."+word, "file", path), i18n.M("gradebook."+word+"_hint", "dir", path), err)
}
