package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
)

// TestDetail: what lies behind an error stands in its line, within its brackets, unless
// the words say all of it.
func TestDetail(t *testing.T) {
	require.Equal(t, "no room", detail(i18n.EN, "no room", nil))
	require.Equal(t, "no room (a; b)", detail(i18n.EN, "no room", errors.Join(errors.New("a"), errors.New("b"))))
	require.Equal(t, "a run is under way", detail(i18n.EN, "a run is under way", gradebook.ErrBusy))
}
