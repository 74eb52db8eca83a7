package swarm

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds on what is kept of an engine's answer; far beyond any real
// deployment, so that only an abuse is cut.
const (
	maxWord    = 256      // bytes of a name, an ID, an address, a state
	maxText    = 4 << 10  // bytes of an environment entry, an argument, a message
	maxEntries = 256      // entries of a list or map inside one object
	maxConfig  = 64 << 10 // bytes kept of one configuration file
	maxConfigs = 16 << 20 // bytes kept of all swarm configs together
	maxObjects = 50_000   // services, tasks, containers of an endpoint, …
)

// clip bounds a string to n bytes without cutting a character apart.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func word(s string) string { return clip(s, maxWord) }
func text(s string) string { return clip(s, maxText) }

// texts bounds a list of strings.
func texts(in []string) []string {
	if len(in) == 0 {
		return nil
	}
	out := make([]string, 0, min(len(in), maxEntries))
	for _, s := range in[:min(len(in), maxEntries)] {
		out = append(out, text(s))
	}
	return out
}

// labels bounds a map; which entries are left of one that is too big is the
// order of their keys.
func labels(in map[string]string) map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, min(len(in), maxEntries))
	for _, k := range sortedKeys(in) {
		if len(out) == maxEntries {
			break
		}
		out[word(k)] = text(in[k])
	}
	return out
}

// whole turns an unsigned count into an int that can't be negative.
func whole(n uint64) int { return int(min(n, math.MaxInt32)) }

// stamp writes an engine's time, all at the same width so that their order is
// the order of the texts; the zero time is no time.
func stamp(t time.Time) string {
	if t.IsZero() || t.Year() <= 1 || t.Year() > 9999 {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000000Z07:00")
}

// splitImage takes name:tag@digest apart.
func splitImage(ref string) (image, digest string) {
	image, digest, _ = strings.Cut(ref, "@")
	return word(image), word(digest)
}
