package takeback_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
	"swarmgrade/grader/takeback"
)

const (
	fuzzMain = `<sheet name="S" r:id="a"/><sheet name="_grade" state="veryHidden" r:id="b"/>`
	fuzzRels = `<Relationship Id="a" Type="/worksheet" Target="s.xml"/><Relationship Id="b" Type="/worksheet" Target="g.xml"/>` +
		`<Relationship Type="/sharedStrings" Target="sharedStrings.xml"/><Relationship Type="/styles" Target="styles.xml"/>`
	fuzzStyles = `<cellXfs><xf numFmtId="0"/><xf numFmtId="9"/></cellXfs>`
)

// cellsOf is a row of text cells.
func cellsOf(texts ...string) string {
	var b strings.Builder
	b.WriteString("<row>")
	for _, s := range texts {
		fmt.Fprintf(&b, `<c t="str"><v>%s</v></c>`, s)
	}
	return b.String() + "</row>"
}

func fuzzOrigin(students ...string) string {
	out := cellsOf("schema", takeback.Schema) + cellsOf("class", "mini") + cellsOf("lab", "ha-lb") + cellsOf("run", "1") + cellsOf("sheet", "S")
	for _, key := range []string{"id", "name", "override", "reason", "remark"} {
		out += cellsOf("column", key, key)
	}
	return out + strings.Join(students, "")
}

// sound checks what holds of every decision.
func sound(t *testing.T, d *takeback.Decision, st func(string) (takeback.Standing, bool)) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range d.Changes {
		require.False(t, seen[c.ID], "%q twice", c.ID)
		seen[c.ID] = true
		now, in := st(c.ID)
		require.True(t, in, "%q is nobody", c.ID)
		require.True(t, c.Kind != "" || c.Remark != nil)
		switch c.Kind {
		case result.SetPoints:
			require.GreaterOrEqual(t, int64(c.Points), int64(0))
			require.LessOrEqual(t, c.Points, now.Most)
			fallthrough
		case result.Excused:
			require.NotEmpty(t, strings.TrimSpace(c.Reason))
		case result.Remove:
			require.NotNil(t, now.Student.Whole(), "there is nothing to remove")
		}
	}
	for _, c := range d.Conflicts {
		require.False(t, seen[c.ID], "%q changes in spite of a conflict", c.ID)
	}
}

// FuzzRead reads the parts of a workbook, without the zip around them.
func FuzzRead(f *testing.F) {
	top := cellsOf("id", "name", "override", "reason", "remark")
	f.Add(fuzzMain, `<si><t>x</t></si>`, fuzzOrigin(cellsOf("student", first, "n", "", "", "", "0", "")),
		top+`<row><c t="str"><v>`+first+`</v></c><c r="C2"><v>85</v></c><c t="s"><v>0</v></c></row>`)
	f.Add(fuzzMain, "<sst/>", fuzzOrigin(cellsOf("student", second, "学生B", "85.5", "口试", "好", "2", "1=20241121-023000")),
		top+`<row r="3"><c t="str"><v>`+second+`</v></c></row><mergeCell ref="C3:D9"/>`)
	f.Add(fuzzMain, "<sst/>", fuzzOrigin(cellsOf("student", third, "", "excused", "", "", "-7", "")),
		top+`<row><c t="str"><v>`+third+`</v></c><c r="C2" s="1"><f>1</f><v>1E5</v></c><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c></row>`)
	class := class()
	f.Fuzz(func(t *testing.T, main, shared, origin, sheet string) {
		w, err := takeback.ReadParts(t.Context(), map[string]string{
			"xl/workbook.xml": main, "xl/_rels/workbook.xml.rels": fuzzRels, "xl/sharedstrings.xml": shared, "xl/styles.xml": fuzzStyles,
			"xl/g.xml": origin, "xl/s.xml": sheet,
		})
		if err != nil {
			require.Nil(t, w)
			require.NotContains(t, text(err, i18n.EN), "{")
			return
		}
		st := standing(class)
		d, err := takeback.Decide(w, st)
		if err != nil {
			require.Nil(t, d)
			return
		}
		sound(t, d, st)
	})
}

