package grader

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/form"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/regular"
	"swarmgrade/grader/report"
	"swarmgrade/grader/roster"
	"swarmgrade/grader/rubric"
)

// Fill is a form of the school's own, and where in it the scores go.
type Fill struct {
	File string // xlsx; it is only read
	form.Options
}

// hundred is what a school's form takes scores of unless something else is said.
const hundred rubric.Points = 100_00

// filledForm is a school's form with the scores in it, not written yet.
type filledForm struct {
	*form.Filled
	file    string // it is a copy of
	outOf   rubric.Points
	excused []string
	scores  int // that there are to write
}

// form finds the place of each score in a form. Before there are results, there are none,
// and the form is known to be one all the same.
func (w *writing) form(ctx context.Context, f *Fill) (*filledForm, error) {
	o := w.o.For(w.class)
	out := &filledForm{file: f.File, outOf: o.OutOf(w.class)}
	if out.outOf != hundred && o.Scale == 0 {
		full := out.outOf.String()
		return nil, diag.Misuse(i18n.M("fill.scale", "full", full), i18n.M("fill.scale_hint", "class", w.class.Class, "file", f.File, "full", full))
	}
	data, err := regular.Read(ctx, f.File, roster.MaxRosterBytes)
	if err != nil {
		return nil, unreadForm(ctx, f.File, err)
	}
	var scores []form.Score
	for i := range w.class.Students {
		s := &w.class.Students[i]
		h := o.Hand(w.class, s)
		score := form.Score{ID: s.ID, Name: s.Name, Points: h.Points, None: h.State != report.Given || !w.asks(s.ID)}
		if scores = append(scores, score); !score.None {
			out.scores++
		}
		if h.State == report.Excused && w.asks(s.ID) {
			out.excused = append(out.excused, s.ID)
		}
	}
	where := f.Options
	where.OutOf = out.outOf
	if out.Filled, err = form.Fill(ctx, data, f.File, scores, where); err != nil {
		return nil, err
	}
	if sameFile(filepath.Join(w.dir, w.formName(f.File)), f.File) {
		return nil, diag.Misuse(i18n.M("fill.over", "file", f.File), i18n.M("fill.over_hint"))
	}
	return out, nil
}

// fill writes a copy of a form with the scores in it.
func (w *writing) fill(ctx context.Context, f *filledForm) error {
	if f.scores == 0 {
		w.open("--fill")
		w.say()
		return &diag.Failure{Code: diag.Open, Msg: i18n.M("transfer.nobody", "format", "--fill"), Hint: i18n.M("transfer.nobody_hint", "class", w.class.Class)}
	}
	if err := w.file(ctx, w.formName(f.file), private, w.about(report.Format{}, w.class, w.askedIDs(), ""), func(to io.Writer) error { return f.Write(ctx, to) }); err != nil {
		return err
	}
	w.g.note("fill.done", "file", w.files[len(w.files)-1], "n", f.Written, "same", f.Same, "column", f.Column, "at", f.At,
		"sheet", f.Sheet, "max", f.outOf.String())
	w.filled(f.Filled, f.excused)
	return nil
}

// formName is what the copy of a form is called.
func (w *writing) formName(file string) string {
	base := filepath.Base(file)
	ext := filepath.Ext(base)
	part := w.partName() // a form that was filled so before has it in its name
	name := strings.TrimSuffix(strings.TrimSuffix(base, ext), part) + part + ext
	if strings.EqualFold(name, w.data.Class+part+".xlsx") { // the workbook itself is called that
		name = w.data.Class + part + ".fill.xlsx"
	}
	return name
}

// filled says what of the class and of the form was left.
func (w *writing) filled(f *form.Filled, excused []string) {
	w.open("--fill")
	w.sayPart("--fill")
	f.Absent = slices.DeleteFunc(f.Absent, func(id string) bool { return !w.asks(id) })
	f.Standing = slices.DeleteFunc(f.Standing, func(k form.Kept) bool { return !w.asks(k.ID) })
	kept := func(cells []form.Kept) (out []string) {
		for _, k := range cells {
			out = append(out, k.Cell+" "+k.ID+" "+k.Text)
		}
		return out
	}
	for _, x := range []struct {
		key   string
		words []string
	}{
		{"fill.absent", f.Absent}, {"fill.unknown", f.Unknown}, {"fill.marked", f.Marked}, {"fill.kept", kept(f.Kept)},
		{"fill.excused", excused}, {"fill.standing", kept(f.Standing)}, {"fill.uncounted", f.Unread}, {"fill.remarked", kept(f.Remarked)}, {"fill.rounded", kept(f.Rounded)},
	} {
		if len(x.words) > 0 {
			w.remark("--fill", report.Remark{Key: x.key, Students: x.words})
		}
	}
	w.say()
	if f.Formulas {
		w.g.note("fill.formulas")
	}
}

// sameFile reports whether a path is a file under whatever name.
func sameFile(path, file string) bool {
	a, err1 := os.Stat(path)
	b, err2 := os.Stat(file)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

func unreadForm(ctx context.Context, file string, err error) error {
	key := "fill.unread"
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrNotExist):
		key = "fill.missing"
	case errors.Is(err, regular.ErrNotRegular):
		key = "fill.irregular"
	case errors.Is(err, regular.ErrTooBig):
		key = "fill.large"
	}
	return &diag.Failure{Code: diag.Usage, Cause: plainCause(key, err), Msg: i18n.M(key, "file", file), Hint: i18n.M("fill.unread_hint")}
}

// plainCause is the system's word where ours says too little.
func plainCause(key string, err error) error {
	if key == "fill.unread" {
		return err
	}
	return nil
}
