package finding_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/finding"
	"swarmgrade/grader/i18n"
)

// TestLostZeros: an ID that differs from the roster's in leading zeros is
// shown to the instructor; that of a classmate is told of as such.
func TestLostZeros(t *testing.T) {
	cases := classOf(3)
	cases[0].Before.Services[0].Env = []string{"STUDENT_ID=00" + cases[0].Bundle.Student.ID}
	got := finding.Class(names, cases)
	require.Len(t, got, 1)
	require.Equal(t, finding.IDZeros, got[0].Kind)
	require.Equal(t, finding.Note, got[0].Kind.Severity())
	require.Equal(t, []string{"2024001"}, got[0].Students)
	require.Equal(t, "学生 2024001 的服务 s01 里，STUDENT_ID 是 002024001，和名单上的学号只差开头的 0：多半是名单丢了 0，没有扣分", i18n.ZH.Text(got[0].Message))

	cases[0].Before.Services[0].Env = []string{"STUDENT_ID=" + cases[1].Bundle.Student.ID}
	for _, f := range finding.Class(names, cases) {
		require.NotEqual(t, finding.IDZeros, f.Kind)
	}
}
