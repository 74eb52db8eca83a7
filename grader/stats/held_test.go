package stats

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestHeldMost(t *testing.T) {
	for k := 2; k <= 40; k++ {
		ids := make([]int, k)
		for i := range ids {
			ids[i] = i + 1
		}
		low, _ := RingBounds(ids, k, 1)
		n := HeldRounds * HeldFresh(k)
		most := HeldMost(n, low)
		require.GreaterOrEqual(t, most, 2, "leastconn has room, k=%d", k)
		require.LessOrEqual(t, distuv.Binomial{N: float64(n), P: low}.CDF(float64(most)), Alpha, "k=%d", k)
		require.Less(t, most, n/k, "taking turns is told, k=%d", k)
		if k <= 3 {
			require.LessOrEqual(t, distuv.Binomial{N: float64(n), P: low * low}.CDF(float64(most)), Alpha, "the idler of two is told, k=%d", k)
		}
	}
	require.Equal(t, -1, HeldMost(10, 1.0/3), "too few to tell")
	require.Equal(t, -1, HeldMost(0, 0.5))
	require.Equal(t, 99, HeldMost(100, 1))
}
