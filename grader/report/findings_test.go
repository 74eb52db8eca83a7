package report

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/finding"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

func found(d *result.Data) *result.Data {
	id := d.Students[0].ID
	d.Findings = []finding.Finding{{
		Kind: finding.EditedAfterStart, Students: []string{id}, Task: "2",
		Message:  i18n.M("finding.config_edited_after_start", "name", "haproxy-01", "file", "=cmd()\x1b[31m"),
		Evidence: []finding.Ref{{Student: id, Bundle: "sha256:b", Where: "proxies/haproxy-01", Seen: "a\nb\u202e"}},
	}}
	return d
}

func TestFindingsOnScreen(t *testing.T) {
	d := found(testData())
	for _, lang := range i18n.Langs {
		var buf bytes.Buffer
		require.NoError(t, Findings(&buf, d, Text{Lang: lang}))
		out := buf.String()
		require.Contains(t, out, d.Students[0].ID+" "+d.Students[0].Name)
		require.Contains(t, out, lang.Text(finding.EditedAfterStart.Title()))
		require.Contains(t, out, "proxies/haproxy-01: a b")
		require.NotContains(t, out, "\x1b")
		require.NotContains(t, out, "\u202e")
		require.NotContains(t, out, "report.")
	}
	d.Findings = nil
	var buf bytes.Buffer
	require.NoError(t, Findings(&buf, d, Text{Lang: i18n.EN}))
	require.Contains(t, buf.String(), "Nothing to look at")
}

func TestFindingsJSON(t *testing.T) {
	type entry struct {
		Kind, Severity, Task, Title, Message string
		Students                             []string
		Evidence                             []map[string]string
	}
	var all, alone struct{ Findings []entry }
	d := found(testData())
	var buf bytes.Buffer
	require.NoError(t, JSON(&buf, d, i18n.EN))
	require.NoError(t, json.Unmarshal(buf.Bytes(), &all))
	buf.Reset()
	require.NoError(t, FindingsJSON(&buf, d, i18n.EN))
	require.NotContains(t, buf.String(), "\u202e")
	require.NoError(t, json.Unmarshal(buf.Bytes(), &alone))
	require.Equal(t, all, alone)
	require.Len(t, alone.Findings, 1)
	f := alone.Findings[0]
	require.Equal(t, []string{"config-edited-after-start", "note", "2"}, []string{f.Kind, f.Severity, f.Task})
	require.Equal(t, "sha256:b", f.Evidence[0]["bundle"])
}

func TestFindingsSheet(t *testing.T) {
	for lang, name := range map[i18n.Lang]string{i18n.ZH: "核查", i18n.EN: "Findings"} {
		require.NotContains(t, readBack(t, workbook(t, testData(), lang)).GetSheetList(), name, "nothing found, no sheet")
		f := readBack(t, workbook(t, found(testData()), lang))
		rows, err := f.GetRows(name)
		require.NoError(t, err)
		require.Len(t, rows, 3)
		require.Equal(t, lang.Text(finding.EditedAfterStart.Title()), rows[1][1])
		require.Contains(t, rows[1][5], "proxies/haproxy-01: a b")
		for i := range rows[1] {
			cell := string(rune('A'+i)) + "2"
			formula, err := f.GetCellFormula(name, cell)
			require.NoError(t, err)
			require.Empty(t, formula, cell)
		}
	}
}
