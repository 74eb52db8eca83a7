//go:build race

package local

// Slower is what it is with the race detector.
const Slower = 4
