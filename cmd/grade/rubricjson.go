package main

import (
	"context"
	"errors"
	"fmt"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/rubric"
)

const rubricSchema = "swarmgrade-rubrics/1"

// rubricAbout is a rubric for scripts, with its tasks where it is shown.
type rubricAbout struct {
	ID      string        `json:"id"`
	Version int           `json:"version"`
	SHA256  string        `json:"sha256"`
	Title   string        `json:"title"`
	Points  rubric.Points `json:"points"`
	File    string        `json:"file"`
	Tasks   []taskAbout   `json:"tasks,omitempty"`
}

type taskAbout struct {
	ID     string        `json:"id"`
	Title  string        `json:"title"`
	Points rubric.Points `json:"points"`
	Checks []checkAbout  `json:"checks"`
}

type checkAbout struct {
	ID     string        `json:"id"`
	Kind   string        `json:"kind"`
	Title  string        `json:"title"`
	Points rubric.Points `json:"points"`
	Needs  []string      `json:"needs"`
}

// sayRubrics prints rubrics for scripts.
func (a *app) sayRubrics(tasks bool, rubrics ...*rubric.Rubric) error {
	lang := a.lang()
	all := []rubricAbout{}
	for _, rub := range rubrics {
		out := rubricAbout{ID: rub.ID, Version: rub.Version, SHA256: rub.SHA256, Title: rub.Title.In(lang), Points: rub.Points, File: rub.File}
		for _, t := range rub.Tasks {
			task := taskAbout{ID: t.ID, Title: t.Title.In(lang), Points: t.Points, Checks: []checkAbout{}}
			for _, c := range t.Checks {
				task.Checks = append(task.Checks, checkAbout{c.ID, c.Kind, c.Title.In(lang), c.Points, append([]string{}, c.Needs...)})
			}
			if tasks {
				out.Tasks = append(out.Tasks, task)
			}
		}
		all = append(all, out)
	}
	return a.printJSON(map[string]any{"schema": rubricSchema, "rubrics": all})
}

// linted is what is wrong with a rubric file.
type linted struct {
	File     string        `json:"file"`
	Good     bool          `json:"good"`
	Checks   int           `json:"checks"`
	Points   rubric.Points `json:"points"`
	Problems []lintProblem `json:"problems"`
}

type lintProblem struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// lint reads rubric files and says what is wrong with the first bad one; for
// scripts, with each of them.
func (a *app) lint(ctx context.Context, args []string) error {
	all := []linted{}
	var first error
	for _, arg := range args {
		rub, err := findRubric(ctx, arg)
		switch {
		case err == nil && a.json:
			all = append(all, linted{File: rub.File, Good: true, Checks: checksIn(rub), Points: rub.Points, Problems: []lintProblem{}})
		case err == nil:
			fmt.Fprintln(a.Stdout, a.lang().T("cli.rubric_good", "file", rub.File, "checks", checksIn(rub), "points", rub.Points.String()))
		case !a.json:
			return err
		default:
			all = append(all, linted{File: arg, Problems: a.lintProblems(err)})
			if first == nil {
				first = err
			}
		}
	}
	if a.json {
		return errors.Join(a.printJSON(map[string]any{"schema": "swarmgrade-lint/1", "files": all}), first)
	}
	return nil
}

func (a *app) lintProblems(err error) []lintProblem {
	out := []lintProblem{}
	var problems diag.Problems
	var said *diag.Failure
	lang := a.lang()
	switch {
	case errors.As(err, &problems):
		for _, p := range problems {
			out = append(out, lintProblem{p.Pos.Line, p.Pos.Col, lang.Text(p.Msg), lang.Text(p.Hint)})
		}
	case errors.As(err, &said): // of a file that cannot be read
		out = append(out, lintProblem{Message: lang.Text(said.Msg), Hint: lang.Text(said.Hint)})
	}
	return out
}
