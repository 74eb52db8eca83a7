package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/web"
)

// serveAddress is where the page is unless something else is said.
const serveAddress = "127.0.0.1:8080"

// serveFlags say where the pages of a class are, and for whom.
type serveFlags struct {
	classFlags
	listen, cert, key, url string
	behindProxy, noFault   bool
	proxyFrom              []string
	proxies                []netip.Prefix // of proxyFrom
	atOnce                 int
}

// mostChecks bounds self-checks at once.
const mostChecks = 64

// newServeCmd is the page for students and instructors, and what belongs to it.
func newServeCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f serveFlags
	c := &cobra.Command{
		Use: "serve --class CLASS", Short: lang.T("serve.short"), Long: lang.T("serve.long"), Args: verbsOnly,
		RunE: func(c *cobra.Command, _ []string) error { return a.serve(c.Context(), &f) },
	}
	fs := c.Flags()
	fs.StringVar(&f.class, "class", "", lang.T("cli.flag_class"))
	fs.StringVar(&f.lab, "lab", "", lang.T("cli.flag_lab"))
	fs.StringVar(&f.rubric, "rubric", "", lang.T("cli.flag_rubric"))
	completeFlag(c, "class", func() []string { return a.grader().ClassNames() })
	f.registerLoad(a, c)
	fs.StringVar(&f.listen, "listen", serveAddress, lang.T("serve.flag_listen"))
	fs.StringVar(&f.cert, "tls-cert", "", lang.T("serve.flag_cert"))
	fs.StringVar(&f.key, "tls-key", "", lang.T("serve.flag_key"))
	fs.BoolVar(&f.behindProxy, "behind-proxy", false, lang.T("serve.flag_proxy"))
	fs.StringSliceVar(&f.proxyFrom, "proxy-from", nil, lang.T("serve.flag_proxy_from"))
	fs.StringVar(&f.url, "url", "", lang.T("serve.flag_url"))
	fs.IntVar(&f.atOnce, "at-once", 4, lang.T("serve.flag_at_once"))
	fs.BoolVar(&f.noFault, "no-fault", false, lang.T("cli.flag_no_fault"))
	c.MarkFlagsMutuallyExclusive("tls-cert", "behind-proxy")
	c.MarkFlagsRequiredTogether("tls-cert", "tls-key")
	c.AddCommand(newServeLinksCmd(a))
	return c
}

// check refuses what would let others listen in.
func (f *serveFlags) check() error {
	if f.atOnce < 1 || f.atOnce > mostChecks {
		return usageError(i18n.M("serve.bad_at_once", "n", f.atOnce, "most", mostChecks))
	}
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return usageHint(i18n.M("serve.bad_listen", "listen", f.listen), i18n.M("serve.bad_listen_hint", "address", serveAddress))
	}
	if addr, err := netip.ParseAddr(host); f.cert == "" && !f.behindProxy && host != "localhost" && (err != nil || !addr.IsLoopback()) {
		return usageHint(i18n.M("serve.open_listen", "listen", f.listen), i18n.M("serve.open_listen_hint", "listen", f.listen))
	}
	if len(f.proxyFrom) > 0 && !f.behindProxy {
		return usageHint(i18n.M("serve.proxy_from_alone"), i18n.M("serve.proxy_from_hint"))
	}
	f.proxies = nil
	for _, text := range f.proxyFrom {
		p, err := netip.ParsePrefix(text)
		if addr, bad := netip.ParseAddr(text); bad == nil {
			p, err = netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
		}
		if err != nil {
			return usageHint(i18n.M("serve.bad_proxy_from", "text", text), i18n.M("serve.proxy_from_hint"))
		}
		f.proxies = append(f.proxies, p)
	}
	if f.url != "" {
		u, err := url.Parse(f.url)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return usageHint(i18n.M("serve.bad_url", "url", f.url), i18n.M("serve.bad_url_hint"))
		}
	}
	return nil
}

// serve shows the class's pages until it is interrupted, which is how it is meant to end.
func (a *app) serve(ctx context.Context, f *serveFlags) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	j, err := a.open(ctx, &f.classFlags)
	if err != nil {
		return err
	}
	a.rosterNotes(j.Class)
	defer lean(len(j.Class.Students), memoryRun)()
	secure := f.cert != ""
	var pair tls.Certificate
	if secure {
		var notes []i18n.Msg
		if pair, notes, err = f.pair(ctx, time.Now()); err != nil {
			return err
		}
		for _, n := range notes {
			a.ui.note(a.lang().Text(n))
		}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return &diag.Failure{Code: diag.Usage, Msg: i18n.M("serve.no_listen", "listen", f.listen), Hint: i18n.M("serve.no_listen_hint"), Cause: err}
	}
	defer l.Close()
	s := serving{a: a, f: f, j: j, served: a.newServed()}
	defer func() { err = errors.Join(err, s.served.Close()) }()
	if j.Class.Cluster.Sim != "" { // for students to type to, whoever comes first
		if err := s.served.warm(ctx, j.Class.Cluster); err != nil {
			return err
		}
	}
	o := a.deskOptions(s.served, f.sel())
	o.AtOnce = f.atOnce
	d, err := desk.New(ctx, o)
	if err != nil {
		return err
	}
	place, err := j.Place()
	if err != nil {
		return errors.Join(err, d.Close(context.WithoutCancel(ctx)))
	}
	site := web.New(web.Options{
		Desk: d, Class: place, Lang: a.lang(), Secure: secure || f.behindProxy, BehindProxy: f.behindProxy, ProxyFrom: f.proxies, NoFault: f.noFault, URL: strings.TrimRight(f.url, "/"),
		Log: slog.New(slog.NewTextHandler(s.logTo(), nil)),
	})
	srv, bounded := site.Server(), site.Listener(l)
	if secure {
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	over, err := s.heal(ctx, d) // before anybody can begin anything
	if err != nil {
		return errors.Join(err, d.Close(context.WithoutCancel(ctx)))
	}
	defer over.Wait()
	failed := make(chan error, 1)
	go func() {
		if secure {
			failed <- srv.ServeTLS(bounded, "", "")
		} else {
			failed <- srv.Serve(bounded)
		}
	}()
	unsaid := s.print(ctx, reached(l.Addr().String(), pair.Leaf))
	if unsaid == nil {
		select {
		case <-ctx.Done():
		case unsaid = <-failed:
		}
	}
	return errors.Join(unsaid, s.down(ctx, srv, d))
}

// goingDown is how long readers have for what they are at when the server ends.
const goingDown = 1500 * time.Millisecond

// down ends the pages, and waits for as long as undoing a fault takes.
func (s *serving) down(ctx context.Context, srv *http.Server, d *desk.Desk) error {
	s.a.ui.note(s.a.lang().T("serve.going"))
	ctx = context.WithoutCancel(ctx)
	var pages sync.WaitGroup
	pages.Go(func() {
		brief, cancel := context.WithTimeout(ctx, goingDown)
		defer cancel()
		if srv.Shutdown(brief) != nil {
			_ = srv.Close() // who is still at it has had the time
		}
	})
	_ = d.Close(ctx) // that ctx does not end
	pages.Wait()
	var all []error
	if last := d.Run().Last; last != nil {
		for _, stuck := range last.Stuck {
			all = append(all, stuck)
		}
	}
	return errors.Join(all...)
}

// serving is what the verb knows of the class that it serves.
type serving struct {
	a      *app
	f      *serveFlags
	j      *grader.Job
	served *served
}
