package rubric

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/strictyaml"
)

// needNode keeps where a check's needs stand until all checks are known.
type needNode struct {
	check *Check
	nodes []*yaml.Node
}

// needs checks every need once all checks of all tasks are known.
func (l *loader) needs(r *Rubric) {
	tasks := map[string]string{} // check → task
	for _, t := range r.Tasks {
		for _, c := range t.Checks {
			if c.ID != "" {
				tasks[c.ID] = t.ID
			}
		}
	}
	graph := map[string][]string{}
	for _, nn := range l.needNodes {
		l.needsOf(nn, tasks, graph)
	}
	done := map[string]bool{}
	for _, nn := range l.needNodes {
		if cycle := findCycle(nn.check.ID, graph, nil, done); cycle != nil {
			at := l.checkIDs[cycle[0]]
			l.doc.Report(at, i18n.M("rubric.cycle", "path", strings.Join(append(cycle, cycle[0]), " → ")), i18n.M("rubric.cycle_hint"))
		}
	}
}

func (l *loader) needsOf(nn needNode, tasks map[string]string, graph map[string][]string) {
	c := nn.check
	for i, need := range c.Needs {
		at := nn.nodes[i]
		task, known := tasks[need]
		switch {
		case need == "":
		case slices.Index(c.Needs, need) < i:
			l.report(at, "rubric.need_twice", "id", need)
		case need == c.ID:
			l.report(at, "rubric.need_self", "id", need)
		case !known:
			var same []string
			for id, t := range tasks {
				if t == c.Task && id != c.ID {
					same = append(same, id)
				}
			}
			slices.Sort(same)
			l.doc.Report(at, i18n.M("rubric.need_unknown", "id", need), strictyaml.Suggest(need, same))
		case task != c.Task:
			l.doc.Report(at, i18n.M("rubric.need_other_task", "id", need, "task", task), i18n.M("rubric.need_other_task_hint"))
		case c.ID != "":
			graph[c.ID] = append(graph[c.ID], need)
		}
	}
}

// findCycle follows the needs of a check and gives the first cycle that it
// meets, once; done holds what has been followed already.
func findCycle(id string, graph map[string][]string, path []string, done map[string]bool) []string {
	if i := slices.Index(path, id); i >= 0 {
		return slices.Clone(path[i:])
	}
	if done[id] {
		return nil
	}
	done[id] = true
	for _, need := range graph[id] {
		if cycle := findCycle(need, graph, append(path, id), done); cycle != nil {
			return cycle
		}
	}
	return nil
}
