package report

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// corpus is what students have tried in names, pages and answers elsewhere.
var corpus = []string{
	hostile, `=1+1`, `+1`, `-1`, `@SUM(A1)`, "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "＝1+1", `=cmd|' /C calc'!A0`, `'=1+1`, `"=1+1"`, `",=1+1`, "\"\r\n=1+1,\"",
	`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `]]><failure/>`, `<!-- `, `<!DOCTYPE x [<!ENTITY a "b">]>&a;`, `&lt;b&gt;`, `&#0;`,
	"\x1b[2J\x1b]0;x\x07", "a\x00b", "\u202eabc\u202c", "\u200fabc\u061c", "\u2066x\u2069", "\ufeffx", "a\u2028b\u2029c", "\xff\xfe\xed\xa0\x80", "\ufffe\uffff",
	"# SKIP all", `\# TODO x`, "ok 7 - mine", "not ok\nok 8", "1..0", "Bail out!", "  ...", "```", "Points Possible", "Muted", "Manual Posting", ";;;;;;;;;;;;",
	strings.Repeat("长", 3500), strings.Repeat(`"`, 10_000), strings.Repeat("<a>", 3000), "{{.ID}}", "%00", "$(id)", "`id`", "مرحبا", "👩‍👩‍👧", "O'Brien", `a\`, "",
}

// exact are IDs that have to come back as they are.
var exact = []string{"0020240101", "202411210000000999", "2024E10", "B2024-001", "00000000000000000000000000000001", "2024.5", "学2024001", "x", "1e5", "TRUE"}

// named is a class with a word wherever one comes from outside.
func named(word, id string) *result.Data {
	d := handedData()
	d.Title, d.Headings = word, []string{word, "用户名"}
	for i := range d.Students {
		s := &d.Students[i]
		s.Name, s.Remark = word, word
		s.Columns = map[string]string{word: word, "用户名": id + strings.Repeat("x", i)}
		for j := range s.Verdicts {
			v := &s.Verdicts[j]
			v.Message, v.Hint = said(word), said(word)
			v.Observed = check.Facts{"image": word}
		}
		for j := range s.Overrides {
			s.Overrides[j].Reason = word
		}
	}
	d.Students[0].ID = id
	return d
}

// all writes every format but those that have tests of their own: the workbook, JSON, pages, figures.
func all(t *testing.T, d *result.Data, o Options) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, f := range Formats() {
		switch {
		case f.Name == "xlsx" || f.Name == "json" || f.Ext == "html" || f.Name == "prometheus":
		case f.Write != nil:
			out[f.Name] = write(t, f.Name, d, o)
		default:
			out[f.Name] = writeEach(t, f.Name, d, 0, o)
		}
	}
	return out
}

// tame holds that text has nothing that steers a terminal, turns a line around, or is
// no text at all.
func tame(t *testing.T, name, text string) {
	t.Helper()
	require.True(t, utf8.ValidString(text), name)
	for _, r := range text {
		bad := unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Co) ||
			unicode.Is(unicode.Cf, r) && r != 0x200c && r != 0x200d && r != 0xfeff || r == 0xfffe || r == 0xffff
		if bad {
			t.Fatalf("%s: %q", name, r)
		}
	}
	require.NotContains(t, strings.TrimPrefix(text, bom), bom, name)
}

// inertCells holds that no cell is computed by a spreadsheet program.
func inertCells(t *testing.T, name string, rows [][]string) {
	t.Helper()
	for _, row := range rows {
		require.Len(t, row, len(rows[0]), name)
		for _, c := range row {
			if _, negative := strings.CutPrefix(c, "-"); negative && strings.Trim(c, "-.0123456789") == "" {
				continue // what lateness took off
			}
			require.False(t, risky(c) || risky(strings.TrimSpace(c)), "%s: %q", name, c)
		}
	}
}

// holdInert checks the files of one word.
func holdInert(t *testing.T, word string) {
	t.Helper()
	for _, lang := range i18n.Langs {
		d := named(word, "0020240101")
		files := all(t, d, Options{Lang: lang, ColumnID: "1"})
		for name, raw := range files {
			text := string(raw)
			switch name {
			case "blackboard":
				units := make([]uint16, 0, len(raw)/2)
				for i := 2; i+1 < len(raw); i += 2 {
					units = append(units, uint16(raw[i])|uint16(raw[i+1])<<8)
				}
				text = string(utf16.Decode(units))
				r := csv.NewReader(strings.NewReader(text))
				r.Comma = '\t'
				rows, err := r.ReadAll()
				require.NoError(t, err)
				require.Len(t, rows, 6, "one row a student with a score")
				inertCells(t, name, rows)
			case "github":
				plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
				require.NoError(t, err)
				text = string(plain)
				githubScore(t, raw)
			case "gradescope":
				score, sum := gradescopeScore(t, raw)
				require.InDelta(t, score, sum, 1e-9)
			case "junit":
				require.Len(t, junitSuites(t, raw), len(d.Students))
				require.NotContains(t, text, "<script")
			case "tap":
				require.Len(t, tapResults(t, raw), 6)
			default:
				rows := readCSV(t, raw)
				require.Len(t, rows, map[string]int{"csv": 8, "moodle": 6, "canvas": 8}[name], name)
				inertCells(t, name, rows)
			}
			tame(t, name, text)
			require.Less(t, len(text), 4_000_000, name)
		}
		for _, row := range readCSV(t, files["moodle"])[1:] {
			require.NotContains(t, row[2], "<", "feedback is shown as HTML")
		}
	}
}

func TestHostileWords(t *testing.T) {
	for _, word := range corpus {
		holdInert(t, word)
	}
}

func FuzzNames(f *testing.F) {
	for _, word := range corpus[:12] { // the rest are in TestHostileWords
		f.Add(word)
	}
	f.Fuzz(holdInert)
}

// TestExactIDs: whoever's ID can be an ID is found by it in every format.
func TestExactIDs(t *testing.T) {
	for _, id := range exact {
		d := named("张三", id)
		d.Headings = nil // IDs are the login names
		o := Options{Lang: i18n.ZH, ColumnID: "1", Item: "Lab (1)"}
		for name, raw := range all(t, d, o) {
			switch name {
			case "csv", "moodle":
				require.Equal(t, id, readCSV(t, raw)[1][0])
			case "canvas":
				require.Equal(t, id, canvasCell(readCSV(t, raw)[2][2]))
			case "blackboard":
				_, scores := loadBlackboard(t, raw)
				require.Equal(t, "93.5", scores[id])
			case "junit":
				require.Equal(t, id, junitSuites(t, raw)[id]["property student"])
			case "tap":
				require.Contains(t, string(raw), "\n# "+id+" 张三\n")
			case "gradescope":
				require.Contains(t, string(raw), `"student": "`+id+`"`)
			}
		}
	}
	// What is a formula, or is rewritten, finds nobody and is said.
	for _, id := range []string{"=1+1", "-2024001", "+86", "@x"} {
		d := named("张三", id)
		d.Headings = nil
		files := all(t, d, Options{Lang: i18n.ZH, ColumnID: "1"})
		require.Equal(t, "'"+id, readCSV(t, files["csv"])[1][0])
		for _, name := range []string{"moodle", "canvas", "blackboard"} {
			f, _ := FindFormat(name)
			require.False(t, bytes.Contains(files[name], []byte(id)), name)
			unfit := Remark{}
			for _, r := range f.Remarks(d, Options{}) {
				if r.Key == "transfer.left_unfit" {
					unfit = r
				}
			}
			require.Equal(t, []string{id}, unfit.Students, name)
		}
	}
	d := named("张三", "000") // Moodle takes a row of 0 for the student before
	require.Len(t, readCSV(t, write(t, "moodle", d, Options{})), 5)
}
