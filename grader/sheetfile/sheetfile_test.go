package sheetfile_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/sheetfile"
)

const rels = `<Relationship Id="a" Type="/worksheet" Target="s.xml"/><Relationship Id="b" Type="/worksheet" Target="h.xml"/>` +
	`<Relationship Type="/sharedStrings" Target="sharedStrings.xml"/><Relationship Type="/styles" Target="styles.xml"/>`

var limits = sheetfile.Limits{Unpacked: 1 << 20, Text: 1 << 16}

// parts are a workbook's, with a sheet of these rows.
func parts(rows string) map[string]string {
	return map[string]string{
		"xl/workbook.xml":            `<sheet name="S" r:id="a"/><sheet name="H" state="veryHidden" r:id="b"/><sheet name="gone" r:id="z"/>`,
		"xl/_rels/workbook.xml.rels": rels,
		"xl/sharedstrings.xml":       `<si><t>first</t></si><si><r><t>se</t></r><rPh><t>x</t></rPh><r><t>cond</t></r></si>`,
		"xl/styles.xml":              `<numFmt numFmtId="200" formatCode="000"/><numFmt numFmtId="201" formatCode="0.0%"/><cellXfs><xf numFmtId="0"/><xf numFmtId="200"/><xf numFmtId="9"/><xf numFmtId="201"/></cellXfs>`,
		"xl/s.xml":                   rows, "xl/h.xml": "<sheetData/>",
	}
}

func open(t *testing.T, ctx context.Context, text map[string]string) (*sheetfile.Book, error) {
	t.Helper()
	return sheetfile.Open(ctx, func(name string) (io.ReadCloser, error) {
		if text[name] == "" {
			return nil, sheetfile.ErrNoPart
		}
		return io.NopCloser(strings.NewReader(text[name])), nil
	}, limits)
}

type row struct {
	n      int
	hidden bool
	cells  []sheetfile.Cell
}

func read(t *testing.T, rows string) (out []row, spans []sheetfile.Span, err error) {
	t.Helper()
	b, err := open(t, t.Context(), parts(rows))
	require.NoError(t, err)
	err = b.Cells(b.Sheets()[0], func(n int, hidden bool, cells []sheetfile.Cell) bool {
		out = append(out, row{n, hidden, append([]sheetfile.Cell(nil), cells...)})
		return true
	}, func(s sheetfile.Span) { spans = append(spans, s) })
	return out, spans, err
}

func TestSheets(t *testing.T) {
	b, err := open(t, t.Context(), parts("<x/>"))
	require.NoError(t, err)
	require.Len(t, b.Sheets(), 2)
	require.Equal(t, [2]bool{false, true}, [2]bool{b.Sheets()[0].Hidden, b.Sheets()[1].Hidden})
}

// TestKinds: what a cell holds, whoever wrote it.
func TestKinds(t *testing.T) {
	for in, want := range map[string]sheetfile.Cell{
		`<c t="s"><v>1</v></c>`:                          {Text: "second"},
		`<c t="str"><v>a_x0041_</v></c>`:                 {Text: "aA"},
		`<c t="inlineStr"><is><t>x</t><t>y</t></is></c>`: {Text: "xy"},
		`<c><v>85</v></c>`:                               {Text: "85", Kind: sheetfile.Number},
		`<c t="n"><v>0.30000000000000004</v></c>`:        {Text: "0.3", Kind: sheetfile.Number},
		`<c><v>1.2E1</v></c>`:                            {Text: "12", Kind: sheetfile.Number},
		`<c s="1"><v>7</v></c>`:                          {Text: "007", Kind: sheetfile.Number},
		`<c s="2"><v>0.85</v></c>`:                       {Text: "0.85", Kind: sheetfile.Number, Percent: true},
		`<c s="3"><v>0.85</v></c>`:                       {Text: "0.85", Kind: sheetfile.Number, Percent: true},
		`<c s="99"><v>1</v></c>`:                         {Text: "1", Kind: sheetfile.Number},
		`<c><v>1234567890123456</v></c>`:                 {Text: "1234567890123456", Kind: sheetfile.Number, LostDigits: true},
		`<c t="b"><v>1</v></c>`:                          {Text: "1", Kind: sheetfile.Bool},
		`<c t="e"><v>#N/A</v></c>`:                       {Text: "#N/A", Kind: sheetfile.Error},
		`<c><f>A1+1</f><v>3</v></c>`:                     {Text: "3", Kind: sheetfile.Number, Formula: true},
		`<c><f t="shared" si="0"/></c>`:                  {Kind: sheetfile.Number, Formula: true},
		`<c t="str"><f>A1</f><v>x</v></c>`:               {Text: "x", Formula: true},
	} {
		got, _, err := read(t, "<row>"+in+"</row>")
		require.NoError(t, err, in)
		want.Col = 1
		require.Equal(t, []row{{1, false, []sheetfile.Cell{want}}}, got, in)
	}
}

