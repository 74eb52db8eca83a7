package finding

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/sight"
)

// proxy looks at the state of one student's HAProxy.
func (c *class) proxy(s *student) {
	if s.px == nil || s.px.State != "running" {
		return
	}
	ends := s.ends
	// A classmate's service is told of as shared, and one that is the student's
	// under a wrong name is no stranger's.
	alike := s.view.Alike("service", "published", "")
	at := slices.IndexFunc(ends, func(e sight.End) bool {
		return e.Where == "stand-alone" || e.Where == "other" && c.owner[e.Name] == nil && !slices.Contains(alike, e.Name)
	})
	leads := slices.ContainsFunc(ends, func(e sight.End) bool { return e.Where == "own" || e.Where == "unknown" })
	if at >= 0 && !leads {
		e := ends[at]
		seen := strings.TrimSpace(e.Addr + " " + e.Name)
		c.out = append(c.out, Finding{
			Kind: ServersElsewhere, Students: []string{s.id}, Task: s.Bundle.Task,
			Message:  text(ServersElsewhere, "name", s.px.Name, "line", e.Line, "text", clip(seen, 100)),
			Evidence: []Ref{s.at(e.Line, seen)},
		})
	}
	if line, open := s.view.OpenCondition(s.px, s.port); open {
		c.out = append(c.out, Finding{
			Kind: OpenCondition, Students: []string{s.id}, Task: s.Bundle.Task,
			Message:  text(OpenCondition, "name", s.px.Name, "line", line.Num, "text", clip(strings.TrimSpace(line.Text), 100)),
			Evidence: []Ref{s.at(line.Num, strings.TrimSpace(line.Text))},
		})
	}
	if k, differ := s.view.Loaded(s.px, s.port); differ {
		c.out = append(c.out, Finding{
			Kind: EditedAfterStart, Students: []string{s.id}, Task: s.Bundle.Task,
			Message:  i18n.M("finding.config_loaded_differs", "name", s.px.Name, "page", k.Page, "file", k.File),
			Evidence: []Ref{s.ref("proxies/"+s.px.Name+"/page", k.Page)},
		})
		return
	}
	if !sight.EditedSince(s.px) {
		return
	}
	file := ""
	for _, f := range s.px.Files {
		file = f.Path
	}
	c.add(s, EditedAfterStart, "proxies/"+s.px.Name, file, "name", s.px.Name, "file", file)
}

// hexName is what a container's ID looks like where it is used as a host name.
var hexName = regexp.MustCompile(`^[0-9a-f]{12,64}$`)

// service looks at how one student's service names and describes itself.
func (c *class) service(s *student) {
	if s.svc == nil {
		return
	}
	where := "snapshot/services/" + s.svc.Name
	if host := strings.ToLower(s.svc.Hostname); hexName.MatchString(host) {
		other := "?"
		if svc := s.view.ServiceOf(host); svc != nil {
			other = svc.Name
		}
		c.add(s, AnothersHostname, where, s.svc.Hostname, "service", s.svc.Name, "hostname", clip(s.svc.Hostname, 64), "other", other)
	}
	for _, kv := range s.svc.Env {
		k, v, _ := strings.Cut(kv, "=")
		o := c.byID[strings.TrimSpace(v)]
		if k == "STUDENT_ID" && o == nil && sight.SameButZeros(v, s.id) {
			c.add(s, IDZeros, where, kv, "service", s.svc.Name, "student", s.id, "value", clip(strings.TrimSpace(v), 64))
		}
		if k != "STUDENT_ID" || o == nil || o == s {
			continue
		}
		c.out = append(c.out, Finding{
			Kind: AnothersID, Students: sorted(s.id, o.id), Task: s.Bundle.Task,
			Message:  text(AnothersID, "service", s.svc.Name, "student", s.id, "other", o.id),
			Evidence: []Ref{s.ref(where, kv)},
		})
	}
}

