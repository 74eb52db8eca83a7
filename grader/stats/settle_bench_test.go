package stats

import "testing"

func BenchmarkSettling(b *testing.B) {
	s := NewSettling(Want{Containers: 3, Spread: true, MaxErrors: 0.01, Most: 1 << 40})
	for i := 0; b.Loop(); i++ {
		s.Next(i * i % 7 % 3)
	}
}
