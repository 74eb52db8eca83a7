package main

import (
	"swarmgrade/grader/diag"
	"swarmgrade/grader/roster"
)

// rosterNotes says what should be looked at in a roster that can be used.
func (a *app) rosterNotes(class *roster.Class) {
	for _, n := range class.Notes {
		text := a.lang().T("cli.roster_note", "file", n.Pos.File, "note", n.Msg)
		if !n.Hint.Empty() {
			text += "\n    → " + a.lang().Text(n.Hint)
		}
		a.ui.note(diag.Plain(text))
	}
}
