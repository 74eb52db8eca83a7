package report

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// gradescopeScore is what Gradescope shows.
func gradescopeScore(t *testing.T, raw []byte) (score, sum float64) {
	t.Helper()
	var got struct {
		Score      *float64
		Visibility string
		Format     string         `json:"output_format"`
		Stdout     string         `json:"stdout_visibility"`
		ExtraData  map[string]any `json:"extra_data"`
		Tests      []struct {
			Score      *float64
			MaxScore   *float64 `json:"max_score"`
			Status     string
			Name       string
			Number     string
			Output     string
			Format     string `json:"output_format"`
			Tags       []string
			Visibility string
		}
	}
	require.NoError(t, json.Unmarshal(raw, &got), "%s", raw)
	visible := []string{"hidden", "after_due_date", "after_published", "visible"}
	formats := []string{"text", "html", "simple_format", "md", "ansi"}
	require.NotNil(t, got.Score)
	require.Contains(t, visible, got.Visibility)
	require.Contains(t, visible, got.Stdout)
	require.Contains(t, formats, got.Format)
	for _, test := range got.Tests {
		require.NotNil(t, test.Score)
		require.NotNil(t, test.MaxScore)
		require.Contains(t, visible, test.Visibility)
		require.Equal(t, "text", test.Format)
		require.Contains(t, []string{"", "passed", "failed"}, test.Status)
		sum += *test.Score
	}
	return *got.Score, sum
}

// githubScore is what GitHub Classroom's reporter adds up.
func githubScore(t *testing.T, raw []byte) (score, max float64) {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	require.NoError(t, err)
	var got struct {
		Version  int
		Status   string
		MaxScore float64 `json:"max_score"`
		Tests    []struct {
			Name, Status, Message string
			Score                 float64
		}
	}
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, 1, got.Version)
	require.Contains(t, []string{"pass", "fail", "error"}, got.Status)
	require.NotEmpty(t, got.Tests, "the reporter divides by their number")
	for _, test := range got.Tests {
		require.Contains(t, []string{"pass", "fail", "error"}, test.Status)
		score += test.Score
	}
	return score, got.MaxScore
}

// junitSuites reads suites as test viewers do, and holds the counts.
func junitSuites(t *testing.T, raw []byte) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	dec := xml.NewDecoder(bytes.NewReader(raw))
	var suite, name string
	counts, count := map[string]int{}, map[string]int{}
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch e := tok.(type) {
		case xml.StartElement:
			attr := map[string]string{}
			for _, a := range e.Attr {
				attr[a.Name.Local] = a.Value
			}
			switch e.Name.Local {
			case "testsuite":
				suite = attr["name"]
				require.NotContains(t, out, suite)
				out[suite] = map[string]string{}
				counts, count = map[string]int{}, map[string]int{}
				for _, k := range []string{"tests", "failures", "errors", "skipped"} {
					n, err := strconv.Atoi(attr[k])
					require.NoError(t, err)
					counts[k] = n
				}
			case "property":
				out[suite]["property "+attr["name"]] = attr["value"]
			case "testcase":
				name, _, _ = strings.Cut(attr["name"], " ")
				out[suite][name] = "passed"
				count["tests"]++
			case "failure", "error", "skipped":
				out[suite][name] = e.Name.Local
				count[map[string]string{"failure": "failures", "error": "errors", "skipped": "skipped"}[e.Name.Local]]++
			}
		case xml.EndElement:
			if e.Name.Local == "testsuite" {
				for k, n := range counts {
					require.Equal(t, n, count[k], "%s of %s", k, suite)
				}
			}
		}
	}
	return out
}

var tapLine = regexp.MustCompile(`^(not )?ok ([0-9]+) - (.*)$`)

// tapResults reads the Test Anything Protocol: what each test point is.
func tapResults(t *testing.T, raw []byte) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	require.Equal(t, "TAP version 14", lines[0])
	n, err := strconv.Atoi(strings.TrimPrefix(lines[1], "1.."))
	require.NoError(t, err)
	var out []string
	block := false
	for _, line := range lines[2:] {
		switch {
		case block:
			require.True(t, strings.HasPrefix(line, "  "), line)
			block = line != "  ..."
			continue
		case line == "  ---":
			block = true
			continue
		case strings.HasPrefix(line, "#"):
			continue
		}
		m := tapLine.FindStringSubmatch(line)
		require.NotNil(t, m, line)
		require.Equal(t, strconv.Itoa(len(out)+1), m[2])
		bare := strings.NewReplacer(`\\`, "", `\#`, "").Replace(m[3])
		_, directive, has := strings.Cut(bare, "#")
		switch {
		case has && strings.HasPrefix(strings.ToUpper(strings.TrimSpace(directive)), "SKIP"):
			out = append(out, "skip")
		case has:
			t.Fatalf("a directive that nobody meant: %s", line)
		case m[1] != "":
			out = append(out, "not ok")
		default:
			out = append(out, "ok")
		}
	}
	require.False(t, block)
	require.Len(t, out, n, "as the plan says")
	return out
}
