package haproxy

import (
	"path"
	"strings"

	"swarmgrade/grader/evidence"
)

// Read parses a HAProxy's configuration as its process does: with its
// environment, which is complete only where nothing else starts HAProxy.
func Read(px *evidence.Proxy) *Config {
	env := px.Env
	if !PlainCommand(px.Command) {
		env = nil
		for _, v := range px.Env {
			if !v.Unset {
				env = append(env, v)
			}
		}
	}
	c := Parse(env, px.Files...)
	c.version = versionNumber(Version(px))
	return c
}

// Version is a HAProxy's version such as "2.6.12" or "3.2", "" if nothing tells:
// by what was observed of the image, by the image's tag, by its log.
func Version(px *evidence.Proxy) string {
	if px.Version != "" {
		return px.Version
	}
	if v := VersionOfTag(px.Image); v != "" {
		return v
	}
	return VersionOfLog(px.Log)
}

// VersionOfTag reads the version from an image such as "haproxy:2.6-alpine", ""
// where the tag is none.
func VersionOfTag(image string) string {
	image, _, _ = strings.Cut(image, "@")
	i := strings.LastIndexByte(image, ':')
	name := image
	if i > strings.LastIndexByte(image, '/') {
		name = image[:i]
	}
	if i < len(name) || !strings.Contains(path.Base(name), "haproxy") {
		return ""
	}
	v, _, _ := strings.Cut(image[i+1:], "-")
	return PlainVersion(v)
}

// VersionOfLog reads the version from what HAProxy writes at its start, or with
// its usage.
func VersionOfLog(log string) string {
	for _, head := range []string{"haproxy version is ", "HAProxy version "} {
		if i := strings.LastIndex(log, head); i >= 0 {
			v := log[i+len(head):]
			if j := strings.IndexFunc(v, func(r rune) bool { return (r < '0' || r > '9') && r != '.' }); j >= 0 {
				v = v[:j]
			}
			return PlainVersion(v)
		}
	}
	return ""
}

// PlainVersion is v if it is a version: two to four numbers with dots; else "".
func PlainVersion(v string) string {
	parts := strings.Split(v, ".")
	if len(parts) < 2 || len(parts) > 4 {
		return ""
	}
	for _, p := range parts {
		if p == "" || len(p) > 4 || strings.Trim(p, "0123456789") != "" {
			return ""
		}
	}
	return v
}

// versionNumber turns "2.6.12" into 206, and "" into 0.
func versionNumber(v string) int {
	major, rest, _ := strings.Cut(v, ".")
	return atoi(major)*100 + min(atoi(rest), 99)
}
