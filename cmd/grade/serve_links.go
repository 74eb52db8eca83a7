package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
)

// linkFlags say for whom links are made, and where they go.
type linkFlags struct {
	class                        string
	students, names              []string
	teacher, renew, revoke, list bool
	expires, url, out            string
	fill                         grader.LinkSheet
}

// usualExpiry is how long links open the page unless something else is said: a term.
const usualExpiry = "180d"

// maxExpiry bounds it.
const maxExpiry = 3660 * 24 * time.Hour

func newServeLinksCmd(a *app) *cobra.Command {
	lang := a.lang()
	var f linkFlags
	c := &cobra.Command{Use: "links --class CLASS", Short: lang.T("links.short"), Long: lang.T("links.long"), Args: cobra.NoArgs}
	fs := c.Flags()
	fs.StringVar(&f.class, "class", "", lang.T("cli.flag_class"))
	fs.StringSliceVar(&f.students, "students", nil, lang.T("links.flag_students"))
	fs.BoolVar(&f.teacher, "teacher", false, lang.T("links.flag_teacher"))
	fs.StringSliceVar(&f.names, "name", nil, lang.T("links.flag_name"))
	fs.BoolVar(&f.renew, "renew", false, lang.T("links.flag_renew"))
	fs.BoolVar(&f.revoke, "revoke", false, lang.T("links.flag_revoke"))
	fs.BoolVar(&f.list, "list", false, lang.T("links.flag_list"))
	fs.StringVar(&f.expires, "expires", usualExpiry, lang.T("links.flag_expires"))
	fs.StringVar(&f.url, "url", "http://"+serveAddress, lang.T("links.flag_url"))
	fs.StringVar(&f.out, "out", "", lang.T("links.flag_out"))
	fs.StringVar(&f.fill.File, "fill", "", lang.T("links.flag_fill"))
	fs.StringVar(&f.fill.Sheet, "sheet", "", lang.T("fill.flag_sheet"))
	fs.StringVar(&f.fill.Column, "column", "", lang.T("links.flag_column"))
	fs.BoolVar(&f.fill.Overwrite, "overwrite", false, lang.T("links.flag_overwrite"))
	c.MarkFlagsMutuallyExclusive("revoke", "list", "renew")
	completeFlag(c, "class", func() []string { return a.grader().ClassNames() })
	completeFlag(c, "students", func() []string { return (&classFlags{class: f.class}).studentNames(a, c) })
	c.RunE = func(c *cobra.Command, _ []string) error {
		if f.revoke || f.list {
			for _, name := range []string{"out", "fill", "url", "expires"} {
				if fs.Changed(name) {
					return usageHint(i18n.M("links.makes_none", "flag", name), i18n.M("cli.see_help_of", "command", "grade serve links"))
				}
			}
		}
		if len(f.names) > 0 && !f.teacher {
			return usageHint(i18n.M("links.name_alone"), i18n.M("links.name_alone_hint", "class", f.class, "name", strings.Join(f.names, ",")))
		}
		j, err := a.open(c.Context(), &classFlags{class: f.class})
		if err != nil {
			return err
		}
		switch o := (grader.LinkOptions{Students: f.students, Teacher: f.teacher, Names: f.names}); {
		case f.revoke:
			return a.revokeLinks(c.Context(), j, o)
		case f.list:
			return a.listLinks(c.Context(), j)
		default:
			return a.makeLinks(c.Context(), j, o, &f)
		}
	}
	return c
}

// linkJSON is a link for scripts; URL and Token are there only when it is made.
type linkJSON struct {
	ID      string `json:"id,omitempty"`
	Name    string `json:"name,omitempty"`
	Teacher bool   `json:"teacher,omitempty"`
	URL     string `json:"url,omitempty"`
	Token   string `json:"token,omitempty"`
	Made    string `json:"made,omitempty"`
	Expires string `json:"expires"` // "" for never
}

// makeLinks makes links and hands them out, which is done once.
func (a *app) makeLinks(ctx context.Context, j *grader.Job, o grader.LinkOptions, f *linkFlags) error {
	base, err := baseURL(f.url)
	if err != nil {
		return err
	}
	if o.Expires, err = expiry(f.expires, time.Now()); err != nil {
		return err
	}
	o.Missing = len(o.Students) == 0 && !f.renew
	var links []grader.NewLink
	shown := true // not in a file
	into := f.out
	switch {
	case f.fill.File != "":
		if into == "" {
			into = strings.TrimSuffix(f.fill.File, filepath.Ext(f.fill.File)) + a.lang().T("links.suffix") + filepath.Ext(f.fill.File)
		}
		f.fill.Out = into
		filled, left, err := j.LinksIntoSheet(ctx, o, f.fill, func(token string) string { return base + "/k/" + token })
		if err != nil {
			return err
		}
		if links = left; filled != nil {
			a.sayLinks("links.filled", "file", into, "n", filled.Written, "column", filled.Column, "left", len(left))
		}
		shown = len(left) > 0 || filled == nil
	case f.out != "":
		if !strings.EqualFold(filepath.Ext(f.out), ".csv") {
			return usageHint(i18n.M("links.csv_only", "file", f.out), i18n.M("links.csv_only_hint"))
		}
		links, err = j.LinksInto(ctx, o, f.out, func(w io.Writer, links []grader.NewLink) error {
			return report.LinksCSV(w, handedOut(links, base), a.lang())
		})
		if err != nil {
			return err
		}
		if shown = len(links) == 0; !shown {
			a.sayLinks("links.written", "file", f.out, "n", len(links))
		}
	default:
		if links, err = j.NewLinks(ctx, o); err != nil {
			return err
		}
	}
	if a.json {
		return a.printLinks(j, links, base, shown, into)
	}
	if len(links) == 0 && shown {
		a.sayLinks("links.all_have", "class", j.Class.Name)
		return nil
	}
	if shown {
		if err := report.Links(a.Stdout, handedOut(links, base), a.ui.text()); err != nil {
			return err
		}
	}
	if !a.quiet {
		a.sayLinks("links.once")
	}
	return nil
}

