package grader

import (
	"archive/zip"
	"context"
	"io"
	"path"
	"path/filepath"
	"time"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// feedbackFormat is the format of what a student is handed.
const feedbackFormat = "feedback"

// listedOpen is how many students with open scores a note names.
const listedOpen = 10

// Feedback writes a page for each student asked for who has results: into a
// directory of their own, or packed into one file. It names what it wrote, and the
// students whose score is not final, which their pages say too.
func (j *Job) Feedback(ctx context.Context, e Export, packed bool) (files, open []string, err error) {
	err = j.reading(ctx, func(book *gradebook.Gradebook) error {
		data, err := j.standing(ctx, book)
		if err != nil {
			return err
		}
		j.SayRubric(data)
		w := j.writing(ctx, book, data, e)
		defer w.close()
		f, _ := report.FindFormat(feedbackFormat)
		pages, o := w.of(f)
		who := pages.Students
		if len(who) == 0 {
			return diag.Misuse(i18n.M("page.nobody"), i18n.M("cli.no_runs_hint", "class", j.Class.Name))
		}
		for i := range who {
			if t := who[i].Tally(); t.Open || t.NotYet > 0 || who[i].Damaged {
				open = append(open, who[i].ID)
			}
		}
		dir := ""
		if packed {
			err = w.pack(ctx, f, who, o)
		} else {
			dir, err = w.each(ctx, f, data, who, o)
		}
		files = w.files
		if err != nil {
			return err
		}
		if packed {
			j.g.note("page.written_zip", "file", files[0], "n", len(who))
		} else {
			j.g.note("cli.written_each", "dir", dir, "n", len(who))
		}
		if len(open) > 0 {
			j.g.note("page.some_open", "n", len(open), "ids", ClipList(open, listedOpen))
		}
		return nil
	})
	return files, open, err
}

// each writes a file of each student into a directory of the format's name, and gives its
// path; of a format of final scores none of who has no such score.
func (w *writing) each(ctx context.Context, f report.Format, d *result.Data, who []result.Student, o report.Options) (string, error) {
	out, err := w.out()
	dir := w.eachDir(f)
	if err == nil {
		dir, err = out.folder(dir)
	}
	if err != nil {
		return "", notWritten(filepath.Join(w.dir, dir), err)
	}
	defer w.sayBeside()
	done, over := w.g.stage(Writing, len(who))
	defer over()
	for i := range who {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		s := &who[i]
		name := path.Join(dir, w.nameOf(s.ID)+"."+f.Ext)
		if f.Final && o.Hand(d, s).State != report.Given {
			err = out.drop(ctx, name)
		} else {
			err = out.add(ctx, name, w.about(f, d, []string{s.ID}, dir), func(to io.Writer) error { return f.Each(to, d, s, o) }, w.wrote)
		}
		if err != nil {
			return "", notWritten(out.full(name), err)
		}
		done(s.ID)
	}
	if err := out.flush(ctx); err != nil {
		return "", notWritten(out.full(dir), err)
	}
	return out.full(dir), nil
}

// firstDay is the first that archives have a date for.
var firstDay = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// pack writes the same files into one archive, in the order of the roster and all of one
// time, so that the same results give the same bytes.
func (w *writing) pack(ctx context.Context, f report.Format, who []result.Student, o report.Options) error {
	return w.file(ctx, f.Name+w.partName()+".zip", private, nil, func(to io.Writer) error {
		done, over := w.g.stage(Writing, len(who))
		defer over()
		out := zip.NewWriter(to)
		for i := range who {
			if err := ctx.Err(); err != nil {
				return err
			}
			s := &who[i]
			part, err := out.CreateHeader(&zip.FileHeader{
				Name:   fileName(w.data.Class) + "-" + f.Name + w.partName() + "/" + w.nameOf(s.ID) + "." + f.Ext,
				Method: zip.Deflate, Modified: firstDay,
			})
			if err != nil {
				return err
			}
			if err := f.Each(part, w.data, s, o); err != nil {
				return err
			}
			done(s.ID)
		}
		return out.Close()
	})
}
