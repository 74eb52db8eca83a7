package sight_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/sight"
)

func TestSameButZeros(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"20240101", "0020240101", true}, {"0020240101", " 20240101 ", true}, {"0", "000", true},
		{"0020240101", "0020240101", false}, {"20240101", "20240102", false}, {"", "00", false},
		{"A1", "0A1", false}, {"x", "x", false}, {"٠1", "1", false}, {"-1", "01", false},
	} {
		require.Equal(t, tt.want, sight.SameButZeros(tt.a, tt.b), "%q %q", tt.a, tt.b)
	}
}
