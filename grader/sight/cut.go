package sight

import (
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/i18n"
)

// Cut is something that a reading of the cluster had to leave out, since there
// was too much of it.
type Cut struct {
	// List is "services", "tasks", "nodes" or "networks", of the whole swarm;
	// or "tasks" of one Service.
	List    string
	Service *evidence.Service
	// Count is how many there are, at least.
	Count int
	// Running says that not even all of the service's tasks that run were kept.
	Running bool
}

// Cuts are what a snapshot leaves out, whole lists first.
func Cuts(s *evidence.Snapshot) []Cut {
	if s == nil {
		return nil
	}
	var whole, single []Cut
	for _, g := range s.Gaps {
		n, _ := strconv.Atoi(g.Detail)
		list, id, of := strings.Cut(g.What, "/")
		switch {
		case of && list == "tasks":
			at := slices.IndexFunc(s.Services, func(x evidence.Service) bool { return x.ID == id })
			svc := &evidence.Service{ID: id, Name: Short(id)}
			if at >= 0 {
				svc = &s.Services[at]
			}
			single = append(single, Cut{List: list, Service: svc, Count: n, Running: g.Code == "too-large"})
		case g.Code == "too-large" && slices.Contains([]string{"services", "tasks", "nodes", "networks"}, g.What):
			whole = append(whole, Cut{List: g.What, Count: n})
		}
	}
	return append(whole, single...)
}

// Cut gives what keeps this student's evidence from being judged: a list that
// was cut, or the student's own tasks that run. What was left out of other
// services is none of it.
func (v *View) Cut() (Cut, bool) {
	for _, s := range v.c.Snapshots() {
		for _, c := range v.indexOf(s).cuts() {
			if c.Service == nil || c.Running && v.Owns(c.Service) {
				return c, true
			}
		}
	}
	return Cut{}, false
}

// Missing is what a student's checks lack whose evidence was cut.
func (c Cut) Missing() *Missing {
	if s := c.Service; s != nil {
		return &Missing{"tasks/" + s.Name, i18n.M("check.cut_own", "service", s.Name, "n", c.Count), i18n.M("check.cut_own_hint", "service", s.Name)}
	}
	return &Missing{What: c.List, Msg: i18n.M("check.cut_list", "what", c.What(), "n", c.Count)}
}

// What is the list in words.
func (c Cut) What() i18n.Msg { return i18n.M("check.cut_" + c.List) }
