package grader

import (
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/sight"
)

// cuts says what a reading of the cluster had to leave out, of whom, and whom
// it concerns.
func (j *Job) cuts(snap *evidence.Snapshot) []diag.Notice {
	var out []diag.Notice
	for _, c := range sight.Cuts(snap) {
		pairs := []any{"what", c.What(), "n", c.Count}
		key, level := "cut_list", diag.Bad
		if c.Service != nil {
			pairs = append(pairs, "service", c.Service.Name)
			key, level = "cut_tasks", diag.Warn
			if who := j.ownerOf(c.Service.Name); who != "" {
				pairs, key = append(pairs, "student", who), "cut_tasks_of"
			}
			if c.Running {
				key += "_open"
			}
		}
		hint := "cli.cut_list_hint"
		if c.Service != nil {
			hint = "cli.cut_tasks_hint"
		}
		out = append(out, diag.Notice{Level: level, Msg: i18n.M("cli."+key, pairs...), Hint: i18n.M(hint, pairs...)})
	}
	return out
}

// ownerOf is the student with a service or a HAProxy of that name, "" if it is
// nobody of the class.
func (j *Job) ownerOf(service string) string {
	owned := check.NamesOf(j.Rubric).Owned()
	at := slices.IndexFunc(j.Class.Students, func(s roster.Student) bool {
		vars := j.Vars[s.ID]
		return slices.ContainsFunc(owned, func(v string) bool { return vars[v] == service })
	})
	if at < 0 {
		return ""
	}
	return j.Class.Students[at].ID
}
