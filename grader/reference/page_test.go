package reference_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/reference"
)

var update = flag.Bool("update", false, "write the pages' parts that are made from the code")

// page is one that is being compared with the code.
type page struct {
	file, text string
}

func readPage(t *testing.T, file string) *page {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return &page{file, string(data)}
}

// put sets a part that is made from the code.
func (p *page) put(t *testing.T, name, text string) {
	t.Helper()
	out, ok := reference.Splice(p.text, name, text)
	require.True(t, ok, "%s has no place for %q", p.file, name)
	p.text = out
}

// same holds the page, with all its parts put, against its file.
func (p *page) same(t *testing.T) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(p.file, []byte(p.text), 0o644))
	}
	want, err := os.ReadFile(p.file)
	require.NoError(t, err)
	now, then := strings.Split(p.text, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(now), len(then)) {
		if i >= len(now) || i >= len(then) || now[i] != then[i] {
			t.Fatalf("%s is behind the code (go test ./grader/reference -update), first in line %d:\n%s\nshould be\n%s",
				p.file, i+1, lineAt(then, i), lineAt(now, i))
		}
	}
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(the end)"
}

// examples are those of a kind, each with the one that follows it.
func (p *page) examples(lang, kind string) (out [][2]reference.Example) {
	all := reference.Examples(p.text)
	for i, e := range all {
		if e.Lang == lang && e.Kind == kind {
			pair := [2]reference.Example{e}
			if i+1 < len(all) {
				pair[1] = all[i+1]
			}
			out = append(out, pair)
		}
	}
	return out
}

func TestSplice(t *testing.T) {
	const text = "a\n<!-- made from the code: x -->\nold\n<!-- until here -->\nb\n"
	got, ok := reference.Splice(text, "x", "new\n")
	require.True(t, ok)
	require.Equal(t, strings.Replace(text, "old", "new", 1), got)
	_, ok = reference.Splice(text, "y", "new\n")
	require.False(t, ok)
	_, ok = reference.Splice(strings.Replace(text, "until", "till", 1), "x", "new\n")
	require.False(t, ok)
}

func TestExamples(t *testing.T) {
	got := reference.Examples("a\n```yaml rubric\nx: 1\n```\n\n```\ny\nz\n```\n```yaml\nopen\n")
	require.Equal(t, []reference.Example{
		{Lang: "yaml", Kind: "rubric", Text: "x: 1\n", Line: 3}, {Text: "y\nz\n", Line: 7},
	}, got)
}

func TestPatched(t *testing.T) {
	tests := []struct{ name, diff, want string }{
		{"one line", "-b: 2\n+b: 3\n", "a: 1\nb: 3\nc: 2\n"},
		{"the first", "-a: 1\n", "b: 2\nc: 2\n"},
		{"two lines for one", "-b: 2\n+b: 3\n+d: 4\n", "a: 1\nb: 3\nd: 4\nc: 2\n"},
		{"two places", "-a: 1\n+a: 2\n-c: 2\n+c: 3\n", "a: 2\nb: 2\nc: 3\n"},
		{"no such line", "-b: 1\n+b: 2\n", ""},
		{"a part of a line", "-: 2\n+: 3\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := reference.Patched("a: 1\nb: 2\nc: 2\n", tt.diff)
			require.Equal(t, tt.want != "", ok)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestApplied(t *testing.T) {
	const text = "a:\n  n: 1\n  m: 2\nb:\n  n: 1\n  m: 2\n"
	tests := []struct{ name, diff, want string }{
		{"by its context", "@@\n b:\n-  n: 1\n+  n: 3\n", "a:\n  n: 1\n  m: 2\nb:\n  n: 3\n  m: 2\n"},
		{"two hunks", "@@ a\n a:\n-  n: 1\n@@ b\n b:\n+  k: 0\n   n: 1\n", "a:\n  m: 2\nb:\n  k: 0\n  n: 1\n  m: 2\n"},
		{"not there", "@@\n c:\n-  n: 1\n", ""},
		{"twice", "@@\n-  n: 1\n+  n: 2\n", ""},
		{"nothing to go by", "@@\n+  n: 2\n", ""},
		{"nothing", "", text},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := reference.Applied(text, tt.diff)
			require.Equal(t, tt.want != "", ok)
			if ok {
				require.Equal(t, tt.want, got)
			}
		})
	}
}
