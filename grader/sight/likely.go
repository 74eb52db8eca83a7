package sight

import (
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
)

// idEnv begins the line of the environment that says whose a service is.
const idEnv = "STUDENT_ID="

// likely finds the services of a snapshot by what may tell whose they are, in places of the
// snapshot's list: a class's are looked through for each of its students.
type likely struct {
	name    map[string][]int // squashed
	env     map[string][]int // by the whole line
	port    map[string][]int
	network map[string][]int // by its name
}

func newLikely(s *evidence.Snapshot) *likely {
	x := &likely{name: map[string][]int{}, env: map[string][]int{}, port: map[string][]int{}, network: map[string][]int{}}
	if s == nil {
		return x
	}
	called := map[string]string{}
	for _, n := range s.Networks {
		if _, known := called[n.ID]; !known { // as [View.NetworkName] has it
			called[n.ID] = n.Name
		}
	}
	for i := range s.Services {
		svc := &s.Services[i]
		x.name[squash(svc.Name)] = append(x.name[squash(svc.Name)], i)
		for _, e := range svc.Env {
			if strings.HasPrefix(e, idEnv) {
				x.env[e] = append(x.env[e], i)
			}
		}
		for _, p := range svc.Ports {
			if p.Published > 0 {
				key := strconv.Itoa(p.Published)
				x.port[key] = append(x.port[key], i)
			}
		}
		for _, id := range svc.Networks {
			name, known := called[id]
			if !known {
				name = id
			}
			x.network[name] = append(x.network[name], i)
		}
	}
	return x
}

// places are the services of a squashed name, that say they are of a student, of a published port or
// on a network, in the snapshot's order; no network is "".
func (x *likely) places(name, student, port, network string) []int {
	out := slices.Concat(x.name[name], x.env[idEnv+student], x.port[port])
	if network != "" {
		out = append(out, x.network[network]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
