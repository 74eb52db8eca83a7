package grader

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/finding"
	"swarmgrade/grader/result"
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

// Some systems take "a" and "A" for one name.
func TestFileNamesTold(t *testing.T) {
	d := &result.Data{Students: []result.Student{{ID: "ab24"}, {ID: "AB24"}, {ID: "7"}, {ID: "caf\u00e9"}}}
	w := &writing{names: telling(d, d)}
	require.Equal(t, "7", w.nameOf("7"))
	require.Equal(t, "caf\u00e9", w.nameOf("caf\u00e9"))
	require.Regexp(t, `^ab24~[0-9a-f]{16}$`, w.nameOf("ab24"))
	require.Regexp(t, `^AB24~[0-9a-f]{16}$`, w.nameOf("AB24"))
	require.NotEqual(t, w.nameOf("ab24")[4:], w.nameOf("AB24")[4:])
	require.Equal(t, "AB24", (&writing{names: telling(&result.Data{Students: d.Students[1:]})}).nameOf("AB24"))
}

// TestAPartHasNothingOfOthers: a finding about two students is not in the file of one.
func TestAPartHasNothingOfOthers(t *testing.T) {
	d := &result.Data{
		Students: []result.Student{{ID: "1"}, {ID: "2"}, {ID: "3"}},
		Findings: []finding.Finding{{Students: []string{"1"}}, {Students: []string{"1", "2"}}, {Students: []string{"2"}}},
	}
	w := writing{part: part{students: map[string]bool{"1": true}}}
	got := w.asked(d)
	require.Equal(t, []result.Student{{ID: "1"}}, got.Students)
	require.Equal(t, d.Findings[:1], got.Findings)
	w.part.students = nil
	require.Same(t, d, w.asked(d))
}

// TestNamesOfParts: a part of a class has the same name each time, and none that a class has.
func TestNamesOfParts(t *testing.T) {
	var d result.Data
	for _, id := range []string{"01", "02", "03", "04", "a/b"} {
		d.Students = append(d.Students, result.Student{ID: id})
	}
	of := func(tasks []string, ids ...string) string {
		w := &writing{class: &d, data: &d, part: part{tasks: tasks}}
		if len(ids) > 0 {
			w.part.students = map[string]bool{}
			for _, id := range ids {
				w.part.students[id] = true
			}
		}
		return w.partName()
	}
	require.Empty(t, of(nil))
	require.Equal(t, "~task-2", of([]string{"2"}))
	require.Equal(t, "~task-1+3~students-01+a%2Fb", of([]string{"1", "3"}, "a/b", "01"))
	many := of(nil, "01", "02", "03", "04")
	require.Regexp(t, `^~students-4-[0-9a-f]{8}$`, many)
	require.Equal(t, many, of(nil, "04", "03", "02", "01"))
	require.NotEqual(t, many, of(nil, "01", "02", "03", "a/b"))
}
