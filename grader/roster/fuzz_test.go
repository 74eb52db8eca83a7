package roster_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

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

// FuzzXLSX reads the parts of a workbook, without the zip around them.
func FuzzXLSX(f *testing.F) {
	names := []string{"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedstrings.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml"}
	padded := "0000000000"
	for _, data := range [][]byte{
		book(f, [][]any{{"学号", "姓名"}, {"001", "张三"}, {20240101, "李四"}}, nil),
		book(f, [][]any{{"云计算"}, {"id", "name", "班级"}, {20240101.5, "n", "a\nb"}, {1, true}}, func(x *excelize.File) {
			style, err := x.NewStyle(&excelize.Style{CustomNumFmt: &padded})
			require.NoError(f, err)
			require.NoError(f, x.SetCellStyle("Sheet1", "A3", "A4", style))
			require.NoError(f, x.MergeCell("Sheet1", "C3", "C4"))
		}),
	} {
		seed := partsOf(f, data)
		f.Add(seed[names[0]], seed[names[1]], seed[names[2]], seed[names[3]], seed[names[4]])
	}
	const inline = `<worksheet><sheetData><row r="7"><c t="inlineStr"><is><r><t>id</t></r><rPh><t>x</t></rPh></is></c><c t="str"><v>name</v></c></row>` +
		`<row><c><v>1E5</v></c><c t="e"><v>_x0041_&amp;</v></c></row></sheetData><mergeCells><mergeCell ref="A1:A9"/></mergeCells></worksheet>`
	plain := partsOf(f, book(f, nil, nil))
	f.Add(plain[names[0]], plain[names[1]], "", "", inline)
	f.Fuzz(func(t *testing.T, a, b, c, d, e string) {
		parts := map[string]string{names[0]: a, names[1]: b, names[2]: c, names[3]: d, names[4]: e}
		list, err := roster.ReadParts(t.Context(), parts)
		if err != nil {
			require.Nil(t, list)
			require.NotEmpty(t, err.Error())
			return
		}
		sound(t, list.Students)
	})
}

func partsOf(t testing.TB, data []byte) map[string]string {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	out := map[string]string{}
	for _, f := range in.File {
		r, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		out[strings.ToLower(f.Name)] = string(text)
	}
	return out
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
