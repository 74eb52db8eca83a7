package main

import (
	"fmt"
	"slices"
	"time"

	"swarmgrade/fixtures/deployments"
	"swarmgrade/grader"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/finding"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/report"
	"swarmgrade/grader/rubric"
)

// rubricResult sums up what a rubric's test found.
type rubricResult struct {
	rub    *rubric.Rubric
	good   bool
	table  report.Confusion
	graded int
	// stated is how many findings the deployments state; unfound those of them
	// that were not reported, and accusations of good ones.
	stated, unfound int
	// changed is how many things on the lab were not left as they were.
	changed int
	wrong   wrongJudges
}

// confuse counts a class's verdicts and findings, and prints those that differ.
func (x *sample) confuse(r *rubricResult, got grader.Trial, seed uint64) {
	say := func(seat deployments.Seat, what i18n.Msg) {
		fmt.Fprintln(x.a.Stderr, diag.Plain(x.a.lang().T("rubrictest.differs", "student", seat.ID,
			"deployment", seat.Deployment.Name, "seed", fmt.Sprint(seed), "what", what)))
	}
	for _, seat := range x.seats {
		if len(got.Verdicts[seat.ID]) == 0 {
			r.table.Add("?", []check.Outcome{check.Fail}, check.Ungraded, false)
		}
		for _, v := range got.Verdicts[seat.ID] {
			diff := differences(seat.Deployment, []judge.Verdict{v})
			var stated []check.Outcome
			for _, o := range seat.Deployment.Expected(v.Check).Outcomes {
				stated = append(stated, check.Outcome(o))
			}
			r.table.Add(v.Check, stated, v.Outcome, len(diff) == 0)
			for _, d := range diff {
				say(seat, d)
			}
		}
		wrong := unfound(seat, got.Findings)
		r.stated += len(seat.Deployment.Expect.Findings)
		r.unfound += len(wrong)
		for _, w := range wrong {
			say(seat, w)
		}
	}
}

// unfound are the findings that a deployment states and that were not reported,
// and what a good one was gravely accused of.
func unfound(seat deployments.Seat, all []finding.Finding) []i18n.Msg {
	var out []i18n.Msg
	var kinds []string
	for _, f := range finding.Of(all, []string{seat.ID}) {
		kinds = append(kinds, string(f.Kind))
		accused := len(f.Evidence) > 0 && f.Evidence[0].Student == seat.ID && f.Kind.Severity() == finding.Grave
		if seat.Deployment.Good && !seat.Deployment.Cheats() && accused {
			out = append(out, i18n.M("rubrictest.accused", "kind", string(f.Kind), "what", f.Message))
		}
	}
	for _, k := range seat.Deployment.Expect.Findings {
		if !slices.Contains(kinds, k) {
			out = append(out, i18n.M("rubrictest.unfound", "kind", k, "found", kinds))
		}
	}
	return out
}

// sayConfusion prints the outcome; a verdict or finding that differs is
// something to mend. What no deployment proves is only named.
func (a *app) sayConfusion(r *rubricResult, took time.Duration) error {
	differ, total := r.table.Differ()
	unproven, never, always := r.wrong.unnoticed()
	lang := a.lang()
	if a.json {
		if err := a.printJSON(map[string]any{
			"rubric": r.rub.ID, "sha256": r.rub.SHA256, "graded": r.graded, "verdicts": total, "differ": differ,
			"findings": r.stated, "findings_differ": r.unfound, "unproven": unproven,
		}); err != nil {
			return err
		}
	} else {
		if err := r.table.Write(a.Stdout, a.ui.text()); err != nil {
			return err
		}
		fmt.Fprintln(a.Stdout)
		if len(always) > 0 {
			fmt.Fprintln(a.Stdout, lang.T("rubrictest.always", "checks", always))
		}
		if len(never) > 0 {
			fmt.Fprintln(a.Stdout, lang.T("rubrictest.never", "checks", never))
		}
		fmt.Fprintln(a.Stdout, lang.T("rubrictest.findings", "n", r.stated, "differ", r.unfound))
		fmt.Fprintln(a.Stdout, lang.T("rubrictest.sum", "rubric", r.rub.ID, "graded", r.graded, "n", total, "differ", differ,
			"seconds", fmt.Sprintf("%.0f", took.Seconds())))
	}
	if differ > 0 || r.unfound > 0 || r.changed > 0 || total == 0 {
		return &diag.Failure{Code: diag.Mend}
	}
	return nil
}
