package report

import (
	"encoding/base64"
	"io"

	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// githubFormat is what a runner of GitHub Classroom hands to its reporter, a file a
// student: JSON in base64, the points of the tests of max_score. The reporter divides
// by the number of tests, so that there is always one.
var githubFormat = Format{
	Name: "github", Ext: "txt", Media: "text/plain", Final: true, Roster: true,
	Each: writeGitHub, Remarks: eachRemarks,
}

type githubResult struct {
	Version  int           `json:"version"`
	Status   string        `json:"status"` // pass, fail, error
	MaxScore rubric.Points `json:"max_score"`
	Tests    []githubTest  `json:"tests"`
}

type githubTest struct {
	Name     string        `json:"name"`
	Status   string        `json:"status"`
	Score    rubric.Points `json:"score"`
	Message  string        `json:"message"`
	TestCode string        `json:"test_code"`
	Filename string        `json:"filename"`
	LineNo   int           `json:"line_no"`
	Duration int           `json:"duration"`
}

func writeGitHub(w io.Writer, d *result.Data, s *result.Student, o Options) error {
	o = o.For(d).unscaled()
	h := o.Hand(d, s)
	if h.State != Given {
		return nil
	}
	o = o.to(d, s)
	out := githubResult{Version: 1, Status: "pass", MaxScore: o.OutOf(d), Tests: []githubTest{}}
	add := func(t githubTest) {
		if t.Status == "error" || t.Status == "fail" && out.Status == "pass" {
			out.Status = t.Status
		}
		out.Tests = append(out.Tests, t)
	}
	for _, p := range o.parts(d, s, h.Points) {
		t := githubTest{Name: p.name, Status: "pass", Score: p.points, Message: p.text}
		switch p.state {
		case failed, waits:
			t.Status = "fail"
		case ungraded:
			t.Status = "error"
		case adjusts:
			if p.points < 0 {
				t.Status = "fail"
			}
		}
		add(t)
	}
	if len(out.Tests) == 0 { // 0 points by hand, and nothing was judged
		add(githubTest{Name: o.Lang.T("transfer.part_by_hand"), Status: "fail"})
	}
	raw, err := indented(out, "")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, base64.StdEncoding.EncodeToString(raw)+"\n")
	return err
}
