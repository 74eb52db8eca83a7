package main

import (
	"context"
	"errors"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/gradebook"
)

// casefile is all that a student's score in one run rests on: who has it and
// the program can judge again.
type casefile struct {
	Schema string `json:"schema"` // swarmgrade-case/1
	Run    string `json:"run"`
	Rubric struct {
		ID      string `json:"id"`
		Version int    `json:"version"`
		SHA256  string `json:"sha256"`
		Source  string `json:"source"`
	} `json:"rubric"`
	Bundle  *evidence.Bundle   `json:"bundle"`
	Before  *evidence.Snapshot `json:"before"`
	After   *evidence.Snapshot `json:"after,omitempty"`
	Window  *evidence.Window   `json:"window,omitempty"`
	Settled *evidence.Snapshot `json:"settled,omitempty"`
	Final   *evidence.Snapshot `json:"final,omitempty"`
	// Verdicts are those of the run itself; a regrade is a run of its own.
	Verdicts []verdict `json:"verdicts"`
}

// showEvidence prints stored evidence as it is, an object a line for each
// student asked for: rubric, evidence and verdicts of the run named, or of the
// newest that has the student's evidence.
func (a *app) showEvidence(ctx context.Context, j *job, book *gradebook.Gradebook, run string) error {
	runs, err := book.Runs(ctx)
	if err != nil {
		return err
	}
	found := false
	for _, who := range j.students {
		for _, r := range runs {
			if run != "" && r.ID != run {
				continue
			}
			c, err := book.Case(ctx, r.ID, who.ID)
			if errors.Is(err, gradebook.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if err := a.printCase(ctx, book, r, who.ID, c); err != nil {
				return err
			}
			found = true
			break
		}
	}
	if !found {
		return notGraded(j)
	}
	return nil
}

func (a *app) printCase(ctx context.Context, book *gradebook.Gradebook, r gradebook.Run, student string, c evidence.Case) error {
	source, err := book.Blob(ctx, r.RubricBlob)
	if err != nil {
		return err
	}
	verdicts, err := book.Verdicts(ctx, r.ID)
	if err != nil {
		return err
	}
	out := casefile{
		Schema: "swarmgrade-case/1", Run: r.ID, Bundle: c.Bundle, Before: c.Before, After: c.After,
		Window: c.Window, Settled: c.Settled, Final: c.Final, Verdicts: verdicts[student],
	}
	out.Rubric.ID, out.Rubric.Version, out.Rubric.SHA256, out.Rubric.Source = r.RubricID, r.RubricVersion, r.RubricSHA256, string(source)
	blob, err := evidence.Encode(out)
	if err != nil {
		return err
	}
	_, err = a.Stdout.Write(blob)
	return err
}
