package grader

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
	"swarmgrade/grader/rubric"
)

// Export says what files are written, where, and in which language.
type Export struct {
	// Dir is where they go; "" is out/<class>.
	Dir     string
	Formats []string // names of report.Formats
	Lang    i18n.Lang
	// AllowUngraded lets open scores out as if they were final.
	AllowUngraded bool
	// Passing says that the files are handed on at once and nobody keeps them in Dir, so that the gradebook need not know
	// them again.
	Passing bool
	// Item, ColumnID and Scale are what learning platforms want; see report.Options.
	Item, ColumnID string
	Scale          rubric.Points
	// Fill is a form of the school's own that gets the scores; nil is none.
	Fill *Fill
	// Imported is the workbook that was taken back right before, "" for none.
	Imported string
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
		w := j.writing(ctx, book, data, e)
		defer func() { files = w.files }()
		defer w.close()
		form, err := w.ready(ctx, e)
		if err != nil {
			return err
		}
		err = w.formats(ctx, e.Formats)
		if form != nil && ctx.Err() == nil {
			err = errors.Join(err, w.fill(ctx, form))
		}
		if ctx.Err() == nil {
			err = errors.Join(err, j.sayOlder(ctx, book, data, e.Lang))
		}
		return err
	})
	return files, err
}

// writing begins an export of whom and what the job asks for.
func (j *Job) writing(ctx context.Context, book *gradebook.Gradebook, data *result.Data, e Export) *writing {
	dir := e.Dir
	if dir == "" {
		dir = filepath.Join("out", j.Class.Name)
	}
	lines := &timelines{book: book}
	class, gone := j.ofRoster(data)
	w := &writing{g: j.g, book: book, imported: e.Imported, data: data, class: class, gone: gone, dir: dir, passing: e.Passing, names: telling(data, class), o: report.Options{
		Lang: e.Lang, AllowUngraded: e.AllowUngraded, Item: e.Item, ColumnID: e.ColumnID, Scale: e.Scale,
		Timeline: func(s *result.Student) (*result.Timeline, error) { return lines.of(ctx, s) },
	}}
	w.narrow(j)
	w.keepFlags(j, e)
	return w
}

// writing is an export under way.
type writing struct {
	g        *Grader
	book     *gradebook.Gradebook
	data     *result.Data
	class    *result.Data // of the roster's students
	gone     []string     // who has results, and is not in the roster any more
	dir      string
	o        report.Options
	passing  bool     // Export.Passing
	box      *outbox  // see out
	files    []string // written so far
	said     []*saying
	part     part
	names    map[string]string // see telling
	imported string            // see Export
	totals   []string          // whose total is set by hand, which no task has; see narrow
	// See keepFlags.
	flags, fillFlags string
}

// ofRoster is the class's results with the students whom the roster has today, in its
// order, and who else has any.
func (j *Job) ofRoster(d *result.Data) (class *result.Data, gone []string) {
	at := make(map[string]int, len(d.Students))
	for i, s := range d.Students {
		at[s.ID] = i
	}
	out := *d
	out.Students = make([]result.Student, 0, len(j.Class.Students))
	for _, s := range j.Class.Students {
		if i, known := at[s.ID]; known {
			out.Students = append(out.Students, d.Students[i])
		} else {
			out.Students = append(out.Students, result.Student{ID: s.ID, Name: s.Name, Columns: s.Columns})
		}
		delete(at, s.ID)
	}
	for _, s := range d.Students {
		if _, left := at[s.ID]; left {
			gone = append(gone, s.ID)
		}
	}
	return &out, gone
}

// of is whom a format is about, and how it is written.
func (w *writing) of(f report.Format) (*result.Data, report.Options) {
	d := w.whole(f)
	return w.asked(d), w.o.Of(d)
}

// whole is all whom a format could be about.
func (w *writing) whole(f report.Format) *result.Data {
	if f.Roster {
		return w.class
	}
	return w.data
}

// formats writes the files of some formats. One that has nothing to hand over is no
// reason to be without the others.
func (w *writing) formats(ctx context.Context, names []string) error {
	defer w.say()
	var errs []error
	for _, name := range names {
		f, _ := report.FindFormat(name)
		err := w.format(ctx, f)
		if err != nil && diag.Code(err) != diag.Open {
			return errors.Join(append(errs, err)...)
		}
		errs = append(errs, err)
		w.remarks(f)
	}
	return errors.Join(errs...)
}

