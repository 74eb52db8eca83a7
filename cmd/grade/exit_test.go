package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/gradebook"
)

// TestDetail: what lies behind an error stands in its line, within its brackets, unless
// the words say all of it.
func TestDetail(t *testing.T) {
	require.Equal(t, "no room", detail("no room", nil))
	require.Equal(t, "no room (a; b)", detail("no room", errors.Join(errors.New("a"), errors.New("b"))))
	require.Equal(t, "a run is under way", detail("a run is under way", gradebook.ErrBusy))
}
