package evidence

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumberAt(t *testing.T) {
	for _, c := range []struct {
		numbers []int64
		place   int
		want    int64
		there   bool
	}{
		{nil, 0, 0, false},
		{nil, -1, 0, false},
		{[]int64{7}, 0, 7, true},
		{[]int64{7}, -1, 7, true},
		{[]int64{7}, 1, 0, false},
		{[]int64{7}, -2, 0, false},
		{[]int64{1, 2, 3, 4, 5, 6, 7, 8}, 3, 4, true},
		{[]int64{1, 2, 3, 4, 5, 6, 7, 8}, -4, 5, true},
		{[]int64{1, 2, 3, 4, 5, 6, 7, 8}, 4, 0, false},
		{[]int64{1, 2, 3, 4, 5, 6, 7, 8}, -5, 0, false},
	} {
		got, there := NumberAt(c.numbers, c.place)
		require.Equal(t, c.there, there, "%v at %d", c.numbers, c.place)
		require.Equal(t, c.want, got, "%v at %d", c.numbers, c.place)
	}
}

func TestNumbersBelongToTheSequence(t *testing.T) {
	tr := Trace{Sent: 2, Responders: []Responder{{Count: 1}}, Errors: []ErrorClass{{Count: 1}}, Sequence: []int16{0, -1}}
	for _, good := range [][][]int64{nil, {{1, 2}, nil}, {{1, 2, 3, 4, 5, 6, 7, 8}, nil}} {
		tr.Numbers = good
		require.NoError(t, tr.valid())
		blob, err := Encode(&tr)
		require.NoError(t, err)
		again, err := DecodeTrace(blob)
		require.NoError(t, err)
		require.Equal(t, good, again.Numbers)
	}
	for _, bad := range [][][]int64{{{1}}, {{1}, nil, {2}}, {{1, 2, 3, 4, 5, 6, 7, 8, 9}, nil}} {
		tr.Numbers = bad
		require.Error(t, tr.valid())
	}
}
