package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

func TestGolden(t *testing.T) {
	d := testData()
	for _, lang := range i18n.Langs {
		t.Run("results."+string(lang)+".json", func(t *testing.T) {
			golden(t, "results."+string(lang)+".json", render(t, func(b *bytes.Buffer) error { return JSON(b, d, lang) }))
		})
		for _, columns := range []int{0, 40, 60, 80, 120} {
			name := fmt.Sprintf("table.%s.%d.txt", lang, columns)
			t.Run(name, func(t *testing.T) {
				got := render(t, func(b *bytes.Buffer) error { return Table(b, d, Text{Lang: lang, Width: columns}) })
				golden(t, name, got)
				harmless(t, string(got))
				for line := range strings.Lines(string(got)) {
					if columns >= 60 && !strings.HasPrefix(line, "    →") { // which ends with a command to copy
						require.LessOrEqual(t, width(strings.TrimRight(line, "\n")), columns, line)
					}
				}
			})
		}
		for i := range d.Students {
			name := fmt.Sprintf("detail.%s.%d.txt", lang, i)
			t.Run(name, func(t *testing.T) {
				got := render(t, func(b *bytes.Buffer) error { return Detail(b, d, &d.Students[i], Text{Lang: lang}) })
				golden(t, name, got)
				harmless(t, string(got))
			})
		}
	}
}

// harmless holds that nothing of a student's moves the cursor or turns the
// direction of text.
func harmless(t *testing.T, s string) {
	t.Helper()
	require.NotContains(t, s, "\x1b")
	require.NotContains(t, s, "\x07")
	require.NotContains(t, s, "\u202e")
	require.NotContains(t, s, "\r")
}

func TestColour(t *testing.T) {
	d := testData()
	for _, width := range []int{0, 80, 120} {
		plain := render(t, func(b *bytes.Buffer) error { return Table(b, d, Text{Lang: i18n.ZH, Width: width}) })
		colour := render(t, func(b *bytes.Buffer) error { return Table(b, d, Text{Lang: i18n.ZH, Width: width, Color: true}) })
		require.NotContains(t, string(plain), "\x1b")
		require.Contains(t, string(colour), "\x1b[1m")
		for _, sgr := range []string{"0", bold, dim, red, green, yellow, magenta} {
			colour = bytes.ReplaceAll(colour, []byte("\x1b["+sgr+"m"), nil)
		}
		require.Equal(t, string(plain), string(colour), "colours take no room")
	}
}

func TestJSONIsTheContract(t *testing.T) {
	d := testData()
	raw := render(t, func(b *bytes.Buffer) error { return JSON(b, d, i18n.EN) })
	require.Equal(t, raw, render(t, func(b *bytes.Buffer) error { return JSON(b, testData(), i18n.EN) }), "the same bytes")
	harmless(t, string(raw))
	var got struct {
		Schema   string
		Class    string
		Students []struct {
			ID, Name              string
			Points, Max, Ungraded float64
			Final                 *float64
			Checks                []struct {
				ID, Outcome        string
				Observed, Expected map[string]any
			}
		}
		Faults []map[string]string
	}
	require.NoError(t, json.Unmarshal(raw, &got))
	require.Equal(t, "swarmgrade/1", got.Schema)
	require.Equal(t, "0020240101", got.Students[0].ID)
	require.Equal(t, hostile, got.Students[2].Name, "escaped, not changed")
	require.Equal(t, [3]float64{60, 100, 40}, [3]float64{got.Students[3].Points, got.Students[3].Max, got.Students[3].Ungraded})
	require.Equal(t, "ungraded", got.Students[3].Checks[5].Outcome)
	require.Nil(t, got.Students[3].Final)
	require.Equal(t, 88.5, *got.Students[4].Final)
	require.Equal(t, 40.0, got.Students[4].Points, "automatic points stay as they were judged")
	require.Equal(t, 100.0, got.Students[5].Max, "the lab's, whatever was handed in")
	require.Equal(t, "", got.Faults[1]["restored"])

	empty := render(t, func(b *bytes.Buffer) error { return JSON(b, &result.Data{Class: "x", Rubric: testRubric()}, i18n.EN) })
	require.Contains(t, string(empty), `"students": []`)
	require.Contains(t, string(empty), `"faults": []`)
}

