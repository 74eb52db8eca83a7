package grader

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/form"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/regular"
	"swarmgrade/grader/roster"
)

// LinksInto is [Job.NewLinks] with the links written to a file, which only its owner may
// read and which is not there yet: nothing is ever written over. The file is made first,
// so that nobody's link ends for one that could not be written down.
func (j *Job) LinksInto(ctx context.Context, o LinkOptions, file string, write func(io.Writer, []NewLink) error) (links []NewLink, err error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // a symbolic link is something too
	if errors.Is(err, fs.ErrExist) {
		return nil, diag.Misuse(i18n.M("links.there", "file", file), i18n.M("links.there_hint"))
	}
	if err != nil {
		return nil, notWritten(file, err)
	}
	defer func() {
		closing := f.Close()
		if err == nil && closing != nil {
			err = notWritten(file, closing)
		}
		if err != nil || len(links) == 0 {
			os.Remove(file)
		}
	}()
	if links, err = j.NewLinks(ctx, o); err != nil || len(links) == 0 {
		return links, err
	}
	if err := fill(f, func(w io.Writer) error { return write(w, links) }); err != nil {
		return links, &diag.Failure{Code: diag.Usage, Cause: err, Msg: i18n.M("links.lost", "file", file), Hint: i18n.M("links.lost_hint")}
	}
	return links, nil
}

// LinkSheet is a sheet of the instructor's own that links are filled into.
type LinkSheet struct {
	File string // xlsx; it is only read
	Out  string // where the filled one goes; nothing is there yet
	form.Options
}

// linkHeadings are what a column of links may be headed with.
const linkHeadings = "链接,链接地址,网址,登录链接,link,url,links"

// LinksIntoSheet is [Job.LinksInto] with the links written into a copy of a sheet, beside
// the students' IDs; url makes the link of a token. It gives those that are not in it,
// since the sheet has no such student or something else stands there.
func (j *Job) LinksIntoSheet(ctx context.Context, o LinkOptions, s LinkSheet, url func(token string) string) (filled *form.Filled, left []NewLink, err error) {
	data, err := regular.Read(ctx, s.File, roster.MaxRosterBytes)
	if err != nil {
		return nil, nil, unreadForm(ctx, s.File, err)
	}
	s.Headings = linkHeadings
	students, err := j.linked(o)
	if err != nil {
		return nil, nil, err
	}
	var blank []form.Score // what is wrong with the sheet is known before anything ends
	for _, x := range students {
		blank = append(blank, form.Score{ID: x.ID, Name: x.Name, None: true})
	}
	if _, err := form.Fill(ctx, data, s.File, blank, s.Options); err != nil {
		return nil, nil, err
	}
	links, err := j.LinksInto(ctx, o, s.Out, func(w io.Writer, links []NewLink) error {
		var texts []form.Score
		for _, l := range links {
			if l.Student.ID != "" {
				texts = append(texts, form.Score{ID: l.Student.ID, Name: l.Student.Name, Text: url(l.Token)})
			}
		}
		for _, x := range students { // who has one already is in the class too
			if !slices.ContainsFunc(links, func(l NewLink) bool { return l.Student.ID == x.ID }) {
				texts = append(texts, form.Score{ID: x.ID, Name: x.Name, None: true})
			}
		}
		var err error
		if filled, err = form.Fill(ctx, data, s.File, texts, s.Options); err != nil {
			return err
		}
		return filled.Write(ctx, w)
	})
	if err != nil || filled == nil {
		return nil, links, err
	}
	for _, l := range links {
		kept := func(k form.Kept) bool { return k.ID == l.Student.ID }
		if l.Student.ID == "" || slices.Contains(filled.Absent, l.Student.ID) || slices.ContainsFunc(filled.Kept, kept) {
			left = append(left, l)
		}
	}
	return filled, left, nil
}
