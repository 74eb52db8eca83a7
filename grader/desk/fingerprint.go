package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"swarmgrade/grader/observe"
)

// fingerprint tells what a plan does to the cluster from what others do: which nodes fail, in
// which order and how, and which actions of the rubric are done, to nodes or to services. A plan
// that does nothing has none. Whose services are concerned is not in it: in a class at work
// somebody deploys something at any moment, and no plan that was shown would hold.
func fingerprint(p *observe.Plan) string {
	type deed struct {
		ID, Kind, Node, Name string
		Leader               bool
	}
	var all []deed
	for _, f := range p.Faults {
		all = append(all, deed{Kind: f.Fault.Kind, Node: f.Fault.NodeID, Name: f.Fault.Hostname, Leader: f.Fault.Leader})
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

func joined(tasks []string) string { return strings.Join(tasks, ",") }
