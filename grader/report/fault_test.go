package report

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/result"
)

// A fault that was never injected has no times, was not undone, and says why
// and what to do in the reader's language, at the end and in every file.
func TestAFaultThatWasNotInjected(t *testing.T) {
	why, mend := i18n.M("fault.ssh_key_open", "file", "id"), i18n.M("fault.ssh_key_open_hint", "file", "id")
	for name, f := range map[string]result.Fault{
		"with a reason":    {Kind: "node-stop", Target: "manager-2", Why: why, Mend: mend},
		"never down":       {Kind: "node-stop", Target: "manager-2", Restored: time.Now()},
		"of an older book": {Kind: "node-stop", Target: "manager-2"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, lang := range i18n.Langs {
				d := testData()
				d.Faults = []result.Fault{f}
				var table, js bytes.Buffer
				require.NoError(t, Table(&table, d, Text{Lang: lang, Width: 80}))
				require.NoError(t, JSON(&js, d, lang))
				out := faultLine(lang, f) + table.String()
				for _, nonsense := range []string{"9223372036", "0001-01-01", "undone", "撤销", "恢复"} {
					require.NotContains(t, out, nonsense)
				}
				if !f.Why.Empty() {
					for _, text := range []string{out, js.String()} {
						require.Contains(t, text, lang.Text(why))
						require.Contains(t, text, "chmod 600 id")
					}
				}
			}
		})
	}
}
