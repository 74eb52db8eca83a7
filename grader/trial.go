package grader

import (
	"context"
	"time"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/judge"
)

// Trial is what a class was given, and what was found, without anything being kept.
type Trial struct {
	Verdicts map[string][]verdict // by student
	Findings []finding.Finding

	job   *Job
	judge *judge.Judge
	cases map[string]evidence.Case
}

// Again judges a student's evidence of the trial once more, by a judge that is amended.
// A student without evidence has no verdicts.
func (t Trial) Again(student string, f judge.Amend) []verdict {
	c, ok := t.cases[student]
	if !ok {
		return nil
	}
	return t.judge.Amended(f).Verdicts(t.job.observed(c), c, "")
}

// Try grades the class, faults included and unasked, and stores nothing.
func (j *Job) Try(ctx context.Context) (Trial, error) {
	x, err := j.begin(ctx, time.Now())
	if err != nil {
		return Trial{}, err
	}
	defer x.conn.Close()
	x.chooseFaults(false)
	keep := newMemory()
	if _, err := keep.BeginRun(ctx, j.record(x.start)); err != nil {
		return Trial{}, err
	}
	x.keep, x.helps = keep, true
	if err := x.observe(ctx); err != nil {
		return Trial{}, err
	}
	var cases []finding.Case
	again := map[string]evidence.Case{}
	for _, s := range j.Students {
		c, err := keep.Case(ctx, "", s.ID)
		if err != nil {
			return Trial{}, err
		}
		cases = append(cases, finding.Case{Case: c, Hash: s.ID})
		again[s.ID] = c
	}
	found := finding.Class(check.NamesOf(j.Rubric), cases, check.Images(j.Rubric)...)
	finding.Sort(found)
	return Trial{Verdicts: keep.verdicts, Findings: found, job: j, judge: judge.New(j.Rubric), cases: again}, nil
}