func (a *app) printLinks(j *grader.Job, links []grader.NewLink, base string, shown bool, into string) error {
	all := []linkJSON{}
	for _, l := range links {
		x := linkJSON{ID: l.Student.ID, Name: l.Student.Name, Teacher: l.Student.ID == "", Expires: stampOf(l.Expires)}
		if shown {
			x.URL, x.Token = base+"/k/"+l.Token, l.Token
		}
		all = append(all, x)
	}
	return a.printJSON(map[string]any{"schema": "swarmgrade-links/1", "class": j.Class.Name, "links": all, "file": into})
}

func (a *app) revokeLinks(ctx context.Context, j *grader.Job, o grader.LinkOptions) error {
	n, err := j.RevokeLinks(ctx, o)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"schema": "swarmgrade-links/1", "class": j.Class.Name, "revoked": n})
	}
	a.sayLinks("links.revoked", "n", n)
	return nil
}

// listLinks tells who has a link in force, without the links: they are not known.
func (a *app) listLinks(ctx context.Context, j *grader.Job) error {
	links, err := j.Links(ctx)
	if err != nil {
		return err
	}
	links = slices.DeleteFunc(links, func(l grader.LinkInfo) bool { return !l.InForce })
	all := []linkJSON{}
	for _, l := range links {
		all = append(all, linkJSON{ID: l.Student, Name: l.Name, Teacher: l.Student == "", Made: stampOf(l.Made), Expires: stampOf(l.Expires)})
	}
	if a.json {
		return a.printJSON(map[string]any{"schema": "swarmgrade-links/1", "class": j.Class.Name, "links": all})
	}
	for _, l := range links {
		who, until := strings.TrimSpace(l.Student+" "+l.Name), a.lang().T("links.never")
		if l.Student == "" {
			who = a.lang().T("links.teacher")
			if l.Name != "" {
				who = a.lang().T("links.teacher_named", "name", l.Name)
			}
		}
		if !l.Expires.IsZero() {
			until = l.Expires.Local().Format("2006-01-02 15:04")
		}
		a.sayLinks("links.line", "who", who, "made", l.Made.Local().Format("2006-01-02 15:04"), "until", until)
	}
	have := 0
	for _, s := range j.Class.Students {
		if slices.ContainsFunc(links, func(l grader.LinkInfo) bool { return l.Student == s.ID }) {
			have++
		}
	}
	a.sayLinks("links.have", "n", have, "all", len(j.Class.Students))
	return nil
}

// sayLinks prints a line, where it is not JSON that was asked for.
func (a *app) sayLinks(key string, pairs ...any) {
	if !a.json {
		fmt.Fprintln(a.Stdout, diag.Plain(a.lang().T(key, pairs...)))
	}
}

func handedOut(links []grader.NewLink, base string) []report.Link {
	out := make([]report.Link, len(links))
	for i, l := range links {
		out[i] = report.Link{ID: l.Student.ID, Name: l.Student.Name, URL: base + "/k/" + l.Token, Expires: l.Expires}
	}
	return out
}

// baseURL is where the page is, without what follows the host. A link is as good as a
// password, so that it goes unencrypted to this machine alone.
func baseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		strings.Trim(u.Path, "/") != "" || strings.ContainsAny(text, " \t\r\n\"'<>`") {
		return "", usageHint(i18n.M("links.bad_url", "url", text), i18n.M("links.bad_url_hint"))
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", usageHint(i18n.M("links.plain_url", "url", text), i18n.M("links.plain_url_hint", "host", u.Host))
	}
	return u.Scheme + "://" + u.Host, nil
}

// expiry is until when a link is in force: so many days or hours, the end of a day, or
// "never" (the zero time).
func expiry(text string, now time.Time) (time.Time, error) {
	bad := usageHint(i18n.M("links.bad_expires", "text", text), i18n.M("links.bad_expires_hint"))
	if text == "never" {
		return time.Time{}, nil
	}
	until, err := time.ParseInLocation(time.DateOnly, text, now.Location())
	if err == nil {
		until = until.AddDate(0, 0, 1)
	} else if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > int(maxExpiry/(24*time.Hour)) {
			return time.Time{}, bad
		}
		until = now.AddDate(0, 0, n)
	} else {
		d, err := time.ParseDuration(text)
		if err != nil {
			return time.Time{}, bad
		}
		until = now.Add(d)
	}
	if !until.After(now) || until.Sub(now) > maxExpiry {
		return time.Time{}, bad
	}
	return until, nil
}