func TestPlaces(t *testing.T) {
	got, spans, err := read(t, `<row r="2" hidden="1"><c r="B2"><v>1</v></c><c><v>2</v></c><c r="Z2"><v> </v></c></row><row><c t="str"><v>x</v></c></row>`+
		`<mergeCell ref="A1:B1"/><mergeCell ref="$C$2:C9"/><mergeCell ref="C9:C2"/><mergeCell ref="x"/>`)
	require.NoError(t, err)
	require.Equal(t, []row{
		{2, true, []sheetfile.Cell{{Col: 2, Text: "1", Kind: sheetfile.Number}, {Col: 3, Text: "2", Kind: sheetfile.Number}}},
		{3, false, []sheetfile.Cell{{Col: 1, Text: "x"}}},
	}, got)
	require.Equal(t, []sheetfile.Span{{FromCol: 1, ToCol: 2, FromRow: 1, ToRow: 1}, {FromCol: 3, ToCol: 3, FromRow: 2, ToRow: 9}}, spans)
	for _, bad := range []string{`<row r="0"/>`, `<row r="2"/><row r="1"/>`, `<row r="1048577"/>`, `<row r="1"><c r="A2"/></row>`, `<row><c r="XFE1"/></row>`, `<row><c r="B1"/><c r="A1"/></row>`} {
		_, _, err := read(t, bad)
		require.ErrorAs(t, err, new(*sheetfile.BadPlace), bad)
	}
	require.Equal(t, "XFD1048576", sheetfile.Name(16384, 1048576))
}

// TestTagsThatDoNotMatch: a cell that was never begun is none.
func TestTagsThatDoNotMatch(t *testing.T) {
	got, _, err := read(t, `<v>7</c></row><row><c><v>1</v></c></c></row>`)
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Empty(t, got[0].cells)
	require.Len(t, got[1].cells, 1)
}

func TestBounds(t *testing.T) {
	for name, change := range map[string]func(map[string]string){
		"unpacked": func(p map[string]string) { p["xl/styles.xml"] = strings.Repeat("<a/>", 1<<19) },
		"text": func(p map[string]string) {
			p["xl/sharedstrings.xml"] = strings.Repeat("<si><t>"+strings.Repeat("a", 4000)+"</t></si>", 20)
		},
		"token": func(p map[string]string) { p["xl/styles.xml"] = "<a b=\"" + strings.Repeat("x", 600<<10) },
	} {
		p := parts("<x/>")
		change(p)
		_, err := open(t, t.Context(), p)
		require.ErrorIs(t, err, sheetfile.ErrUnfolds, name)
	}
	p := parts("<x/>")
	p["xl/workbook.xml"] = `<!DOCTYPE x [<!ENTITY a "b">]>`
	_, err := open(t, t.Context(), p)
	require.ErrorIs(t, err, sheetfile.ErrDeclared)
	_, err = open(t, t.Context(), map[string]string{})
	require.ErrorIs(t, err, sheetfile.ErrNoPart)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = open(t, ctx, parts("<x/>"))
	require.ErrorIs(t, err, context.Canceled)
}
