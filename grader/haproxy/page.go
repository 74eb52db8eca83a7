package haproxy

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
)

// Limits on a statistics page.
const (
	MaxPage     = 1 << 20 // bytes
	maxPageRows = 4096
	maxPageWord = 200 // characters
	maxPageURI  = 500
)

// Offer is a statistics page that a configuration offers.
type Offer struct {
	Port int    // inside the container
	URI  string // of the page; ";csv" behind it gives it as a table
	Auth string // user:password, "" for none
	Line Line
}

// defaultURI is that of "stats enable" without "stats uri".
const defaultURI = "/haproxy?stats"

// Offers are the statistics pages that can be asked for over HTTP, in the order
// of the files: of frontends, and of backends that a frontend leads to.
func (c *Config) Offers() []Offer {
	var out []Offer
	offer := func(front, p *Proxy) {
		uri := p.Stats.URI
		if uri == "" {
			uri = defaultURI
		}
		odd := len(uri) > maxPageURI || uri[0] != '/' || strings.HasPrefix(uri, "//") || strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' })
		if !p.Stats.Enabled || p.Stats.Line.Env || p.Mode != "http" || odd {
			return
		}
		auth := ""
		if len(p.Stats.Auth) > 0 {
			auth = p.Stats.Auth[0]
		}
		for _, b := range front.Binds {
			o := Offer{b.Addr.Low, uri, auth, p.Stats.Line}
			ip, isIP := b.Addr.IP()
			if b.Addr.Unix != "" || b.Addr.Low == 0 || isIP && ip.IsLoopback() || b.SSL || slices.ContainsFunc(out, func(x Offer) bool { return x.Port == o.Port && x.URI == o.URI }) {
				continue
			}
			out = append(out, o)
		}
	}
	for _, p := range c.Proxies {
		if !p.Frontend() || p.Disabled {
			continue
		}
		offer(p, p)
		for _, u := range p.UseBackends {
			if be := c.BackendNamed(u.Backend); be != nil && !u.Dynamic {
				offer(p, be)
			}
		}
		if be := c.BackendNamed(p.DefaultBackend); be != nil {
			offer(p, be)
		}
	}
	return out
}

var errNoPage = errors.New("no statistics of HAProxy")

// ReadPage reads a statistics page in its form as a table. The text comes from
// outside: what is too long is cut, and anything but such a table is an error.
func ReadPage(text string) (evidence.Page, error) {
	var page evidence.Page
	head, isPage := strings.CutPrefix(text, "# ")
	if !isPage || !strings.HasPrefix(head, "pxname,svname,") {
		return page, errNoPage
	}
	if len(head) > MaxPage {
		head, page.Truncated = head[:MaxPage], true
	}
	r := csv.NewReader(strings.NewReader(head))
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	column := map[string]int{}
	for n := 0; ; n++ {
		row, err := r.Read()
		if err == io.EOF {
			return page, nil
		}
		if err != nil {
			return page, errNoPage
		}
		if n == 0 {
			for i, name := range row {
				column[name] = i
			}
			continue
		}
		if n > maxPageRows {
			page.Truncated = true
			return page, nil
		}
		field := func(name string) string {
			i, ok := column[name]
			if !ok || i >= len(row) {
				return ""
			}
			return pageWord(row[i])
		}
		addRow(&page, field)
	}
}

// IsPage reports whether a text is a statistics page as people see it; its title may
// go on with the name of the node.
func IsPage(text string) bool {
	return strings.Contains(text, "<title>Statistics Report for HAProxy")
}

// The types of rows.
const (
	rowBackend = "1"
	rowServer  = "2"
)

// addRow adds one row. A backend's own follows those of its servers.
func addRow(page *evidence.Page, field func(string) string) {
	kind, name := field("type"), field("pxname")
	if kind != rowBackend && kind != rowServer {
		return
	}
	i := len(page.Backends) - 1
	if i < 0 || page.Backends[i].Name != name {
		page.Backends = append(page.Backends, evidence.PageBackend{Name: name})
		i++
	}
	be := &page.Backends[i]
	if kind == rowBackend {
		be.Status, be.Algorithm = field("status"), field("algo")
		return
	}
	weight, err := strconv.Atoi(field("weight"))
	if err != nil {
		weight = -1
	}
	be.Servers = append(be.Servers, evidence.PageServer{
		Name: field("svname"), Status: field("status"), Weight: weight, Address: field("addr"), Backup: field("bck") == "1",
	})
}

// pageWord keeps what can be printed of a field.
func pageWord(s string) string {
	s = strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if r := []rune(s); len(r) > maxPageWord {
		s = string(r[:maxPageWord])
	}
	return s
}
