package desk

import (
	"context"
	"slices"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

// ClassInfo is who is graded on what, as class file, roster and rubric say it now. All of it
// is shared and read-only.
type ClassInfo struct {
	Name, Title string
	Lang        string // the class's, "" if it has none
	Rubric      *rubric.Rubric
	Students    []roster.Student
	Vars        map[string]map[string]string // by student
	Late        *result.Late                 // nil: nothing is due
	Sample      bool                         // it came with the program
	Sim         string                       // the scenario of an embedded cluster, "" for a real one
}

// Keys of what is cached.
const (
	classKey    = "class"
	scoresKey   = "scores"
	findingsKey = "findings"
	requestsKey = "requests"
	runsKey     = "runs"
	trialsKey   = "trials"
	stuckKey    = "stuck"
	linksKey    = "links"
)

// Class reads the class.
func (d *Desk) Class(ctx context.Context) (*ClassInfo, error) {
	return get(ctx, d.cache, classKey, false, func(ctx context.Context) (c *ClassInfo, err error) {
		err = d.app.read(ctx, func(j *grader.Job) error {
			c = &ClassInfo{
				Name: j.Class.Name, Title: j.Class.Title, Lang: j.Class.Settings.Lang, Rubric: j.Rubric, Students: j.Students, Vars: j.Vars,
				Late: j.Due(), Sample: grader.IsSample(j.Class), Sim: j.Class.Cluster.Sim,
			}
			return nil
		})
		return c, err
	})
}

// Standing is what counts for the class, without findings. It is shared by all who ask:
// nobody may change it. A class that nobody has graded yet has data without verdicts.
func (d *Desk) Standing(ctx context.Context) (*result.Data, error) {
	return get(ctx, d.cache, scoresKey, true, d.app.scores)
}

// Student is what counts for one student, and nobody else's in it, with their fault window.
// It is shared.
func (d *Desk) Student(ctx context.Context, id string) (*result.Data, error) {
	all, err := d.Standing(ctx)
	if err != nil {
		return nil, err
	}
	one := *all // and no more than that is changed
	at := slices.IndexFunc(all.Students, func(s result.Student) bool { return s.ID == id })
	if at < 0 { // since the last run, or never
		if err := d.app.has(ctx, id, ""); err != nil {
			return nil, err
		}
		one.Students = []result.Student{{ID: id}}
		if c, err := d.Class(ctx); err == nil {
			if i := slices.IndexFunc(c.Students, func(s roster.Student) bool { return s.ID == id }); i >= 0 {
				one.Students[0].Name = c.Students[i].Name
			}
		}
	} else {
		one.Students = []result.Student{all.Students[at]}
	}
	one.Findings = nil
	if l := all.Late; l != nil {
		own := *l
		own.Dues = nil
		if due, ok := l.Dues[id]; ok {
			own.Dues = map[string]time.Time{id: due}
		}
		one.Late = &own
	}
	s := &one.Students[0]
	if len(s.Verdicts) == 0 || s.Damaged {
		return &one, nil
	}
	s.Timeline, err = d.drawer.of(ctx, s, true)
	return &one, err
}

// Findings is what counts for the class with findings, which take reading all evidence. It is shared.
func (d *Desk) Findings(ctx context.Context) (*result.Data, error) {
	return get(ctx, d.cache, findingsKey, true, func(ctx context.Context) (out *result.Data, err error) {
		err = d.app.read(ctx, func(j *grader.Job) error {
			if graded, err := j.Graded(ctx); err != nil || !graded {
				out = j.Ungraded()
				return err
			}
			out, err = j.Standing(ctx)
			return err
		})
		return out, err
	})
}

// Runs are the class's runs in the lab, the newest first; none if there are none. They are shared.
func (d *Desk) Runs(ctx context.Context) ([]grader.RunInfo, error) {
	return get(ctx, d.cache, runsKey, true, d.app.runs)
}

// Evidence is what a student's score in the newest run with evidence of theirs rests on.
func (d *Desk) Evidence(ctx context.Context, id string) (f *grader.CaseFile, err error) {
	err = d.app.with(ctx, []string{id}, "", func(j *grader.Job) error {
		return j.Evidence(ctx, "", func(got grader.CaseFile) error {
			f = &got
			return nil
		})
	})
	return f, err
}

// Trials are a student's self-checks on the page that are kept, the newest first.
func (d *Desk) Trials(ctx context.Context, student string) (all []gradebook.Trial, err error) {
	err = d.app.read(ctx, func(j *grader.Job) error {
		all, err = j.Trials(ctx, student)
		return err
	})
	return all, err
}

// LastTrials are the newest self-check of each student. They are shared.
func (d *Desk) LastTrials(ctx context.Context) (map[string]gradebook.Trial, error) {
	return get(ctx, d.cache, trialsKey, false, d.app.lastTrials)
}

// Export writes the class's files to a directory, and names them.
func (d *Desk) Export(ctx context.Context, e grader.Export) (files []string, err error) {
	err = d.app.with(ctx, nil, "", func(j *grader.Job) error {
		files, err = j.Export(ctx, e)
		return err
	})
	return files, err
}

// Job opens the class for an operation that the desk has no method for.
func (d *Desk) Job(ctx context.Context, students []string, task string, do func(*grader.Job) error) error {
	return d.app.with(ctx, students, task, do)
}

// known refuses a student who is not in the class; "" is none.
func known(j *grader.Job, student string) error {
	if student == "" || j.Has(student) {
		return nil
	}
	return diag.Misuse(i18n.M("cli.no_student", "student", student, "class", j.Class.Name), i18n.M("cli.no_student_hint", "file", j.Class.Roster))
}
