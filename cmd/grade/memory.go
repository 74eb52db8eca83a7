package main

import (
	"math"
	"runtime/debug"
)

// Beyond what a class has of these, in bytes, memory that was let go is collected more
// eagerly than usual. A class of a thousand has some 120 MB of its own, with the embedded
// cluster too, and would take twice that and more for speed alone. Of a larger one each further student has
// more room, so that the collector never has to hurry: what is held of one is some 20 KB of results and snapshots.
const (
	memoryStudent  = 220 << 10
	memoryStudents = 1000 // at least
	// Further ones, where results are read, and where a cluster is or evidence is judged.
	memoryResults = 16 << 10
	memoryRun     = 32 << 10
)

// lean bounds what memory grows to for a class of n students, of whom each further one has so many bytes,
// until the function it gives is called. Whoever set GOMEMLIMIT has their own way.
func lean(n int, further int64) func() {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return func() {}
	}
	debug.SetMemoryLimit(memoryStudents*memoryStudent + int64(max(0, n-memoryStudents))*further)
	return func() { debug.SetMemoryLimit(math.MaxInt64) }
}
