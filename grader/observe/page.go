package observe

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// Pager is what a Loader may also be able to do: get a HAProxy's statistics page
// as a table. The error's text is the stable word of [evidence.Page.Error].
type Pager interface {
	Page(ctx context.Context, address, uri, auth string) (string, error)
}

// Shower is what a Pager may also be able to do: get the page as people see it.
type Shower interface {
	Shown(ctx context.Context, address, uri, auth string) (string, error)
}

// page reads the first statistics page of a HAProxy that can be reached from
// outside; nil if its configuration offers none.
func (r *Runner) page(ctx context.Context, px *evidence.Proxy, ref haproxy.Ref, x *lookup) *evidence.Page {
	pager, able := r.Loader.(Pager)
	if !able || px.State != "running" {
		return nil
	}
	for _, o := range haproxy.Read(px).Offers() {
		public := o.Port
		if !px.HostNetwork {
			i := slices.IndexFunc(px.Publishes, func(p evidence.ContainerPort) bool { return p.Private == o.Port && p.Public > 0 && p.Protocol == "tcp" })
			if i < 0 {
				continue
			}
			public = px.Publishes[i].Public
		}
		node, trouble := x.entry(ref, public)
		if trouble != "" {
			continue
		}
		address := net.JoinHostPort(node.Address, strconv.Itoa(public))
		text, err := pager.Page(ctx, address, o.URI, o.Auth)
		if err != nil && err.Error() == "unreachable" && pause(ctx, warmUp) == nil {
			text, err = pager.Page(ctx, address, o.URI, o.Auth) // it may have just started
		}
		page := evidence.Page{}
		if err != nil {
			page.Error = err.Error()
		} else if page, err = haproxy.ReadPage(text); err != nil {
			page = evidence.Page{Error: "malformed"}
		}
		if shower, can := pager.(Shower); can && (page.Error == "malformed" || strings.HasPrefix(page.Error, "http-")) {
			text, err := shower.Shown(ctx, address, o.URI, o.Auth)
			page.Shown = err == nil && haproxy.IsPage(text)
		}
		page.Address, page.URI = address, o.URI
		return &page
	}
	return nil
}
