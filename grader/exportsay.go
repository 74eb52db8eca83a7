package grader

import (
	"fmt"
	"slices"

	"swarmgrade/grader/i18n"
	"swarmgrade/grader/report"
)

// remarks gathers who has no score in a format's files, and what else there is to know.
func (w *writing) remarks(f report.Format) {
	d, o := w.of(f)
	w.sayPart(f.Name)
	if f.Final {
		w.open(f.Name)
	}
	w.sayScale(f)
	if r, ok := report.ApartRemark(d); ok {
		w.remark(f.Name, r).hint = i18n.M("apart.hint", "class", d.Class)
	}
	if f.Roster && len(w.gone) > 0 {
		w.remark(f.Name, report.Remark{Key: "transfer.gone", Students: w.gone})
	}
	if f.Remarks != nil {
		for _, r := range f.Remarks(d, o) {
			w.remark(f.Name, r)
		}
	}
}

// sayScale says of a format that --scale changes nothing of it.
func (w *writing) sayScale(f report.Format) {
	if w.o.Scale == 0 || f.Scaled {
		return
	}
	key := "transfer.not_scaled"
	if f.Each != nil && f.Final { // a platform, whose item has a maximum of its own
		key = "transfer.not_scaled_there"
	}
	own := w.o
	own.Scale = 0 // the lab's
	w.remark(f.Name, report.Remark{Key: key, Args: []any{"scale", w.o.Scale.String(), "max", own.OutOf(w.class).String()}, Plain: !f.Final})
}

// saying is a remark on several formats.
type saying struct {
	report.Remark
	formats []string
	hint    i18n.Msg
}

// remark keeps what is to be said, once for all formats that it is true of.
func (w *writing) remark(format string, r report.Remark) *saying {
	for _, s := range w.said {
		if s.Key == r.Key && s.Plain == r.Plain && slices.Equal(s.Students, r.Students) && fmt.Sprint(s.Args) == fmt.Sprint(r.Args) {
			s.formats = append(s.formats, format)
			return s
		}
	}
	s := &saying{Remark: r, formats: []string{format}}
	w.said = append(w.said, s)
	return s
}

// say says what was kept.
func (w *writing) say() {
	for _, s := range w.said {
		msg := i18n.M(s.Key, append([]any{"format", s.formats, "n", len(s.Students), "students", ClipList(s.Students, maxNamed)}, s.Args...)...)
		if s.Plain {
			w.g.tell(Note{Msg: msg, Hint: s.hint})
		} else {
			w.g.tell(Mind{Msg: msg, Hint: s.hint})
		}
	}
	w.said = nil
}

// maxNamed is how many students are named in one message.
const maxNamed = 100

// open names the students whose scores are not decided: what of them was kept back, or
// given all the same.
func (w *writing) open(format string) {
	var back, given []string
	o := w.o.For(w.class)
	for i := range w.class.Students {
		s := &w.class.Students[i]
		switch t := s.Tally(); {
		case !w.asks(s.ID):
		case o.Hand(w.class, s).State == report.Open:
			back = append(back, s.ID)
		case (t.Open || t.NotYet > 0) && !t.Excused:
			given = append(given, s.ID)
		}
	}
	if len(back) > 0 {
		s := w.remark(format, report.Remark{Key: "transfer.open", Students: back})
		s.hint = i18n.M("transfer.open_hint", "class", w.class.Class, "only", report.OnlyStudents(back))
	}
	if len(given) > 0 {
		w.remark(format, report.Remark{Key: "transfer.allowed", Students: given})
	}
}
