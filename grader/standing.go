package grader

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// RubricName is a rubric as records name it: two of one version may differ.
func RubricName(id string, version int, sha256 string) string {
	hash := strings.TrimPrefix(sha256, "sha256:")
	return fmt.Sprintf("%s v%d (%s)", id, version, hash[:min(8, len(hash))])
}

// ClipList bounds a list of IDs for a line.
func ClipList(ids []string, most int) []string {
	if len(ids) > most {
		return append(ids[:most:most], "…")
	}
	return ids
}

// reading opens the class's gradebook, has do read from it, and closes it.
func (j *Job) reading(ctx context.Context, do func(*gradebook.Gradebook) error) error {
	book, err := j.openStored(ctx, true)
	if err != nil {
		return err
	}
	return j.closeBook(book, do(book))
}

// Standing is what counts for the class over all its runs.
func (j *Job) Standing(ctx context.Context) (d *result.Data, err error) {
	err = j.reading(ctx, func(book *gradebook.Gradebook) (err error) {
		d, err = j.standing(ctx, book)
		return err
	})
	return d, err
}

// Scores are what [Job.Run] gives of a run, or for "" what [Job.Standing] gives, without
// findings: these take reading everybody's evidence.
func (j *Job) Scores(ctx context.Context, run string) (d *result.Data, err error) {
	err = j.reading(ctx, func(book *gradebook.Gradebook) (err error) {
		if run == "" {
			d, err = j.standingNow(ctx, book)
		} else {
			d, err = j.run(ctx, book, run)
		}
		return err
	})
	return d, err
}

func (j *Job) standing(ctx context.Context, book *gradebook.Gradebook) (*result.Data, error) {
	return j.withFindings(ctx, book, "", func() (*result.Data, error) { return j.standingNow(ctx, book) })
}

// withFindings adds the findings to scores, which are read after them: evidence is large, and so is a class's.
func (j *Job) withFindings(ctx context.Context, book *gradebook.Gradebook, run string, scores func() (*result.Data, error)) (*result.Data, error) {
	var found []finding.Finding
	after, failed := book.First(func() (err error) {
		found, err = j.findings(ctx, book, run)
		return err
	})
	defer after()
	d, err := scores()
	if err != nil {
		return nil, err
	}
	d.Findings = found
	return d, failed
}

// standingNow is what counts by the class's rules.
func (j *Job) standingNow(ctx context.Context, book *gradebook.Gradebook) (*result.Data, error) {
	rules, err := j.rulesOf(ctx, book)
	if err != nil {
		return nil, err
	}
	return j.standingBy(ctx, book, rules)
}

func (j *Job) standingBy(ctx context.Context, book *gradebook.Gradebook, rules gradebook.Rules) (*result.Data, error) {
	d, err := book.StandingData(ctx, j.Rubric, rules)
	if errors.Is(err, gradebook.ErrNotFound) {
		return nil, diag.Misuse(i18n.M("cli.no_run_of_lab", "lab", j.Rubric.ID, "class", j.Class.Name), i18n.M("cli.no_run_of_lab_hint", "class", j.Class.Name))
	}
	if err != nil {
		return nil, err
	}
	addRoster(d, j.Class)
	d.OneZone()
	return d, nil
}

// Run is one run of the class.
func (j *Job) Run(ctx context.Context, id string) (d *result.Data, err error) {
	err = j.reading(ctx, func(book *gradebook.Gradebook) (err error) {
		d, err = j.withFindings(ctx, book, id, func() (*result.Data, error) { return j.run(ctx, book, id) })
		return err
	})
	return d, err
}

func (j *Job) run(ctx context.Context, book *gradebook.Gradebook, id string) (*result.Data, error) {
	rules, err := j.rulesOf(ctx, book)
	if err != nil {
		return nil, err
	}
	d, err := book.RunData(ctx, id, j.Rubric, rules)
	if errors.Is(err, gradebook.ErrNotFound) {
		return nil, j.noRun(id)
	}
	if err != nil {
		return nil, err
	}
	addRoster(d, j.Class)
	d.OneZone()
	return d, nil
}

func (j *Job) noRun(id string) error {
	return diag.Misuse(i18n.M("cli.no_run", "run", id, "class", j.Class.Name), i18n.M("cli.no_run_hint", "class", j.Class.Name))
}

// RunInfo is a run as a list of them shows it.
type RunInfo struct {
	gradebook.Run
	Students int
	// JudgedBy is the regrade that has taken the place of its verdicts; its ID is
	// "" if there is none.
	JudgedBy gradebook.Run
}