// format writes a format's file, or, into a directory of its name, its files.
func (w *writing) format(ctx context.Context, f report.Format) error {
	d, o := w.of(f)
	if f.Each == nil {
		name := w.data.Class + w.partName() + "." + f.Name
		if f.Name != f.Ext {
			name += "." + f.Ext
		}
		if f.Empty != nil && f.Empty(d, o) {
			return w.nothing(ctx, f, name)
		}
		about := w.about(f, w.whole(f), w.askedIDs(), "")
		mode := private
		if f.Public {
			mode = 0o644
		}
		if err := w.file(ctx, name, mode, about, func(to io.Writer) error { return f.Write(to, d, o) }); err != nil {
			return err
		}
		w.g.note("cli.written", "file", w.files[len(w.files)-1])
		return nil
	}
	n := len(w.files)
	dir, err := w.each(ctx, f, w.whole(f), d.Students, o)
	if err != nil {
		return err
	}
	w.g.note("cli.written_each", "dir", dir, "n", len(w.files)-n)
	return nil
}

// eachDir is what the directory of the files of each student is called: those of some tasks
// only stand apart from those of the whole lab, while one of some students is what it is among
// the class's.
func (w *writing) eachDir(f report.Format) string { return f.Name + w.tasksPart() }

// nothing says that nobody has a score to hand over: a file without any would be refused,
// and one of an earlier export would be taken for what counts now.
func (w *writing) nothing(ctx context.Context, f report.Format, name string) error {
	out, err := w.out()
	if err == nil {
		err = out.drop(ctx, name)
	}
	if err != nil {
		return notWritten(filepath.Join(w.dir, name), err)
	}
	w.sayBeside()
	return &diag.Failure{Code: diag.Open, Msg: i18n.M("transfer.nobody", "format", f.Name), Hint: i18n.M("transfer.nobody_hint", "class", w.class.Class)}
}

// out is the directory that the files go to, made when the first one does.
func (w *writing) out() (*outbox, error) {
	if w.box == nil {
		box, err := openOutbox(w.g, w.book, w.dir)
		if err != nil {
			return nil, err
		}
		box.passing = w.passing
		w.box = box
	}
	return w.box, nil
}

func (w *writing) close() {
	if w.box != nil {
		w.box.close()
	}
}

// file writes one file; about is nil where it is not written again.
func (w *writing) file(ctx context.Context, name string, mode fs.FileMode, about *gradebook.About, write func(io.Writer) error) error {
	out, err := w.out()
	if err == nil {
		err = out.addAs(ctx, name, mode, about, write, w.wrote)
	}
	if err == nil {
		err = out.flush(ctx)
	}
	if err != nil {
		return notWritten(filepath.Join(w.dir, name), err)
	}
	w.sayBeside()
	return nil
}

func (w *writing) wrote(name string) { w.files = append(w.files, name) }

// sayBeside says what was left since it is not ours, and where the new files are.
func (w *writing) sayBeside() {
	if n := len(w.box.beside); n > maxBesideTold {
		first := w.box.beside[0]
		w.g.tell(Mind{Msg: i18n.M("transfer.beside_many", "n", n, "file", first.File, "new", first.New)})
	} else {
		for _, b := range w.box.beside {
			if w.imported != "" && sameFile(b.File, w.imported) {
				w.g.tell(Mind{Msg: i18n.M("transfer.imported_stays", "file", b.File, "new", b.New)})
			} else {
				w.g.tell(b)
			}
		}
	}
	if n := len(w.box.kept); n > 0 {
		w.g.tell(Mind{Msg: i18n.M("transfer.kept", "n", n, "files", ClipList(w.box.kept, listedOpen))})
	}
	if n := len(w.box.gone); n > 0 {
		w.g.note("transfer.tidied", "n", n, "files", ClipList(w.box.gone, listedOpen))
	}
	w.box.beside, w.box.kept, w.box.gone = nil, nil, nil
}

// maxBesideTold is how many files are told of one by one.
const maxBesideTold = 5

func notWritten(path string, err error) error {
	return &diag.Failure{Code: diag.Usage, Cause: err,
		Msg: i18n.M("cli.not_written", "file", path), Hint: i18n.M("cli.not_written_hint")}
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
