package rubric

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestParsePoints: what only a program takes for a number is none, since who typed it
// meant something else.
func TestParsePoints(t *testing.T) {
	for s, want := range map[string]Points{"2": 200, "2.5": 250, " 2.25 ": 225, "-1": -100, ".5": 50, "1e1": 1000, "0": 0} {
		got, err := ParsePoints(s)
		require.NoError(t, err, s)
		require.Equal(t, want, got, s)
	}
	for _, s := range []string{"", "1_0", "0x10p0", "0x1_0p0", "inf", "NaN", "1,5", "2.555", "1e10", "１", "5%", "1 0"} {
		_, err := ParsePoints(s)
		require.Error(t, err, s)
	}
}

// Points that are typed are digits: 1e2 is as likely a slip as a hundred.
func TestTypedPointsAreDigits(t *testing.T) {
	for s, want := range map[string]Points{"2": 200, "2.5": 250, " 2.25 ": 225, "-1": -100, "0.50": 50, "007": 700, "１２．５": 1250} {
		got, err := TypedPoints(s)
		require.NoError(t, err, s)
		require.Equal(t, want, got, s)
	}
	for _, s := range []string{"", "+5", ".5", "5.", "1e1", "1E1", "1_0", "0x10", "0x10p0", "0b1", "0o7", "inf", "-Inf", "NaN", "1,5", "1,000", "2.555", "1000000001", "5%", "1 0", "--1", "٣", "½", "１ｅ２"} {
		_, err := TypedPoints(s)
		require.Error(t, err, s)
	}
}
