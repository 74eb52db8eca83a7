package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/judge"
	"swarmgrade/grader/naming"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
	"swarmgrade/rubrics"
)

// TestNothingDoneIsWorthNothing: in a cluster where only classmates have done something, a student of
// any task of any built-in rubric is given no point, and nothing is left open.
func TestNothingDoneIsWorthNothing(t *testing.T) {
	for _, id := range rubrics.IDs() {
		t.Run(id, func(t *testing.T) {
			text, _ := rubrics.Find(id)
			rub, err := rubric.Load(text, id+".yaml", check.Set{}, action.Set{})
			require.NoError(t, err)
			idle := roster.Student{ID: "2024003", Name: "张雨桐"}
			all, err := naming.Derive(rub, &roster.Class{Students: []roster.Student{idle}})
			require.NoError(t, err)
			c := evidence.Case{Before: cluster(3), After: cluster(3), Bundle: &evidence.Bundle{
				Schema: evidence.BundleSchema, Student: evidence.Student{ID: idle.ID, Name: idle.Name, Vars: all[idle.ID]},
			}}
			for _, task := range rub.Tasks {
				vs := judge.New(rub).Verdicts([]string{task.ID}, c, "")
				require.Len(t, vs, len(task.Checks))
				for _, v := range vs {
					require.Contains(t, []check.Outcome{check.Fail, check.Blocked}, v.Outcome, "%s: %s", v.Check, i18n.EN.Text(v.Message))
					require.Zero(t, v.Points, v.Check)
				}
			}
		})
	}
}
