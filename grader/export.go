package grader

import (
	"context"
	"encoding/hex"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"unicode"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// Export says what files are written, where, and in which language.
type Export struct {
	// Dir is where they go; "" is out/<class>.
	Dir     string
	Formats []string // names of report.Formats
	Lang    i18n.Lang
	// AllowUngraded lets open scores out as if they were final.
	AllowUngraded bool
}

// Check says whether there are such formats.
func (e *Export) Check() error {
	for _, name := range e.Formats {
		if _, ok := report.FindFormat(name); !ok {
			return diag.Misuse(i18n.M("cli.no_format", "format", name), i18n.M("cli.no_format_hint", "formats", report.FormatNames()))
		}
	}
	return nil
}

// Export writes the class's files from what counts of all its runs, and names
// them. Those that were written are named also when one could not be.
func (j *Job) Export(ctx context.Context, e Export) (files []string, err error) {
	if err := e.Check(); err != nil {
		return nil, err
	}
	err = j.reading(ctx, func(book *gradebook.Gradebook) error {
		data, err := j.standing(ctx, book)
		if err != nil {
			return err
		}
		j.SayRubric(data)
		dir := e.Dir
		if dir == "" {
			dir = filepath.Join("out", j.Class.Name)
		}
		windows := timelines{book: book}
		w := writing{g: j.g, book: book, data: data, dir: dir, o: report.Options{
			Lang: e.Lang, AllowUngraded: e.AllowUngraded,
			Timeline: func(s *result.Student) (*result.Timeline, error) { return windows.of(ctx, s) },
		}}
		for _, name := range e.Formats {
			f, _ := report.FindFormat(name)
			if err := w.format(ctx, f); err != nil {
				files = w.files
				return err
			}
		}
		files = w.files
		return nil
	})
	return files, err
}

// writing is an export under way.
type writing struct {
	g     *Grader
	book  *gradebook.Gradebook
	data  *result.Data
	dir   string
	o     report.Options
	files []string // written so far
}

// format writes a format's file, or, into a directory of its name, its files.
func (w *writing) format(ctx context.Context, f report.Format) error {
	if f.Each == nil {
		name := w.data.Class + "." + f.Name
		if f.Name != f.Ext {
			name += "." + f.Ext
		}
		if err := w.file(ctx, filepath.Join(w.dir, name), f.Typed, func(to io.Writer) error { return f.Write(to, w.data, w.o) }); err != nil {
			return err
		}
		w.g.note("cli.written", "file", w.files[len(w.files)-1])
		return nil
	}
	done, over := w.g.stage(Writing, len(w.data.Students))
	over = sync.OnceFunc(over)
	defer over()
	for i := range w.data.Students {
		if err := ctx.Err(); err != nil {
			return err
		}
		s := &w.data.Students[i]
		path := filepath.Join(w.dir, f.Name, fileName(s.ID)+"."+f.Ext)
		if err := w.file(ctx, path, f.Typed, func(to io.Writer) error { return f.Each(to, w.data, s, w.o) }); err != nil {
			return err
		}
		done(s.ID)
	}
	over()
	w.g.note("cli.written_each", "dir", filepath.Join(w.dir, f.Name), "n", len(w.data.Students))
	return nil
}

func (w *writing) file(ctx context.Context, path string, typed bool, write func(io.Writer) error) error {
	path, err := w.g.writeExport(ctx, w.book, path, typed, write)
	if err != nil {
		return &diag.Failure{Code: diag.Usage, Cause: err,
			Msg: i18n.M("cli.not_written", "file", path), Hint: i18n.M("cli.not_written_hint")}
	}
	w.files = append(w.files, path)
	return nil
}

// fileName is an ID as part of a file's name: letters, digits, "-", "_" and, within it,
// "." stay, every other byte is "%" and two hexadecimal digits, so that no two IDs
// have one name and none leads elsewhere.
func fileName(id string) string {
	var b strings.Builder
	for i, r := range id {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' || r == '.' && i > 0 && i < len(id)-1:
			b.WriteRune(r)
		default:
			for _, c := range []byte(string(r)) {
				b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
			}
		}
	}
	return b.String()
}

// SayRubric notes which rubrics results were judged with, if it is not just the
// one that a class is graded with now.
func (j *Job) SayRubric(d *result.Data) {
	var with []string
	other := false
	for _, s := range d.Rubrics() {
		with = append(with, RubricName(s.RubricID, s.RubricVersion, s.RubricSHA256))
		other = other || s.RubricSHA256 != j.Rubric.SHA256
	}
	if other {
		j.g.note("record.judged_with", "rubrics", with, "class", j.Class.Name,
			"now", RubricName(j.Rubric.ID, j.Rubric.Version, j.Rubric.SHA256), "flag", j.RubricFlag())
	}
}
