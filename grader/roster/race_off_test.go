//go:build !race

package roster_test

const raceDetector = false
