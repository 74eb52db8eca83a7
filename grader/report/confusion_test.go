package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/check"
	"swarmgrade/grader/i18n"
)

func TestConfusion(t *testing.T) {
	var c Confusion
	differ, total := c.Differ()
	require.Zero(t, differ+total)

	pass, fail := []check.Outcome{check.Pass}, []check.Outcome{check.Fail}
	c.Add("task1.service", pass, check.Pass, true)
	c.Add("task1.service", fail, check.Fail, true)
	c.Add("task1.service", pass, check.Pass, false) // the message differs
	c.Add("task1.nodes", pass, check.Fail, false)
	c.Add("task1.nodes", []check.Outcome{check.Fail, check.Ungraded}, check.Ungraded, true)
	c.Add("task1.nodes", nil, check.Blocked, true) // nothing stated

	differ, total = c.Differ()
	require.Equal(t, 2, differ)
	require.Equal(t, 6, total)

	for _, lang := range []i18n.Lang{i18n.ZH, i18n.EN} {
		var b bytes.Buffer
		require.NoError(t, c.Write(&b, Text{Lang: lang}))
		golden(t, "confusion-"+string(lang)+".txt", b.Bytes())
	}
}
