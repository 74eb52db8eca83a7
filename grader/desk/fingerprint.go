package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"swarmgrade/grader/observe"
)

// fingerprint tells what a plan does to the cluster, and to whom, from what others do: nodes,
// containers that stop with them, services. A plan that does nothing has none.
func fingerprint(p *observe.Plan) string {
	type deed struct {
		ID, Kind, Node, Name string
		Leader               bool
		Students, Stops      []string
	}
	var all []deed
	for _, f := range p.Faults {
		x := deed{Kind: f.Fault.Kind, Node: f.Fault.NodeID, Name: f.Fault.Hostname, Leader: f.Fault.Leader, Students: sorted(f.Students)}
		for _, c := range f.Stops {
			x.Stops = append(x.Stops, strings.Join(c.Names, "/"))
		}
		slices.Sort(x.Stops)
		all = append(all, x)
	}
	for i := range p.Episodes {
		e := &p.Episodes[i]
		if e.Touches() == 0 {
			continue
		}
		x := deed{ID: e.ID, Kind: e.Kind}
		if e.Node != nil {
			x.Node, x.Name = e.Node.NodeID, e.Node.Hostname
		}
		for _, t := range e.Students {
			if t.Gap == nil {
				x.Students = append(x.Students, t.Student+" "+t.Action.Service)
			}
		}
		slices.Sort(x.Students)
		all = append(all, x)
	}
	if len(all) == 0 {
		return ""
	}
	blob, err := json.Marshal(all)
	if err != nil {
		panic(err) // plain strings
	}
	sum := sha256.Sum256(blob)
	return hex.EncodeToString(sum[:16])
}

func sorted(of []string) []string {
	out := slices.Clone(of)
	slices.Sort(out)
	return out
}

func joined(tasks []string) string { return strings.Join(tasks, ",") }
