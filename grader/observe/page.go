package observe

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"swarmgrade/grader/evidence"
	"swarmgrade/grader/haproxy"
)

// pageTimeout bounds one reading of a statistics page, from dial to last byte.
const pageTimeout = 3 * time.Second

// Pages asks a HAProxy for its statistics page. The page is in the student's
// hands: nothing is followed, and everything has a limit.
type Pages struct{}

// Page gets a page as a table. The error's text is the stable word of
// [evidence.Page.Error].
func (Pages) Page(ctx context.Context, address, uri, auth string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return "", errors.New("unreachable")
	}
	transport := &http.Transport{
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 16 << 10,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", at.String())
		},
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at.String()+"/", http.NoBody)
	if err != nil {
		return "", errors.New("internal")
	}
	req.URL.Opaque = uri + ";csv" // as it is written, with nothing escaped anew
	req.Header.Set("User-Agent", "curl/8.5.0")
	if auth != "" {
		req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(auth)))
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return "", errors.New(pageCode(ctx, err))
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		return "", errors.New("denied")
	default:
		return "", fmt.Errorf("http-%d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, haproxy.MaxPage+1))
	switch {
	case err != nil:
		return "", errors.New(pageCode(ctx, err))
	case len(body) > haproxy.MaxPage:
		return "", errors.New("too-large")
	}
	return string(body), nil
}

func pageCode(ctx context.Context, err error) string {
	switch c := code(err); {
	case ctx.Err() != nil:
		return "timeout"
	case c == "internal":
		return "malformed"
	default:
		return c
	}
}

// Pager asks for statistics pages, as [Pages] does.
type Pager interface {
	Page(ctx context.Context, address, uri, auth string) (string, error)
}

// page reads the first statistics page of a HAProxy that can be reached from
// outside; nil if its configuration offers none.
func (r *Runner) page(ctx context.Context, px *evidence.Proxy, ref haproxy.Ref, snap *evidence.Snapshot) *evidence.Page {
	if r.Pager == nil || px.State != "running" {
		return nil
	}
	r.looking.Do(func() { r.look = newLookup(snap) })
	for _, o := range haproxy.Parse(px.Files...).Offers() {
		public := o.Port
		if !px.HostNetwork {
			i := slices.IndexFunc(px.Publishes, func(p evidence.ContainerPort) bool { return p.Private == o.Port && p.Public > 0 && p.Protocol == "tcp" })
			if i < 0 {
				continue
			}
			public = px.Publishes[i].Public
		}
		node, trouble := r.look.entry(ref, public)
		if trouble != "" {
			continue
		}
		address := net.JoinHostPort(node.Address, strconv.Itoa(public))
		text, err := r.Pager.Page(ctx, address, o.URI, o.Auth)
		page := evidence.Page{}
		if err == nil {
			if page, err = haproxy.ReadPage(text); err != nil {
				err = errors.New("malformed")
			}
		}
		if err != nil {
			page.Error = err.Error()
		}
		page.Address, page.URI = address, o.URI
		return &page
	}
	return nil
}
