package finding

import (
	"fmt"
	"slices"
	"strings"

	"swarmgrade/grader/evidence"
)

// shared tells of HAProxies that use what is not their student's: a
// classmate's service, or one thing that several use.
func (c *class) shared() {
	type user struct {
		s    *student
		line int
		addr string
	}
	users := map[string][]user{}
	var ends []string
	for _, s := range c.students {
		if s.px == nil {
			continue
		}
		told := map[string]bool{}
		for _, e := range s.ends {
			switch e.Where {
			case "other":
				if o := c.owner[e.Name]; o != nil && o != s && !told[e.Name] {
					told[e.Name] = true
					c.out = append(c.out, Finding{
						Kind: SharedBackend, Students: sorted(s.id, o.id), Task: s.Bundle.Task,
						Message:  text(SharedBackend, "name", s.px.Name, "line", e.Line, "addr", clip(e.Addr, 60), "other", e.Name),
						Evidence: []Ref{s.at(e.Line, e.Addr), o.ref("snapshot/services/"+e.Name, "")},
					})
				}
			case "stand-alone":
				key := "container " + e.Name
				if users[key] == nil {
					ends = append(ends, key)
				}
				if !told[key] {
					told[key] = true
					users[key] = append(users[key], user{s, e.Line, e.Addr})
				}
			}
		}
	}
	for _, end := range ends {
		if len(users[end]) < 2 {
			continue
		}
		u := users[end][0]
		f := Finding{Kind: SharedBackend, Task: u.s.Bundle.Task,
			Message: text(SharedBackend, "name", u.s.px.Name, "line", u.line, "addr", clip(u.addr, 60), "other", strings.TrimPrefix(end, "container "))}
		for _, u := range users[end] {
			f.Students = append(f.Students, u.s.id)
			f.Evidence = append(f.Evidence, u.s.at(u.line, u.addr))
		}
		f.Students = sorted(f.Students...)
		c.out = append(c.out, f)
	}
}

// at points at a line of a student's HAProxy configuration.
func (s *student) at(line int, seen string) Ref {
	return s.ref(fmt.Sprintf("proxies/%s:%d", s.px.Name, line), seen)
}

// usual are ports that a configuration may hold for reasons of its own: they
// are many programs' defaults.
var usual = []string{"8000", "8001", "8080", "8081", "8082", "8088", "8090", "9000", "9001", "9090"}

// numbers tells of another student's numbers left behind in a configuration:
// the ID anywhere, comments too, and ports in the addresses of bind and server
// lines. Names are not looked at: s01, s02, s03 is what people call servers.
func (c *class) numbers() {
	ports, dup := map[string]*student{}, map[string]bool{}
	for _, s := range c.students {
		for _, v := range []string{"published", "frontend"} {
			if p := s.vars[v]; p != "" {
				dup[p] = dup[p] || ports[p] != nil
				ports[p] = s
			}
		}
	}
	for _, s := range c.students {
		if s.px == nil {
			continue
		}
		told := map[*student]bool{s: true}
		tell := func(o *student, line int, word, text1 string) {
			if o == nil || told[o] {
				return
			}
			told[o] = true
			c.out = append(c.out, Finding{
				Kind: AnothersNumbers, Students: []string{s.id, o.id}, Task: s.Bundle.Task,
				Message:  text(AnothersNumbers, "name", s.px.Name, "line", line, "word", word, "other", o.id),
				Evidence: []Ref{s.at(line, text1)},
			})
		}
		for _, l := range configLines(s.px) {
			for _, w := range words(l.text) {
				if o := c.byID[w]; o != nil {
					tell(o, l.num, w, l.text)
				}
			}
			f := strings.Fields(l.text)
			if len(f) < 2 || f[0] != "server" && f[0] != "bind" {
				continue
			}
			addr := f[1]
			if f[0] == "server" && len(f) > 2 {
				addr = f[2]
			}
			port := addr[strings.LastIndexByte(addr, ':')+1:]
			if !dup[port] && !slices.Contains(usual, port) {
				tell(ports[port], l.num, port, l.text)
			}
		}
	}
}

type line struct {
	num  int
	text string
}

// maxLines bounds what is compared of one configuration.
const maxLines = 2000

// configLines are the lines of a HAProxy's files that hold something.
func configLines(px *evidence.Proxy) []line {
	var out []line
	for _, f := range px.Files {
		num := 0
		for l := range strings.Lines(f.Text) {
			num++
			if l = strings.TrimSpace(l); l != "" && len(out) < maxLines {
				out = append(out, line{num, l})
			}
		}
	}
	return out
}

// words are the runs of letters and digits of a text.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_'
	})
}
