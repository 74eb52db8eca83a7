package grader

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"swarmgrade/grader/diag"
	"swarmgrade/grader/gradebook"
	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
	"swarmgrade/grader/result"
)

// Older are files that were exported and are still there, with scores that do not count
// any more.
type Older struct {
	// Files are their paths, from where the program runs if they are below it. Files of
	// each student are the directory that they are in.
	Files []string
	// Renew are the commands that write them anew, as they were asked for.
	Renew []string
}

// Older finds the class's files of which the scores have changed since.
func (j *Job) Older(ctx context.Context, lang i18n.Lang) (o Older, err error) {
	err = j.reading(ctx, func(book *gradebook.Gradebook) error {
		data, err := j.standingBy(ctx, book, j.rules())
		if err != nil {
			return err
		}
		o, err = j.older(ctx, book, data, lang)
		return err
	})
	return o, err
}

// older is [Job.Older], of the whole class's data.
func (j *Job) older(ctx context.Context, book *gradebook.Gradebook, data *result.Data, lang i18n.Lang) (out Older, err error) {
	all, err := book.AllExported(ctx)
	if err != nil || len(all) == 0 {
		return out, err
	}
	class, _ := j.ofRoster(data)
	now := map[string]string{} // scores of parts that several files have
	type how struct{ flags, lang string }
	formats := map[how][]string{}
	for file, e := range all {
		a := e.About
		if a == nil || a.Lab != j.Rubric.ID {
			continue
		}
		info, err := os.Lstat(file)
		if err != nil || !info.Mode().IsRegular() || info.Size() != e.Size {
			continue // it is gone, or somebody else's by now
		}
		f, known := report.FindFormat(a.Format)
		if !known && a.Format != "" {
			continue
		}
		d := data
		if f.Roster || a.Format == "" {
			d = class
		}
		key := fmt.Sprintf("%t %q %q", d == class, a.Students, a.Tasks)
		if _, ok := now[key]; !ok {
			now[key] = scoresOf(d, a.Students, a.Tasks)
		}
		if now[key] == a.Scores {
			continue
		}
		if a.Each != "" {
			file = filepath.Dir(file)
		}
		out.Files = append(out.Files, fromHere(file))
		h := how{a.Flags, a.Lang}
		formats[h] = append(formats[h], a.Format)
	}
	slices.Sort(out.Files)
	out.Files = slices.Compact(out.Files)
	for h, names := range formats {
		command := "grade export --class " + diag.ShellWord(j.Class.Name) + h.flags
		slices.Sort(names)
		if names = slices.Compact(names); names[0] != "" {
			command += " --format " + strings.Join(names, ",")
		}
		if h.lang != string(lang) {
			command += " --lang " + diag.ShellWord(h.lang)
		}
		out.Renew = append(out.Renew, command)
	}
	slices.Sort(out.Renew)
	return out, nil
}

// fromHere is an absolute path from where the program runs if it is below that.
func fromHere(file string) string {
	here, err := os.Getwd()
	if err != nil {
		return file
	}
	if rel, err := filepath.Rel(here, file); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return file
}

// scoresOf is a hash of what counts for students on tasks; none are all.
func scoresOf(d *result.Data, students, tasks []string) string {
	h := sha256.New()
	for i := range d.Students {
		if len(students) > 0 && !slices.Contains(students, d.Students[i].ID) {
			continue
		}
		s := d.Students[i]
		if len(tasks) > 0 {
			s.Only(func(task string) bool { return slices.Contains(tasks, task) })
		}
		put := func(t result.Tally) {
			h.Write(fmt.Appendln(nil, t.Points, t.Max, t.Late, t.OpenPoints, t.NotYet, t.Open, t.Excused, t.ByHand))
		}
		h.Write(fmt.Appendf(nil, "%q %q\n", s.ID, s.Remark))
		put(s.Tally())
		for _, t := range d.Rubric.Tasks {
			put(s.Task(t.ID))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// about is what a format's file holds of a part of the class; f is the zero format for a
// form of the school's.
func (w *writing) about(f report.Format, d *result.Data, students []string, each string) *gradebook.About {
	a := &gradebook.About{
		Lab: w.data.Rubric.ID, Format: f.Name, Flags: w.flags, Lang: string(w.o.Lang), Students: students, Tasks: w.part.tasks, Each: each,
	}
	if f.Name == "" {
		a.Flags += w.fillFlags
	}
	a.Scores = scoresOf(d, a.Students, a.Tasks)
	return a
}

// keepFlags keeps how an export is asked for again.
func (w *writing) keepFlags(j *Job, e Export) {
	add := func(to *string, flag, value string) {
		if value != "" {
			*to += " " + flag + " " + diag.ShellWord(value)
		}
	}
	add(&w.flags, "--lab", j.sel.Lab)
	add(&w.flags, "--rubric", j.sel.Rubric)
	add(&w.flags, "--task", j.sel.Task)
	if w.part.students != nil {
		add(&w.flags, "--students", strings.Join(w.askedIDs(), ","))
	}
	add(&w.flags, "--out", e.Dir)
	add(&w.flags, "--item", e.Item)
	add(&w.flags, "--column-id", e.ColumnID)
	if e.Scale > 0 {
		add(&w.flags, "--scale", e.Scale.String())
	}
	if e.AllowUngraded {
		w.flags += " --allow-ungraded"
	}
	if e.Fill != nil {
		add(&w.fillFlags, "--fill", e.Fill.File)
		add(&w.fillFlags, "--sheet", e.Fill.Sheet)
		add(&w.fillFlags, "--column", e.Fill.Column)
		if e.Fill.Round != nil {
			add(&w.fillFlags, "--round", strconv.Itoa(*e.Fill.Round))
		}
		if e.Fill.Overwrite {
			w.fillFlags += " --overwrite"
		}
	}
}

// sayOlder says which files of earlier exports have scores that do not count any more.
func (j *Job) sayOlder(ctx context.Context, book *gradebook.Gradebook, data *result.Data, lang i18n.Lang) (err error) {
	if j.Narrow() { // an export of some tasks has narrowed its own
		if data, err = j.standingBy(ctx, book, j.rules()); err != nil {
			return err
		}
	}
	o, err := j.older(ctx, book, data, lang)
	if err != nil || len(o.Files) == 0 {
		return err
	}
	msg, hint := o.Words()
	j.g.tell(Mind{Msg: msg, Hint: hint})
	return nil
}

// Words say what there is, and what to type.
func (o Older) Words() (msg, hint i18n.Msg) {
	return i18n.M("transfer.older", "n", len(o.Files), "files", ClipList(o.Files, olderTold)),
		i18n.M("transfer.older_hint", "commands", strings.Join(o.Renew, "\n      "))
}

// olderTold is how many files are named.
const olderTold = 10
