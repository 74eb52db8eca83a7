package desk

import (
	"context"

	"swarmgrade/grader"
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

// Class reads the class.
func (d *Desk) Class(ctx context.Context) (*ClassInfo, error) { panic("later") }

// Standing is what counts for the class, without findings. It is shared by all who ask:
// nobody may change it. A class that nobody has graded yet has data without students' verdicts.
func (d *Desk) Standing(ctx context.Context) (*result.Data, error) { panic("later") }

// Student is what counts for one student, and nobody else's in it, with their fault window. It is shared.
func (d *Desk) Student(ctx context.Context, id string) (*result.Data, error) { panic("later") }

// Findings is what counts for the class with findings, which take reading all evidence. It is shared.
func (d *Desk) Findings(ctx context.Context) (*result.Data, error) { panic("later") }

// Runs are the class's runs, the newest first; none if there are none.
func (d *Desk) Runs(ctx context.Context) ([]grader.RunInfo, error) { panic("later") }

// Evidence is what a student's score in the newest run with evidence of theirs rests on.
func (d *Desk) Evidence(ctx context.Context, id string) (*grader.CaseFile, error) { panic("later") }

// Export writes the class's files to a directory, and names them.
func (d *Desk) Export(ctx context.Context, e grader.Export) (files []string, err error) {
	panic("later")
}

// StuckAt is a check that students fail now.
type StuckAt struct {
	Task, Check string
	N           int
	Students    []string // in the roster's order
}

// Stuck are the checks that most students fail by the newest that is known of each (a check of
// their own, else what counts): most first. What only waits for another check is not in it.
func (d *Desk) Stuck(ctx context.Context) ([]StuckAt, error) { panic("later") }

// ByHand sets a student's score by hand, one instructor at a time; task "" is the whole lab.
func (d *Desk) ByHand(ctx context.Context, student, task string, h grader.ByHand) (*grader.Done, error) {
	panic("later")
}
