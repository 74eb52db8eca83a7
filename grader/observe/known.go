package observe

import (
	"slices"

	"swarmgrade/grader/check"
	"swarmgrade/grader/evidence"
	"swarmgrade/grader/rubric"
	"swarmgrade/grader/sight"
)

// crowd is the class, by whose images it is told whether a student's are the lab's.
type crowd struct {
	vars   map[string]map[string]string // names and ports by student
	images map[string][]string          // that the rubric accepts, by the variable with the service's name
	needs  []check.Need                 // of all tasks
}

func newCrowd(rub *rubric.Rubric, vars map[string]map[string]string) *crowd {
	var tasks []string
	for i := range rub.Tasks {
		tasks = append(tasks, rub.Tasks[i].ID)
	}
	return &crowd{vars: vars, images: check.ImagesOf(rub), needs: needsOf(rub, tasks)}
}

// holder is what has a port published: a service, or a container on one node.
type holder struct{ id, node string }

// knowing is a lookup that can tell what is known of whoever answers. All that takes the whole
// snapshot is read here: students are observed side by side. A nil class knows nothing.
func knowing(snap *evidence.Snapshot, class *crowd) *lookup {
	x := newLookup(snap)
	if class == nil {
		return x
	}
	x.crowd, x.held, x.contents = class, map[int][]holder{}, map[string]*sight.Contents{}
	for i := range snap.Services {
		for _, p := range snap.Services[i].Ports {
			x.held[p.Published] = append(x.held[p.Published], holder{id: snap.Services[i].ID})
		}
	}
	alone := map[string][]*evidence.Container{}
	for i := range snap.Containers {
		ctr := &snap.Containers[i]
		if ctr.ServiceID != "" || ctr.State != "running" {
			continue
		}
		for _, name := range ctr.Names {
			alone[name] = append(alone[name], ctr)
		}
		for _, p := range ctr.Ports {
			x.held[p.Public] = append(x.held[p.Public], holder{ctr.ID, ctr.NodeID})
		}
	}
	for _, n := range class.needs {
		if n.Early() {
			x.count(n.Service, class.images[n.Service], nil)
			x.count(n.Balancer, []string{"haproxy"}, alone)
		}
	}
	return x
}

// count counts what the class runs under the names that a variable holds.
func (x *lookup) count(variable string, images []string, alone map[string][]*evidence.Container) {
	if variable == "" || x.contents[variable] != nil {
		return
	}
	var services []*evidence.Service
	var more [][]*evidence.Container
	for _, vars := range x.crowd.vars {
		services, more = append(services, x.service[vars[variable]]), append(more, alone[vars[variable]])
	}
	x.contents[variable] = sight.NewContents(x.index, services, more, images)
}

// known reports whether it is known what a service's containers answer with: by the image
// that the rubric names, where it names any, by the content that most of the class run, and by
// settings that add nothing to it.
func (x *lookup) known(svc *evidence.Service, variable string) bool {
	if x.contents[variable] == nil || !sight.Plain(svc) {
		return false
	}
	images := x.crowd.images[variable]
	if len(images) > 0 && !slices.ContainsFunc(images, func(want string) bool { return sight.ImageMatches(svc.Image, want) }) {
		return false
	}
	return x.contents[variable].KnowsService(x.index, svc)
}

// sole reports whether nothing but a service, or one container, has a port of a node.
func (x *lookup) sole(port int, node, own string) bool {
	return !slices.ContainsFunc(x.held[port], func(h holder) bool { return h.id != own && (h.node == "" || h.node == node) })
}
