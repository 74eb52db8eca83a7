package roster_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/roster"
)

// sound checks what holds of every roster that passes.
func sound(t *testing.T, students []roster.Student) {
	t.Helper()
	seen := map[string]bool{}
	for _, s := range students {
		require.NotEmpty(t, s.ID)
		require.False(t, seen[s.ID], "%q twice", s.ID)
		seen[s.ID] = true
		require.LessOrEqual(t, utf8.RuneCountInString(s.ID), roster.MaxIDLength)
		require.False(t, strings.ContainsFunc(s.ID+s.Name, unicode.IsControl), "%q %q", s.ID, s.Name)
		require.Equal(t, strings.TrimSpace(s.Name), s.Name)
		require.NotEmpty(t, s.Name)
		require.Positive(t, s.Pos.Line)
	}
	require.NotEmpty(t, students)
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		plain, "\ufeff" + plain, strings.ReplaceAll(plain, ",", ";"), gbk(f, plain), "学号，姓名\n", "id,name\n\"1\n2\",x\n",
		"id,name\n1,\"x", "sep=;\nid;name\n1;2\n", "\xff\xfei\x00d\x00", "id\tname\n001\t\x1b[0m\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.HasPrefix(string(data), "PK") {
			return // FuzzXLSX
		}
		students, err := read(t, data, "f.csv")
		if err != nil {
			require.Nil(t, students)
			require.NotEmpty(t, err.Error())
			return
		}
		sound(t, students)
	})
}

func FuzzXLSX(f *testing.F) {
	f.Add(book(f, [][]any{{"学号", "姓名"}, {"001", "张三"}, {20240101, "李四"}}, nil))
	f.Add(book(f, nil, nil))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		students, err := read(t, append([]byte("PK\x03\x04"), data[min(4, len(data)):]...), "f.xlsx")
		if err != nil {
			require.Nil(t, students)
			require.NotEmpty(t, err.Error())
			return
		}
		sound(t, students)
	})
}

func FuzzClass(f *testing.F) {
	for _, s := range []string{
		full, class("T", "x"), "class: T\nrubric: ha-lb\ncluster: {sim: lab}\nroster: r.csv\n", "class: T\nstudents: {}\n", "cluster: {endpoints: [\"tcp://[::1]:1\"]}", "fault: {inject: \"{{\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		samples := fstest.MapFS{"T.yaml": {Data: data}, "r.csv": {Data: []byte(plain)}}
		c, err := roster.LoadClass(t.Context(), roster.Options{Name: "T", Cwd: "no-such-directory", Samples: samples})
		if err != nil {
			require.Nil(t, c)
			require.NotEmpty(t, err.Error())
			return
		}
		sound(t, c.Students)
		require.Equal(t, "T", c.Name)
		require.NotEmpty(t, c.Rubric)
		require.GreaterOrEqual(t, c.Settings.Parallel, 1)
		require.LessOrEqual(t, c.Settings.Rate, 100000)
	})
}
