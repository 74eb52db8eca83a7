package observe

import (
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/rubric"
)

// needsOf is the union of what the checks of the tasks ask for; of two loads
// of one kind the larger one serves both.
func needsOf(rub *rubric.Rubric, tasks []string) []check.Need {
	var out []check.Need
	for _, id := range tasks {
		task, ok := rub.Task(id)
		if !ok {
			continue
		}
		for _, c := range task.Checks {
			for _, need := range check.NeedsOf(c) {
				out = merge(out, need)
			}
		}
	}
	return out
}

func merge(needs []check.Need, n check.Need) []check.Need {
	i := slices.IndexFunc(needs, func(m check.Need) bool {
		return m.Kind == n.Kind && m.From == n.From && m.After == n.After && m.Port == n.Port && m.Service == n.Service && m.Balancer == n.Balancer
	})
	if i < 0 {
		return append(needs, n)
	}
	needs[i].Tasks = max(needs[i].Tasks, n.Tasks)
	needs[i].Spread = needs[i].Spread || n.Spread
	needs[i].Numbers = needs[i].Numbers || n.Numbers
	needs[i].Direct = needs[i].Direct || n.Direct
	needs[i].MaxErrors = min(needs[i].MaxErrors, n.MaxErrors)
	needs[i].Whole = needs[i].Whole || n.Whole
	for _, v := range n.Or {
		if !slices.Contains(needs[i].Or, v) {
			needs[i].Or = append(slices.Clone(needs[i].Or), v)
		}
	}
	if n.Host != "" && (needs[i].Host == "" || needs[i].Host == check.HostConfigured) {
		needs[i].Host = n.Host // a name that is given goes before one that is found
	}
	needs[i].Rate = max(needs[i].Rate, n.Rate)
	return needs
}
