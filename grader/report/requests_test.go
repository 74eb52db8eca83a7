package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// askedData is a class of whom one asked, was asked back and waits, another was answered,
// and a third took it back; all of it in words that mean no good.
func askedData() *result.Data {
	d := testData()
	at := d.Run.Started.AddDate(0, 0, 1)
	word := func(kind result.RequestKind, student bool, text string) result.Word {
		at = at.Add(time.Minute)
		w := result.Word{Kind: kind, Student: student, Who: "wang", Text: text, When: at}
		if student {
			w.Who = "me"
		}
		return w
	}
	asked := word(result.RequestAsked, true, "<script>alert(1)</script> \x1b[31m\u202e=1+1 "+hostile)
	d.Students[0].Requests = []result.Request{{ID: 1, Task: "2", Check: "task2.spread", Words: []result.Word{
		asked, word(result.RequestSaid, false, "which one?"), word(result.RequestSaid, true, "=HYPERLINK(\"x\")"),
	}}}
	d.Students[1].Requests = []result.Request{
		{ID: 2, Task: "1", Words: []result.Word{asked, word(result.RequestDeclined, false, "it was not")}},
		{ID: 3, Words: []result.Word{asked, word(result.RequestWithdrawn, true, "")}},
	}
	return d
}

// TestRequests: they are counted and told wherever a class or a student is, and do no harm.
func TestRequests(t *testing.T) {
	d := askedData()
	for _, lang := range i18n.Langs {
		table := string(render(t, func(b *bytes.Buffer) error { return Table(b, d, Text{Lang: lang, Width: 100}) }))
		require.Contains(t, table, lang.T("requests.count", "all", 3, "open", 1))
		require.Contains(t, table, "task2.spread")
		harmless(t, table)
		var all bytes.Buffer
		for i := range d.Students[:2] {
			require.NoError(t, Detail(&all, d, &d.Students[i], Text{Lang: lang}))
		}
		for _, want := range []string{"which one?", "it was not", lang.T("requests.open"), lang.T("requests.answered"), lang.T("requests.taken_back"), "#3"} {
			require.Contains(t, all.String(), want)
		}
		harmless(t, all.String())

		html := string(render(t, func(b *bytes.Buffer) error { return HTML(b, d, Options{Lang: lang}) }))
		require.Contains(t, html, lang.T("requests.count", "all", 3, "open", 1))
		require.Contains(t, html, "which one?")
		require.NotContains(t, html, "<script>alert")
	}
	var got struct {
		Requests result.RequestCount
		Students []struct{ Requests []JSONRequest }
	}
	raw := render(t, func(b *bytes.Buffer) error { return JSON(b, d, i18n.EN) })
	require.NoError(t, json.Unmarshal(raw, &got))
	require.Equal(t, result.RequestCount{All: 3, Open: 1}, got.Requests)
	require.True(t, got.Students[0].Requests[0].Open)
	require.Len(t, got.Students[0].Requests[0].Words, 3)
	require.Equal(t, "declined", got.Students[1].Requests[0].Words[1].Kind)
	require.NotContains(t, string(render(t, func(b *bytes.Buffer) error { return JSON(b, testData(), i18n.EN) })), "requests")
}

// TestRequestsSheet: the workbook has a row a word, as text, and no sheet where nobody asked.
func TestRequestsSheet(t *testing.T) {
	for _, lang := range i18n.Langs {
		name := lang.T("requests.head")
		f := readBack(t, workbook(t, askedData(), lang))
		rows, err := f.GetRows(name)
		require.NoError(t, err)
		require.Len(t, rows, 8)
		require.Equal(t, "which one?", rows[2][8])
		require.Equal(t, "wang", rows[2][6])
		for i := range rows {
			for k := range rows[i] {
				cell := string(rune('A'+k)) + string(rune('1'+i))
				formula, err := f.GetCellFormula(name, cell)
				require.NoError(t, err)
				require.Empty(t, formula, cell)
			}
		}
		require.NotContains(t, strings.Join(readBack(t, workbook(t, testData(), lang)).GetSheetList(), " "), name)
	}
}

// TestLinksOut: links are whole on the screen, and no cell of the file is a formula.
func TestLinksOut(t *testing.T) {
	links := []Link{
		{URL: "https://lab.example.edu/k/0123456789abcdefghjkmnpqrs"},
		{ID: "0020240101", Name: "=1+1\x1b[31m", URL: "https://lab.example.edu/k/1123456789abcdefghjkmnpqrs", Expires: time.Date(2025, 1, 31, 0, 0, 0, 0, time.UTC)},
	}
	text := string(render(t, func(b *bytes.Buffer) error { return Links(b, links, Text{Lang: i18n.ZH, Width: 20}) }))
	for _, l := range links {
		require.Contains(t, text, l.URL)
	}
	require.Contains(t, text, "（老师）")
	harmless(t, text)
	csv := string(render(t, func(b *bytes.Buffer) error { return LinksCSV(b, links, i18n.EN) }))
	require.Contains(t, csv, "0020240101,'=1+1")
	require.Contains(t, csv, "2025-01-31 00:00\r\n")
	require.NotContains(t, csv, "\x1b")
}
