package report

import (
	"io"
	"strconv"

	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// gradescopeFormat is what an autograder leaves for Gradescope as results.json, a file
// a student. The score goes before the sum of the tests; here they are equal, since
// what lateness took off and what was set by hand are entries of their own.
var gradescopeFormat = Format{
	Name: "gradescope", Ext: "json", Media: "application/json", Final: true, Roster: true,
	Each: writeGradescope, Remarks: eachRemarks,
}

type gradescope struct {
	Score            rubric.Points    `json:"score"`
	Output           string           `json:"output"`
	OutputFormat     string           `json:"output_format"`
	Visibility       string           `json:"visibility"`
	StdoutVisibility string           `json:"stdout_visibility"`
	ExtraData        map[string]any   `json:"extra_data"`
	Tests            []gradescopeTest `json:"tests"`
}

type gradescopeTest struct {
	Score        rubric.Points `json:"score"`
	MaxScore     rubric.Points `json:"max_score"`
	Status       string        `json:"status,omitempty"` // none for what is no check
	Name         string        `json:"name"`
	NameFormat   string        `json:"name_format"`
	Number       string        `json:"number"`
	Output       string        `json:"output"`
	OutputFormat string        `json:"output_format"`
	Tags         []string      `json:"tags"`
	Visibility   string        `json:"visibility"`
}

// shown is that students see it once the instructor publishes the scores.
const shown = "after_published"

// Each of these formats has the student's own checks, so that there is nothing to
// scale; what is excused is made up for.
func (o Options) unscaled() Options {
	o.Scale = 0
	return o
}

func writeGradescope(w io.Writer, d *result.Data, s *result.Student, o Options) error {
	o = o.For(d).unscaled()
	h := o.Hand(d, s)
	if h.State != Given {
		return nil
	}
	o = o.to(d, s)
	out := gradescope{
		Score: h.Points, OutputFormat: "text", Visibility: shown, StdoutVisibility: "hidden",
		Output: o.Lang.T("transfer.score", "points", h.Points.String(), "max", o.OutOf(d).String()),
		ExtraData: map[string]any{
			"class": d.Class, "student": s.ID, "run": d.Run.ID, "max": o.OutOf(d),
			"rubric": jsonRubric{d.Rubric.ID, d.Rubric.Version, d.Rubric.SHA256},
		},
		Tests: []gradescopeTest{},
	}
	if s.Remark != "" {
		out.Output += "\n" + o.told(s.Remark)
	}
	for i, p := range o.parts(d, s, h.Points) {
		test := gradescopeTest{
			Score: p.points, MaxScore: p.max, Name: p.name, NameFormat: "text", Number: strconv.Itoa(i + 1),
			Output: p.text, OutputFormat: "text", Tags: []string{}, Visibility: shown,
		}
		switch p.state {
		case passed:
			test.Status = "passed"
		case failed, waits:
			test.Status = "failed"
		case ungraded:
			test.Output = o.Lang.T("transfer.not_graded", "name", p.name) + "\n" + p.text
		}
		if p.check != "" {
			test.Tags = append(test.Tags, p.task, p.check)
		}
		out.Tests = append(out.Tests, test)
	}
	raw, err := indented(out, "")
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

// eachRemarks say who has no file.
func eachRemarks(d *result.Data, o Options) []Remark {
	return o.unscaled().leftOut(d, func(string) bool { return true }, "transfer.no_file_excused")
}
