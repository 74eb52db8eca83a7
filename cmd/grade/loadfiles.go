package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"swarmgrade/grader"
	"swarmgrade/grader/diag"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/page"
	"swarmgrade/loadgen"
)

// loadFiles are the files that a load is written to, each "" for none.
type loadFiles struct{ html, hgrm, prometheus string }

func (f *loadFiles) register(a *app, c *cobra.Command) {
	lang, fl := a.lang(), c.Flags()
	for _, x := range []struct {
		to                *string
		name, help, ended string
	}{
		{&f.html, "html", "loadpage.flag_html", "html"},
		{&f.hgrm, "hgrm", "loadpage.flag_hgrm", "hgrm"},
		{&f.prometheus, "prometheus", "loadpage.flag_prometheus", "prom"},
	} {
		fl.StringVar(x.to, x.name, "", lang.T(x.help))
		if err := c.MarkFlagFilename(x.name, x.ended); err != nil {
			panic(err) // a flag that the command does not have
		}
	}
}

// pictured is a load that is over, with what only files show.
type pictured struct {
	loadReport
	detail *loadgen.Detail
	flags  *loadFlags
	began  time.Time
}

// loadFile is one of them, and what is written to it.
type loadFile struct {
	path  string
	own   grader.OwnFile
	write func(w io.Writer, p *pictured) error
}

// open knows before anything is sent that the files can be written.
func (f *loadFiles) open(ctx context.Context, a *app) ([]loadFile, error) {
	lang := a.lang()
	var out []loadFile
	taken := map[string]bool{}
	for _, x := range []struct {
		flag, path string
		write      func(w io.Writer, p *pictured) error
	}{
		{"--html", f.html, func(w io.Writer, p *pictured) error { return page.WriteLoad(w, lang, newLoadPage(lang, p)) }},
		{"--hgrm", f.hgrm, func(w io.Writer, p *pictured) error { return writeHGRM(w, p.detail.Corrected) }},
		{"--hgrm", serviceFile(f.hgrm), func(w io.Writer, p *pictured) error { return writeHGRM(w, p.detail.Service) }},
		{"--prometheus", f.prometheus, writeLoadMetrics},
	} {
		if x.path == "" {
			continue
		}
		own, err := grader.NewOwnFile(ctx, x.path)
		if err != nil {
			return nil, err
		}
		if place := own.Place(); taken[place] {
			return nil, diag.Misuse(i18n.M("loadpage.same_file", "flag", x.flag, "file", x.path), i18n.M("loadpage.not_ours_hint", "file", x.path))
		} else {
			taken[place] = true
		}
		out = append(out, loadFile{x.path, own, x.write})
	}
	return out, nil
}

// serviceFile is where the distribution of latency from sending goes.
func serviceFile(hgrm string) string {
	if hgrm == "" {
		return ""
	}
	ext := filepath.Ext(hgrm)
	return strings.TrimSuffix(hgrm, ext) + "-service" + ext
}

// HdrHistogram's readers skip lines that begin with "#".
func writeHGRM(w io.Writer, d loadgen.Distribution) error {
	err := d.WriteHGRM(w)
	if err == nil {
		_, err = io.WriteString(w, "#[grade load "+grader.Seal+"]\n")
	}
	return err
}

// writeLoadFiles writes all that can be written, and names them.
func (a *app) writeLoadFiles(ctx context.Context, files []loadFile, p *pictured) error {
	var errs []error
	for _, f := range files {
		err := f.own.Write(ctx, func(w io.Writer) error { return f.write(w, p) })
		if err == nil && !a.quiet {
			_, err = io.WriteString(a.Stderr, diag.Plain(a.lang().T("loadpage.written", "file", f.path))+"\n")
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
