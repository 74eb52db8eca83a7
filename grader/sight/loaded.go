package sight

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// Contrast is a place where a HAProxy's statistics page, which shows what was
// loaded, is not what its file says. Both are in the words of a configuration.
type Contrast struct{ File, Page string }

// Loaded sets a HAProxy's statistics page against its file, for the backends
// that a port leads to, and gives the first place where they differ; false if
// there is none, or no page to tell. The page is HAProxy's own word only as far
// as HAProxy answers: it can cast doubt on a file, and never bears one out.
func (v *View) Loaded(px *evidence.Proxy, port string) (Contrast, bool) {
	page, cfg := px.Page, v.Config(px)
	if page == nil || page.Error != "" || page.Truncated || cfg.Unsupported() {
		return Contrast{}, false
	}
	backends := slices.Clone(v.Backends(px, port))
	for _, be := range append(backends, v.conditional(px, port)...) {
		i := slices.IndexFunc(page.Backends, func(b evidence.PageBackend) bool { return b.Name == be.Name })
		if i < 0 {
			return Contrast{be.Kind + " " + clip(be.Name, 60), listed(page.Backends, func(b evidence.PageBackend) string { return b.Name })}, true
		}
		if c, differ := contrast(be, &page.Backends[i]); differ {
			return c, true
		}
	}
	return Contrast{}, false
}

// plain are algorithms that a page names as the configuration does.
var plain = []string{"roundrobin", "static-rr", "leastconn", "source", "random", "first", "uri"}

func contrast(be *haproxy.Proxy, page *evidence.PageBackend) (Contrast, bool) {
	want := slotsOf(be)
	if want == nil {
		return Contrast{}, false
	}
	same := len(want) == len(page.Servers)
	for _, s := range page.Servers {
		same = same && slices.ContainsFunc(want, func(w haproxy.Server) bool { return w.Name == s.Name })
	}
	if !same {
		return Contrast{listed(want, func(s haproxy.Server) string { return s.Name }),
			listed(page.Servers, func(s evidence.PageServer) string { return s.Name })}, true
	}
	for _, w := range want {
		s := page.Servers[slices.IndexFunc(page.Servers, func(s evidence.PageServer) bool { return s.Name == w.Name })]
		ip, isIP := w.Addr.IP()
		address := netip.AddrPortFrom(ip, uint16(w.Port())).String()
		switch {
		case isIP && s.Address != "" && s.Address != address:
			return Contrast{w.Name + " " + w.Addr.Text, s.Name + " " + s.Address}, true
		case s.Weight >= 0 && s.Weight != w.Weight && !w.Option("agent-check"):
			return Contrast{w.Name + " weight " + strconv.Itoa(w.Weight), s.Name + " weight " + strconv.Itoa(s.Weight)}, true
		case s.Backup != w.Backup:
			return Contrast{role(w.Name, w.Backup), role(s.Name, s.Backup)}, true
		}
	}
	if a := be.Balance.Algorithm; a != page.Algorithm && slices.Contains(plain, a) && slices.Contains(plain, page.Algorithm) {
		return Contrast{"balance " + a, "balance " + page.Algorithm}, true
	}
	return Contrast{}, false
}

func role(name string, backup bool) string {
	if backup {
		return name + " backup"
	}
	return name + " no-backup"
}

// slotsOf are the servers of a backend by the names that they have once loaded;
// nil where a line depends on the environment.
func slotsOf(be *haproxy.Proxy) []haproxy.Server {
	out := []haproxy.Server{}
	for _, s := range be.Servers {
		if s.Line.Env {
			return nil
		}
		out = append(out, s)
	}
	for _, t := range be.Templates {
		if t.Server.Line.Env {
			return nil
		}
		for i := range t.Count() {
			s := t.Server
			s.Name = t.Prefix + strconv.Itoa(t.First+i)
			out = append(out, s)
		}
	}
	return out
}

// listed writes names one after the other, the first few of them.
func listed[T any](all []T, name func(T) string) string {
	var words []string
	for _, x := range all {
		words = append(words, name(x))
	}
	if len(words) == 0 {
		return "-"
	}
	return clip(strings.Join(words, ", "), 120)
}

// Stale reports whether what runs may not be what a HAProxy's file says: the
// file is newer, or the statistics page shows something else. A file's time can
// be set back.
func (v *View) Stale(px *evidence.Proxy, port string) bool {
	_, differ := v.Loaded(px, port)
	return differ || EditedSince(px)
}

// PageServers are the servers as the statistics page had them, in few words; nil
// without one.
func (v *View) PageServers(px *evidence.Proxy, port string) []string {
	if px.Page == nil || px.Page.Error != "" {
		return nil
	}
	var out []string
	for _, be := range v.Backends(px, port) {
		for _, b := range px.Page.Backends {
			for _, s := range b.Servers {
				if b.Name == be.Name && len(out) < 20 {
					out = append(out, clip(s.Name, 60)+" "+clip(s.Status, 40))
				}
			}
		}
	}
	return out
}

// EditedSince reports whether a configuration file is newer than the start of
// the container, by the engine's own clock. Seconds are compared: an archive
// keeps no more.
func EditedSince(px *evidence.Proxy) bool {
	started, err := time.Parse(time.RFC3339Nano, px.Started)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(px.Files, func(f evidence.File) bool {
		if f.Source != "archive" {
			return false
		}
		t, err := time.Parse(time.RFC3339Nano, f.Modified)
		return err == nil && t.Sub(started) > time.Second
	})
}

// EditTimes are when a HAProxy started and when the newest of its files was
// changed, both by its engine's clock, to the second.
func EditTimes(px *evidence.Proxy) (started, modified string) {
	second := func(s string) string {
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return ""
		}
		return t.UTC().Format("2006-01-02 15:04:05Z")
	}
	for _, f := range px.Files {
		if m := second(f.Modified); f.Source == "archive" && cmp.Compare(m, modified) > 0 {
			modified = m
		}
	}
	return second(px.Started), modified
}
