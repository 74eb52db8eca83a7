//go:build !race

package local

// Slower is how many times more work everything is for this build of the program than for
// the one that is handed out: four times with the race detector. An embedded cluster's
// clock, which only goes as fast as a grader is able to look, and the probes a second on such a
// cluster follow it. Nothing that a real swarm is graded with does.
const Slower = 1