// crowds tells of a student's service with more tasks than are kept.
func (c *class) crowds(s *student) {
	seen := map[string]bool{}
	for _, snap := range s.Snapshots() {
		for _, k := range sight.Cuts(snap) {
			if k.Service != nil && !seen[k.Service.ID] && s.view.Owns(k.Service) {
				seen[k.Service.ID] = true
				c.add(s, TooManyTasks, "snapshot/services/"+k.Service.Name, "", "service", k.Service.Name, "n", k.Count)
			}
		}
	}
}

func sorted(ids ...string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// images tells of students whose containers hold something else than most of
// the class's under the same name and tag.
func (c *class) images() {
	type use struct {
		s         *student
		id, where string
	}
	uses := map[string][]use{}
	var names []string
	add := func(image, id, where string, s *student) {
		if image == "" || id == "" {
			return
		}
		name := sight.BaseImage(image)
		if uses[name] == nil {
			names = append(names, name)
		}
		uses[name] = append(uses[name], use{s, id, where})
	}
	for _, s := range c.students {
		if s.svc != nil {
			seen := map[string]bool{}
			for _, k := range s.containers {
				if k.State == "running" && !seen[k.ImageID] {
					seen[k.ImageID] = true
					add(s.svc.Image, k.ImageID, "snapshot/services/"+s.svc.Name, s)
				}
			}
		}
		if s.px != nil {
			add(s.px.Image, s.px.ImageID, "proxies/"+s.px.Name, s)
		}
	}
	for _, name := range names {
		count, most := map[string]int{}, ""
		for _, u := range uses[name] {
			count[u.id]++
			if n := count[u.id]; most == "" || n > count[most] || n == count[most] && u.id < most {
				most = u.id
			}
		}
		if n := count[most]; n < leastClass || n*5 < len(uses[name])*3 {
			continue
		}
		for _, u := range uses[name] {
			if u.id != most {
				c.add(u.s, ImageDiffers, u.where, u.id, "image", name, "id", digest(u.id), "most", digest(most),
					"n", count[most], "of", len(uses[name]))
			}
		}
	}
}

// repositories tells of services whose image has the name that is asked for but
// comes from another repository than the rubric's image, and than most of the
// class's; and of those with other content, where the rubric gives a digest.
func (c *class) repositories(images []string) {
	count := map[string]int{}
	for _, s := range c.students {
		if s.svc != nil {
			count[sight.Repository(s.svc.Image)]++
		}
	}
	for _, s := range c.students {
		if s.svc == nil {
			continue
		}
		repo := sight.Repository(s.svc.Image)
		where := "snapshot/services/" + s.svc.Name
		usual := count[repo] >= leastClass && count[repo]*5 >= len(c.students)*3
		alike := ""
		for _, want := range images {
			name := sight.Repository(want)
			if repo == name {
				alike, usual = "", true
				break
			}
			if base, own := path.Base(name), path.Base(repo); alike == "" && (base == own || diag.Distance(base, own)*4 <= len(base)) {
				alike = want
			}
		}
		if alike != "" && !usual {
			c.add(s, ImageLooksAlike, where, s.svc.Image, "image", clip(s.svc.Image, 120), "want", alike)
		}
		for _, want := range images {
			_, wanted, ok := strings.Cut(want, "@")
			if ok && s.svc.Digest != "" && s.svc.Digest != wanted && path.Base(sight.Repository(want)) == path.Base(repo) {
				c.out = append(c.out, Finding{
					Kind: ImageDiffers, Students: []string{s.id}, Task: s.Bundle.Task,
					Message:  i18n.M("finding.image_digest_differs", "image", clip(s.svc.Image, 120), "id", digest(s.svc.Digest), "want", digest(wanted)),
					Evidence: []Ref{s.ref(where, s.svc.Digest)},
				})
			}
		}
	}
}

// digest is the part of a digest that people compare.
func digest(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(12, len(id))]
}
