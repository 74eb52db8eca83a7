package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// TestMainReason: what lost most is said, be it a check, a task or lateness.
func TestMainReason(t *testing.T) {
	d := testData()
	t.Run("lateness", func(t *testing.T) {
		lost := verdict(d.Rubric, "task1.replicas", check.Partial, 10.5, "one replica") // 2 points
		for name, tc := range map[string]struct {
			change func(s *result.Student)
			zh, en string
		}{
			"more than a check": {func(*result.Student) {}, "迟交，扣 9 分", "late, 9 points taken off"},
			"less than a check": {func(s *result.Student) { s.Verdicts[2].Points = 0 }, "one replica", "one replica"},
			"less than a check and what it blocks": {func(s *result.Student) {
				s.Verdicts[3] = verdict(d.Rubric, "task1.answers", check.Blocked, 0, "blocked")
			}, "one replica", "one replica"},
			"behind what is open": {func(s *result.Student) {
				s.Verdicts[2] = verdict(d.Rubric, "task1.replicas", check.Ungraded, 0, "net down")
			}, "未评：net down", "ungraded: net down"},
			"beside points by hand": {func(s *result.Student) {
				s.Overrides = []result.Override{{Task: "1", Check: "task1.image", Points: 700, Max: 750, Reason: "seen"}}
			}, "迟交，扣 9 分", "late, 9 points taken off"},
		} {
			s := result.Student{ID: "x1", Verdicts: passing(d.Rubric)}
			s.Verdicts[2] = lost
			s.Attempts = []result.Attempt{{Task: "1"}, {Task: "2", Late: &result.Lateness{Days: 3, Num: 15, Den: 100}}}
			tc.change(&s)
			require.Equal(t, tc.zh, Text{Lang: i18n.ZH}.mainReason(&s), name)
			require.Equal(t, tc.en, Text{Lang: i18n.EN}.mainReason(&s), name)
		}
	})
	t.Run("in the workbook", func(t *testing.T) {
		d := handedData()
		s := &d.Students[3]
		s.Overrides, s.Verdicts[2] = nil, verdict(d.Rubric, "task1.replicas", check.Partial, 10.5, "one replica")
		s.Verdicts[5] = verdict(d.Rubric, "task2.spread", check.Pass, 40, "ok")
		f := readBack(t, workbook(t, d, i18n.EN))
		for _, sheet := range f.GetSheetList()[:3] {
			rows, err := f.GetRows(sheet)
			require.NoError(t, err)
			var all bytes.Buffer
			for _, row := range rows {
				for _, cell := range row {
					all.WriteString(cell + "\n")
				}
			}
			if sheet != "Task 1" {
				require.Contains(t, all.String(), "late, 9 points taken off\n", sheet)
			}
		}
	})
}

// TestNothingForTheInstructor: what a student reads has no advice on the grader's machine.
func TestNothingForTheInstructor(t *testing.T) {
	d := testData()
	s := &d.Students[3]
	for key := range forInstructors {
		_, ok := i18n.EN.Raw(key)
		require.True(t, ok, key)
		s.Verdicts[5].Hint = i18n.M(key)
		for _, lang := range i18n.Langs {
			ask := lang.T("check.ungraded_hint")
			mine := string(render(t, func(b *bytes.Buffer) error { return Feedback(b, d, s, Options{Lang: lang}) }))
			require.NotContains(t, mine, "--parallel", key)
			require.Contains(t, mine, ask)
			class := string(render(t, func(b *bytes.Buffer) error { return HTML(b, d, Options{Lang: lang}) }))
			require.Contains(t, class, "--parallel", key)
			tap := string(writeEach(t, "tap", d, 3, Options{Lang: lang}))
			require.NotContains(t, tap, "--parallel", key)
		}
	}
}

// TestGradedInAZone: the moment of grading on a student's page says of which zone it is.
func TestGradedInAZone(t *testing.T) {
	d := testData()
	page := string(render(t, func(b *bytes.Buffer) error { return Feedback(b, d, &d.Students[0], Options{Lang: i18n.ZH}) }))
	require.Contains(t, page, "2024-11-21 10:30 &#43;08:00 评定")
}

// TestScoreOfNothing: where there is no maximum, none is told.
func TestScoreOfNothing(t *testing.T) {
	d := handedData()
	for _, lang := range i18n.Langs {
		for _, s := range []*result.Student{&d.Students[5], &d.Students[6]} { // excused, nothing known
			for _, page := range [][]byte{
				render(t, func(b *bytes.Buffer) error { return Feedback(b, d, s, Options{Lang: lang}) }),
				render(t, func(b *bytes.Buffer) error { return HTML(b, d, Options{Lang: lang}) }),
			} {
				require.NotRegexp(t, `/ ?0</span>|(\?|excused|免计) / 0`, string(page))
			}
		}
		require.Equal(t, lang.T("report.ungraded"), ScoreText(lang, result.Score{Open: true}))
		require.Equal(t, "?/40", ScoreText(lang, result.Score{Open: true, Max: 4000}))
	}
}
