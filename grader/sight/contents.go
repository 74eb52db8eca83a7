package sight

import (
	"slices"

	"swarmgrade/grader/evidence"
)

// Contents are what most of a class run under one name, such as the lab's image: by content,
// since a name says nothing of what an image does. It is made once of a snapshot and only read
// from then on.
//
// A content is known if no other is run by more students, and it is run by two of them at
// least: each counts once, however many containers and services they have. That holds over
// all nodes, or on one, where nodes are of several kinds; and of contents as registries name
// them, or as engines do. Where one student runs anything at all there is nobody to compare
// with: then the name is all there is, if there is one to go by and nothing else runs under it.
type Contents struct {
	named    bool // there is a name to go by
	students int  // who run any
	others   bool // something else runs under the name beside theirs
	digests  map[string]int
	all      map[string]int            // by image ID, how many students run it
	on       map[string]map[string]int // the same on each node
}

// NewContents counts what a class runs. The services are one of each student's, nil for none;
// more are their containers besides, by the same places. Images are the names that count, none
// for all.
func NewContents(idx *Index, services []*evidence.Service, more [][]*evidence.Container, images []string) *Contents {
	c := &Contents{named: len(images) > 0, digests: map[string]int{}, all: map[string]int{}, on: map[string]map[string]int{}}
	counted := map[*evidence.Container]bool{}
	for i, svc := range services {
		ran, unclear := idx.containersOf(svc), false
		if i < len(more) && len(more[i]) > 0 {
			ran = append(ran, more[i]...)
			unclear = differ(ran) // containers on other nodes may have anybody's name
		}
		seen, runs := map[[2]string]bool{}, false
		once := func(node, id string, in map[string]int) {
			if key := [2]string{node, id}; id != "" && !seen[key] {
				seen[key] = true
				in[id]++
			}
		}
		for _, ctr := range ran {
			if ctr == nil || !matchesAny(ctr.Image, images) && (svc == nil || !matchesAny(svc.Image, images)) {
				continue
			}
			counted[ctr], runs = true, runs || ctr.ImageID != ""
			if unclear {
				continue
			}
			if c.on[ctr.NodeID] == nil {
				c.on[ctr.NodeID] = map[string]int{}
			}
			once("", ctr.ImageID, c.all)
			once(ctr.NodeID, ctr.ImageID, c.on[ctr.NodeID])
		}
		if svc != nil && svc.Digest != "" && !unclear && matchesAny(svc.Image, images) && len(idx.Running(svc)) > 0 {
			once("", svc.Digest, c.digests)
		}
		if runs || len(seen) > 0 {
			c.students++
		}
	}
	for i := range idx.Snap.Containers {
		ctr := &idx.Snap.Containers[i]
		c.others = c.others || ctr.State == "running" && !counted[ctr] && c.all[ctr.ImageID] == 0 && ctr.ImageID != "" && matchesAny(ctr.Image, images)
	}
	return c
}

// differ reports whether containers have several contents.
func differ(list []*evidence.Container) bool {
	id := ""
	for _, ctr := range list {
		if ctr == nil || ctr.ImageID == "" {
			continue
		}
		if id != "" && id != ctr.ImageID {
			return true
		}
		id = ctr.ImageID
	}
	return false
}

// KnowsService reports whether all that runs of a service now is what most of the class run:
// by the registry's digest in its settings, or by each of its containers. In the middle of an
// update, also of one that was paused, settings are not what all of its containers were made by.
func (c *Contents) KnowsService(idx *Index, svc *evidence.Service) bool {
	if svc == nil || svc.Halfway() {
		return false
	}
	if svc.Digest != "" && c.common(c.digests, svc.Digest) {
		return true
	}
	ran := idx.containersOf(svc)
	return len(ran) > 0 && !slices.ContainsFunc(ran, func(ctr *evidence.Container) bool { return ctr == nil || !c.KnowsContainer(ctr) })
}

// KnowsContainer reports whether a container runs what most of the class run.
func (c *Contents) KnowsContainer(ctr *evidence.Container) bool {
	return ctr.ImageID != "" && (c.common(c.all, ctr.ImageID) || c.on[ctr.NodeID][ctr.ImageID] > 1 && c.common(c.on[ctr.NodeID], ctr.ImageID))
}

// knowsProxy reports whether it is known what a HAProxy's program is.
func (c *Contents) knowsProxy(idx *Index, px *evidence.Proxy) bool {
	if c == nil {
		return false
	}
	if px.Kind == "service" {
		svc := idx.byID[px.ID]
		return c.KnowsService(idx, svc) && plainHealth(svc.Health) && plainSecrets(svc)
	}
	ctr := idx.Containers[px.ID]
	return ctr != nil && plainHealth(px.Health) && c.KnowsContainer(ctr) && (px.ImageID == "" || px.ImageID == ctr.ImageID)
}

func (c *Contents) common(count map[string]int, id string) bool {
	n := count[id]
	alone := c.named && c.students == 1 && !c.others
	if n == 0 || n == 1 && !alone {
		return false
	}
	for _, other := range count {
		if other > n {
			return false
		}
	}
	return true
}

// containersOf are the containers of a service's running tasks; nil for one that no engine
// told of.
func (x *Index) containersOf(svc *evidence.Service) []*evidence.Container {
	var out []*evidence.Container
	for _, t := range x.Running(svc) {
		out = append(out, x.Containers[t.ContainerID])
	}
	return out
}

func matchesAny(image string, want []string) bool {
	return len(want) == 0 || slices.ContainsFunc(want, func(w string) bool { return ImageMatches(image, w) })
}
