package form

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"swarmgrade/grader/rubric"
)

// class is who is to be written: the last has no score.
func class() []Score {
	return []Score{
		{ID: "0020240101", Name: "张三", Points: 9250}, {ID: "0020240102", Name: "李四", Points: 10000},
		{ID: "202411210000000103", Name: "王五", Points: 0}, {ID: "2024001", Name: "Anna Schmidt", Points: 7125},
		{ID: "2024002", Name: "赵六", None: true},
	}
}

// book makes a workbook as schools do, with other things in it; rows are of its first
// sheet, a nil cell is none.
func book(t *testing.T, rows [][]any, with ...func(*excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	text, err := f.NewStyle(&excelize.Style{NumFmt: 49})
	require.NoError(t, err)
	for y, row := range rows {
		for x, v := range row {
			if v == nil {
				continue
			}
			ref, err := excelize.CoordinatesToCellName(x+1, y+1)
			require.NoError(t, err)
			if s, ok := v.(string); ok && strings.HasPrefix(s, "=") {
				require.NoError(t, f.SetCellFormula("Sheet1", ref, s[1:]))
				continue
			}
			require.NoError(t, f.SetCellValue("Sheet1", ref, v))
			require.NoError(t, f.SetCellStyle("Sheet1", ref, ref, text))
		}
	}
	for _, do := range with {
		do(f)
	}
	var buf bytes.Buffer
	require.NoError(t, f.Write(&buf))
	return buf.Bytes()
}

// merge merges ranges of the first sheet.
func merge(ranges ...string) func(*excelize.File) {
	return func(f *excelize.File) {
		for _, r := range ranges {
			from, to, _ := strings.Cut(r, ":")
			if err := f.MergeCell("Sheet1", from, to); err != nil {
				panic(err)
			}
		}
	}
}

// members are a zip's, by name, unfolded.
func members(t *testing.T, raw []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	out := map[string]string{}
	for _, m := range z.File {
		r, err := m.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		out[m.Name] = string(text)
	}
	return out
}

// packed is a zip's members as they are stored.
func packed(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	out := map[string][]byte{}
	for _, m := range z.File {
		r, err := m.OpenRaw()
		require.NoError(t, err)
		out[m.Name], err = io.ReadAll(r)
		require.NoError(t, err)
	}
	return out
}

// with gives a workbook with one member changed.
func with(t *testing.T, raw []byte, name string, change func(string) string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	found := false
	for _, m := range z.File {
		if m.Name != name {
			require.NoError(t, w.Copy(m))
			continue
		}
		found = true
		to, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(to, change(members(t, raw)[name]))
		require.NoError(t, err)
	}
	require.True(t, found, name)
	require.NoError(t, w.Close())
	return buf.Bytes()
}

const sheet1 = "xl/worksheets/sheet1.xml"

// fill fills a form and holds what must hold of every one: nothing but the first
// sheet (and how the workbook computes) is changed, and of the sheet only the cells
// that the scores are in.
func fill(t *testing.T, raw []byte, o Options, cells map[string]string) (*Filled, []byte) {
	t.Helper()
	f, err := Fill(context.Background(), raw, "form.xlsx", class(), o)
	require.NoError(t, err)
	var buf bytes.Buffer
	require.NoError(t, f.Write(context.Background(), &buf))
	before, after := packed(t, raw), packed(t, buf.Bytes())
	require.Len(t, after, len(before))
	var changed []string
	for name, text := range before {
		if !bytes.Equal(text, after[name]) {
			changed = append(changed, name)
		}
	}
	for _, name := range changed {
		require.True(t, strings.HasPrefix(name, "xl/worksheets/") || name == "xl/workbook.xml" && f.Formulas, name)
	}
	was, is := values(t, raw, f.Sheet), values(t, buf.Bytes(), f.Sheet)
	for ref, text := range cells {
		require.Equal(t, text, is[ref], ref)
		delete(was, ref)
		delete(is, ref)
	}
	require.Equal(t, was, is, "other cells")
	require.Len(t, cells, f.Written)
	return f, buf.Bytes()
}

// values are a sheet's cells as another program reads them.
func values(t *testing.T, raw []byte, sheet string) map[string]string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(raw))
	require.NoError(t, err)
	defer f.Close()
	rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	out := map[string]string{}
	for y, row := range rows {
		for x := range row {
			ref, _ := excelize.CoordinatesToCellName(x+1, y+1)
			text, err := f.GetCellValue(sheet, ref, excelize.Options{RawCellValue: true})
			require.NoError(t, err)
			style, err := f.GetCellStyle(sheet, ref)
			require.NoError(t, err)
			if formula, _ := f.GetCellFormula(sheet, ref); formula != "" {
				text += " = " + formula
			}
			if text != "" || style != 0 {
				out[ref] = text
			}
		}
	}
	return out
}

func points(f float64) rubric.Points { return rubric.PointsOf(f) }

// say is an error in English with its hint, for comparisons.
func words(kept []Kept) (out []string) {
	for _, k := range kept {
		out = append(out, fmt.Sprintf("%s %s %s", k.Cell, k.ID, k.Text))
	}
	slices.Sort(out)
	return out
}
