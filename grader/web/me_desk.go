package web

import (
	"context"

	"swarmgrade/grader"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/result"
)

// ofStudents is what students' pages need of a desk beside what all do.
type ofStudents interface {
	Trials(ctx context.Context, student string) ([]gradebook.Trial, error)
	LastTrials(ctx context.Context) (map[string]gradebook.Trial, error)

	Runs(ctx context.Context) ([]grader.RunInfo, error)
	RunData(ctx context.Context, run string) (*result.Data, error)
	Timeline(ctx context.Context, s result.Student) (*result.Timeline, error)

	Ask(ctx context.Context, r result.Request) (id int64, err error)
	Say(ctx context.Context, student string, id int64, w result.Word) error
}
