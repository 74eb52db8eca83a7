package grader

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A student's file is named after an ID that somebody typed into a roster.
func TestFileNames(t *testing.T) {
	for id, want := range map[string]string{
		"2024001":        "2024001",
		"0020240101":     "0020240101",
		"张三-1_a.b":       "张三-1_a.b",
		"../../etc/pass": "%2E.%2F..%2Fetc%2Fpass",
		".hidden":        "%2Ehidden",
		"a/b":            "a%2Fb",
		`a\b:c*`:         "a%5Cb%3Ac%2A",
		"%2F":            "%252F",
		"con.":           "con%2E",
	} {
		require.Equal(t, want, fileName(id))
	}
}
