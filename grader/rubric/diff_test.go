package rubric_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/rubric"
)

// TestDiff changes one thing of a rubric at a time.
func TestDiff(t *testing.T) {
	data, err := os.ReadFile("testdata/good/full.yaml")
	require.NoError(t, err)
	old, err := rubric.Load(data, "full.yaml", fakeKinds{}, fakeActions{})
	require.NoError(t, err)
	require.Empty(t, rubric.Diff(old, old))

	replicas, late := "task1.replicas", "task2.late"
	type edits [][2]string
	for name, c := range map[string]struct {
		edits edits
		want  []rubric.Change
	}{
		"comment":        {edits{{"points: 10.5", "points: 10.5 # ten"}}, nil},
		"version":        {edits{{"version: 3", "version: 4"}}, nil},
		"default said":   {edits{{"points: 2.5\n        title", "points: 2.5\n        with: {replicas: 2}\n        title"}}, nil},
		"order of needs": {edits{{"[task1.service, task1.replicas]", "[task1.replicas, task1.service]"}}, nil},
		"parameter":      {edits{{"replicas: 3", "replicas: 4"}}, []rubric.Change{{"check", replicas, "changed", "with.replicas", "3", "4"}}},
		"parameter gone": {edits{{"          any: [a, 007]\n", ""}}, []rubric.Change{{"check", replicas, "changed", "with.any", "[a, 007]", ""}}},
		"title": {edits{{"zh: 三个副本, en: three replicas", "zh: 三个, en: three"}}, []rubric.Change{
			{"check", replicas, "changed", "title.zh", "三个副本", "三个"}, {"check", replicas, "changed", "title.en", "three replicas", "three"},
		}},
		"points": {edits{{"points: 2.25", "points: 2.00"}, {"points: 3.75", "points: 4"}}, []rubric.Change{
			{"check", "task1.service", "changed", "points", "2.25", "2"}, {"check", replicas, "changed", "points", "3.75", "4"},
		}},
		"total": {edits{{"points: 10.5", "points: 11.5"}, {"points: 8", "points: 9"}, {"points: 2.25", "points: 3.25"}}, []rubric.Change{
			{"rubric", "", "changed", "points", "10.5", "11.5"}, {"task", "1", "changed", "points", "8", "9"},
			{"check", "task1.service", "changed", "points", "2.25", "3.25"},
		}},
		"credit":  {edits{{"{linear: {from: 1, to: 0}}", "{bands: [{at_most: 2, points: 1}]}"}}, []rubric.Change{{"check", late, "changed", "credit", "{linear: {from: 1, to: 0}}", "{bands: [{at_most: 2, points: 1}]}"}}},
		"units":   {edits{{"        credit: per_unit\n", ""}}, []rubric.Change{{"check", replicas, "changed", "credit", "per_unit", ""}}},
		"need":    {edits{{"        needs: [task1.service]\n", ""}}, []rubric.Change{{"check", replicas, "changed", "needs", "[task1.service]", ""}}},
		"after":   {edits{{"        after: scaled\n", ""}}, []rubric.Change{{"check", late, "changed", "after", "scaled", ""}}},
		"when":    {edits{{"endpoint_mode: vip, ", ""}}, []rubric.Change{{"task", "1", "changed", "when.endpoint_mode", "vip", ""}}},
		"formula": {edits{{"8000 + int(nn)", "9000 + int(nn)"}}, []rubric.Change{{"var", "published", "changed", "expr", "8000 + int(nn)", "9000 + int(nn)"}}},
		"action":  {edits{{"{replicas: 5}", "{replicas: 6}"}}, []rubric.Change{{"action", "scaled", "changed", "with.replicas", "5", "6"}}},
		"rules": {edits{{"  - {name: served-by, header: X-Served-By}\n", ""}}, []rubric.Change{
			{"rule", "served-by", "removed", "points", "", ""},
		}},
		"order of rules": {edits{{"{name: whoami, builtin: whoami}", "{name: served-by, header: X-Served-By}"}, {"  - {name: served-by, header: X-Served-By}\n  - {name: custom", "  - {name: whoami, builtin: whoami}\n  - {name: custom"}}, []rubric.Change{
			{"rubric", "", "changed", "attribution", "[whoami, served-by, custom]", "[served-by, whoami, custom]"},
		}},
		"check gone": {edits{{"      - {id: task2.note, kind: exists, points: 0, title: {zh: 备注, en: note}}\n", ""}}, []rubric.Change{{"check", "task2.note", "removed", "points", "0", ""}}},
		"check new":  {edits{{"{id: task2.note", "{id: task2.memo"}}, []rubric.Change{{"check", "task2.memo", "added", "points", "", "0"}, {"check", "task2.note", "removed", "points", "0", ""}}},
		"kind":       {edits{{"{id: task2.note, kind: exists, points: 0, title: {zh: 备注, en: note}}", "{id: task2.note, kind: counted, points: 0, title: {zh: 备注, en: note}, with: {replicas: 7}}"}}, []rubric.Change{{"check", "task2.note", "changed", "kind", "exists", "counted"}, {"check", "task2.note", "changed", "with.replicas", "", "7"}, {"check", "task2.note", "changed", "with.image", "", "default"}, {"check", "task2.note", "changed", "with.within", "", "0s"}, {"check", "task2.note", "changed", "with.nested", "", "<nil>"}}},
		"moved": {edits{
			{"      - {id: task2.note, kind: exists, points: 0, title: {zh: 备注, en: note}}\n", ""},
			{"  - id: \"2\"", "      - {id: task2.note, kind: exists, points: 0, title: {zh: 备注, en: note}}\n  - id: \"2\""},
		}, []rubric.Change{{"check", "task2.note", "moved", "task", "2", "1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			text := bytes.Clone(data)
			for _, e := range c.edits {
				i := bytes.LastIndex(text, []byte(e[0]))
				require.GreaterOrEqual(t, i, 0, e[0])
				text = bytes.Join([][]byte{text[:i], text[i+len(e[0]):]}, []byte(e[1]))
			}
			now, err := rubric.Load(text, "full.yaml", fakeKinds{}, fakeActions{})
			require.NoError(t, err)
			require.Equal(t, c.want, rubric.Diff(old, now))
			require.Len(t, rubric.Diff(now, old), len(c.want), "the way back has as many")
		})
	}
}
