package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"swarmgrade/grader"
	"swarmgrade/grader/action"
	"swarmgrade/grader/desk"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
)

// heal says at once what a program that was killed left on the cluster, as a server before this one; it is undone while
// the pages are up already.
func (s *serving) heal(ctx context.Context, d *desk.Desk) (over *sync.WaitGroup, err error) {
	over = &sync.WaitGroup{}
	left, err := s.j.Left()
	if err != nil || len(left) == 0 {
		return over, err
	}
	healed, err := d.Heal(ctx)
	if err != nil || healed == nil {
		return over, err
	}
	lang := s.a.lang()
	var what []string
	for _, x := range left {
		if m := lang.Text(whatIsLeft(x)); !slices.Contains(what, m) {
			what = append(what, m)
		}
	}
	fmt.Fprintln(s.a.Stderr, diag.Plain(lang.T("serve.left", "what", what)))
	over.Go(func() {
		<-healed
		last := d.Run().Last
		if last == nil || len(last.Failed) == 0 {
			fmt.Fprintln(s.a.Stderr, lang.T("serve.left_undone"))
			return
		}
		for _, f := range last.Failed {
			s.a.ui.failure(lang.Text(f.Msg), lang.Text(f.Hint))
		}
	})
	return over, nil
}

// whatIsLeft says it in a few words: a node's services are many.
func whatIsLeft(x *action.Stuck) i18n.Msg {
	switch {
	case x.Harmless():
		return i18n.M("serve.left_own")
	case x.Fault.Student != "":
		return i18n.M("serve.left_services")
	}
	return i18n.M("serve.left_node", "node", x.Fault.Hostname, "kind", i18n.M("observe.kind_"+underscored(x.Fault.Kind)))
}

// logTo is where requests are told of: the screen with --verbose, else nowhere but for trouble.
func (s *serving) logTo() io.Writer {
	if s.a.verbose {
		return s.a.Stderr
	}
	return troubleOnly{s.a.Stderr}
}

// troubleOnly passes on what is no ordinary line.
type troubleOnly struct{ to io.Writer }

func (t troubleOnly) Write(line []byte) (int, error) {
	if strings.Contains(string(line), " level=INFO ") || strings.Contains(string(line), " level=DEBUG ") {
		return len(line), nil
	}
	return t.to.Write(line)
}

// base is where readers find the pages.
func (s *serving) base(listening string) string {
	if s.f.url != "" {
		return strings.TrimRight(s.f.url, "/")
	}
	scheme := "http"
	if s.f.cert != "" {
		scheme = "https"
	}
	return scheme + "://" + listening
}

// Links that are shown as the server starts: how long an instructor's is in force, and how many
// students of a sample class have theirs shown.
const (
	teacherLink  = 30 * 24 * time.Hour
	shownSamples = 3
)

// print says where the pages are and how to get in.
func (s *serving) print(ctx context.Context, listening string) error {
	a, lang, base := s.a, s.a.lang(), s.base(listening)
	var b strings.Builder
	fmt.Fprintln(&b, lang.T("serve.up", "class", s.j.Class.Name, "students", len(s.j.Class.Students), "url", base+"/"))
	teacher, err := s.j.NewLinks(ctx, grader.LinkOptions{Teacher: true, Expires: time.Now().Add(teacherLink)})
	for _, f := range diag.Failures(err) { // as that there are too many; those go on
		a.ui.failure(lang.Text(f.Msg), lang.Text(f.Hint))
	}
	if err != nil && len(diag.Failures(err)) == 0 {
		return err
	}
	for _, l := range teacher {
		fmt.Fprintf(&b, "%s\n  %s\n", lang.T("serve.teacher"), base+"/k/"+l.Token)
	}
	if grader.IsSample(s.j.Class) && s.j.Class.Cluster.Sim != "" {
		var ids []string
		for _, st := range s.j.Class.Students[:min(shownSamples, len(s.j.Class.Students))] {
			ids = append(ids, st.ID)
		}
		some, err := s.j.NewLinks(ctx, grader.LinkOptions{Students: ids, Missing: true})
		if err != nil {
			return err
		}
		if len(some) > 0 {
			fmt.Fprintln(&b, lang.T("serve.some"))
		}
		for _, l := range some {
			fmt.Fprintf(&b, "  %s %s  %s\n", l.Student.ID, l.Student.Name, base+"/k/"+l.Token)
		}
	}
	fmt.Fprintln(&b, lang.T("serve.links", "class", s.j.Class.Name, "url", base))
	if host := s.served.endpoint(); host != "" {
		fmt.Fprintf(&b, "%s\n  export DOCKER_HOST=%s\n", lang.T("serve.sim"), host)
	}
	fmt.Fprintln(&b, lang.T("sim.finish"))
	_, err = fmt.Fprint(a.Stdout, diag.Plain(b.String()))
	return err
}
