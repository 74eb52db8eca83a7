package web

import (
	"context"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/gradebook"
)

// classDesk is what the instructor's pages of the class, a student and the run need.
type classDesk interface {
	Checks() map[string]desk.OwnState
	Stuck(ctx context.Context) ([]desk.StuckAt, error)
	LastTrials(ctx context.Context) (map[string]gradebook.Trial, error)
	Trials(ctx context.Context, student string) ([]gradebook.Trial, error)
	Evidence(ctx context.Context, student string) (*grader.CaseFile, error)
	ByHand(ctx context.Context, student, task string, h grader.ByHand) (*grader.Done, error)

	Troubles() []desk.Trouble
	Run() desk.RunState
	Runs(ctx context.Context) ([]grader.RunInfo, error)
	Resumable(ctx context.Context) (run grader.RunInfo, ok bool, err error)
	Plan(ctx context.Context, o desk.RunOptions) (*desk.Plan, error)
	Start(ctx context.Context, o desk.RunOptions) error
	Stop(ctx context.Context) error
	UndoNow(ctx context.Context) error
	Heal(ctx context.Context) (over <-chan struct{}, err error)
}
