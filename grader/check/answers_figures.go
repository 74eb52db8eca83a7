package check

import (
	"sort"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/sight"
)

// figuresAt are the figures of one target.
func figuresAt(tr *evidence.Trace, t *sight.Tally, expected []*evidence.Task) Facts {
	counts := make(map[string]int, len(expected))
	for _, task := range expected {
		counts[sight.Short(task.ContainerID)] = t.Own[task.ID]
	}
	f := Facts{
		"target": tr.Target.ID, "address": tr.Target.Address,
		"sent": t.Sent, "failed": t.Failed, "containers": counts,
	}
	if endedEarly(tr) {
		f["at_most"], f["settled_by"] = tr.Target.Requests, tr.By
	}
	if len(t.Errors) > 0 {
		f["errors"] = t.Errors
	}
	if len(t.Foreign) > 0 {
		f["foreign"] = t.Foreign
	}
	for name, n := range map[string]int{"unknown": t.Unknown, "forged": t.Forged, "anonymous": t.Anonymous, "stale": t.Stale} {
		if n > 0 {
			f[name] = n
		}
	}
	return f
}

// mostKey is the key with the highest count, the first by name among equals.
func mostKey(m map[string]int) string {
	best := ""
	for _, k := range sortedKeys(m) {
		if best == "" || m[k] > m[best] {
			best = k
		}
	}
	return best
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func sent(traces []*evidence.Trace) int {
	n := 0
	for _, t := range traces {
		n += t.Sent
	}
	return n
}
