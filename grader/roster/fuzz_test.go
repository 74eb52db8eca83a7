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

// FuzzXLSX reads the parts of a workbook, without the zip around them. The
// seeds are small: the fuzzer minimises what it finds, which takes the square
// of its length.
func FuzzXLSX(f *testing.F) {
	names := []string{"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedstrings.xml", "xl/styles.xml", "xl/s.xml"}
	const (
		main   = `<sheet name="S" r:id="a"/>`
		rels   = `<Relationship Id="a" Type="/worksheet" Target="s.xml"/><Relationship Type="/sharedStrings" Target="sharedStrings.xml"/><Relationship Type="/styles" Target="styles.xml"/>`
		shared = `<si><t>id</t></si><si><r><t>na</t></r><rPh><t>x</t></rPh><r><t>me</t></r></si>`
		styles = `<numFmt numFmtId="9" formatCode="000"/><cellXfs><xf numFmtId="9"/></cellXfs>`
		top    = `<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>`
	)
	f.Add(main, rels, shared, styles, top+`<row r="3"><c r="A3" s="0"><v>7</v></c><c t="str"><v>n</v></c></row>`)
	f.Add(main, rels, shared, "", top+`<row hidden="1"><c><v>1E5</v></c><c t="inlineStr"><is><t>_x0041_&amp;</t></is></c></row><mergeCell ref="A1:A9"/>`)
	f.Add(main, rels, shared, "", top+`<v>7</c></row>`) // a cell that was never begun
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

// TestFuzzSeedsAreRead: else the fuzzer would never come to the rows.
func TestFuzzSeedsAreRead(t *testing.T) {
	list, err := roster.ReadParts(t.Context(), map[string]string{
		"xl/workbook.xml":            `<sheet name="S" r:id="a"/>`,
		"xl/_rels/workbook.xml.rels": `<Relationship Id="a" Type="/worksheet" Target="s.xml"/>`,
		"xl/s.xml":                   `<row><c t="str"><v>id</v></c><c t="str"><v>name</v></c></row><row><c><v>7</v></c><c t="str"><v>n</v></c></row>`,
	})
	require.NoError(t, err)
	require.Equal(t, "7", list.Students[0].ID)
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
