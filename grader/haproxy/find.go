package haproxy

import (
	"cmp"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
)

// maxRefs bounds the candidates for one student.
const maxRefs = 4

// Ref points at something in a snapshot that may be a student's HAProxy.
type Ref struct {
	Kind string // container (a stand-alone one), service
	// Endpoint is the address of the engine that listed a container.
	Endpoint string
	ID       string
	Name     string
	// Matched says why it is a candidate: "name", "name-similar", "port".
	Matched string
}

// Find lists what may be the HAProxy of the student whose container should
// carry the name and publish one of the ports: by the exact name (also behind
// a stack's prefix), by a similar one (other case, "_" or nothing for "-",
// the affixes of docker compose), or by a published port. Best first, what
// runs before what doesn't, at most four; the same snapshot gives the same
// list.
//
// A service that publishes the port and looks like the student's own
// application is no candidate. A container that doesn't run publishes nothing,
// so only its name can find it.
func Find(snap *evidence.Snapshot, name string, ports []int) []Ref {
	type candidate struct {
		Ref
		rank    int
		stopped bool
	}
	var found []candidate
	// One container may be listed by two endpoints that are the same engine.
	add := func(r Ref, running bool, names []string, publishes bool) {
		for rank, matched := range []string{"name", "name-similar", "port"} {
			var hit bool
			switch matched {
			case "name":
				hit = slices.ContainsFunc(names, func(n string) bool {
					return n == name || r.Kind == "service" && strings.HasSuffix(n, "_"+name)
				})
			case "name-similar":
				hit = slices.ContainsFunc(names, func(n string) bool { return similar(n, name) })
			case "port":
				hit = publishes
			}
			if hit && name != "" && !slices.ContainsFunc(found, func(c candidate) bool { return c.ID == r.ID }) {
				r.Matched = matched
				found = append(found, candidate{r, rank, !running})
				return
			}
		}
	}

	for _, c := range snap.Containers {
		if c.ServiceID != "" { // a task's container belongs to its service
			continue
		}
		r := Ref{Kind: "container", Endpoint: c.Endpoint, ID: c.ID}
		if len(c.Names) > 0 {
			r.Name = c.Names[0]
		}
		add(r, c.State == "running", c.Names, slices.ContainsFunc(c.Ports, func(p evidence.ContainerPort) bool {
			return p.Public != 0 && slices.Contains(ports, p.Public)
		}))
	}
	running := make(map[string]bool)
	for _, t := range snap.Tasks {
		if t.State == "running" && t.Desired == "running" {
			running[t.ServiceID] = true
		}
	}
	for _, s := range snap.Services {
		add(Ref{Kind: "service", ID: s.ID, Name: s.Name}, running[s.ID], []string{s.Name},
			!application(s) && slices.ContainsFunc(s.Ports, func(p evidence.Port) bool {
				return slices.Contains(ports, p.Published)
			}))
	}

	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), compareBool(a.stopped, b.stopped),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	var refs []Ref
	for _, c := range found[:min(len(found), maxRefs)] {
		refs = append(refs, c.Ref)
	}
	return refs
}

// similar reports whether a name is the wanted one but for case and
// separators, alone or as docker compose writes it: project, service, number.
// It allocates nothing: a class's snapshot is searched once for each student.
func similar(name, want string) bool {
	if endsLike(name, want) {
		return true
	}
	i := strings.LastIndexAny(name, "-_")
	return i > 0 && number(name[i+1:]) && endsLike(name[:i], want)
}

// endsLike compares from the end; what is left over must be set off by a
// separator.
func endsLike(name, want string) bool {
	i, j := len(name)-1, len(want)-1
	for {
		for j >= 0 && separator(want[j]) {
			j--
		}
		if j < 0 {
			return i < 0 || separator(name[i])
		}
		for i >= 0 && separator(name[i]) {
			i--
		}
		if i < 0 || lower(name[i]) != lower(want[j]) {
			return false
		}
		i--
		j--
	}
}

func separator(c byte) bool { return c == '-' || c == '_' || c == '.' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func number(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// application tells the service behind a load balancer from the balancer: it
// says whoami or carries a student's number, and HAProxy is nowhere in it.
func application(s evidence.Service) bool {
	words := []string{s.Name, s.Image}
	words = append(words, s.Command...)
	words = append(words, s.Args...)
	for _, c := range s.Configs {
		words = append(words, c.Name, c.File)
	}
	for _, m := range s.Mounts {
		words = append(words, m.Source, m.Target)
	}
	if strings.Contains(strings.ToLower(strings.Join(words, " ")), "haproxy") {
		return false
	}
	return strings.Contains(s.Image, "whoami") || slices.ContainsFunc(s.Env, func(e string) bool {
		return strings.HasPrefix(e, "STUDENT_ID=")
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
