package diag

import "swarmgrade/grader/i18n"

// Notice is one thing that somebody who looks for trouble found, good or bad.
type Notice struct {
	Level Level
	Msg   i18n.Msg
	Hint  i18n.Msg
}

// Level is how a notice is meant.
type Level string

const (
	Good Level = "ok"
	Warn Level = "warn"
	Bad  Level = "error"
)
