package action

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/roster"
)

func newTestCommand(t *testing.T, inject, restore string) command {
	inj, err := New(Command, roster.Fault{Inject: inject, Restore: restore}, nil)
	require.NoError(t, err)
	return inj.(command)
}

func TestCommandsOfTheClass(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	c := newTestCommand(t, "echo down {{.Node}} {{.Address}} >>"+file, "echo up {{.Node}} >>"+file)
	require.NoError(t, c.Inject(t.Context(), targetM2))
	require.NoError(t, c.Restore(t.Context(), targetM2))
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "down m2 10.0.0.2\nup m2\n", string(raw))
	require.Equal(t, []string{"echo up m2 >>" + file}, c.Commands(targetM2))
}

// A host name is whatever the node says of itself.
func TestNoNameGetsIntoACommandThatMeansSomethingToAShell(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	c := newTestCommand(t, "echo {{.Node}} {{.Address}} >"+file, "true")
	for _, name := range []string{"a;b", "$(reboot)", "a b", "-rf", "a\n", "a'", "`x`", "节点"} {
		for _, f := range []evidence.Action{{Hostname: name, Address: "10.0.0.1"}, {Hostname: "a", Address: name}} {
			require.Equal(t, "config", diag.Code(c.Inject(t.Context(), f)), "%q", name)
		}
	}
	require.NoFileExists(t, file)
	require.NoError(t, c.Inject(t.Context(), evidence.Action{Hostname: "node-1.lab", Address: "fd00::1"}))
}

func TestTryingACommandRunsNoneOfIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	c := newTestCommand(t, "touch "+file+" # {{.Node}}", "true")
	require.NoError(t, c.Try(t.Context(), targetM2))
	require.Equal(t, "config", diag.Code(c.Try(t.Context(), evidence.Action{Hostname: "$(touch " + file + ")"})))
	var p *diag.Failure
	require.ErrorAs(t, newTestCommand(t, "true", "if {{.Node}}").Try(t.Context(), targetM2), &p)
	require.Equal(t, "fault.command_unread", p.Msg.Key)
	require.ErrorAs(t, newTestCommand(t, "no-such-program {{.Node}}", "true").Try(t.Context(), targetM2), &p)
	require.Equal(t, "fault.command_missing", p.Msg.Key)
	for _, fine := range []string{"A=b no-such-program", "if true; then :; fi", "cd / && ls", "(true)", `"$HOME"/x`, "{{.Node}}=1 :", "# nothing"} {
		require.NoError(t, newTestCommand(t, fine, "true").Try(t.Context(), targetM2), fine)
	}
	require.NoFileExists(t, file)
}

func TestACommandThatFailsOrDoesNotEnd(t *testing.T) {
	t.Parallel()
	c := newTestCommand(t, "echo why >&2; exit 3", "true")
	err := c.Inject(t.Context(), targetM2)
	require.Equal(t, "failed", diag.Code(err))
	require.Contains(t, err.Error(), "why")

	// All that it started goes with it: the pipe would stay open else.
	file := filepath.Join(t.TempDir(), "late")
	c = newTestCommand(t, "(sleep 2; touch "+file+") & sleep 100", "true")
	c.limit = 50 * time.Millisecond
	err = c.Inject(t.Context(), targetM2)
	var p *diag.Failure
	require.ErrorAs(t, err, &p)
	require.Equal(t, "fault.command_slow", p.Msg.Key)
	require.NoFileExists(t, file)

	c.limit = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, c.Inject(ctx, targetM2), context.DeadlineExceeded)

	// One that leaves something running has done its work.
	c = newTestCommand(t, "sleep 3 &", "true")
	require.NoError(t, c.Inject(t.Context(), targetM2))
}

func TestCommandsMustBeAPair(t *testing.T) {
	for _, s := range []roster.Fault{{}, {Inject: "a"}, {Inject: "a", Restore: "{{"}} {
		_, err := New(Command, s, nil)
		require.Equal(t, "config", diag.Code(err))
	}
	_, err := New("node-explode", roster.Fault{}, nil)
	require.Equal(t, "config", diag.Code(err))
	c := newTestCommand(t, "{{.Host}}", "true")
	require.Equal(t, "config", diag.Code(c.Inject(t.Context(), targetM2)))
}
