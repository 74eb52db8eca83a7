package takeback_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"swarmgrade/grader/result"
	"swarmgrade/grader/sheetfile"
	"swarmgrade/grader/takeback"
)

// stand is what stands of a student by hand.
type stand struct {
	value          takeback.Value
	reason, remark string
}

func standOf(s *result.Student) stand {
	x := stand{value: takeback.ValueOf(s), remark: s.Remark}
	if o := s.Whole(); o != nil {
		x.reason = o.Reason
	}
	return x
}

// TestThreeWays: what was exported, what was typed and what stands now, each at random.
// What was not typed stays; what was typed stands afterwards, or is told to be in
// conflict, and it is wherever somebody else has decided the same thing meanwhile.
func TestThreeWays(t *testing.T) {
	few := []string{"", "a", "b"}
	changes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) result.Change {
		c := change(rapid.SampledFrom([]result.Kind{result.SetPoints, result.Excused, result.Remove, result.Remark}).Draw(t, "kind"),
			float64(rapid.IntRange(1, 3).Draw(t, "points")), rapid.SampledFrom(few[1:]).Draw(t, "reason"))
		if c.Kind == result.Remark {
			c.Reason, c.Text = "", rapid.SampledFrom(few).Draw(t, "text")
		}
		return c
	}), 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		d := class()
		s := &d.Students[0]
		s.Annotate(changes.Draw(t, "before"), d.Rubric)
		was := standOf(s)
		state := takeback.State{
			ID: s.ID, Name: s.Name, Override: was.value, Reason: was.reason, Remark: was.remark, Changes: len(s.History), Judged: takeback.Judged(s),
		}
		since := changes.Draw(t, "since")
		s.Annotate(append(slices.Clone(s.History), since...), d.Rubric)
		now := standOf(s)

		typed := was
		if rapid.Bool().Draw(t, "score") {
			typed.value = rapid.SampledFrom([]takeback.Value{{}, {Set: true, Excused: true}, {Set: true, Points: 100}, {Set: true, Points: 200}}).Draw(t, "value")
			if typed.reason = ""; typed.value.Set {
				typed.reason = rapid.SampledFrom(few[1:]).Draw(t, "why")
			}
		}
		if rapid.Bool().Draw(t, "remark") {
			typed.remark = rapid.SampledFrom(few).Draw(t, "words")
		}
		cell := func(ref, text string) takeback.Cell { return takeback.Cell{Cell: sheetfile.Cell{Text: text}, Ref: ref} }
		w := &takeback.Workbook{File: "f.xlsx", Sheet: "S", Origin: takeback.Origin{Class: "mini", Students: []takeback.State{state}}, Entries: []takeback.Entry{{
			Row: 2, ID: cell("A2", s.ID), Name: cell("B2", s.Name), Override: cell("C2", typed.value.String()), Reason: cell("D2", typed.reason), Note: cell("E2", typed.remark),
		}}}
		got, err := takeback.Decide(w, standing(d))
		if typed.value.Set && was.value.Set && typed.value.Excused != was.value.Excused && typed.reason == was.reason {
			require.Error(t, err, "a reason of something else")
			return
		}
		require.NoError(t, err)

		set := slices.ContainsFunc(since, func(c result.Change) bool { return c.Kind != result.Remark })
		said := slices.ContainsFunc(since, func(c result.Change) bool { return c.Kind == result.Remark })
		score := typed.value != was.value || typed.reason != was.reason
		sameScore := typed.value == now.value && typed.reason == now.reason
		clash := score && set && !sameScore || typed.remark != was.remark && said && typed.remark != now.remark
		require.Equal(t, clash, len(got.Conflicts) == 1, "exported %+v, typed %+v, stands %+v", was, typed, now)
		want := now
		if !clash {
			if score {
				want.value, want.reason = typed.value, typed.reason
			}
			if typed.remark != was.remark {
				want.remark = typed.remark
			}
		}
		history := slices.Clone(s.History)
		for _, c := range got.Changes {
			if c.Kind != "" {
				history = append(history, result.Change{Kind: c.Kind, Points: c.Points, Reason: c.Reason})
			}
			if c.Remark != nil {
				history = append(history, result.Change{Kind: result.Remark, Text: *c.Remark})
			}
		}
		s.Annotate(history, d.Rubric)
		require.Equal(t, want, standOf(s))
		require.Equal(t, want == now, len(got.Changes) == 0, "what changes nothing is not recorded")
	})
}
