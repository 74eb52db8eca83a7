package report

import (
	"fmt"
	"strings"

	"swarmgrade/grader/result"
)

// left are the students with results whom the roster does not have any more.
func left(d *result.Data) (ids []string) {
	for i := range d.Students {
		if d.Students[i].Left {
			ids = append(ids, oneLine(d.Students[i].ID))
		}
	}
	return ids
}

// onRoster says under a class who is no longer on its roster, and whom nobody has graded yet.
func (t Text) onRoster(b *strings.Builder, d *result.Data) {
	if ids := left(d); len(ids) > 0 {
		t.sentence(b, t.Lang.T("enrolled.left", "n", len(ids), "ids", clipIDs(ids)), "")
	}
	if len(d.Unseen) > 0 {
		ids := make([]string, len(d.Unseen))
		for i, id := range d.Unseen {
			ids[i] = oneLine(id)
		}
		t.sentence(b, t.Lang.T("enrolled.unseen", "n", len(ids), "ids", clipIDs(ids)), magenta)
		fmt.Fprintln(b, "    → "+t.Lang.T("enrolled.unseen_hint", "class", oneLine(d.Class), "only", OnlyStudents(ids)))
	}
}

// clipIDs bounds a list for a line.
func clipIDs(ids []string) []string {
	if len(ids) > listedOpen {
		return append(ids[:listedOpen:listedOpen], "…")
	}
	return ids
}