func TestFinal(t *testing.T) {
	rub := testRubric()
	open := passing(rub)
	open[5] = verdict(rub, "task2.spread", check.Ungraded, 0, "x")
	set := func(id string, p float64) result.Override {
		return result.Override{Check: id, Points: rubric.PointsOf(p)}
	}
	tests := []struct {
		name           string
		s              result.Student
		points         string
		overridden, ok bool
	}{
		{"as judged", result.Student{Verdicts: passing(rub)}, "100", false, true},
		{"ungraded", result.Student{Verdicts: open}, "60", false, false},
		{"nothing judged", result.Student{}, "0", false, false},
		{"total set", result.Student{Verdicts: open, Overrides: []result.Override{set("task1.image", 1), set("", 77)}}, "77", true, true},
		{"total set, nothing judged", result.Student{Overrides: []result.Override{set("", 0)}}, "0", true, true},
		{"check set", result.Student{Verdicts: passing(rub), Overrides: []result.Override{set("task1.image", 1)}}, "93.5", true, true},
		{"ungraded check set", result.Student{Verdicts: open, Overrides: []result.Override{set("task2.spread", 30)}}, "90", true, true},
		{"another check set", result.Student{Verdicts: open, Overrides: []result.Override{set("task1.image", 1)}}, "53.5", true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			points, overridden, ok := tt.s.Final()
			require.Equal(t, []any{tt.points, tt.overridden, tt.ok}, []any{points.String(), overridden, ok})
		})
	}
}

func TestSummarize(t *testing.T) {
	s := result.Summarize(testData())
	require.Equal(t, 7, s.Students)
	require.Equal(t, []string{"0020240104", "0020240107"}, s.Open)
	require.Equal(t, 5, s.Graded)
	// 100, 85, 70, 88.5 (set) and 40 with a task not handed in.
	require.InDelta(t, 76.7, s.Mean, 1e-9)
	require.InDelta(t, 85, s.Median, 1e-9)
	require.Equal(t, 1, s.Full)
	worst := s.Worst(3)
	require.Equal(t, []string{"task2.spread", "task2.haproxy", "task1.image"}, []string{worst[0].Check, worst[1].Check, worst[2].Check})
	require.Equal(t, [2]int{2, 4}, [2]int{worst[0].Passed, worst[0].Judged}, "the ungraded count on neither side")

	d := testData()
	d.Students = d.Students[3:4]
	for _, lang := range i18n.Langs {
		got := string(render(t, func(b *bytes.Buffer) error { return Table(b, d, Text{Lang: lang}) }))
		require.Contains(t, got, lang.T("report.summary_none", "students", 1))
		require.Contains(t, got, "0020240104")
	}
}

// A check that the rubric no longer has is still shown, under its ID.
func TestColumnsOfAnOlderRubric(t *testing.T) {
	d := testData()
	gone := d.Students[0].Verdicts[0]
	gone.Check = "task1.gone"
	lost := gone
	lost.Check, lost.Task = "task9.a", "9"
	d.Students[0].Verdicts = append(d.Students[0].Verdicts, gone, lost)
	var ids []string
	for _, c := range d.Columns() {
		ids = append(ids, fmt.Sprintf("%s.%d %s", c.Task, c.N, c.Check))
	}
	require.Equal(t, []string{
		"1.1 task1.service", "1.2 task1.image", "1.3 task1.replicas", "1.4 task1.answers", "1.5 task1.gone",
		"2.1 task2.haproxy", "2.2 task2.spread", "9.1 task9.a",
	}, ids)
}

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		in      string
		columns int
		want    string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"高可用", 6, "高可用"}, {"高可用", 5, "高可…"}, {"高可用", 4, "高…"},
		{"高", 1, "…"}, {"", 0, ""},
	} {
		got := clip(tt.in, tt.columns)
		require.Equal(t, tt.want, got)
		require.LessOrEqual(t, width(got), max(tt.columns, 1))
	}
}
