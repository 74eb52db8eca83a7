package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/reference"
)

// TestLintSaysWhatThePageSays: of each wrong rubric on rubrics/README.md the
// program prints what stands below it, to the letter.
func TestLintSaysWhatThePageSays(t *testing.T) {
	data, err := os.ReadFile("../../rubrics/README.md")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	good, wrong := "", 0
	examples := reference.Examples(string(data))
	for i, e := range examples {
		switch {
		case e.Kind != "rubric":
		case e.Lang == "yaml" && good == "":
			good = e.Text
			status, printed := lintOf(t, good)
			require.Equal(t, exitOK, status, printed)
		case e.Lang == "diff":
			wrong++
			text, ok := reference.Patched(good, e.Text)
			require.True(t, ok, "line %d: the first example has no such line", e.Line)
			status, printed := lintOf(t, text)
			require.Equal(t, exitUsage, status)
			require.Equal(t, examples[i+1].Text, printed, "line %d", e.Line)
		}
	}
	require.GreaterOrEqual(t, wrong, 3)
}

func lintOf(t *testing.T, text string) (status int, printed string) {
	t.Helper()
	const file = "my-lab.yaml"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	var out, errs bytes.Buffer
	status = command{Stdin: &bytes.Buffer{}, Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }}.
		Main(t.Context(), []string{"rubric", "lint", file, "--lang", "en"})
	return status, errs.String()
}
