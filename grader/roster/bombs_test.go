//go:build !race

package roster_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/roster"
)

// What reading a file may take, whatever it holds.
const (
	mostMemory = 300 << 20
	mostCPU    = 15 * time.Second // at most one where nothing else runs
)

const bombEnv = "SWARMGRADE_TEST_BOMB"

// TestBombs reads files that unfold to far more than they are, each in a
// process of its own. None is read; each is said to be what it is.
func TestBombs(t *testing.T) {
	if path := os.Getenv(bombEnv); path != "" {
		_, err := roster.LoadClass(t.Context(), roster.Options{Name: path})
		var problems diag.Problems
		require.True(t, errors.As(err, &problems), "%v", err)
		fmt.Printf("BOMB %s\n", strings.SplitN(problems.Error(), "\n", 2)[0])
		return
	}
	if testing.Short() {
		t.Skip("starts some sixty processes")
	}
	for _, b := range bombs() {
		t.Run(b.name, func(t *testing.T) {
			dir := t.TempDir()
			text, file := "class: T\nrubric: ha-lb\ncluster: {sim: lab}\nroster: r\n", "r"
			if b.class {
				text, file = "", "T.yaml"
			}
			path := write(t, dir, "T.yaml", text)
			f, err := os.Create(filepath.Join(dir, file))
			require.NoError(t, err)
			b.write(f)
			require.NoError(t, f.Close())

			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBombs$", "-test.v")
			cmd.Env = append(os.Environ(), bombEnv+"="+path)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			_, said, _ := strings.Cut(string(out), "BOMB ")
			said, _, _ = strings.Cut(said, "\n")
			require.Contains(t, said, b.want)
			use := cmd.ProcessState.SysUsage().(*syscall.Rusage)
			cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			t.Logf("%4d MB, %v: %s", use.Maxrss>>10, cpu, said)
			require.Less(t, use.Maxrss<<10, int64(mostMemory))
			require.Less(t, cpu, mostCPU)
		})
	}
}

// TestReadingEndsWithItsContext: whatever is being read.
func TestReadingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, data := range [][]byte{[]byte(plain), book(t, [][]any{{"id", "name"}, {"1", "n"}}, nil)} {
		list, err := roster.ReadRoster(ctx, data, "r")
		require.ErrorIs(t, err, context.Canceled)
		require.Nil(t, list)
	}
}

type bomb struct {
	name  string
	class bool // in place of the class file
	write func(w io.Writer)
	want  string
}

const (
	head = `<?xml version="1.0" encoding="UTF-8"?>`
	rows = head + `<worksheet><sheetData><row r="1"><c t="inlineStr"><is><t>id</t></is></c><c t="inlineStr"><is><t>name</t></is></c></row>`
	end  = `</sheetData></worksheet>`
)

// filler is a text repeated.
type filler struct {
	text string
	n    int
}

