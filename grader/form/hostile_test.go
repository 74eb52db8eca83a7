package form

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
)

// zipped makes a zip of members in order.
func zipped(t testing.TB, members ...[2]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, m := range members {
		to, err := w.Create(m[0])
		require.NoError(t, err)
		_, err = io.WriteString(to, m[1])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

const (
	rels = `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>`
	main = `<workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`
)

// bare is a workbook of the least parts, with a worksheet's XML.
func bare(t testing.TB, sheet string, more ...[2]string) []byte {
	t.Helper()
	return zipped(t, append([][2]string{{"xl/workbook.xml", main}, {"xl/_rels/workbook.xml.rels", rels}, {"xl/sharedStrings.xml", "<sst/>"}, {sheet1, sheet}}, more...)...)
}

func text(ref, s string) string {
	return fmt.Sprintf(`<c r="%s" t="inlineStr"><is><t>%s</t></is></c>`, ref, s)
}

func small(rows string) string {
	return `<worksheet><sheetData><row r="1">` + text("A1", "学号") + text("B1", "成绩") + `</row><row r="2">` + text("A2", "2024001") + `</row>` + rows + `</sheetData></worksheet>`
}

// TestHostileForms: what is made to take too much, or to be read in two ways, is
// refused, soon.
func TestHostileForms(t *testing.T) {
	var merged strings.Builder
	merged.WriteString(strings.Replace(small(""), "</worksheet>", "<mergeCells>", 1))
	for i := range 200_000 {
		fmt.Fprintf(&merged, `<mergeCell ref="C%d:XFD%d"/>`, i%1_000_000+1, i%1_000_000+1)
	}
	merged.WriteString("</mergeCells></worksheet>")
	var rows strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&rows, `<row r="%d">%s</row>`, i+3, text(fmt.Sprint("A", i+3), fmt.Sprint("9", i)))
	}
	for name, tt := range map[string]struct {
		raw  []byte
		good bool
	}{
		"bomb":            {raw: bare(t, small(strings.Repeat(" ", 60<<20)))},
		"bomb of strings": {raw: zipped(t, [2]string{"xl/workbook.xml", main}, [2]string{"xl/_rels/workbook.xml.rels", rels}, [2]string{sheet1, small("")}, [2]string{"xl/sharedStrings.xml", "<sst>" + strings.Repeat("<si><t>x</t></si>", 600_000) + "</sst>"})},
		"one tag":         {raw: bare(t, small(`<c x="`+strings.Repeat("a", 1<<20)+`"/>`))},
		"entities":        {raw: bare(t, `<!DOCTYPE x [<!ENTITY a "aaaa">]>`+small(""))},
		"two of one name": {raw: bare(t, small(""), [2]string{`xl\worksheets\Sheet1.xml`, small("")})},
		"rows backwards":  {raw: bare(t, small(`<row r="1"/>`))},
		"cells backwards": {raw: bare(t, small(`<row r="9">`+text("B9", "x")+text("A9", "x")+`</row>`))},
		"far away":        {raw: bare(t, small(`<row r="9">`+text("XFE9", "x")+`</row>`))},
		"cut off":         {raw: bare(t, small("")[:200])},
		"many cells":      {raw: bare(t, small(strings.Repeat(`<row>`+strings.Repeat("<c/>", 5000)+`</row>`, 100)))},
		"merged":          {raw: bare(t, merged.String()), good: true},
		"arrays":          {raw: bare(t, small(`<row r="3">`+strings.Repeat(`<c><f t="array" ref="A1:XFD1048576">1</f></c>`, 300)+`</row>`))},
		"rules":           {raw: bare(t, strings.Replace(small(""), "</worksheet>", "<dataValidations>"+strings.Repeat(`<dataValidation sqref="A1"/>`, 30_000)+"</dataValidations></worksheet>", 1))},
		"ranges of rules": {raw: bare(t, strings.Replace(small(""), "</worksheet>", `<dataValidations><dataValidation sqref="`+strings.Repeat("B2:B9 ", 30_000)+`"/></dataValidations></worksheet>`, 1))},
		"formulas":        {raw: bare(t, small(strings.Repeat(`<row>`+strings.Repeat(`<c t="str"><f>1</f><v>x</v></c>`, 500)+`</row>`, 300))), good: true},
		"many students":   {raw: bare(t, small(rows.String())), good: true},
		"markup in words": {raw: bare(t, small(`<row r="3">`+text("A3", "&lt;script&gt;1")+text("B3", "]]&gt;")+`</row>`)), good: true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			f, err := Fill(ctx, tt.raw, "form.xlsx", class(), Options{})
			if !tt.good {
				require.Equal(t, diag.Usage, diag.Code(err), "%v", err)
				require.NotContains(t, err.Error(), "roster")
				return
			}
			require.NoError(t, err)
			require.Equal(t, 1, f.Written)
			require.NoError(t, f.Write(ctx, io.Discard))
		})
	}
}

// FuzzSheet: whatever a worksheet's XML is, the filled one is either refused or gives
// the scores back, and differs in nothing else that is read.
func FuzzSheet(f *testing.F) {
	f.Add(small(""))
	f.Add(small(`<row r="3" spans="1:1"><c r="A3"><v>2.0240101E7</v></c><c r="B3" s="1"><f>A3</f><v>1</v></c></row>`))
	f.Add(`<worksheet><sheetData><row><c t="inlineStr"><is><t>学号</t></is></c><c t="str"><v>Score</v></c></row><row><c><v>2024001</v></c><c/></row></sheetData><mergeCells><mergeCell ref="A1:A2"/></mergeCells></worksheet>`)
	f.Add("\ufeff<x:worksheet xmlns:x='y'><!-- c --><x:sheetData/></x:worksheet>")
	f.Fuzz(func(t *testing.T, sheet string) {
		raw := bare(t, sheet)
		one, err := Fill(t.Context(), raw, "form.xlsx", class(), Options{})
		if err != nil {
			require.Equal(t, diag.Usage, diag.Code(err), "%v", err)
			return
		}
		var buf bytes.Buffer
		require.NoError(t, one.Write(t.Context(), &buf))
		two, err := Fill(t.Context(), buf.Bytes(), "form.xlsx", class(), Options{})
		if one.Formulas { // what they came to is gone, and headings and texts that were made so
			return
		}
		require.NoError(t, err, "%q", members(t, buf.Bytes())[sheet1])
		require.Equal(t, one.Written+one.Same, two.Same)
		require.Zero(t, two.Written)
		one.Written, one.Same, two.Same, one.edits, one.form, two.edits, two.form = 0, 0, 0, nil, nil, nil, nil
		require.Equal(t, one, two)
	})
}
