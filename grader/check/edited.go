package check

import (
	"cmp"
	"time"

	"swarmgrade/grader/evidence"
)

// editTimes are when a HAProxy started and when the newest of its files was
// changed, both by its engine's clock, to the second.
func editTimes(px *evidence.Proxy) (started, modified string) {
	second := func(s string) string {
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return ""
		}
		return t.UTC().Format("2006-01-02 15:04:05Z")
	}
	for _, f := range px.Files {
		if m := second(f.Modified); f.Source == "archive" && cmp.Compare(m, modified) > 0 {
			modified = m
		}
	}
	return second(px.Started), modified
}
