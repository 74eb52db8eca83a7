package desk

import (
	"context"

	"swarmgrade/grader"
	"swarmgrade/grader/roster"
)

// Dial opens a class's cluster.
type Dial func(ctx context.Context, of roster.Cluster) (grader.Conn, error)

// Share dials a cluster once and hands it to all who ask. Close lets go of it.
func Share(dial Dial) *Shared { panic("later") }

// Shared is one way to a cluster.
type Shared struct{}
