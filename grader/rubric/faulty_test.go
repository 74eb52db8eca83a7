package rubric_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/action"
	"swarmgrade/grader/check"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/reference"
	"swarmgrade/grader/rubric"
)

// TestFaultyLabs: each testdata/bad/*.diff is a mistake that somebody makes in
// testdata/good/lab.yaml, with the kinds that there are; what is said of it is
// compared to the letter, in both languages.
func TestFaultyLabs(t *testing.T) {
	lab, err := os.ReadFile("testdata/good/lab.yaml")
	require.NoError(t, err)
	_, err = rubric.Load(lab, "lab.yaml", check.Set{}, action.Set{})
	require.NoError(t, err)
	files, err := filepath.Glob("testdata/bad/*.diff")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 60)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".diff")
		t.Run(name, func(t *testing.T) {
			diff, err := os.ReadFile(file)
			require.NoError(t, err)
			text, ok := reference.Patched(string(lab), string(diff))
			require.True(t, ok, "the lab has no such line")
			r, err := rubric.Load([]byte(text), name+".yaml", check.Set{}, action.Set{})
			require.Nil(t, r)
			var problems diag.Problems
			require.True(t, errors.As(err, &problems), "%v", err)
			for _, p := range problems {
				require.Positive(t, p.Pos.Line)
				require.Positive(t, p.Pos.Col)
				require.NotEmpty(t, p.Source)
			}
			got := problems.Render(i18n.ZH) + "\n\n" + problems.Render(i18n.EN) + "\n"
			golden := strings.TrimSuffix(file, ".diff") + ".txt"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}