// Runs are the class's runs, the newest first.
func (j *Job) Runs(ctx context.Context) (all []RunInfo, err error) {
	err = j.reading(ctx, func(book *gradebook.Gradebook) error {
		runs, err := book.Runs(ctx)
		if err != nil {
			return err
		}
		by := map[string]gradebook.Run{} // the newest regrade, by what it regrades
		for _, r := range runs {
			if _, ok := by[r.Regrades]; !ok && r.Status == gradebook.Finished {
				by[r.Regrades] = r
			}
		}
		for _, r := range runs {
			students, err := book.Students(ctx, r.ID)
			if err != nil {
				return err
			}
			all = append(all, RunInfo{Run: r, Students: len(students), JudgedBy: by[r.ID]})
		}
		return nil
	})
	return all, err
}

// NotGraded says that there is nothing of the job's first student.
func (j *Job) NotGraded() error {
	return diag.Misuse(i18n.M("cli.not_graded", "student", j.Students[0].ID), i18n.M("cli.no_runs_hint", "class", j.Class.Name))
}

// CaseFile is all that a student's score in one run rests on: who has it and
// the program can judge again.
type CaseFile struct {
	Schema string `json:"schema"` // swarmgrade-case/2
	Run    string `json:"run"`
	Rubric struct {
		ID      string `json:"id"`
		Version int    `json:"version"`
		SHA256  string `json:"sha256"`
		Source  string `json:"source"`
	} `json:"rubric"`
	Bundle *evidence.Bundle   `json:"bundle"`
	Before *evidence.Snapshot `json:"before"`
	After  *evidence.Snapshot `json:"after,omitempty"`
	// Scenes are what the bundle's episodes name, in their order.
	Scenes []Scene `json:"scenes,omitempty"`
	// Verdicts are those of the run itself; a regrade is a run of its own.
	Verdicts []verdict `json:"verdicts"`
}

// Scene is what an episode of a case's bundle names, by the episode's name.
type Scene struct {
	Episode string             `json:"episode"`
	Window  *evidence.Window   `json:"window,omitempty"`
	Before  *evidence.Snapshot `json:"before,omitempty"`
	After   *evidence.Snapshot `json:"after,omitempty"`
}

// Case is what the verdicts rest on.
func (f *CaseFile) Case() evidence.Case {
	c := evidence.Case{Bundle: f.Bundle, Before: f.Before, After: f.After}
	for i := range f.Bundle.Episodes {
		e := &f.Bundle.Episodes[i]
		s := evidence.Scene{Episode: e}
		if k := slices.IndexFunc(f.Scenes, func(s Scene) bool { return s.Episode == e.Name }); k >= 0 {
			s.Window, s.From, s.To = f.Scenes[k].Window, f.Scenes[k].Before, f.Scenes[k].After
		}
		c.Episodes = append(c.Episodes, s)
	}
	return c
}

// Evidence hands each case file of the students asked for to give: rubric, evidence
// and verdicts of the run named, or of the newest that has the student's evidence.
func (j *Job) Evidence(ctx context.Context, run string, give func(CaseFile) error) error {
	return j.reading(ctx, func(book *gradebook.Gradebook) error {
		runs, err := book.Runs(ctx)
		if err != nil {
			return err
		}
		found := false
		for _, who := range j.Students {
			for _, r := range runs {
				if run != "" && r.ID != run {
					continue
				}
				f, err := caseFile(ctx, book, r, who.ID)
				if errors.Is(err, gradebook.ErrNotFound) {
					continue
				}
				if err != nil {
					return err
				}
				if err := give(f); err != nil {
					return err
				}
				found = true
				break
			}
		}
		if !found {
			return j.NotGraded()
		}
		return nil
	})
}

func caseFile(ctx context.Context, book *gradebook.Gradebook, r gradebook.Run, student string) (CaseFile, error) {
	c, err := book.Case(ctx, r.ID, student)
	if err != nil {
		return CaseFile{}, err
	}
	source, err := book.Blob(ctx, r.RubricBlob)
	if err != nil {
		return CaseFile{}, err
	}
	verdicts, err := book.VerdictsOf(ctx, r.ID, student)
	if err != nil {
		return CaseFile{}, err
	}
	f := CaseFile{
		Schema: "swarmgrade-case/2", Run: r.ID, Bundle: c.Bundle, Before: c.Before, After: c.After,
		Verdicts: verdicts,
	}
	for _, s := range c.Episodes {
		f.Scenes = append(f.Scenes, Scene{s.Name, s.Window, s.From, s.To})
	}
	f.Rubric.ID, f.Rubric.Version, f.Rubric.SHA256, f.Rubric.Source = r.RubricID, r.RubricVersion, r.RubricSHA256, string(source)
	return f, nil
}
