package grader

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/result"
)

// What others recorded since a form was made refuses it, if it bears on what the form asks for; who looks at nothing is
// refused nothing.
func TestAFormMadeBeforeANewerChangeIsRefused(t *testing.T) {
	points, remark := result.Change{Kind: result.SetPoints, Points: 500, Who: "wang"}, result.Change{Kind: result.Remark, Text: "well done", Who: "wang"}
	s := &result.Student{ID: "2024001", History: []result.Change{points, remark, points}}
	seen := func(n int) *int { return &n }
	word := "mine"
	for name, c := range map[string]struct {
		h    ByHand
		want int // changes that are told
	}{
		"no form":                  {ByHand{Kind: result.SetPoints}, 0},
		"all were seen":            {ByHand{Kind: result.SetPoints, Seen: seen(3)}, 0},
		"one was not":              {ByHand{Kind: result.SetPoints, Seen: seen(2)}, 1},
		"none was seen":            {ByHand{Kind: result.Excused, Seen: seen(0)}, 2},
		"a remark and newer score": {ByHand{Remark: &word, Seen: seen(2)}, 0},
		"a remark and a newer one": {ByHand{Remark: &word, Seen: seen(1)}, 1},
		"nonsense":                 {ByHand{Kind: result.Remove, Seen: seen(-7)}, 2},
		"of a longer history":      {ByHand{Kind: result.Remove, Seen: seen(99)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.h.newer(s)
			var newer *Newer
			require.Equal(t, c.want > 0, errors.As(err, &newer), "%v", err)
			if newer != nil {
				require.Len(t, newer.Changes, c.want)
				require.Equal(t, 3, newer.Seen)
			}
		})
	}
}
