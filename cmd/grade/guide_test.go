package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/reference"
)

var update = flag.Bool("update", false, "write the outputs in the guides anew")

// TestGuide follows rubrics/GUIDE.md, and the Chinese one, word by word in an empty
// directory: its commands are run, its changes made, its files written, and what it
// says that the program prints is what the program prints.
func TestGuide(t *testing.T) {
	for name, lang := range map[string]string{"GUIDE.md": "en", "GUIDE.zh.md": "zh"} {
		t.Run(name, func(t *testing.T) {
			page, err := filepath.Abs("../../rubrics/" + name)
			require.NoError(t, err)
			data, err := os.ReadFile(page)
			require.NoError(t, err)
			t.Chdir(t.TempDir())
			printed, ran := "", 0
			var outputs []string
			for _, e := range reference.Examples(string(data)) {
				switch e.Lang {
				case "sh":
					printed = ""
					want, _ := strconv.Atoi(strings.TrimPrefix(e.Kind, "status "))
					for line := range strings.Lines(e.Text) {
						ran++
						printed += typed(t, strings.TrimSpace(line), lang, want, e.Line)
					}
				case "diff":
					text, err := os.ReadFile(e.Kind)
					require.NoError(t, err)
					changed, ok := reference.Applied(string(text), e.Text)
					require.True(t, ok, "line %d: %s has no such lines, or more than once", e.Line, e.Kind)
					require.NoError(t, os.WriteFile(e.Kind, []byte(changed), 0o600))
				case "yaml":
					require.NoError(t, os.MkdirAll(filepath.Dir(e.Kind), 0o755))
					require.NoError(t, os.WriteFile(e.Kind, []byte(e.Text), 0o600))
				case "text":
					outputs = append(outputs, printed)
					if !*update {
						require.Equal(t, e.Text, printed, "line %d (go test ./cmd/grade -run Guide -update)", e.Line)
					}
				default:
					t.Errorf("line %d: the test knows nothing to do with %q", e.Line, e.Lang)
				}
			}
			require.Greater(t, ran, 7)
			if *update {
				require.NoError(t, os.WriteFile(page, []byte(withOutputs(string(data), outputs)), 0o600))
			}
		})
	}
}

// typed runs a line of a guide and gives what it prints, which may go to a file.
func typed(t *testing.T, line, lang string, want, at int) string {
	t.Helper()
	line, file, toFile := strings.Cut(line, " > ")
	words := strings.Fields(line)
	require.Equal(t, "grade", words[0], "line %d", at)
	if (testing.Short() || lang == "zh") && len(words) > 2 && words[2] == "test" {
		return "" // takes its seconds; it is the same line in both guides
	}
	var out, errs bytes.Buffer
	env := func(name string) string {
		return map[string]string{proxyEnv: proxyEmbedded, "LANG": lang}[name]
	}
	status := command{Stdin: &bytes.Buffer{}, Stdout: &out, Stderr: &errs, Getenv: env}.Main(t.Context(), words[1:])
	require.Equal(t, want, status, "line %d: %s\n%s%s", at, line, out.String(), errs.String())
	if toFile {
		require.NoError(t, os.WriteFile(file, out.Bytes(), 0o600))
		return errs.String()
	}
	return out.String() + errs.String()
}

// withOutputs is a guide with what was printed in its text blocks.
func withOutputs(page string, outputs []string) string {
	var b strings.Builder
	in := false
	for line := range strings.Lines(page) {
		switch {
		case strings.HasPrefix(line, "```text"):
			in = true
			b.WriteString(line + outputs[0])
			outputs = outputs[1:]
		case in && !strings.HasPrefix(line, "```"):
		default:
			in = false
			b.WriteString(line)
		}
	}
	return b.String()
}
