package rubric_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/rubric"
)

func TestCopy(t *testing.T) {
	data, err := os.ReadFile("testdata/good/full.yaml")
	require.NoError(t, err)
	for name, id := range map[string]string{"plain": "id: demo-lab", "single quotes": "id: 'demo-lab'", "double quotes": `"id":   "demo-lab" # mine`} {
		t.Run(name, func(t *testing.T) {
			text := "# 我的\n" + strings.Replace(string(data), "id: demo-lab", id, 1) + "# the end"
			got := rubric.Copy([]byte(text), "other")
			want := strings.Replace(strings.Replace(text, id, strings.NewReplacer("demo-lab", "other", "'", "").Replace(id), 1), "version: 3", "version: 1", 1)
			if strings.HasPrefix(id, `"`) {
				want = strings.Replace(want, `"other"`, "other", 1)
			}
			require.Equal(t, want, string(got))
			r, err := rubric.Load(got, "other.yaml", fakeKinds{}, fakeActions{})
			require.NoError(t, err)
			require.Equal(t, "other", r.ID)
			require.Equal(t, 1, r.Version)
		})
	}
}

func TestBadID(t *testing.T) {
	for id, good := range map[string]bool{"my-lab": true, "7": true, "": false, "My-lab": false, "a/b": false, "a.b": false, strings.Repeat("a", 65): false} {
		msg, _ := rubric.BadID(id)
		require.Equal(t, good, msg.Empty(), id)
	}
}
