package main

import (
	"math"
	"runtime/debug"
)

// reportMemory is how far, in bytes, memory grows while results are read and written
// before what is let go is collected more eagerly. A class of a thousand with three
// labs' tasks needs some 150 MB of it; the rest would be taken for speed alone.
const reportMemory = 220 << 20

// lean keeps memory low until the function it gives is called; nothing may be
// measured meanwhile, as collecting takes processor time. Whoever set GOMEMLIMIT has
// their own way.
func lean() func() {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return func() {}
	}
	debug.SetMemoryLimit(reportMemory)
	return func() { debug.SetMemoryLimit(math.MaxInt64) }
}