// TestFuzzSeedsAreRead: else the fuzzer would never come to the rows.
func TestFuzzSeedsAreRead(t *testing.T) {
	w, err := takeback.ReadParts(t.Context(), map[string]string{
		"xl/workbook.xml": fuzzMain, "xl/_rels/workbook.xml.rels": fuzzRels, "xl/styles.xml": fuzzStyles, "xl/sharedstrings.xml": "<sst/>",
		"xl/g.xml": fuzzOrigin(cellsOf("student", first, "n", "", "", "", "0", "1=20241121-023000")),
		"xl/s.xml": cellsOf("id", "name", "override", "reason", "remark") + cellsOf(first, "n", "85", "y"),
	})
	require.NoError(t, err)
	d, err := takeback.Decide(w, standing(class()))
	require.NoError(t, err)
	require.Equal(t, []string{"01 C2 points 85 because y"}, told(d))
}

// TestFailedFormula: what a program shows where a formula failed is no value.
func TestFailedFormula(t *testing.T) {
	w, err := takeback.ReadParts(t.Context(), map[string]string{
		"xl/workbook.xml": fuzzMain, "xl/_rels/workbook.xml.rels": fuzzRels, "xl/styles.xml": fuzzStyles, "xl/sharedstrings.xml": "<sst/>",
		"xl/g.xml": fuzzOrigin(cellsOf("student", first, "n", "", "", "", "0", "1=20241121-023000")),
		"xl/s.xml": cellsOf("id", "name", "override", "reason", "remark") + `<row><c t="str"><v>` + first + `</v></c>` +
			`<c r="C2" t="e"><f>1/0</f><v>#DIV/0!</v></c><c t="str"><f>A9</f><v></v></c><c t="e"><v>#N/A</v></c></row>`,
	})
	require.NoError(t, err)
	_, err = takeback.Decide(w, standing(class()))
	require.Equal(t, "f.xlsx:S!C2: this is what a formula that failed shows: #DIV/0!\n    → type the value itself\n"+
		"f.xlsx:S!D2: this cell is a formula, and what it comes to was not saved\n    → type the value itself, or open the workbook in Excel or WPS and save it again\n"+
		"f.xlsx:S!E2: this is what a formula that failed shows: #N/A\n    → type the value itself", text(err, i18n.EN))
}

// TestHostileSizes: rows, merged cells and IDs that are nobody's, as many as are read.
// None of it takes the square of their number.
func TestHostileSizes(t *testing.T) {
	const many = 40_000
	var students, rows, merged strings.Builder
	for i := range many {
		students.WriteString(cellsOf("student", fmt.Sprintf("%09d", i), "n", "", "", "", "0", ""))
		rows.WriteString(cellsOf(fmt.Sprintf("9%010d", i), "n", "x", "y"))
	}
	for i := range 10_000 {
		fmt.Fprintf(&merged, `<mergeCell ref="A%d:E%d"/>`, i+2, many)
	}
	parts := map[string]string{
		"xl/workbook.xml": fuzzMain, "xl/_rels/workbook.xml.rels": fuzzRels, "xl/styles.xml": fuzzStyles, "xl/sharedstrings.xml": "<sst/>",
		"xl/g.xml": fuzzOrigin(students.String()),
		"xl/s.xml": cellsOf("id", "name", "override", "reason", "remark") + rows.String() + merged.String(),
	}
	w, err := takeback.ReadParts(t.Context(), parts)
	require.NoError(t, err)
	require.Len(t, w.Entries, many)
	require.True(t, slices.ContainsFunc(w.Entries, func(e takeback.Entry) bool { return e.Merged }))
	_, err = takeback.Decide(w, standing(class()))
	require.Contains(t, text(err, i18n.EN), fmt.Sprintf("%d more places", many-100))

	parts["xl/s.xml"] = cellsOf("id", "name", "override", "reason", "remark") + strings.Repeat(cellsOf("a"), 60_000)
	_, err = takeback.ReadParts(t.Context(), parts)
	require.Contains(t, text(err, i18n.EN), "more than 50000 rows")
	parts["xl/g.xml"] = fuzzOrigin(strings.Repeat(cellsOf("student"), 70_000))
	_, err = takeback.ReadParts(t.Context(), parts)
	require.Contains(t, text(err, i18n.EN), "unfolds to too much")
	parts["xl/g.xml"] = "<!DOCTYPE x>"
	_, err = takeback.ReadParts(t.Context(), parts)
	require.Contains(t, text(err, i18n.EN), "declares entities")
}
