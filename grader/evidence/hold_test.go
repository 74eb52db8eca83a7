package evidence

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRoundsAreWithinTheSequence(t *testing.T) {
	tr := Trace{Sent: 3, Responders: []Responder{{Count: 3}}, Sequence: []int16{0, 0, 0}}
	for _, h := range []Hold{{At: 0, Fresh: 2}, {At: 2}} {
		tr.Holds = []Hold{h}
		require.NoError(t, tr.valid())
		blob, err := Encode(&tr)
		require.NoError(t, err)
		back, err := DecodeTrace(blob)
		require.NoError(t, err)
		require.Equal(t, tr.Holds, back.Holds)
	}
	for _, h := range []Hold{{At: 0, Fresh: 3}, {At: 3}, {At: -1}, {Fresh: -1}, {At: 1 << 62, Fresh: 1 << 62}} {
		tr.Holds = []Hold{h}
		require.Error(t, tr.valid())
	}
}
