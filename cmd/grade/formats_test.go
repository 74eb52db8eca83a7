package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/report"
)

// TestFormatsAreOneList: what help, completion, messages and both READMEs say there is, is
// what there is.
func TestFormatsAreOneList(t *testing.T) {
	names := report.FormatNames()
	said := func(status int, args ...string) string {
		var out bytes.Buffer
		cmd := command{Stdin: &bytes.Buffer{}, Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }}
		require.Equal(t, status, cmd.Main(t.Context(), args), out.String())
		return out.String()
	}
	listed := regexp.MustCompile(`--format (?:strings|值,…) +[^\n]*?(?:: |：)([a-z, 、]+) ?[(（]`)
	split := regexp.MustCompile(`, |、`)
	for _, lang := range []string{"zh", "en"} {
		for _, verb := range [][]string{{"--help"}, {"export", "--help"}} {
			m := listed.FindStringSubmatch(said(exitOK, append(verb, "--lang", lang)...))
			require.NotNil(t, m, "%v %s", verb, lang)
			require.Equal(t, names, split.Split(strings.TrimSpace(m[1]), -1))
		}
	}
	completed := said(exitOK, "__complete", "export", "--format", "")
	for _, name := range names {
		require.Regexp(t, `(?m)^`+name+`$`, completed)
	}
	for _, file := range []string{"../../README.md", "../../README.zh.md"} {
		page, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, name := range names {
			require.Regexp(t, `(?:^|[^a-z])`+name+`(?:[^a-z]|$)`, string(page), file)
		}
		for _, m := range regexp.MustCompile(`--format ([a-z]+(?:,[a-z]+)*)`).FindAllStringSubmatch(string(page), -1) {
			for _, name := range strings.Split(m[1], ",") {
				require.Contains(t, names, name, file)
			}
		}
	}
}
