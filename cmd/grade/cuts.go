package main

import (
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/swarm"
)

// cuts says what a reading of the cluster had to leave out, of whom, and whom
// it concerns.
func cuts(j *job, snap *evidence.Snapshot) []swarm.Finding {
	var out []swarm.Finding
	for _, c := range check.Cuts(snap) {
		pairs := []any{"what", c.What(), "n", c.Count}
		key, level := "cut_list", "error"
		if c.Service != nil {
			pairs = append(pairs, "service", c.Service.Name)
			key, level = "cut_tasks", "warn"
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
		out = append(out, swarm.Finding{Level: level, Msg: i18n.M("cli."+key, pairs...), Hint: i18n.M(hint, pairs...)})
	}
	return out
}

// ownerOf is the student with a service or a HAProxy of that name, "" if it is
// nobody of the class.
func (j *job) ownerOf(service string) string {
	at := slices.IndexFunc(j.class.Students, func(s rosterStudent) bool {
		vars := j.vars[s.ID]
		return vars["service"] == service || vars["haproxy"] == service
	})
	if at < 0 {
		return ""
	}
	return j.class.Students[at].ID
}

// sayCuts notes them while a run goes on.
func (a *app) sayCuts(j *job, snap *evidence.Snapshot) {
	for _, f := range cuts(j, snap) {
		a.ui.note(diag.Plain(a.lang().Text(f.Msg) + "\n  → " + a.lang().Text(f.Hint)))
	}
}
