package report

import (
	"io"
	"iter"
	"strconv"
	"strings"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/page"
	"swarmgrade/grader/result"
)

// Bounds of text on a page, in characters: what comes from outside may be of any
// length.
const (
	longID    = 64
	longName  = 80
	longTitle = 200
	longText  = 2000
	longFact  = 300
	longLine  = 2000
)

// Feedback writes the page that one student is handed. It holds nothing of anybody
// else: IDs and names of others that the student's own deployment shows are left out.
func Feedback(w io.Writer, d *result.Data, s *result.Student, o Options) error {
	v := newViewer(d, o.to(d, s))
	v.mask = v.o.hide
	p, err := v.page(s)
	if err != nil {
		return err
	}
	return page.WriteStudent(w, o.Lang, p)
}

// HTML writes the class's page for an instructor, a student at a time.
func HTML(w io.Writer, d *result.Data, o Options) error {
	v := newViewer(d, o)
	c := v.class()
	rows := func(yield func(page.Row) bool) {
		for i := range d.Students {
			if !yield(v.row(i)) {
				return
			}
		}
	}
	students := func(yield func(page.Student, error) bool) {
		for i := range d.Students {
			s, err := v.student(&d.Students[i], studentKey(i), 5)
			s.Fields = v.roster(&d.Students[i])
			if !yield(s, err) {
				return
			}
		}
	}
	return page.WriteClass(w, o.Lang, c, rows, iter.Seq[page.Window](v.windows), students)
}

// viewer says results for a page.
type viewer struct {
	d       *result.Data
	o       Options
	lang    i18n.Lang
	t       Text
	columns []result.Column
	titles  map[string]string // of checks
	// mask takes out what a reader must not see.
	mask func(string) string
}

func newViewer(d *result.Data, o Options) *viewer {
	o = o.For(d)
	v := &viewer{d: d, o: o, lang: o.Lang, t: Text{Lang: o.Lang}, columns: o.columns, titles: map[string]string{},
		mask: func(s string) string { return s }}
	for _, c := range v.columns {
		v.titles[c.Check] = page.Clip(oneLine(c.Title.In(v.lang)), longTitle)
	}
	return v
}

// label is a text that something is called by, which is never nothing.
func label(s string, most int) string {
	if s = page.Clip(oneLine(s), most); strings.TrimSpace(s) != "" {
		return s
	}
	return "?"
}

func studentKey(i int) string { return "s" + strconv.Itoa(i+1) }

// say bounds and masks text.
func (v *viewer) say(s string, most int) string { return v.mask(page.Clip(oneLine(s), most)) }

func (v *viewer) word(key string, pairs ...any) string { return v.lang.T(key, pairs...) }

// taskTitle is a task's title, or its number.
func (v *viewer) taskTitle(id string) string {
	if t, ok := v.d.Rubric.Task(id); ok {
		return page.Clip(oneLine(t.Title.In(v.lang)), longTitle)
	}
	return v.word("report.task", "task", page.Clip(oneLine(id), longTitle))
}

func (v *viewer) checkTitle(id string) string {
	if title, ok := v.titles[id]; ok {
		return title
	}
	return page.Clip(oneLine(id), longTitle)
}

func (v *viewer) lab() string { return page.Clip(oneLine(v.d.Rubric.Title.In(v.lang)), longTitle) }

// className is the class's title, else its name.
func (v *viewer) className() string {
	name := v.d.Class
	if v.d.Title != "" {
		name = v.d.Title
	}
	return label(name, longTitle)
}

// roster is what the roster says of a student beside the name.
func (v *viewer) roster(s *result.Student) []page.Field {
	var out []page.Field
	for _, h := range v.d.Headings {
		if x := s.Columns[h]; x != "" {
			out = append(out, page.Field{Name: page.Clip(oneLine(h), longName), Value: page.Clip(oneLine(x), longName)})
		}
	}
	return out
}

// page is everything on a student's own.
func (v *viewer) page(s *result.Student) (*page.StudentPage, error) {
	one, err := v.student(s, "s", 3)
	if err != nil {
		return nil, err
	}
	p := &page.StudentPage{Student: one, Lab: v.lab(), Class: v.className(), When: v.when(s)}
	p.Foot = append(p.Foot, page.Field{Name: v.word("page.foot_rubric"), Value: v.d.Rubric.ID + " v" + strconv.Itoa(v.d.Rubric.Version)})
	if v.d.Run.Tool != "" {
		p.Foot = append(p.Foot, page.Field{Name: v.word("page.foot_tool"), Value: page.Clip(oneLine(v.d.Run.Tool), longTitle)})
	}
	var hashes []string
	for _, x := range s.Verdicts {
		hashes = append(hashes, page.Clip(oneLine(x.Evidence), longFact))
	}
	for _, h := range uniq(hashes) {
		if h != "" {
			p.Foot = append(p.Foot, page.Field{Name: v.word("page.foot_evidence"), Value: h})
		}
	}
	if typable(s.ID) && typable(v.d.Class) && len(one.Todo) > 0 {
		p.Again = "grade check " + s.ID + " --class " + v.d.Class
	}
	return p, nil
}

// typable reports whether a word can stand in a command as it is.
func typable(s string) bool {
	const plain = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_."
	return s != "" && len(s) <= longID && s[0] != '-' && strings.Trim(s, plain) == ""
}

// when is the last time that something of the student's was observed.
func (v *viewer) when(s *result.Student) string {
	at := v.d.Run.Started
	first := true
	for _, a := range s.Attempts {
		for _, set := range v.d.Sets {
			if set.Run == a.Run && !set.Observed.IsZero() && (first || set.Observed.After(at)) {
				at, first = set.Observed, false
			}
		}
	}
	if at.IsZero() {
		return ""
	}
	return at.Format(toTheMinute)
}

// toTheMinute is a moment with its zone: nobody has to know where a machine is.
const toTheMinute = "2006-01-02 15:04 -07:00"