// sheet is a workbook with these parts beside the least that one has.
func sheet(parts map[string][]any) func(io.Writer) {
	return func(w io.Writer) {
		all := map[string][]any{
			"_rels/.rels":     {head + `<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
			"xl/workbook.xml": {head + `<workbook><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`},
			"xl/_rels/workbook.xml.rels": {head + `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>` +
				`<Relationship Id="r2" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="r3" Type="x/styles" Target="styles.xml"/></Relationships>`},
			"xl/sharedStrings.xml": {head + `<sst></sst>`},
			"xl/styles.xml":        {head + `<styleSheet></styleSheet>`},
			sheet1:                 {rows + end},
		}
		for name, text := range parts {
			all[name] = text
		}
		z := zip.NewWriter(w)
		for name, text := range all {
			part, err := z.Create(name)
			if err != nil {
				panic(err)
			}
			fill(part, text)
		}
		if err := z.Close(); err != nil {
			panic(err)
		}
	}
}

func fill(w io.Writer, text []any) {
	for _, x := range text {
		switch x := x.(type) {
		case string:
			_, _ = io.WriteString(w, x)
		case filler:
			block := strings.Repeat(x.text, max(1, min(x.n, 65536/len(x.text))))
			for n := x.n * len(x.text); n > 0; n -= len(block) {
				_, _ = io.WriteString(w, block[:min(n, len(block))])
			}
		}
	}
}

func text(x ...any) func(io.Writer) { return func(w io.Writer) { fill(w, x) } }

const mega = 1 << 20

func bombs() []bomb {
	const tooMuch = "there is too much in it"
	shared := "xl/sharedStrings.xml"
	refs := []any{rows, filler{`<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>`, 20000}, end}
	list := []bomb{
		{name: "a shared text of 60 MB, often", write: sheet(map[string][]any{
			shared: {head, "<sst><si><t>", filler{"x", 60 * mega}, "</t></si></sst>"}, sheet1: refs,
		}), want: tooMuch},
		{name: "a shared text of 10 MB, often", write: sheet(map[string][]any{
			shared: {head, "<sst><si><t>", filler{"x", 10 * mega}, "</t></si></sst>"}, sheet1: refs,
		}), want: tooMuch},
		{name: "a shared text in many pieces, often", write: sheet(map[string][]any{
			shared: {head, "<sst><si>", filler{"<r><t>xxxxxxxxxxxxxxxxxxxxxxxx</t></r>", 500_000}, "</si></sst>"}, sheet1: refs,
		}), want: tooMuch},
		{name: "a text within bounds, too often", write: sheet(map[string][]any{
			shared: {head, "<sst><si><t>", filler{"x", 3000}, "</t></si></sst>"}, sheet1: refs,
		}), want: tooMuch},
		{name: "many shared texts", write: sheet(map[string][]any{shared: {head, "<sst>", filler{"<si></si>", 4_000_000}, "</sst>"}}), want: tooMuch},
		{name: "many formats", write: sheet(map[string][]any{
			"xl/styles.xml": {head, "<styleSheet><cellXfs>", filler{"<xf/>", 8_000_000}, "</cellXfs></styleSheet>"},
		}), want: tooMuch},
		{name: "many relations", write: sheet(map[string][]any{
			"xl/_rels/workbook.xml.rels": {head, "<Relationships>", filler{`<Relationship Id="x" Type="a/worksheet" Target="x"/>`, 800_000}, "</Relationships>"},
		}), want: "cannot be opened"},
		{name: "many sheets of one part", write: sheet(map[string][]any{
			"xl/workbook.xml": {head, "<workbook><sheets>", filler{`<sheet name="S" r:id="r1"/>`, 300_000}, "</sheets></workbook>"},
			sheet1:            {rows, filler{`<row><c><v>1</v></c><c t="str"><v>n</v></c></row>`, 15000}, end},
		}), want: tooMuch},
		{name: "a row far below", write: sheet(map[string][]any{sheet1: {rows, `<row r="2000000000"><c><v>1</v></c></row>`, end}}), want: "which no worksheet has"},
		{name: "a row of the highest number", write: sheet(map[string][]any{sheet1: {rows, `<row r="18446744073709551617"/>`, end}}), want: "which no worksheet has"},
		{name: "a row of a negative number", write: sheet(map[string][]any{sheet1: {rows, `<row r="-5"/>`, end}}), want: "which no worksheet has"},
		{name: "a column far right", write: sheet(map[string][]any{sheet1: {rows, `<row r="2"><c r="ZZZZZZZZ2"><v>1</v></c></row>`, end}}), want: "which no worksheet has"},
		{name: "a cell of another row", write: sheet(map[string][]any{sheet1: {rows, `<row r="2"><c r="A2000000000"><v>1</v></c></row>`, end}}), want: "which no worksheet has"},
		{name: "rows that are wide", write: sheet(map[string][]any{sheet1: {rows, `<row r="2"><c r="IW2"><v>1</v></c></row>`, end}}), want: "more than 256 columns"},
		{name: "many rows that are wide", write: sheet(map[string][]any{
			sheet1: {rows, filler{`<row>` + strings.Repeat("<c/>", 255) + `<c><v>1</v></c></row>`, 20000}, end},
		}), want: tooMuch},
		{name: "many cells", write: sheet(map[string][]any{
			sheet1: {rows, filler{`<row>` + strings.Repeat("<c><v>1</v></c>", 250) + `</row>`, 12000}, end},
		}), want: tooMuch},
		{name: "blank cells", write: sheet(map[string][]any{sheet1: {rows, "<row>", filler{"<c/>", 11 * mega}, "</row>", end}}), want: "which no worksheet has"},
		{name: "long inline texts", write: sheet(map[string][]any{
			sheet1: {rows, filler{`<row><c><v>1</v></c><c t="inlineStr"><is><t>` + strings.Repeat("x", 4000) + `</t></is></c></row>`, 11000}, end},
		}), want: tooMuch},
		{name: "a text without end", write: sheet(map[string][]any{sheet1: {rows, filler{"x", 40 * mega}}}), want: tooMuch},
		{name: "a comment without end", write: sheet(map[string][]any{sheet1: {rows, "<!--", filler{"x", 40 * mega}}}), want: tooMuch},
		{name: "many comments", write: sheet(map[string][]any{sheet1: {rows, filler{"<!---->", 40 * mega / 7}, end}}), want: "no students"},
		{name: "a long attribute", write: sheet(map[string][]any{sheet1: {head, `<worksheet a="`, filler{"x", 40 * mega}, `"/>`}}), want: tooMuch},
		{name: "many attributes", write: sheet(map[string][]any{sheet1: {head, `<worksheet `, filler{`a="" `, 8 * mega}, `/>`}}), want: tooMuch},
		{name: "tags within each other", write: sheet(map[string][]any{sheet1: {rows, filler{"<a>", 13 * mega}}}), want: tooMuch},
		{name: "rows within each other", write: sheet(map[string][]any{sheet1: {rows, filler{"<row><c><v>", 3 * mega}}}), want: "which no worksheet has"},
		{name: "entities", write: sheet(map[string][]any{sheet1: {
			head, `<!DOCTYPE x [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><worksheet><sheetData><row><c t="str"><v>&b;</v></c></row>`, end,
		}}), want: "declares entities"},
		{name: "an entity from outside", write: sheet(map[string][]any{"xl/workbook.xml": {
			head, `<!DOCTYPE x SYSTEM "file:///etc/passwd"><workbook/>`,
		}}), want: "declares entities"},
		{name: "many merged cells", write: sheet(map[string][]any{
			sheet1: {rows, `<row><c><v>1</v></c></row></sheetData><mergeCells>`, filler{`<mergeCell ref="A1:A1048576"/>`, 1_000_000}, `</mergeCells></worksheet>`},
		}), want: "the name is missing"},
		{name: "a part that is larger than it says", write: lying, want: "cannot be opened"},
		{name: "many parts", write: manyParts, want: tooMuch},

		{name: "csv of line ends", write: text(filler{"\n", 16*mega - 1}), want: "lines"},
		{name: "csv of commas", write: text(filler{strings.Repeat(",", 255) + "\n", 65000}), want: tooMuch},
		{name: "csv of quotes", write: text("id,name\n", filler{`"`, 15 * mega}), want: "longer than"},
		{name: "csv with one value", write: text("id,name\n1,\"", filler{strings.Repeat("x", 1000) + "\n", 15000}, "\"\n"), want: "name"},
		{name: "csv of formulas", write: text("id,name\n", filler{`="1",="`, 9000}, "\n"), want: "quotes"},
		{name: "csv of formulas on lines", write: text("id,name\n", filler{"=\"\n", 190_000}), want: "quotes"},
		{name: "csv in no encoding", write: text(filler{"\x81", 16*mega - 1}), want: "encoding"},
		{name: "csv in GBK", write: text(filler{"\xd1\xa7\xba\xc5,", 3 * mega}), want: "longer than"},
		{name: "csv in UTF-16", write: text("\xff\xfe", filler{"\x00\x4e", 7 * mega}), want: "longer than"},
		{name: "csv of errors", write: text("id,name\n", filler{",x\n", 190_000}), want: "ID is missing"},
		{name: "csv of left-out rows", write: text("id,name,x\n", filler{",,x\n", 190_000}), want: ""},

		{name: "yaml aliases", class: true, write: text("class: &a [x,x]\ntitle: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nrubric: &c [*b,*b,*b,*b,*b,*b]\n", filler{"x: [*c,*c,*c,*c,*c]\n", 40000}), want: "T.yaml"},
		{name: "yaml brackets", class: true, write: text("class: ", filler{"[", mega - 100}), want: "T.yaml"},
		{name: "yaml braces", class: true, write: text("class: ", filler{"{a: ", mega/4 - 100}), want: "T.yaml"},
		{name: "yaml dashes", class: true, write: text("class:\n", filler{"- ", mega/2 - 100}), want: "T.yaml"},
		{name: "yaml questions", class: true, write: text("class:\n", filler{"? ", mega/2 - 100}), want: "T.yaml"},
		{name: "yaml of one key", class: true, write: text("class: {", filler{"a: 1, ", mega/6 - 100}, "}"), want: "T.yaml"},
		{name: "yaml of unknown keys", class: true, write: text("class: T\n", filler{"é: 1\n", mega/6 - 100}), want: "T.yaml"},
		{name: "yaml list", class: true, write: text("class: [", filler{"a,", mega/2 - 100}, "]"), want: "T.yaml"},
		{name: "yaml students", class: true, write: text("class: T\nstudents: [", filler{"{id: 1, name: n},", mega/17 - 100}, "]"), want: "T.yaml"},
		{name: "yaml text", class: true, write: text("class: ", filler{"x", mega - 100}), want: "T.yaml"},
		{name: "yaml folded text", class: true, write: text("class: >\n", filler{" x\n", mega/3 - 100}), want: "T.yaml"},
		{name: "yaml quotes", class: true, write: text(`class: "`, filler{`\x41`, mega/4 - 100}, `"`), want: "T.yaml"},
		{name: "yaml comments", class: true, write: text("class: T\n", filler{"#\n", mega/2 - 100}), want: "T.yaml"},
		{name: "yaml documents", class: true, write: text("class: T\n", filler{"---\n", mega/4 - 100}), want: "T.yaml"},
		{name: "yaml tags", class: true, write: text("class: T\ntitle: [", filler{"!a b,", mega/5 - 100}, "]"), want: "T.yaml"},
		{name: "yaml anchors", class: true, write: text("class: T\ntitle: [", filler{"&a b,", mega/5 - 100}, "]"), want: "T.yaml"},
		{name: "yaml control characters", class: true, write: text("class: T\n", filler{"\x01\n", mega/2 - 100}), want: "T.yaml"},
		{name: "yaml too big", class: true, write: text("class: T\n", filler{"#\n", mega}), want: "too large"},
	}
	return list
}

// lying holds a part that unpacks to 100 MB and says that it is ten bytes.
func lying(w io.Writer) {
	var b bytes.Buffer
	sheet(map[string][]any{sheet1: {rows, filler{" ", 100 * mega}, end}})(&b)
	data := b.Bytes()
	at := bytes.LastIndex(data, []byte("PK\x01\x02"))
	for at >= 0 {
		n := int(binary.LittleEndian.Uint16(data[at+28:]))
		if string(data[at+46:at+46+n]) == sheet1 {
			binary.LittleEndian.PutUint32(data[at+24:], 10)
		}
		at = bytes.LastIndex(data[:at], []byte("PK\x01\x02"))
	}
	_, _ = w.Write(data)
}

// manyParts has as many entries as the size of a roster lets it.
func manyParts(w io.Writer) {
	fill(w, []any{"PK\x03\x04", filler{"\x00", 26}})
	entry := append([]byte("PK\x01\x02"), make([]byte, 42)...)
	n := 16*mega/len(entry) - 10
	fill(w, []any{filler{string(entry), n}})
	last := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	binary.LittleEndian.PutUint16(last[8:], uint16(n))
	binary.LittleEndian.PutUint16(last[10:], uint16(n))
	binary.LittleEndian.PutUint32(last[12:], uint32(n*len(entry)))
	binary.LittleEndian.PutUint32(last[16:], 30)
	_, _ = w.Write(last)
}
