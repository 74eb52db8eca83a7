package loadgen

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// pageTimeout bounds one reading of a statistics page, from dial to last byte.
const pageTimeout = 3 * time.Second

// maxPage bounds a statistics page: a thousand servers take half of it.
const maxPage = 1 << 20

// Page gets a HAProxy's statistics page, once, as a table; auth is user:password
// or "". The page is in the student's hands: nothing is followed, and everything
// has a limit. The error's text is the stable word of [evidence.Page.Error].
func (Loader) Page(ctx context.Context, address, uri, auth string) (string, error) {
	return getPage(ctx, address, uri+";csv", auth)
}

// Shown is [Loader.Page] for the page as people see it.
func (Loader) Shown(ctx context.Context, address, uri, auth string) (string, error) {
	return getPage(ctx, address, uri, auth)
}

func getPage(ctx context.Context, address, uri, auth string) (string, error) {
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
	req.URL.Opaque = uri // as it is written, with nothing escaped anew
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
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPage+1))
	switch {
	case err != nil:
		return "", errors.New(pageCode(ctx, err))
	case len(body) > maxPage:
		return "", errors.New("too-large")
	}
	return string(body), nil
}

func pageCode(ctx context.Context, err error) string {
	switch {
	case ctx.Err() != nil:
		return "timeout"
	case errors.As(err, new(*net.OpError)):
		return "unreachable"
	}
	return "malformed"
}
