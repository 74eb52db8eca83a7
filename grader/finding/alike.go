package finding

import (
	"cmp"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Everybody starts from the handout's configuration, so that two files being
// alike says nothing. What says something is what two of them share and hardly
// anybody else has: a comment word for word, odd names, odd values. A line that
// more than a tenth of the class have (but always more than three), or more than sixty of any class, is taken for
// the handout's or a habit of the field: so many did not copy from each other, and pairs of thousands would be millions.
const (
	habitShare  = 10 // one in so many
	habitLeast  = 3
	habitMost   = 60
	enoughAlike = 4 // weight of shared lines that is worth a word
	shownLines  = 3
	leastFiles  = 5 // of fewer nobody can say what is usual
)

// template are lines that courses hand out and that anybody would write.
var template = func() map[string]bool {
	s := &student{vars: map[string]string{"published": "8001", "frontend": "9001", "service": "s01"}}
	out := map[string]bool{}
	for l := range strings.Lines(`global
daemon
maxconn 256
log stdout format raw local0
defaults
mode http
log global
option httplog
option dontlognull
balance roundrobin
timeout connect 5s
timeout client 50s
timeout server 50s
timeout connect 5000ms
timeout client 50000ms
timeout server 50000ms
timeout connect 5000
timeout client 50000
timeout server 50000
frontend http-in
frontend http_front
frontend main
bind *:9001
default_backend servers
default_backend http_back
backend servers
backend http_back
server node1 10.0.0.1:8001 check
server node2 10.0.0.1:8001 check
server node3 10.0.0.1:8001 check
server manager-1 10.0.0.1:8001 check
server manager-2 10.0.0.1:8001 check
server manager-3 10.0.0.1:8001 check
server s1 10.0.0.1:80 check
server s2 10.0.0.1:80 check
server s3 10.0.0.1:80 check
server task1 10.0.0.1:80 check
server task2 10.0.0.1:80 check
server task3 10.0.0.1:80 check
resolvers docker
nameserver dns 127.0.0.11:53
nameserver dns1 127.0.0.11:53
stats enable
stats uri /stats
stats refresh 10s
`) {
		out[s.normal(strings.TrimSpace(l))] = true
	}
	return out
}()

// alike tells of configurations that share unusual lines, each student's own
// names, numbers and addresses apart.
func (c *class) alike() {
	type place struct {
		s    *student
		line line
	}
	has := map[string][]place{}
	files := 0
	for _, s := range c.students {
		if s.px == nil || len(s.px.Files) == 0 {
			continue
		}
		files++
		seen := map[string]bool{}
		for _, l := range configLines(s.px) {
			n := s.normal(l.text)
			if !seen[n] && weight(n) > 0 && !template[n] {
				seen[n] = true
				has[n] = append(has[n], place{s, l})
			}
		}
	}
	if files < leastFiles {
		return
	}
	type pair struct{ a, b *student }
	type match struct {
		weight int
		lines  []string
		at     [2][]Ref
	}
	pairs := map[pair]*match{}
	for _, n := range slices.Sorted(maps.Keys(has)) {
		at := has[n]
		if len(at) < 2 || len(at) > min(habitMost, max(habitLeast, files/habitShare)) {
			continue
		}
		for i := range at {
			for _, b := range at[i+1:] {
				a := at[i]
				m := pairs[pair{a.s, b.s}]
				if m == nil {
					m = &match{}
					pairs[pair{a.s, b.s}] = m
				}
				m.weight += weight(n)
				m.lines = append(m.lines, n)
				m.at[0] = append(m.at[0], a.s.at(a.line.num, a.line.text))
				m.at[1] = append(m.at[1], b.s.at(b.line.num, b.line.text))
			}
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(pairs), func(x, y pair) int {
		return cmp.Or(strings.Compare(x.a.id, y.a.id), strings.Compare(x.b.id, y.b.id))
	}) {
		m := pairs[p]
		if m.weight < enoughAlike {
			continue
		}
		f := Finding{Kind: NearIdentical, Students: sorted(p.a.id, p.b.id), Task: p.a.Bundle.Task}
		n := min(shownLines, len(m.lines))
		f.Message = text(NearIdentical, "n", len(m.lines), "lines", clipAll(m.lines[:n]))
		f.Evidence = append(append(f.Evidence, m.at[0][:n]...), m.at[1][:n]...)
		c.out = append(c.out, f)
	}
}

func clipAll(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = clip(l, 60)
	}
	return out
}

var spaces = regexp.MustCompile(`\s+`)

// normal is a line without what differs from student to student anyway: case,
// spacing, addresses, and the student's own names and numbers.
func (s *student) normal(l string) string {
	l = spaces.ReplaceAllString(strings.ToLower(l), " ")
	out := make([]string, 0, 8)
	for _, w := range strings.Split(l, " ") {
		host, port, _ := strings.Cut(w, ":")
		if _, err := netip.ParseAddr(host); err == nil || host == "*" {
			w = "<ip>:" + port
		}
		for _, v := range s.own {
			w = strings.ReplaceAll(w, strings.ToLower(s.vars[v]), "<"+v+">")
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

// ownVars are the variables whose values tell a student, the longest value
// first: haproxy-01 before 01.
func (s *student) ownVars() []string {
	own := slices.Collect(maps.Keys(s.vars))
	own = slices.DeleteFunc(own, func(v string) bool { return len(s.vars[v]) <= 2 })
	slices.SortFunc(own, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(s.vars[b]), len(s.vars[a])), cmp.Compare(a, b))
	})
	return own
}

// weight is how much a shared line says: a comment in the same words says most,
// single words nothing.
func weight(n string) int {
	if text, ok := strings.CutPrefix(n, "#"); ok {
		if len([]rune(strings.TrimSpace(text))) >= 10 {
			return 3
		}
		return 0
	}
	if !strings.Contains(n, " ") {
		return 0
	}
	if i := strings.Index(n, " #"); i > 0 && len([]rune(n[i:])) >= 10 {
		return 3
	}
	return 1
}
