package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/observe"
)

// resume goes on with the class's interrupted run. If there is none, that is
// said and nobody is sent anything.
func (a *app) resume(ctx context.Context, j *job, f *runFlags) error {
	_, book, err := a.opened(ctx, j, false)
	if err != nil {
		return err
	}
	defer book.Close()
	want := gradebook.Fingerprint{RubricSHA256: j.rub.SHA256, RosterSHA256: j.class.RosterSHA256, Task: j.taskKey()}
	run, ok, err := book.Unfinished(ctx, want)
	if err != nil {
		return err
	}
	if !ok {
		return a.nothingToResume(ctx, j, book, want)
	}
	if run.Status == gradebook.Running { // the lock says so
		_, err := book.Resume(ctx, run.ID)
		return err
	}
	// All who were to be graded, whoever is asked for now.
	members, err := book.Students(ctx, run.ID)
	if err != nil {
		return err
	}
	j.students = slices.DeleteFunc(slices.Clone(j.class.Students), func(s rosterStudent) bool {
		return !slices.ContainsFunc(members, func(m gradebook.Student) bool { return m.ID == s.ID })
	})
	return a.run(ctx, j, f, book, run.ID)
}

// nothingToResume says why, and what to type.
func (a *app) nothingToResume(ctx context.Context, j *job, book *gradebook.Gradebook, want gradebook.Fingerprint) error {
	runs, err := book.Runs(ctx)
	if err != nil {
		return err
	}
	runs = slices.DeleteFunc(runs, func(r gradebook.Run) bool { return r.Regrades != "" })
	lang := a.lang()
	if last := runs[0]; last.Status != gradebook.Finished {
		var other []string
		got := last.Fingerprint()
		if got.Task != want.Task {
			other = append(other, lang.T("record.resume_task", "was", got.Task, "is", want.Task))
		}
		if got.RubricSHA256 != want.RubricSHA256 {
			other = append(other, lang.T("record.resume_rubric", "was", rubricName(last.RubricID, last.RubricVersion, last.RubricSHA256),
				"is", rubricName(j.rub.ID, j.rub.Version, j.rub.SHA256)))
		}
		if got.RosterSHA256 != want.RosterSHA256 {
			other = append(other, lang.T("record.resume_roster"))
		}
		hint := i18n.M("record.resume_anew", "class", j.class.Name)
		if len(other) == 1 && got.Task != want.Task {
			hint = i18n.M("record.resume_as", "class", j.class.Name, "task", got.Task, "flag", j.rubricFlag())
		}
		return usageHint(i18n.M("record.resume_other", "run", last.ID, "why", strings.Join(other, "; ")), hint)
	}
	if a.json {
		_, err := a.present(ctx, j, book, runs[0].ID)
		return err
	}
	_, err = fmt.Fprintln(a.Stdout, diag.Plain(lang.T("record.resume_none", "run", runs[0].ID, "class", j.class.Name,
		"finished", runs[0].Finished.Local().Format(time.DateTime))))
	return err
}

// remeasure forgets what an interrupted try has measured of students whose
// tasks are others by now. A student whose fault window is over is through with
// the load before it.
func (a *app) remeasure(ctx context.Context, book *gradebook.Gradebook, run string, plan *observe.Plan, snap *evidence.Snapshot) error {
	members, err := book.Students(ctx, run)
	if err != nil {
		return err
	}
	var again []string
	for _, m := range members {
		i := slices.IndexFunc(plan.Students, func(s observe.Student) bool { return s.Who.ID == m.ID })
		if i < 0 || m.Bundle != "" || m.Before == "" {
			continue
		}
		draft, err := book.Draft(ctx, run, m.ID)
		if err != nil {
			return err
		}
		kept, err := book.Traces(ctx, run, m.ID)
		if err != nil {
			return err
		}
		if draft == nil && len(kept) == 0 || draft != nil && draft.Probing != nil {
			continue
		}
		then, err := book.Snapshot(ctx, m.Before)
		if err != nil {
			return err
		}
		if plan.Students[i].Moved(then, snap) {
			again = append(again, m.ID)
			if err := book.Forget(ctx, run, m.ID); err != nil {
				return err
			}
		}
	}
	if len(again) > 0 {
		a.ui.note(a.lang().T("record.measured_again", "n", len(again), "students", clipList(again, 10)))
	}
	return nil
}
