package i18n_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"swarmgrade/grader/i18n"
)

var update = flag.Bool("update", false, "add to testdata/released.txt what a gradebook may hold from now on")

// stored are the areas whose sentences gradebooks hold: verdicts keep a key and
// its values for ever, the words are today's.
var stored = []string{"check", "fact", "fault", "haproxy", "judge", "loadgen", "observe", "roster", "swarm"}

const released = "testdata/released.txt"

// TestReleasedKeysStay: testdata/released.txt only ever grows. A sentence may be
// worded anew, with fewer values; its key stays, and no value that
// was not stored with it is asked for. A sentence that means something else has
// another key.
func TestReleasedKeysStay(t *testing.T) {
	was := map[string][]string{}
	data, err := os.ReadFile(released)
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		require.NotEmpty(t, words)
		require.NotContains(t, was, words[0], "twice in %s", released)
		was[words[0]] = words[1:]
	}
	for _, lang := range i18n.Langs {
		for key, given := range was {
			raw, ok := lang.Raw(key)
			if !ok {
				t.Errorf("%s has no sentence %s any more: gradebooks hold it", lang, key)
			}
			for _, name := range placeholders(raw) {
				if !slices.Contains(given, name) {
					t.Errorf("%s: %s asks for {%s}, which gradebooks do not hold: give the new sentence a key of its own", lang, key, name)
				}
			}
		}
	}
	var grown strings.Builder
	for _, key := range i18n.ZH.Keys() {
		area, _, _ := strings.Cut(key, ".")
		if _, ok := was[key]; ok || !slices.Contains(stored, area) {
			continue
		}
		names := map[string]bool{}
		for _, lang := range i18n.Langs {
			raw, _ := lang.Raw(key)
			for _, name := range placeholders(raw) {
				names[name] = true
			}
		}
		grown.WriteString(strings.Join(append([]string{key}, slices.Sorted(maps.Keys(names))...), " ") + "\n")
	}
	if grown.Len() == 0 {
		return
	}
	if !*update {
		t.Fatalf("not in %s yet (go test ./grader/i18n -run Released -update):\n%s", released, grown.String())
	}
	require.NoError(t, os.WriteFile(released, append(data, grown.String()...), 0o600))
}
