package sight

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
)

// Alike are services that may be the student's under another name: those that
// carry the student's ID, publish the student's port or are on the student's
// network, and names that differ only in case, dashes or leading zeros. No port is ""; so is
// a network, which then is the rubric's, of the service that the rubric is about first.
// What publishes the port of another service of the student's is meant for that one.
// Those of that port or nearly that name come first.
func (v *View) Alike(nameVar, portVar, networkVar string) []string {
	want := squash(v.vars[nameVar])
	if networkVar == "" && nameVar == v.names.Service {
		networkVar = v.names.Network
	}
	network := v.vars[networkVar]
	var sure, maybe []string
	for _, i := range v.idx.likely().places(want, v.vars["id"], v.vars[portVar], network) {
		s := &v.idx.Snap.Services[i]
		// One that is there under its name is no other's.
		if s.Name == v.vars[nameVar] || v.ownName(s.Name) {
			continue
		}
		near := slices.Contains(s.Env, idEnv+v.vars["id"])
		for _, id := range s.Networks {
			near = near || network != "" && v.NetworkName(id) == network && s.Name != v.vars[v.names.Balancer] && !strings.Contains(s.Image, "haproxy")
		}
		switch {
		case squash(s.Name) == want, v.publishes(s, func(port string) bool { return port == v.vars[portVar] }):
			sure = append(sure, s.Name)
		case near && !v.publishes(s, func(port string) bool { return v.otherPort(portVar, port) }):
			maybe = append(maybe, s.Name)
		}
	}
	out := append(sure, maybe...)
	return out[:min(len(out), 5)]
}

// publishes reports whether a service publishes such a port.
func (v *View) publishes(s *evidence.Service, such func(port string) bool) bool {
	return slices.ContainsFunc(s.Ports, func(p evidence.Port) bool { return p.Published > 0 && such(strconv.Itoa(p.Published)) })
}

// otherPort reports whether a port is that of a service of the student's which is to
// publish another than the one under a variable.
func (v *View) otherPort(portVar, port string) bool {
	for _, other := range v.names.Ports {
		if other != portVar && v.vars[other] == port {
			return true
		}
	}
	return false
}

// ownName reports whether a service of the student's is called so.
func (v *View) ownName(name string) bool {
	for service := range v.names.Ports {
		if v.vars[service] == name {
			return true
		}
	}
	return false
}

// Owns reports whether a service is under one of the student's names, or their
// HAProxy.
func (v *View) Owns(svc *evidence.Service) bool {
	for name, value := range v.vars {
		if name != "id" && name != "name" && value == svc.Name {
			return true
		}
	}
	return slices.ContainsFunc(v.proxies, func(p evidence.Proxy) bool { return p.ID == svc.ID })
}

// BeingChanged is a service of the student's that another grader was changing when the
// cluster was read, nil for none: what was seen of it is not what the student made.
func (v *View) BeingChanged() *evidence.Service {
	for _, x := range []*Index{v.idx, v.after} {
		if x == nil {
			continue
		}
		for _, svc := range x.marked {
			if v.Owns(svc) {
				return svc
			}
		}
	}
	return nil
}

// separators is built once: names are compared each with each.
var separators = strings.NewReplacer("-", "", "_", "", ".", "")

// NearlySame reports whether two names differ in no more than case, dashes and
// leading zeros.
func NearlySame(a, b string) bool { return a == b || squash(a) == squash(b) }

// squash drops what people get wrong in a name.
func squash(s string) string {
	s = separators.Replace(strings.ToLower(s))
	head := strings.TrimRight(s, "0123456789")
	digits := strings.TrimLeft(s[len(head):], "0")
	return head + digits
}

// SameButZeros reports whether two student IDs are different numbers of one
// value: a spreadsheet takes leading zeros away.
func SameButZeros(a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	return a != b && digits(a) && digits(b) && strings.TrimLeft(a, "0") == strings.TrimLeft(b, "0")
}

// LookupEnv finds a variable; the last of several counts, as in a container.
func LookupEnv(svc *evidence.Service, name string) (value string, found bool, alike string) {
	for _, kv := range svc.Env {
		k, v, _ := strings.Cut(kv, "=")
		switch {
		case k == name:
			value, found = v, true
		case squash(k) == squash(name):
			alike = k
		}
	}
	return value, found, alike
}

// IsAnothers reports whether a service says that it is another student's.
func (v *View) IsAnothers(svc *evidence.Service) bool {
	if svc == nil || squash(svc.Name) == squash(v.SubjectName()) {
		return svc == nil
	}
	id, set, _ := LookupEnv(svc, "STUDENT_ID")
	return set && strings.TrimLeft(strings.TrimSpace(id), "0") != strings.TrimLeft(v.vars["id"], "0")
}

// Publisher is another service that publishes a port through the mesh.
func (v *View) Publisher(port, except string) string {
	n, err := strconv.Atoi(port)
	if err != nil || strconv.Itoa(n) != port {
		return ""
	}
	for _, s := range v.idx.publishers[n] {
		if s.Name != except {
			return s.Name
		}
	}
	return ""
}

// PublishedPort is the entry of a service's published port, or nil.
func PublishedPort(svc *evidence.Service, published string) *evidence.Port {
	for i := range svc.Ports {
		if port := &svc.Ports[i]; strconv.Itoa(port.Published) == published && port.Protocol == "tcp" {
			return port
		}
	}
	return nil
}

func splitTag(image string) (name, tag string) {
	image, _, _ = strings.Cut(image, "@")
	slash := strings.LastIndexByte(image, '/')
	if colon := strings.LastIndexByte(image, ':'); colon > slash {
		return image[:colon], image[colon+1:]
	}
	return image, ""
}

// ImageMatches compares path parts from the right; a registry's port is no
// tag, and no tag is latest.
func ImageMatches(image, want string) bool {
	image, tag := splitTag(image)
	want, wantTag := splitTag(want)
	if wantTag != "" && wantTag != cmp.Or(tag, "latest") {
		return false
	}
	return image == want || strings.HasSuffix(image, "/"+want)
}

// Repository is an image's full name without tag and digest; Docker's own
// registry goes without saying.
func Repository(image string) string {
	name, _ := splitTag(image)
	return strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
}

// BaseImage is an image's name without registry, and its tag.
func BaseImage(image string) string {
	name, tag := splitTag(image)
	if tag == "" {
		tag = "latest"
	}
	return name[strings.LastIndexByte(name, '/')+1:] + ":" + tag
}
