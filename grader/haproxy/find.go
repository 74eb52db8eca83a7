package haproxy

import (
	"cmp"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
)

// maxRefs bounds the candidates for one student, maxEnds the parts that a name has in between
// separators.
const (
	maxRefs = 4
	maxEnds = 64
)

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

// Finder finds HAProxies in one snapshot, which it has looked through once: a class's is
// searched for each of its students.
type Finder struct {
	all []suspect
	// Places in all: by the names in full, by what is left of them and of their ends without
	// case and separators, and by published port.
	exact, alike map[string][]int
	port         map[int][]int
}

// suspect is what may be somebody's HAProxy.
type suspect struct {
	Ref
	running bool
	names   []string
}

// NewFinder looks through a snapshot.
func NewFinder(snap *evidence.Snapshot) *Finder {
	f := &Finder{exact: map[string][]int{}, alike: map[string][]int{}, port: map[int][]int{}}
	add := func(s suspect, ports []int) {
		at := len(f.all)
		f.all = append(f.all, s)
		for _, name := range s.names {
			note(f.exact, name, at)
			ends := 0 // a name of nothing but dashes has as many as it is long
			for i := len(name); i >= 0 && ends < maxEnds; i-- {
				if i > 0 && !separator(name[i-1]) {
					continue
				}
				ends++
				f.ends(name[i:], at)
				if s.Kind == "service" && i > 0 && name[i-1] == '_' {
					note(f.exact, name[i:], at)
				}
			}
		}
		for _, p := range ports {
			note(f.port, p, at)
		}
	}
	for _, c := range snap.Containers {
		if c.ServiceID != "" { // a task's container belongs to its service
			continue
		}
		s := suspect{Ref: Ref{Kind: "container", Endpoint: c.Endpoint, ID: c.ID}, running: c.State == "running", names: c.Names}
		if len(c.Names) > 0 {
			s.Name = c.Names[0]
		}
		var ports []int
		for _, p := range c.Ports {
			if p.Public != 0 {
				ports = append(ports, p.Public)
			}
		}
		add(s, ports)
	}
	running := make(map[string]bool)
	for _, t := range snap.Tasks {
		if t.State == "running" && t.Desired == "running" {
			running[t.ServiceID] = true
		}
	}
	for _, s := range snap.Services {
		var ports []int
		if len(s.Ports) > 0 && !application(s) {
			for _, p := range s.Ports {
				ports = append(ports, p.Published)
			}
		}
		add(suspect{Ref: Ref{Kind: "service", ID: s.ID, Name: s.Name}, running: running[s.ID], names: []string{s.Name}}, ports)
	}
	return f
}

// note adds a place once.
func note[K comparable](to map[K][]int, key K, at int) {
	if list := to[key]; len(list) == 0 || list[len(list)-1] != at {
		to[key] = append(list, at)
	}
}

// ends notes the end of a name, with and without the number that docker compose adds.
func (f *Finder) ends(end string, at int) {
	note(f.alike, bare(end), at)
	if i := strings.LastIndexAny(end, "-_"); i >= 0 && number(end[i+1:]) {
		note(f.alike, bare(end[:i]), at)
	}
}

// bare is a name without case and separators.
func bare(name string) string {
	out := make([]byte, 0, len(name))
	for i := range len(name) {
		if !separator(name[i]) {
			out = append(out, lower(name[i]))
		}
	}
	return string(out)
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
func (f *Finder) Find(name string, ports []int) []Ref {
	if name == "" {
		return nil
	}
	type candidate struct {
		suspect
		rank int
	}
	publishes := map[int]bool{}
	var places []int
	for _, p := range ports {
		for _, at := range f.port[p] {
			publishes[at] = true
		}
		places = append(places, f.port[p]...)
	}
	places = append(append(places, f.exact[name]...), f.alike[bare(name)]...)
	slices.Sort(places)
	var found []candidate
	for _, at := range slices.Compact(places) {
		s := f.all[at]
		// One container may be listed by two endpoints that are the same engine.
		if slices.ContainsFunc(found, func(c candidate) bool { return c.ID == s.ID }) {
			continue
		}
		c := candidate{suspect: s}
		switch {
		case slices.ContainsFunc(s.names, func(n string) bool { return n == name || s.Kind == "service" && strings.HasSuffix(n, "_"+name) }):
			c.Matched = "name"
		case slices.ContainsFunc(s.names, func(n string) bool { return similar(n, name) }):
			c.Matched, c.rank = "name-similar", 1
		case publishes[at]:
			c.Matched, c.rank = "port", 2
		default:
			continue
		}
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), compareBool(!a.running, !b.running),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	var refs []Ref
	for _, c := range found[:min(len(found), maxRefs)] {
		refs = append(refs, c.Ref)
	}
	return refs
}

// Find is that of a snapshot which is searched once.
func Find(snap *evidence.Snapshot, name string, ports []int) []Ref {
	return NewFinder(snap).Find(name, ports)
}

// similar reports whether a name is the wanted one but for case and
// separators, alone or as docker compose writes it: project, service, number.
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
